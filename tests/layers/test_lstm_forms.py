"""The Jacobians of a step of an LSTM: every entry against a numerical derivative; the gradient that they make up."""

import numpy as np
import pytest

from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward
from handgrad.layers.lstm_forms.cell_jacobians import lstm_cell_jacobians
from handgrad.layers.lstm_forms.chained import lstm_chained_backward
from handgrad.layers.lstm_forms.state_jacobians import lstm_state_jacobians
from helpers import relative_error

T, N, H, B = 4, 2, 3, 5
GATES = "ifgo"


@pytest.fixture(scope="module")
def forward():
    rng = np.random.default_rng(7)
    params = LstmParams(rng.normal(size=(4 * H, H)), rng.normal(size=(4 * H, N)), rng.normal(size=4 * H))
    x, h0, c0 = rng.normal(size=(T, N, B)), rng.normal(size=(H, B)), rng.normal(size=(H, B))
    return params, lstm_forward(params, x, h0, c0)[1]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class Step:
    """One step of one sample as a function of everything it reads, by name, written out for itself."""

    def __init__(self, params, cache, t, n):
        self.at = {
            "W_" + gate: np.concatenate([params.W, params.U], axis=1)[k * H :][:H] for k, gate in enumerate(GATES)
        }
        self.at |= {"b_" + gate: params.b[k * H :][:H] for k, gate in enumerate(GATES)}
        self.at |= {"h_prev": cache.h[t - 1][:, n], "c_prev": cache.c[t - 1][:, n], "x": cache.x[t][:, n]}

    def __call__(self, given=None, of="h"):
        """h_t or c_t. ``given``: other values for what the step reads, or for a gate, the candidate g, or the cell."""
        v = {**self.at, **(given or {})}
        z = np.concatenate([v["h_prev"], v["x"]])
        for gate in GATES:
            if gate not in v:
                v[gate] = (np.tanh if gate == "g" else sigmoid)(v["W_" + gate] @ z + v["b_" + gate])
        c = v["c"] if "c" in v else v["f"] * v["c_prev"] + v["i"] * v["g"]
        return v["o"] * np.tanh(c) if of == "h" else c

    def value(self, name):
        """What ``name`` is in this step."""
        if name in self.at:
            return self.at[name]
        z = np.concatenate([self.at["h_prev"], self.at["x"]])
        if name in GATES:
            return (np.tanh if name == "g" else sigmoid)(self.at["W_" + name] @ z + self.at["b_" + name])
        return self(of="c")

    def jacobian(self, of, name, step=1e-3):
        """By central differences, extrapolated once: the axes of what is differentiated, then those of ``name``."""
        value = self.value(name)
        found = np.zeros((H, *value.shape))
        for index in np.ndindex(*value.shape):
            slopes = []
            for d in (step, step / 2):
                up, down = value.copy(), value.copy()
                up[index] += d
                down[index] -= d
                slopes.append((self({name: up}, of) - self({name: down}, of)) / (2 * d))
            found[(slice(None), *index)] = (4 * slopes[1] - slopes[0]) / 3
        return found


def named(jacobians, of):
    """Every Jacobian by the name of what it is by."""
    found = {field.removeprefix(f"d{of}_d"): value for field, value in jacobians._asdict().items()}
    for letter in "Wb":
        found |= {f"{letter}_{gate}": each for gate, each in zip(GATES, found.pop(letter), strict=False)}
    return found


@pytest.mark.parametrize("t", range(T))
@pytest.mark.parametrize(("of", "jacobians"), [("h", lstm_state_jacobians), ("c", lstm_cell_jacobians)])
def test_every_entry_of_every_jacobian(forward, of, jacobians, t):
    params, cache = forward
    found = named(jacobians(params, cache, t), of)
    assert set(found) >= {"f", "i", "g", "c_prev", "h_prev", "x", "W_f", "W_i", "W_g", "b_f", "b_i", "b_g"}
    if of == "h":
        assert set(found) >= {"o", "c", "W_o", "b_o"}
    for n in range(B):
        step = Step(params, cache, t, n)
        for name, each in found.items():
            truth = step.jacobian(of, name)
            assert np.abs(truth).max() > 1e-8, "a zero Jacobian proves nothing"
            assert relative_error(each[n], truth) < 1e-8, (of, name, n)


def test_the_step_is_that_of_the_layer(forward):
    """The function that the Jacobians are held to is the layer's own, to the last digit but rounding."""
    params, cache = forward
    for t, n in np.ndindex(T, B):
        assert np.allclose(Step(params, cache, t, n)(), cache.h[t][:, n], rtol=1e-12)
        assert np.allclose(Step(params, cache, t, n)(of="c"), cache.c[t][:, n], rtol=1e-12)


def test_the_cell_does_not_read_the_output_gate(forward):
    params, cache = forward
    for name in ("o", "W_o", "b_o"):
        assert not Step(params, cache, 1, 0).jacobian("c", name).any()


@pytest.mark.parametrize("sizes", [(4, 2, 3, 5), (1, 1, 1, 1), (7, 3, 2, 2)])
def test_the_chained_jacobians_are_the_gradient(sizes):
    T, N, H, B = sizes
    rng = np.random.default_rng(3)
    params = LstmParams(rng.normal(size=(4 * H, H)), rng.normal(size=(4 * H, N)), rng.normal(size=4 * H))
    x, h0, c0 = rng.normal(size=(T, N, B)), rng.normal(size=(H, B)), rng.normal(size=(H, B))
    dh, dc = rng.normal(size=(T, H, B)), rng.normal(size=(H, B))
    _, cache = lstm_forward(params, x, h0, c0)
    for last in (dc, None):
        *one, grads = lstm_backward(params, cache, dh, last)
        *other, same = lstm_chained_backward(params, cache, dh, last)
        for a, b in zip([*one, *grads], [*other, *same], strict=True):
            assert relative_error(a, b) < 1e-12


def test_without_the_way_along_the_cell_the_gradient_is_wrong(forward):
    """The report's recursion, delta alone: right over one step, wrong over more (errata 002-12)."""
    params, cache = forward
    dh = np.zeros((T, H, B))
    dh[-1] = np.random.default_rng(1).normal(size=(H, B))
    delta = dh[-1]
    for t in reversed(range(T)):
        delta = np.einsum("nij,in->jn", lstm_state_jacobians(params, cache, t).dh_dh_prev, delta)
        if t == T - 1:
            one_step = lstm_backward(params, last_step(params, cache), dh[-1:])[1]
            assert relative_error(delta, one_step) < 1e-12
    assert relative_error(delta, lstm_backward(params, cache, dh)[1]) > 1e-2


def last_step(params, cache):
    return lstm_forward(params, cache.x[-1:], cache.h[T - 2], cache.c[T - 2])[1]
