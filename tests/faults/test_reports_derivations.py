"""Errata of report 003, the derivations of an MLP, LeNet-5 and an RNN (docs/errata.md): ``test_003_7`` holds 003-7."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from faults.truth import gradient, load, right, wrong

# Section 2: the multilayer perceptron -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mlp():
    """The exhibit, its forward values, and the numerical gradient of all that section 2.4 has a formula for."""
    m = load("mlp_003")
    a1, z, a2, y = m.forward(m.w1, m.b1, m.w2, m.b2, m.x)
    arguments = {name: getattr(m, name) for name in ("w1", "b1", "w2", "b2", "x", "y_n")}
    truth = {
        name: gradient(lambda value, name=name: m.loss(**{**arguments, name: value}), arguments[name])
        for name in ("w1", "b1", "w2", "b2")
    }
    truth["y"] = gradient(lambda y: -np.sum(m.y_n * np.log(y)), y)
    truth["z"] = gradient(lambda z: -np.sum(m.y_n * np.log(m.f2(m.w2 @ z + m.b2))), z)
    m.v = SimpleNamespace(a1=a1, z=z, a2=a2, y=y, f1=m.f1_prime(a1), f2=m.f2_prime(a2))
    m.truth = truth
    return m


def test_003_1_the_loss_sums_over_the_c_outputs(mlp):
    y_n, y = np.array([0.0, 0.0, 1.0]), mlp.v.y
    truth = gradient(lambda y: -np.log(y[2]), y)
    wrong(gradient(lambda y: -np.sum((y_n * np.log(y))[: mlp.N]), y), truth)  # N = 2 stops before the third class
    right(gradient(lambda y: -np.sum(y_n * np.log(y)), y), truth)


def test_003_2_two_traces_and_not_the_trace_of_a_sum(mlp):
    with pytest.raises(ValueError, match="broadcast"):
        np.trace(mlp.w1.T @ mlp.w1 + mlp.w2.T @ mlp.w2)  # N x N and M x M
    right(mlp.w1, gradient(lambda w: 0.5 * (np.trace(w.T @ w) + np.trace(mlp.w2.T @ mlp.w2)), mlp.w1))


def test_003_3_an_output_has_a_bias_of_its_own(mlp):
    assert mlp.truth["b2"].shape == (mlp.C,)
    j = 1
    by_bias = gradient(lambda b2: mlp.f2(mlp.w2 @ mlp.v.z + b2)[j], mlp.b2)
    right(mlp.v.f2[j] * np.eye(mlp.C)[j], by_bias)  # y_j takes b_j and no b_k


def test_003_4_adding_the_gradient_climbs(mlp):
    eta, w = 1e-4, mlp.w2
    slope = mlp.truth["w2"]

    def change(w_new):
        return mlp.loss(mlp.w1, mlp.b1, w_new, mlp.b2, mlp.x, mlp.y_n) - mlp.loss(
            mlp.w1, mlp.b1, w, mlp.b2, mlp.x, mlp.y_n
        )

    assert change(mlp.update(w, slope, eta, 0.0)) > 0.5 * eta * np.sum(slope**2)
    assert change(w - eta * slope) < -0.5 * eta * np.sum(slope**2)


def test_003_5_decay_belongs_within_the_step(mlp):
    eta, decay = 0.1, 0.3
    truth = -eta * gradient(
        lambda w: mlp.loss(mlp.w1, mlp.b1, w, mlp.b2, mlp.x, mlp.y_n) + decay / 2 * np.trace(w.T @ w), mlp.w2
    )
    wrong(mlp.update(mlp.w2, mlp.truth["w2"], eta, decay) - mlp.w2, truth)
    wrong(-eta * mlp.truth["w2"] - decay * mlp.w2, truth)  # both signs mended, and still not times eta
    right(-eta * (mlp.truth["w2"] + decay * mlp.w2), truth)


def test_003_6_the_second_bias_is_moved_by_its_own_gradient(mlp):
    eta = 0.1
    wrong(mlp.b1 - eta * mlp.truth["b1"], mlp.b2 - eta * mlp.truth["b2"])  # superscripts (1) on the right: M numbers


def test_003_7_the_derivative_of_the_loss_by_the_output_has_a_minus(mlp):
    wrong(mlp.y_n / mlp.v.y, mlp.truth["y"])
    right(-mlp.y_n / mlp.v.y, mlp.truth["y"])


def test_003_8_no_sum_over_the_outputs_in_the_gradient_of_an_output_bias(mlp):
    each = mlp.truth["y"] * mlp.v.f2
    wrong(np.full(mlp.C, each.sum()), mlp.truth["b2"])
    right(each, mlp.truth["b2"])


def test_003_9_the_output_weights_are_right_for_an_elementwise_f2_and_wrong_for_softmax(mlp):
    right(np.outer(mlp.truth["y"] * mlp.v.f2, mlp.v.z), mlp.truth["w2"])

    def softmax(a):
        return np.exp(a) / np.exp(a).sum()

    y = softmax(mlp.v.a2)
    truth = gradient(lambda w2: -np.sum(mlp.y_n * np.log(softmax(w2 @ mlp.v.z + mlp.b2))), mlp.w2)
    wrong(np.outer(-mlp.y_n / y * y * (1 - y), mlp.v.z), truth)
    right(np.outer(y - mlp.y_n, mlp.v.z), truth)


def test_003_10_the_way_to_z_passes_the_derivative_of_f2(mlp):
    wrong(mlp.w2.T @ mlp.truth["y"], mlp.truth["z"])
    right(mlp.w2.T @ (mlp.truth["y"] * mlp.v.f2), mlp.truth["z"])


def test_003_11_no_sum_over_the_units_in_the_gradient_of_a_hidden_bias(mlp):
    each = mlp.truth["z"] * mlp.v.f1
    wrong(np.full(mlp.M, each.sum()), mlp.truth["b1"])
    right(each, mlp.truth["b1"])


def test_003_12_a_hidden_unit_has_the_bias_of_its_own_index(mlp):
    shifted = (mlp.w1 @ mlp.x)[:, None] + mlp.b1[: mlp.N]  # a row per unit k, a column per input i: b_i(1) as printed
    wrong(mlp.truth["z"][:, None] * mlp.f1_prime(shifted) * mlp.x, mlp.truth["w1"])
    right(np.outer(mlp.truth["z"] * mlp.v.f1, mlp.x), mlp.truth["w1"])


def test_003_13_the_two_wrong_signs_cancel_in_the_output_weights(mlp):
    published = mlp.backward(mlp.w1, mlp.b1, mlp.w2, mlp.b2, mlp.x, mlp.y_n)[2]
    right(mlp.update(mlp.w2, published, 0.1, 0.0) - mlp.w2, -0.1 * mlp.truth["w2"])


# Section 3: LeNet-5 -----------------------------------------------------------------------------------------------

NAMES = ("W", "b", "omega", "a", "X_in")


def lenet_gradients(convolution="correlate", wide="correlate"):
    """Published and numerical gradients, with ⊗ and ⊗̃ read as said."""
    m = load("lenet_003")
    arguments = {name: getattr(m, name) for name in (*NAMES, "target")}
    operator = getattr(m, convolution)
    published = m.backward(**arguments, convolution=operator, wide=getattr(m, wide))
    truth = {
        name: gradient(
            lambda value, name=name: m.loss(**{**arguments, name: value}, convolution=operator), arguments[name]
        )
        for name in NAMES
    }
    return m, dict(zip(NAMES, published, strict=True)), truth


@pytest.fixture(scope="module")
def lenet():
    return lenet_gradients()


def input_gradient(m, wide, forward):
    """∂L/∂X(l-1,p) with the sum over d; ``wide`` is how ⊗̃ is read, ``forward`` how ⊗ is."""
    Y_pre, Y, X_pre, X = m.forward(m.W, m.b, m.omega, m.a, m.X_in, forward)
    dY_pre = m.dL_dY_3_4(X - m.target, X_pre, m.omega, Y.shape) * (1 - Y**2)
    kernel = m.W[..., ::-1, ::-1]
    return np.array(
        [sum(wide(kernel[p, d], m.padded(dY_pre[d], kernel[p, d])) for d in range(3) if m.T[p, d]) for p in range(2)]
    )


def test_003_14_a_map_is_pooled_from_the_map_of_its_own_index(lenet):
    m, published, truth = lenet
    _, Y, _, X = m.forward(m.W, m.b, m.omega, m.a, m.X_in)
    dX_pre = (X - m.target) * (1 - X**2)
    for p in range(3):
        wrong(np.sum(dX_pre * m.mean_pool(Y)[p], axis=(1, 2)), truth["omega"])
    right(published["omega"], truth["omega"])


@pytest.mark.parametrize(
    ("first", "rounding", "verdict"), [(1, math.floor, right), (0, math.floor, wrong), (1, math.ceil, wrong)]
)
def test_003_15_the_pooling_index_counts_from_one_and_rounds_down(lenet, first, rounding, verdict):
    m = lenet[0]
    Y = np.random.default_rng(0).normal(size=(1, 4, 6))
    cotangent = np.random.default_rng(1).normal(size=(1, 2, 3))
    truth = gradient(lambda Y: np.sum(cotangent * m.mean_pool(Y)), Y)[0]
    spread = np.zeros((4, 6))
    for i in range(4):
        for j in range(6):
            place = [rounding((index + first + 1) / 2) - first for index in (i, j)]
            inside = place[0] < 2 and place[1] < 3
            spread[i, j] = cotangent[0, place[0], place[1]] / 4 if inside else 0
    verdict(spread, truth)


def test_003_16_the_derivative_of_f_is_taken_at_y_tilde(lenet):
    m, published, truth = lenet
    Y_pre, Y, X_pre, X = m.forward(m.W, m.b, m.omega, m.a, m.X_in)
    dY = m.dL_dY_3_4(X - m.target, X_pre, m.omega, Y.shape)
    with pytest.raises(ValueError, match="broadcast"):
        dY * (1 - np.tanh(X_pre) ** 2)  # half as many rows and columns
    right(np.sum(dY * (1 - np.tanh(Y_pre) ** 2), axis=(1, 2)), truth["b"])


def test_003_17_the_kernel_gradient_is_right_if_the_operator_is_a_correlation(lenet):
    right(lenet[1]["W"], lenet[2]["W"])
    m, published, truth = lenet_gradients("convolve", "convolve")
    wrong(published["W"], truth["W"])
    Y_pre, Y, X_pre, X = m.forward(m.W, m.b, m.omega, m.a, m.X_in, m.convolve)
    dY_pre = m.dL_dY_3_4(X - m.target, X_pre, m.omega, Y.shape) * (1 - Y**2)
    correct = np.zeros_like(m.W)
    for p, d in np.argwhere(m.T):
        correct[p, d] = m.correlate(dY_pre[d], m.X_in[p])[::-1, ::-1]
    right(correct, truth["W"])


@pytest.mark.parametrize(
    ("forward", "wide", "verdict"),
    [
        ("correlate", "correlate", right),
        ("convolve", "convolve", right),
        ("correlate", "convolve", wrong),
        ("convolve", "correlate", wrong),
    ],
)
def test_003_18_the_rotation_is_right_if_both_operators_are_of_one_kind(forward, wide, verdict):
    m, _, truth = lenet_gradients(forward)
    verdict(input_gradient(m, getattr(m, wide), getattr(m, forward)), truth["X_in"])


def test_003_19_the_gradient_of_an_input_map_sums_over_the_maps_that_it_feeds(lenet):
    m, published, truth = lenet
    wrong(published["X_in"], truth["X_in"])
    right(input_gradient(m, m.correlate, m.correlate), truth["X_in"])


def test_003_20_pooling_and_biases_are_right(lenet):
    for name in ("omega", "a", "b"):
        right(lenet[1][name], lenet[2][name])


# Section 4: the RNN -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rnn():
    m = load("rnn_003")
    arguments = {name: getattr(m, name) for name in ("U", "W", "b", "x", "y")}
    m.truth = {
        name: gradient(lambda value, name=name: m.loss(**{**arguments, name: value}), arguments[name])
        for name in ("U", "W", "b")
    }
    m.published = dict(zip(("U", "W", "b"), m.backward(**arguments), strict=True))
    return m


def test_003_21_w_has_a_row_per_hidden_unit(rnn):
    with pytest.raises(ValueError, match="mismatch"):
        rnn.W.T @ rnn.x[0]  # W in R^(N x M)
    right(rnn.published["W"], rnn.truth["W"])
    assert rnn.truth["W"].shape == (rnn.M, rnn.N)


def test_003_22_the_last_formula_is_the_gradient_of_b_and_not_of_u(rnn):
    wrong(rnn.published["b"], rnn.truth["U"])
    right(rnn.published["b"], rnn.truth["b"])


def test_003_23_the_double_sum_and_its_recursion_are_right(rnn):
    right(rnn.published["U"], rnn.truth["U"])
