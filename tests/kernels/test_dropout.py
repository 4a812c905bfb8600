import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.kernels.dropout import key
from handgrad.layers.dropout import dropout_backward, dropout_forward
from handgrad.network.masks import keep_mask, keys

T, M, N, LAYER = 5, 7, 3, 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_equals_the_equation_with_the_same_mask(dtype, rate):
    pair = keys(5, 11, np.array([40, 0, 3]))
    keep = keep_mask(pair, LAYER, (T, M), rate, dtype)
    op = Operation("dropout", T * N, M, M, dtype, constants=[rate])
    op.row[[row.STEPS, row.LAYER, row.KEYS]] = T, LAYER, op.acts.size
    op.acts = np.concatenate([op.acts, np.concatenate(pair).astype(dtype)])
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=(T, M, N)).astype(dtype) for _ in range(2))
    op.x[:], op.dy[:] = (each.transpose(0, 2, 1).reshape(T * N, M) for each in (x, dy))
    op.n = N  # sequences
    op.run("dropout_forward")
    op.run("dropout_backward")
    op.n = T * N
    y, cache = dropout_forward(x, keep, op.scalars[1])
    assert close(op.y.reshape(T, N, M), y.transpose(0, 2, 1), dtype)
    assert close(op.dx.reshape(T, N, M), dropout_backward(cache, dy, op.scalars[1]).transpose(0, 2, 1), dtype)


def test_without_a_key_everything_is_kept():
    op = Operation("dropout", N, M, M, "float64", constants=[0.9])
    op.row[[row.STEPS, row.KEYS]] = 1, op.acts.size
    op.acts = np.concatenate([op.acts, np.zeros(2 * N)])
    op.x[:] = np.random.default_rng(0).normal(size=(N, M))
    op.run("dropout_forward")
    assert np.array_equal(op.y, op.x)


def test_keys_are_the_same_on_both_sides():
    for seed in (0, 1, 2**31 + 5, 2**61 + 3):
        for step in (1, 2, 10**6):
            samples = np.array([0, 1, 255, 10**7])
            expected = [tuple(int(k) for k in pair) for pair in zip(*keys(seed, step, samples), strict=True)]
            assert [tuple(key(seed, step, int(sample))) for sample in samples] == expected
    assert tuple(key(3, 0, 4)) == (0, 0)


def test_masks_look_drawn():
    """As many are kept as the rate says, in every cut; sequences, steps, layers and seeds are no shifted copies."""
    rate, samples = 0.3, np.arange(50)
    first = keep_mask(keys(0, 1, samples), 0, (20, 64), rate, "float64")
    spread = np.sqrt(rate * (1 - rate))
    for axes in ((1, 2), (0, 2), (0, 1)):
        means = first.mean(axis=axes)
        assert np.abs(means - (1 - rate)).max() < 4.5 * spread / np.sqrt(first.size / means.size)
    others = [
        keep_mask(keys(0, 2, samples), 0, (20, 64), rate, "float64"),
        keep_mask(keys(1, 1, samples), 0, (20, 64), rate, "float64"),
        keep_mask(keys(0, 1, samples + 1), 0, (20, 64), rate, "float64"),
        keep_mask(keys(0, 1, samples), 1, (20, 64), rate, "float64"),
        np.roll(first, 1, axis=1),
        np.roll(first, 1, axis=0),
    ]
    for other in others[:2] + others[3:]:
        correlation = np.corrcoef(first.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4.5 / np.sqrt(first.size)
    assert np.array_equal(others[2][..., :-1], first[..., 1:]), "a mask belongs to a sample, not to its place"
