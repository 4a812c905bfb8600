import numpy as np
import pytest

from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward
from helpers import FLOOR, assert_gradient, assert_plumbing, central_difference, relative_error

SIZES = [(3, 5, 7, 2), (1, 1, 1, 1), (5, 2, 3, 4)]  # steps, inputs, states, samples
LENGTHS = np.array([3, 5, 1, 4])
NAMES = ["x", "h0", "c0", "W", "U", "b"]


def problem(T, N, H, B, seed=1):
    rng = np.random.default_rng(seed)
    params = LstmParams(rng.normal(size=(4 * H, H)), rng.normal(size=(4 * H, N)), rng.normal(size=4 * H))
    inputs = {"x": rng.normal(size=(T, N, B)), "h0": rng.normal(size=(H, B)), "c0": rng.normal(size=(H, B))}
    return params, inputs, rng.normal(size=(T, H, B)), rng.normal(size=(H, B))


def parts(returned):
    dx, dh0, dc0, grads = returned
    return [dx, dh0, dc0, *grads]


def numerical(params, inputs, dh, dc, lengths=None):
    """The loss <dh, all states> + <dc, last cell> by everything it depends on, without the backward pass."""

    def loss(name, value):
        moved = params._replace(**{name: value}) if name in params._fields else params
        (h, c), _ = lstm_forward(
            moved, **{**inputs, **({} if name in params._fields else {name: value})}, lengths=lengths
        )
        return float((h * dh).sum() + (c[-1] * dc).sum())

    values = {**inputs, **params._asdict()}
    return [central_difference(lambda v, n=name: loss(n, v), values[name]) for name in NAMES]


def assert_every_gradient(params, inputs, dh, dc, lengths=None):
    (h, c), cache = lstm_forward(params, **inputs, lengths=lengths)
    assert h.shape == c.shape == dh.shape
    found = parts(lstm_backward(params, cache, dh, dc))
    for name, gradient, truth in zip(NAMES, found, numerical(params, inputs, dh, dc, lengths), strict=True):
        assert np.abs(truth).max() > FLOOR, "a zero gradient proves nothing"
        assert relative_error(gradient, truth) < 1e-8, name


@pytest.mark.parametrize("sizes", SIZES)
def test_gradient_of_every_returned_array(sizes):
    assert_every_gradient(*problem(*sizes))


def test_without_a_cotangent_of_the_cell_nothing_behind_reads_it():
    params, inputs, dh, dc = problem(3, 5, 7, 2)
    _, cache = lstm_forward(params, **inputs)
    left, zero = parts(lstm_backward(params, cache, dh)), parts(lstm_backward(params, cache, dh, 0 * dc))
    assert all(np.array_equal(a, b) for a, b in zip(left, zero, strict=True))
    assert not np.array_equal(left[0], parts(lstm_backward(params, cache, dh, dc))[0])


def test_forward_is_the_four_gates_one_by_one():
    """The equations as a textbook has them, sample by sample and gate by gate, in a loop of its own."""
    params, inputs, *_ = problem(3, 5, 7, 2)
    (h, c), _ = lstm_forward(params, **inputs)
    H = 7
    W, U, b = ({gate: each[k * H : (k + 1) * H] for k, gate in enumerate("ifgo")} for each in params)
    for n in range(2):
        state, cell = inputs["h0"][:, n], inputs["c0"][:, n]
        for t in range(3):
            a = {gate: W[gate] @ state + U[gate] @ inputs["x"][t, :, n] + b[gate] for gate in "ifgo"}
            i, f, o = (1 / (1 + np.exp(-a[gate])) for gate in "ifo")
            cell = f * cell + i * np.tanh(a["g"])
            state = o * np.tanh(cell)
            assert np.allclose(h[t, :, n], state, rtol=1e-13)
            assert np.allclose(c[t, :, n], cell, rtol=1e-13)


@pytest.mark.parametrize("t", range(5))
def test_right_at_each_step_by_itself(t):
    """A cotangent at one step alone: later steps get none, that one and earlier ones the right one."""
    params, inputs, dh, dc = problem(5, 2, 3, 4)
    alone = np.zeros_like(dh)
    alone[t] = dh[t]
    dx, *rest = parts(lstm_backward(params, lstm_forward(params, **inputs)[1], alone))
    assert not dx[t + 1 :].any()
    short = inputs | {"x": inputs["x"][: t + 1]}
    truth = numerical(params, short, alone[: t + 1], 0 * dc)
    for gradient, numeric in zip([dx[: t + 1], *rest], truth, strict=True):
        assert relative_error(gradient, numeric) < 1e-8


def test_plumbing():
    params, inputs, dh, dc = problem(3, 5, 7, 2)
    _, cache = lstm_forward(params, **inputs)
    held = [*params, *inputs.values(), *cache, dc]
    assert_plumbing(lambda dh: parts(lstm_backward(params, cache, dh)), dh, held)
    assert_plumbing(lambda dc: parts(lstm_backward(params, cache, 0 * dh, dc)), dc, [*held[:-1], dh])


def test_forward_keeps_its_inputs_and_hands_out_none_of_them():
    params, inputs, *_ = problem(3, 5, 7, 2)
    before = {name: value.copy() for name, value in inputs.items()}
    (h, c), _ = lstm_forward(params, **inputs, lengths=np.array([1, 3]))
    for name, value in inputs.items():
        assert np.array_equal(value, before[name])
        assert not np.shares_memory(value, h)
        assert not np.shares_memory(value, c)


def test_samples_do_not_know_each_other_and_parameter_gradients_add_up():
    params, inputs, dh, dc = problem(4, 2, 3, 5)
    (h, c), cache = lstm_forward(params, **inputs)
    whole = parts(lstm_backward(params, cache, dh, dc))
    alone = [lstm_forward(params, **{name: each[..., [k]] for name, each in inputs.items()}) for k in range(5)]
    back = [parts(lstm_backward(params, alone[k][1], dh[..., [k]], dc[:, [k]])) for k in range(5)]
    for which, both in enumerate((h, c)):
        assert np.allclose(np.concatenate([each[0][which] for each in alone], axis=2), both, rtol=1e-13)
    for k in range(3):
        assert relative_error(np.concatenate([each[k] for each in back], axis=-1), whole[k]) < 1e-12
    for k in range(3, 6):
        assert relative_error(sum(each[k] for each in back), whole[k]) < 1e-12


def test_states_carried_on_continue_the_sequence():
    params, inputs, *_ = problem(5, 2, 3, 4)
    (h, c), _ = lstm_forward(params, **inputs)
    (h_1, c_1), _ = lstm_forward(params, inputs["x"][:2], inputs["h0"], inputs["c0"])
    (h_2, c_2), _ = lstm_forward(params, inputs["x"][2:], h_1[-1], c_1[-1])
    assert np.array_equal(np.concatenate([h_1, h_2]), h)
    assert np.array_equal(np.concatenate([c_1, c_2]), c)


def test_gradients_of_sequences_of_different_length():
    assert_every_gradient(*problem(5, 2, 3, 4), LENGTHS)


def test_a_padded_step_contributes_exactly_nothing():
    """NaN in the padding changes no bit; each sequence is as it would be alone, without padding."""
    params, inputs, dh, dc = problem(5, 2, 3, 4)
    padding = np.arange(5)[:, None, None] >= LENGTHS
    dh = np.where(padding, 0, dh)
    spoiled = inputs | {"x": np.where(padding, np.nan, inputs["x"])}
    (h, c), cache = lstm_forward(params, **inputs, lengths=LENGTHS)
    (h_2, c_2), cache_2 = lstm_forward(params, **spoiled, lengths=LENGTHS)
    assert np.array_equal(h, h_2)
    assert np.array_equal(c, c_2)
    one, other = parts(lstm_backward(params, cache, dh, dc)), parts(lstm_backward(params, cache_2, dh, dc))
    for a, b in zip(one, other, strict=True):
        assert np.isfinite(a).all()
        assert np.array_equal(a, b)
    assert not one[0][np.broadcast_to(padding, one[0].shape)].any()
    total = [0, 0, 0]
    for k, length in enumerate(LENGTHS):
        mine = {name: each[..., [k]] for name, each in inputs.items()}
        (h_k, c_k), cache_k = lstm_forward(params, **(mine | {"x": mine["x"][:length]}))
        for each, own in ((h, h_k), (c, c_k)):
            assert np.allclose(each[:length, :, [k]], own, rtol=1e-13)
            assert np.array_equal(each[-1, :, k], each[length - 1, :, k]), "a sequence that is over keeps its state"
        dx, *rest = parts(lstm_backward(params, cache_k, dh[:length, :, [k]], dc[:, [k]]))
        assert relative_error(dx, one[0][:length, :, [k]]) < 1e-12
        for mine_too, all_of_them in zip(rest[:2], one[1:3], strict=True):
            assert relative_error(mine_too, all_of_them[:, [k]]) < 1e-12
        total = [a + b for a, b in zip(total, rest[2:], strict=True)]
    for a, b in zip(total, one[3:], strict=True):
        assert relative_error(a, b) < 1e-12


@pytest.mark.parametrize("k", [1, 2, 3, 5, 9])
def test_truncated_gradient_is_that_of_chunks_whose_first_states_are_constants(k):
    params, inputs, dh, dc = problem(5, 2, 3, 4)
    _, cache = lstm_forward(params, **inputs)
    dx, *rest = parts(lstm_backward(params, cache, dh, dc, truncate=k))
    total = [0, 0, 0]
    for first in range(0, 5, k):
        chunk = slice(first, first + k)
        _, own = lstm_forward(params, inputs["x"][chunk], cache.h[first - 1], cache.c[first - 1])
        last = dc if first + k >= 5 else None
        part_x, *part = parts(lstm_backward(params, own, dh[chunk], last))
        assert relative_error(dx[chunk], part_x) < 1e-12
        if first == 0:
            assert relative_error(rest[0], part[0]) < 1e-12
            assert relative_error(rest[1], part[1]) < 1e-12
        total = [a + b for a, b in zip(total, part[2:], strict=True)]
    for a, b in zip(total, rest[2:], strict=True):
        assert relative_error(a, b) < 1e-12


def test_an_open_forget_gate_carries_the_gradient_of_the_cell_unchanged():
    """f = 1 and nothing else read: what the cell says at the end arrives at its beginning, over any number of steps."""
    params, inputs, dh, dc = problem(40, 2, 3, 4)
    b = params.b.copy()
    b[:6], b[3:6] = -800, 800  # nothing let in, all let stay
    shut = LstmParams(0 * params.W, 0 * params.U, b)
    _, cache = lstm_forward(shut, **inputs)
    assert np.array_equal(lstm_backward(shut, cache, 0 * dh, dc)[2], dc)


def test_one_entry_of_each_gate_by_central_differences():
    """Rows of W are those of i, f, g, o in this order: a swapped pair of gates would pass a test of sums."""
    params, inputs, dh, dc = problem(3, 2, 2, 3)
    dW = lstm_backward(params, lstm_forward(params, **inputs)[1], dh, dc)[3].W
    assert len({round(float(np.abs(dW[2 * k : 2 * k + 2]).sum()), 6) for k in range(4)}) == 4

    def loss(W):
        (h, c), _ = lstm_forward(params._replace(W=W), **inputs)
        return float((h * dh).sum() + (c[-1] * dc).sum())

    assert_gradient(loss, params.W, dW)
