"""Errata of the reports 000, 001 and 004 (docs/errata.md): ``test_001_3`` holds erratum 001-3.

The published form disagrees with the numerical derivative, the corrected one agrees; what is declared right agrees.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from faults.truth import gradient, jacobian, load, right, wrong

HERE = Path(__file__).parent


def test_every_erratum_has_a_test_and_every_test_an_erratum():
    page = (HERE.parents[1] / "docs" / "errata.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (00\d-\d+) ", page, re.MULTILINE)
    source = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_reports*.py"))
    tested = [each.replace("_", "-") for each in re.findall(r"^def test_(00\d_\d+)_", source, re.MULTILINE)]
    assert len(listed) == len(set(listed)) > 40
    assert sorted(listed) == sorted(tested)


# 000: the adder ---------------------------------------------------------------------------------------------------


@pytest.fixture
def adder():
    return load("adder_000")


def test_000_1_prediction_minus_target_is_the_gradient_by_o_and_not_by_a(adder):
    m = adder
    h, y_hat = m.forward(m.W, m.U, m.V, m.b, m.c, m.x)
    last = m.steps - 1
    a = m.b + m.W @ h[last - 1] + m.U @ m.x[last]

    def loss_of_o(o):
        return -np.sum(m.y[last] * np.log(np.exp(o) / np.exp(o).sum()))

    published = y_hat[last] - m.y[last]
    wrong(published, gradient(lambda a: loss_of_o(m.c + m.V @ np.tanh(a)), a))
    right(published, gradient(loss_of_o, m.c + m.V @ h[last]))


def test_000_2_the_second_printing_of_the_forward_pass_gives_o_the_name_of_the_bias(adder):
    m = adder
    h, y_hat = m.forward(m.W, m.U, m.V, m.b, m.c, m.x)
    o = m.c + m.V @ h[0]
    assert o.shape == m.c.shape != m.b.shape
    right(np.exp(o) / np.exp(o).sum(), y_hat[0])


def test_000_3_w_joins_hidden_units_and_u_the_input(adder):
    m = adder
    one_step = {"W": m.W, "U": m.U, "V": m.V, "b": m.b, "c": m.c, "x": m.x[:1], "y": m.y[:1]}

    def by(name):
        return gradient(lambda value: m.loss(**{**one_step, name: value}), one_step[name])

    assert np.all(by("W") == 0), "with one step from a zero state nothing passes the recurrent weight"
    assert np.abs(by("U")).max() > 1e-3


def test_000_4_all_gradients_are_right_with_w_transposed_before_h(adder):
    m = adder
    names = ("W", "U", "V", "b", "c")
    arguments = {name: getattr(m, name) for name in (*names, "x", "y")}
    for name, given in zip(names, m.backward(**arguments), strict=True):
        right(given, gradient(lambda value, name=name: m.loss(**{**arguments, name: value}), arguments[name]))


# 001: the points --------------------------------------------------------------------------------------------------

LAYERS = ("W1", "B1", "W2", "B2", "W3", "B3")


@pytest.fixture
def points():
    """Published gradients, numerical ones, and the values of the forward pass."""
    m = load("points_001_equations")
    arguments = {name: getattr(m, name) for name in (*LAYERS, "inputs", "y_hat")}
    published = dict(zip(LAYERS, m.backward(**arguments), strict=True))
    truth = {
        name: gradient(lambda value, name=name: m.loss(**{**arguments, name: value}), arguments[name])
        for name in LAYERS
    }
    m.X1, m.X2, m.y = m.forward(*(arguments[name] for name in (*LAYERS, "inputs")))
    return m, published, truth


def test_001_1_derivative_of_the_sigmoid_has_a_plus_in_its_denominator(points):
    m, x = points[0], np.random.default_rng(0).normal(size=7)
    truth = np.diag(jacobian(m.sigmoid, x))
    wrong(m.sigmoid_derivative_printed(x), truth)
    right(-1 / (1 + np.exp(-x)) ** 2 * -np.exp(-x), truth)
    right(m.sigmoid_derivative_second_member(x), truth)


def test_001_2_one_minus_y_over_y_is_the_exponential_and_not_the_derivative(points):
    m, x = points[0], np.random.default_rng(0).normal(size=7)
    wrong(m.sigmoid_derivative_line_2(x), np.diag(jacobian(m.sigmoid, x)))
    right(m.sigmoid_derivative_line_2(x), np.exp(-x))
    right(m.sigmoid(x) * (1 - m.sigmoid(x)), np.diag(jacobian(m.sigmoid, x)))


def test_001_3_the_way_back_to_z2_passes_w3(points):
    m, published, truth = points
    wrong(published["B2"], truth["B2"])  # with one sample ∂L/∂B2 is ∂L/∂Z2
    wrong(published["W2"], truth["W2"])
    grad_Z2 = truth["B3"] @ m.W3.T * m.X2 * (1 - m.X2)
    right(grad_Z2, truth["B2"])
    right(m.X1.T @ grad_Z2, truth["W2"])


def test_001_4_the_way_back_to_z1_passes_w2(points):
    m, _, truth = points
    wrong(truth["B2"] * m.X1 * (1 - m.X1), truth["B1"])
    wrong(m.inputs.T @ (truth["B2"] * m.X1 * (1 - m.X1)), truth["W1"])
    grad_Z1 = truth["B2"] @ m.W2.T * m.X1 * (1 - m.X1)
    right(grad_Z1, truth["B1"])
    right(m.inputs.T @ grad_Z1, truth["W1"])


def test_001_5_the_output_layer_is_right_as_printed(points):
    _, published, truth = points
    right(published["B3"], truth["B3"])
    right(published["W3"], truth["W3"])


def code_gradients(samples, outputs=1, hidden2=7):
    """What the published code subtracts from each array, divided by its learning rate, and the numerical gradients."""
    np.random.seed(0)  # noqa: NPY002  (the published code draws from it)
    net = load("points_001_code").SimpleNet(2, 5, hidden2, outputs)
    rng = np.random.default_rng(1)
    inputs, y = rng.normal(size=(samples, 2)), rng.uniform(size=(samples, outputs))
    arrays = {**net.hidden_weights, **net.hidden_biases}
    before = {name: value.copy() for name, value in arrays.items()}

    def loss(name, value):
        store = net.hidden_weights if name in net.hidden_weights else net.hidden_biases
        kept, store[name] = store[name], value
        total = np.sum((net.forward(inputs) - y) ** 2)
        store[name] = kept
        return total

    truth = {name: gradient(lambda value, name=name: loss(name, value), before[name]) for name in arrays}
    output = net.forward(inputs)
    try:
        net.backward(inputs, 2 * (output - y), output)
    except ValueError as error:
        return error, truth
    return {name: (before[name] - arrays[name]) / net.learn_rate for name in arrays}, truth


def test_001_6_the_code_is_right_for_one_sample():
    for outputs in (1, 3):
        given, truth = code_gradients(samples=1, outputs=outputs)
        for name in LAYERS:
            right(given[name], truth[name])


def test_001_7_w3_by_an_elementwise_product_is_wrong_for_a_batch():
    error, _ = code_gradients(samples=3)
    assert isinstance(error, ValueError), "X2.T is (h2, samples), grad_Z3 (samples, 1)"
    rng = np.random.default_rng(2)
    X2, W3, y = rng.uniform(size=(3, 7)), rng.normal(size=(7, 1)), rng.uniform(size=(3, 1))
    truth = gradient(lambda W3: np.sum((X2 @ W3 - y) ** 2), W3)
    right(np.dot(X2.T, 2 * (X2 @ W3 - y)), truth)


def test_001_8_biases_by_squeeze_are_wrong_for_a_batch():
    rng = np.random.default_rng(3)
    X2, B, y = rng.uniform(size=(3, 7)), rng.normal(size=7), rng.uniform(size=(3, 7))
    truth = gradient(lambda B: np.sum((X2 + B - y) ** 2), B)
    grad_Z = 2 * (X2 + B - y)
    wrong(grad_Z.squeeze(), truth)
    right(grad_Z.sum(axis=0), truth)
    right(grad_Z[:1].squeeze(), gradient(lambda B: np.sum((X2[:1] + B - y[:1]) ** 2), B))


# 004: the counter -------------------------------------------------------------------------------------------------


@pytest.fixture
def counter():
    return load("counter_004_equations")


def test_004_1_the_sum_over_n_belongs_to_the_sum_of_all_errors(counter):
    m = counter
    published = m.backward(m.W_rec, m.W_xs, m.x, m.t)

    def printed_error(W_rec):
        s, _ = m.forward(W_rec, m.W_xs, m.x)
        return 0.5 * (s[4] - m.t[4]) ** 2  # of the last n alone

    wrong(published[0], gradient(printed_error, m.W_rec))
    right(published[0], gradient(lambda W_rec: m.loss(W_rec, m.W_xs, m.x, m.t), m.W_rec))


def test_004_2_the_product_form_is_right_for_both_weights(counter):
    m = counter
    by_rec, by_xs = m.backward(m.W_rec, m.W_xs, m.x, m.t)
    right(by_rec, gradient(lambda W_rec: m.loss(W_rec, m.W_xs, m.x, m.t), m.W_rec))
    right(by_xs, gradient(lambda W_xs: m.loss(m.W_rec, W_xs, m.x, m.t), m.W_xs))


@pytest.fixture
def code():
    m = load("counter_004_code")
    m.sequence = np.random.default_rng(7).uniform(0.2, 1.0, size=(m.SeqL, m.NbSeq))
    m.targets = np.cumsum(m.sequence, axis=0)
    return m


def last_state(m, Wxs, Wrec):
    return m.forward(Wxs, Wrec, m.sequence)[1][-1].sum()


def sensitivity(m, seen, join, surplus):
    """dlayer_1[-1]/dW, summed over the sequences, as the code forms it: ``join`` the two factors of each k, and take
    the product of Wrec relu' from k on (``surplus``) or from k + 1 on."""
    s, layer_1 = m.forward(m.Wxs, m.Wrec, m.sequence)
    total = 0.0
    for k in range(len(s)):
        now = m.deriv_relu(s[k]) * seen(k, layer_1)
        later = np.prod(m.Wrec * m.deriv_relu(s[k if surplus else k + 1 :]), axis=0)
        total += np.sum(join(now, later))
    return total


def inputs_seen(m):
    return lambda k, layer_1: m.sequence[k]


def states_seen(m):
    return lambda k, layer_1: layer_1[k - 1] if k else np.zeros(m.NbSeq)


def test_004_3_the_code_adds_where_a_product_belongs(code):
    m = code
    truth = gradient(lambda Wxs: last_state(m, Wxs, m.Wrec), m.Wxs)[0]
    wrong(sensitivity(m, inputs_seen(m), np.add, surplus=True), truth)
    wrong(sensitivity(m, inputs_seen(m), np.add, surplus=False), truth)
    right(sensitivity(m, inputs_seen(m), np.multiply, surplus=False), truth)


def test_004_4_the_additional_wrec_is_one_factor_too_many(code):
    m = code
    for seen, truth in (
        (inputs_seen(m), gradient(lambda Wxs: last_state(m, Wxs, m.Wrec), m.Wxs)[0]),
        (states_seen(m), gradient(lambda Wrec: last_state(m, m.Wxs, Wrec), m.Wrec)[0]),
    ):
        wrong(sensitivity(m, seen, np.multiply, surplus=True), truth)
        right(sensitivity(m, seen, np.multiply, surplus=False), truth)


def every_sensitivity(m, seen):
    """ds_n/dW for every n: the double sum, a row per time step."""
    s, layer_1 = m.forward(m.Wxs, m.Wrec, m.sequence)
    rows = np.zeros(s.shape)
    for n in range(len(s)):
        for k in range(n + 1):
            later = np.prod(m.Wrec * m.deriv_relu(s[k + 1 : n + 1]), axis=0)
            rows[n] += m.deriv_relu(s[k]) * seen(k, layer_1) * later
    return rows


def test_004_5_every_error_needs_its_own_sum_and_not_that_of_the_last_step(code):
    m = code
    errors = m.targets - m.forward(m.Wxs, m.Wrec, m.sequence)[1]
    weights = (
        (states_seen(m), gradient(lambda W: m.error(m.Wxs, W, m.sequence, m.targets), m.Wrec)[0]),
        (inputs_seen(m), gradient(lambda W: m.error(W, m.Wrec, m.sequence, m.targets), m.Wxs)[0]),
    )
    published = m.coefficients(m.Wxs, m.Wrec, m.sequence, m.targets)
    for (seen, truth), coefficient in zip(weights, published, strict=True):
        rows = every_sensitivity(m, seen)
        wrong(coefficient, -truth)
        wrong(np.sum(errors * rows[-1]), -truth)
        right(np.sum(errors * rows), -truth)  # T - s, added: the sign of the code is right


def test_004_6_of_tanh_it_is_y_prime_that_is_one_minus_y_squared():
    x = np.random.default_rng(8).normal(size=7)
    truth = np.diag(jacobian(np.tanh, x))
    wrong(1 - truth**2, truth)  # "y(x) = dtanh(x)/dx = 1 - y(x)²" with y the derivative
    right(1 - np.tanh(x) ** 2, truth)


def test_004_7_the_derivative_of_relu_by_ceil_is_right(code):
    x = np.array([-2.5, -0.3, 0.2, 1.0, 7.5])
    right(code.deriv_relu(x), np.diag(jacobian(lambda v: np.where(v.real > 0, v, 0 * v), x)))
