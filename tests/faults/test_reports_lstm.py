"""Errata of report 002, the LSTM (docs/errata.md): ``test_002_6`` holds erratum 002-6.

Every Jacobian of one step is compared with the numerical one; then the recursion over time with the whole gradient.
"""

import numpy as np
import pytest

from faults.truth import gradient, jacobian, load, right, wrong
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.embedding import EmbeddingParams, embedding_backward, embedding_forward
from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward
from handgrad.layers.lstm_forms.chained import lstm_chained_backward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward


class Step:
    """One LSTM step at a random place, and h_t as a function of each thing it depends on."""

    def __init__(self):
        m = self.m = load("lstm_002")
        rng = np.random.default_rng(1)
        self.h_prev, self.c_prev, self.x = rng.normal(size=m.H), rng.normal(size=m.H), rng.normal(size=m.D)
        self.values = m.step(m.W, m.b, self.h_prev, self.c_prev, self.x)[2]
        self.f, self.i, self.g, self.o, self.c, _, self.z = self.values
        self.dh_dc = m.dh_dc(self.o, self.c)

    def by(self, name):
        """∂h_t by a gate, the candidate g, or c_prev, the others held."""
        gates = {"f": self.f, "i": self.i, "g": self.g, "o": self.o, "c_prev": self.c_prev}

        def h(value):
            v = {**gates, name: value}
            return v["o"] * np.tanh(v["f"] * v["c_prev"] + v["i"] * v["g"])

        return jacobian(h, gates[name])

    def by_weights(self, store, gate, cotangent):
        """∂(cotangent · h_t) by W or b of one gate."""

        def h(value):
            W, b = (({**each, gate: value} if store is each else each) for each in (self.m.W, self.m.b))
            return cotangent @ self.m.step(W, b, self.h_prev, self.c_prev, self.x)[0]

        return gradient(h, store[gate])


@pytest.fixture(scope="module")
def step():
    return Step()


def test_002_1_tanh_of_the_cell_is_the_derivative_by_o_and_not_by_c(step):
    by_c = jacobian(lambda c: step.o * np.tanh(c), step.c)
    wrong(step.m.scan_dh_dc(*step.values), by_c)
    right(step.m.scan_dh_dc(*step.values), step.by("o"))


def test_002_2_the_second_line_is_the_derivative_of_h_and_not_of_o(step):
    published = step.m.scan_do_dc(*step.values)
    assert np.abs(published).max() > 0.1, "the scan says ∂o/∂c, and o does not depend on c"
    right(published, jacobian(lambda c: step.o * np.tanh(c), step.c))
    wrong(np.diag(step.o * (1 + np.tanh(step.c) ** 2)), published)  # the lost sign is a minus


def test_002_3_previous_cell_is_the_derivative_by_f(step):
    published = step.dh_dc @ np.diag(step.c_prev)
    wrong(published, step.dh_dc)  # the scan says ∂h/∂c on the left
    right(published, step.by("f"))


def test_002_4_the_derivative_by_i_is_the_candidate_and_not_the_cell(step):
    published = step.m.scan_dh_df(*step.values)
    wrong(published, step.by("f"))
    wrong(published, step.by("i"))
    right(step.dh_dc @ np.diag(step.g), step.by("i"))


def test_002_5_the_input_gate_is_the_derivative_by_the_candidate(step):
    published = step.dh_dc @ np.diag(step.i)
    wrong(published, step.by("f"))
    right(published, step.by("g"))


def test_002_6_the_derivative_by_the_previous_cell_is_the_forget_gate(step):
    wrong(step.m.scan_dh_dc_prev(*step.values), step.by("c_prev"))
    right(step.dh_dc @ np.diag(step.f), step.by("c_prev"))


def candidate_path(step):
    return step.dh_dc @ np.diag(step.i) @ np.diag(1 - step.g**2) @ step.m.W["c"]


def test_002_7_the_way_to_the_previous_state_lacks_the_output_gate_and_the_candidate(step):
    m = step.m
    truth = jacobian(lambda h_prev: m.step(m.W, m.b, h_prev, step.c_prev, step.x)[0], step.h_prev)
    wrong(m.scan_dh_dh_prev(m.W, *step.values), truth)
    three_paths = m.dh_dz(m.W, *step.values)
    wrong(three_paths[:, : m.H], truth)
    right((three_paths + candidate_path(step))[:, : m.H], truth)


def test_002_8_the_way_to_the_input_lacks_the_candidate(step):
    m = step.m
    truth = jacobian(lambda x: m.step(m.W, m.b, step.h_prev, step.c_prev, x)[0], step.x)
    three_paths = m.dh_dz(m.W, *step.values)
    wrong(three_paths[:, m.H :], truth)
    right((three_paths + candidate_path(step))[:, m.H :], truth)


@pytest.mark.parametrize("gate", "fico")
def test_002_9_a_weight_takes_the_outer_product_with_z_and_not_its_diagonal(step, gate):
    m, cotangent = step.m, np.random.default_rng(2).normal(size=step.m.H)
    factor = m.dh_da(*step.values)[gate]
    with pytest.raises(ValueError, match="mismatch"):
        factor @ np.diag(step.z)
    right(np.outer(cotangent @ factor, step.z), step.by_weights(m.W, gate, cotangent))


def test_002_10_the_second_bias_is_that_of_the_input_gate(step):
    m, cotangent = step.m, np.random.default_rng(3).normal(size=step.m.H)
    scan = cotangent @ step.dh_dc @ np.diag(step.i) @ np.diag(step.i * (1 - step.i))  # ∂h/∂c̃ diag[i ∘ (1 - i)]
    wrong(scan, step.by_weights(m.b, "c", cotangent))
    wrong(scan, step.by_weights(m.b, "i", cotangent))
    right(cotangent @ step.by("i") @ np.diag(step.i * (1 - step.i)), step.by_weights(m.b, "i", cotangent))


@pytest.mark.parametrize("gate", "fico")
def test_002_11_the_derivatives_by_the_biases_are_right(step, gate):
    cotangent = np.random.default_rng(4).normal(size=step.m.H)
    factor = step.m.dh_da(*step.values)[gate]
    right(cotangent @ factor, step.by_weights(step.m.b, gate, cotangent))


def last_state(m, h, c, xs):
    for x in xs:
        h, c, _ = m.step(m.W, m.b, h, c, x)
    return h


def test_002_12_the_error_goes_back_through_the_cell_too(step):
    """δ_(t-1) = δ_t ∂h_t/∂h_(t-1), with every path within a step, is right for one step and wrong for two."""
    m, rng = step.m, np.random.default_rng(5)
    xs, cotangent = rng.normal(size=(2, m.D)), rng.normal(size=m.H)
    for steps in (1, 2):
        truth = gradient(lambda h, n=steps: cotangent @ last_state(m, h, step.c_prev, xs[:n]), step.h_prev)
        h, c, cache = step.h_prev, step.c_prev, []
        for x in xs[:steps]:
            h, c, values = m.step(m.W, m.b, h, c, x)
            cache.append(values)
        printed, delta, cell = cotangent, cotangent, np.zeros(m.H)
        for f, i, g, o, c, c_prev, z in reversed(cache):
            jacobians = m.dh_da(f, i, g, o, c, c_prev, z)
            printed = printed @ sum(jacobians[gate] @ m.W[gate][:, : m.H] for gate in "fico")
            cell = cell + delta * o * (1 - np.tanh(c) ** 2)  # ∂L/∂c_t: through h_t and through c_(t+1)
            da = {"f": cell * c_prev * f * (1 - f), "i": cell * g * i * (1 - i), "c": cell * i * (1 - g**2)}
            da["o"] = delta * np.tanh(c) * o * (1 - o)
            delta = sum(da[gate] @ m.W[gate][:, : m.H] for gate in "fico")
            cell = cell * f
        right(delta, truth)
        (right if steps == 1 else wrong)(printed, truth)


def test_002_13_a_loss_at_every_step_adds_its_own_term(step):
    """With one step between them: L(h_1, h_2) = a·h_1 + b·h_2."""
    m, rng = step.m, np.random.default_rng(6)
    a, b = rng.normal(size=m.H), rng.normal(size=m.H)
    truth = gradient(lambda h: a @ h + b @ m.step(m.W, m.b, h, step.c_prev, step.x)[0], step.h_prev)
    dh_dh = (m.dh_dz(m.W, *step.values) + candidate_path(step))[:, : m.H]
    wrong(b @ dh_dh, truth)
    right(a + b @ dh_dh, truth)


def test_002_14_the_published_recursion_gives_wrong_gradients_of_every_weight():
    m = load("lstm_002")
    dW, db = m.backward(m.W, m.b, m.xs, m.target)
    for gate in "fico":
        wrong(dW[gate], gradient(lambda v, g=gate: m.loss({**m.W, g: v}, m.b, m.xs, m.target), m.W[gate]))
        wrong(db[gate], gradient(lambda v, g=gate: m.loss(m.W, {**m.b, g: v}, m.xs, m.target), m.b[gate]))


def test_002_15_perplexity_is_a_power_of_two_only_with_the_logarithm_to_base_two():
    p = np.random.default_rng(7).uniform(0.01, 0.9, size=11)
    truth = np.prod(p) ** (-1 / len(p))
    right(2 ** -np.mean(np.log2(p)), truth)
    wrong(2 ** -np.mean(np.log(p)), truth)  # nats, as PyTorch's cross-entropy gives them
    right(np.exp(-np.mean(np.log(p))), truth)


def test_002_16_epsilon_within_adagrads_root_is_another_step_where_gradients_are_small():
    epsilon = 1e-8
    small, large = np.full(3, 1e-5), np.full(3, 10.0)
    wrong(small / np.sqrt(small**2 + epsilon), small / (np.sqrt(small**2) + epsilon))
    right(large / np.sqrt(large**2 + epsilon), large / (np.sqrt(large**2) + epsilon))


def test_002_17_the_two_rules_for_diagonal_matrices_are_right():
    rng = np.random.default_rng(8)
    a, b, X = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(3, 5))
    right(np.diag(a) @ X, a[:, None] * X)
    right(a @ np.diag(b), a * b)


def test_002_18_weights_of_a_relu_network_at_zero_get_no_gradient_and_the_output_bias_does():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(2, 5)), rng.normal(size=(3, 5))
    at = {"W1": np.zeros((7, 2)), "W2": np.zeros((3, 7)), "b2": np.zeros((3, 1))}

    def by(name):
        def loss(value):
            v = {**at, name: value}
            return np.sum((v["W2"] @ np.maximum(v["W1"] @ x, 0) + v["b2"] - y) ** 2)

        return gradient(loss, at[name])

    assert not by("W1").any()
    assert not by("W2").any()
    right(2 * np.sum(-y, axis=1, keepdims=True), by("b2"))


def test_002_19_perplexity_falls_at_first_and_training_must_go_on_until_it_rises():
    perplexity = [900.0, 310.0, 220.0, 180.0, 171.0, 174.0, 182.0]
    begins_to_fall = next(i for i in range(1, 7) if perplexity[i] < perplexity[i - 1])
    begins_to_rise = next(i for i in range(1, 7) if perplexity[i] > perplexity[i - 1])
    assert begins_to_fall == 1, "the published rule stops after the second epoch"
    assert begins_to_rise - 1 == int(np.argmin(perplexity))


V, N, H, T, B = 7, 3, 5, 4, 6


def train(value, rng, steps=5):
    """The gradients of the report's model over steps of descent; every weight begins at ``value``."""
    p = {"E": (V, N), "W": (4 * H, H), "U": (4 * H, N), "b": (4 * H,), "Wy": (V, H), "by": (V,)}
    p = {name: np.full(shape, value) for name, shape in p.items()}
    p["E"] = p["E"] + (value != 0) * rng.normal(size=(V, N))  # the characters differ; the units begin alike
    tokens, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
    one_hot, zero = np.eye(V)[targets.ravel()].T, np.zeros((H, B))
    for _ in range(steps):
        x, looked_up = embedding_forward(EmbeddingParams(p["E"]), tokens)
        (h, _), cache = lstm_forward(LstmParams(p["W"], p["U"], p["b"]), x, zero, zero)
        a, kept = dense_forward(DenseParams(p["Wy"], p["by"]), h.transpose(1, 0, 2).reshape(H, -1))
        _, of_loss = softmax_cross_entropy_forward(a, one_hot)
        da = softmax_cross_entropy_backward(of_loss, np.full(T * B, 1 / (T * B)))
        dstates, d_dense = dense_backward(DenseParams(p["Wy"], p["by"]), kept, da)
        dh = dstates.reshape(H, T, B).transpose(1, 0, 2)
        dx, _, _, d_lstm = lstm_backward(LstmParams(p["W"], p["U"], p["b"]), cache, dh)
        dE = embedding_backward(EmbeddingParams(p["E"]), looked_up, dx).E
        yield h, {"E": dE, **d_lstm._asdict(), "Wy": d_dense.W, "by": d_dense.b}, p["by"]
        for name, each in {"E": dE, **d_lstm._asdict(), "Wy": d_dense.W, "by": d_dense.b}.items():
            p[name] = p[name] - 0.5 * each


def test_002_20_from_zero_an_lstm_learns_the_bias_of_its_output_alone():
    for h, gradients, _ in train(0.0, np.random.default_rng(10)):
        assert not h.any()
        assert {name for name, each in gradients.items() if each.any()} == {"by"}
    for h, gradients, _ in train(0.3, np.random.default_rng(10)):  # equal, but not 0: the report's sentence
        assert all(each.any() for each in gradients.values())
        assert np.ptp(h, axis=1).max() < 1e-12, "all units are one"
        assert np.ptp(h) > 0.01


def test_002_21_a_diagonal_matrix_does_not_divide_a_gradient_element_by_element():
    past, g, eta, epsilon = np.random.default_rng(11).normal(size=(6, 3)), np.array([1.0, -2.0, 0.5]), 0.1, 1e-8
    s = (past**2).sum(axis=0)
    step = eta / np.sqrt(s + epsilon) * g
    published = eta / np.sqrt(np.diag(s) + epsilon) * g
    assert published.shape != step.shape
    assert np.abs(published - np.diag(np.diag(published))).max() > 100, "1 / sqrt(epsilon) beside the diagonal"
    right(eta * np.diag((s + epsilon) ** -0.5) @ g, step)


def test_002_22_the_middle_members_have_lost_a_tilde_and_an_index(step):
    one = np.eye(step.m.H)  # what ∂c/∂c is
    wrong(step.dh_dc @ one, step.by("g"))
    wrong(step.dh_dc @ one, step.by("c_prev"))
    right(step.dh_dc @ np.diag(step.i), step.by("g"))
    right(step.dh_dc @ np.diag(step.f), step.by("c_prev"))


def test_002_23_the_gradient_is_the_sum_over_the_steps():
    rng = np.random.default_rng(12)
    params = LstmParams(rng.normal(size=(4 * H, H)), rng.normal(size=(4 * H, N)), rng.normal(size=4 * H))
    x, zero, dh = rng.normal(size=(T, N, B)), np.zeros((H, B)), rng.normal(size=(T, H, B))
    _, cache = lstm_forward(params, x, zero, zero)
    truth = gradient(lambda W: np.sum(dh * lstm_forward(params._replace(W=W), x, zero, zero)[0][0]), params.W)
    right(lstm_chained_backward(params, cache, dh)[3].W, truth)


def test_002_24_the_factor_shows_that_f_is_the_output_of_its_gate(step):
    """∂h/∂b_f = ∂h/∂f diag[f (1 - f)]; if f̃ were what stands before the sigmoid, the factor would be 1."""
    m, cotangent = step.m, np.random.default_rng(13).normal(size=step.m.H)
    before = cotangent @ step.by("f") @ np.diag(step.f * (1 - step.f))  # the derivative by the pre-activation
    right(before, step.by_weights(m.b, "f", cotangent))
    wrong(before @ np.diag(step.f * (1 - step.f)), step.by_weights(m.b, "f", cotangent))
