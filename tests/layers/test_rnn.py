import numpy as np
import pytest

from handgrad.layers._activations import ACTIVATIONS
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward
from helpers import assert_gradient, assert_plumbing, relative_error

SIZES = [(3, 5, 7, 2), (1, 1, 1, 1), (5, 2, 3, 4)]  # steps, inputs, states, samples


def problem(T, D, H, B, seed=1):
    rng = np.random.default_rng(seed)
    params = RnnParams(rng.normal(size=(H, H)) / np.sqrt(H), rng.normal(size=(H, D)), rng.normal(size=H))
    return params, rng.normal(size=(T, D, B)), rng.normal(size=(H, B)), rng.normal(size=(T, H, B))


def parts(returned):
    dx, dh0, grads = returned
    return [dx, dh0, *grads]


def assert_every_gradient(params, x, h0, dy, f="tanh", lengths=None):
    def loss(params=params, x=x, h0=h0):
        return float((rnn_forward(params, x, h0, f, lengths)[0] * dy).sum())

    y, cache = rnn_forward(params, x, h0, f, lengths)
    assert y.shape == dy.shape
    dx, dh0, grads = rnn_backward(params, cache, dy)
    assert_gradient(lambda x: loss(x=x), x, dx)
    assert_gradient(lambda h0: loss(h0=h0), h0, dh0)
    for name, gradient in grads._asdict().items():
        before = getattr(params, name)
        assert_gradient(lambda p, name=name: loss(params._replace(**{name: p})), before, gradient)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("f", sorted(ACTIVATIONS))
def test_gradient_of_every_returned_array(sizes, f):
    assert_every_gradient(*problem(*sizes, seed=4), f)


@pytest.mark.parametrize("t", range(5))
def test_right_at_each_step_by_itself(t):
    """A cotangent at one step alone: later steps get none, that one and earlier ones the right one."""
    params, x, h0, dy = problem(5, 2, 3, 4)
    alone = np.zeros_like(dy)
    alone[t] = dy[t]
    assert_every_gradient_but_zeros(params, x, h0, alone, t)


def assert_every_gradient_but_zeros(params, x, h0, dy, t):
    dx, *_ = rnn_backward(params, rnn_forward(params, x, h0)[1], dy)
    assert not dx[t + 1 :].any()
    short = RnnParams(*params)
    assert_every_gradient(short, x[: t + 1], h0, dy[: t + 1])
    assert np.array_equal(rnn_backward(params, rnn_forward(params, x[: t + 1], h0)[1], dy[: t + 1])[0], dx[: t + 1])


def test_plumbing():
    params, x, h0, dy = problem(3, 5, 7, 2)
    _, cache = rnn_forward(params, x, h0)
    assert_plumbing(lambda dy: parts(rnn_backward(params, cache, dy)), dy, [*params, x, h0, cache.h])


def test_samples_do_not_know_each_other_and_parameter_gradients_add_up():
    params, x, h0, dy = problem(4, 2, 3, 5)
    y, cache = rnn_forward(params, x, h0)
    dx, dh0, grads = rnn_backward(params, cache, dy)
    alone = [rnn_forward(params, x[:, :, [k]], h0[:, [k]]) for k in range(5)]
    back = [rnn_backward(params, alone[k][1], dy[:, :, [k]]) for k in range(5)]
    assert np.allclose(np.concatenate([each[0] for each in alone], axis=2), y, rtol=1e-13)
    assert np.allclose(np.concatenate([each[0] for each in back], axis=2), dx, rtol=1e-12)
    assert np.allclose(np.concatenate([each[1] for each in back], axis=1), dh0, rtol=1e-12)
    for k, gradient in enumerate(grads):
        assert np.allclose(sum(each[2][k] for each in back), gradient, rtol=1e-12)


def test_a_state_carried_on_continues_the_sequence():
    params, x, h0, _ = problem(5, 2, 3, 4)
    whole, _ = rnn_forward(params, x, h0)
    first, _ = rnn_forward(params, x[:2], h0)
    rest, _ = rnn_forward(params, x[2:], first[-1])
    assert np.array_equal(np.concatenate([first, rest]), whole)


LENGTHS = np.array([3, 5, 1, 4])


@pytest.mark.parametrize("f", sorted(ACTIVATIONS))
def test_gradients_of_sequences_of_different_length(f):
    assert_every_gradient(*problem(5, 2, 3, 4, seed=4), f, LENGTHS)


def test_a_padded_step_contributes_exactly_nothing():
    """NaN in the padding changes no bit; each sequence is as it would be alone, without padding."""
    params, x, h0, dy = problem(5, 2, 3, 4)
    padding = np.arange(5)[:, None, None] >= LENGTHS
    dy = np.where(padding, 0, dy)
    spoiled = np.where(padding, np.nan, x)
    y, cache = rnn_forward(params, x, h0, "tanh", LENGTHS)
    y_spoiled, cache_spoiled = rnn_forward(params, spoiled, h0, "tanh", LENGTHS)
    assert np.array_equal(y, y_spoiled)
    one, other = parts(rnn_backward(params, cache, dy)), parts(rnn_backward(params, cache_spoiled, dy))
    for a, b in zip(one, other, strict=True):
        assert np.isfinite(a).all()
        assert np.array_equal(a, b)
    assert not one[0][np.broadcast_to(padding, one[0].shape)].any()
    total = [0, 0, 0]
    for k, length in enumerate(LENGTHS):
        alone, cache_alone = rnn_forward(params, x[:length, :, [k]], h0[:, [k]])
        assert np.allclose(y[:length, :, [k]], alone, rtol=1e-14)
        assert np.array_equal(y[-1, :, k], y[length - 1, :, k]), "a sequence that is over keeps its state"
        dx, dh0, grads = rnn_backward(params, cache_alone, dy[:length, :, [k]])
        assert relative_error(dx, one[0][:length, :, [k]]) < 1e-13
        assert relative_error(dh0, one[1][:, [k]]) < 1e-13
        total = [a + b for a, b in zip(total, grads, strict=True)]
    for a, b in zip(total, one[2:], strict=True):
        assert relative_error(a, b) < 1e-13


@pytest.mark.parametrize("k", [1, 2, 3, 5, 9])
def test_truncated_gradient_is_that_of_chunks_whose_first_state_is_a_constant(k):
    params, x, h0, dy = problem(5, 2, 3, 4)
    _, cache = rnn_forward(params, x, h0)
    dx, dh0, grads = rnn_backward(params, cache, dy, truncate=k)
    states = [h0, *cache.h[:-1]]
    total = [0, 0, 0]
    for first in range(0, 5, k):
        chunk = slice(first, first + k)
        part_x, part_h0, part = rnn_backward(params, rnn_forward(params, x[chunk], states[first])[1], dy[chunk])
        assert relative_error(dx[chunk], part_x) < 1e-13
        if first == 0:
            assert relative_error(dh0, part_h0) < 1e-13
        total = [a + b for a, b in zip(total, part, strict=True)]
    for a, b in zip(total, grads, strict=True):
        assert relative_error(a, b) < 1e-13
