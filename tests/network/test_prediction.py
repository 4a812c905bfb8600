"""Predictions of many samples at once: threads take batches in turn, and no bit depends on how many there are."""

import numpy as np
import pytest

import handgrad as hg
from handgrad.kernels import _jit
from handgrad.network.engine import Batch
from handgrad.network.layers import steps


def dense(rng):
    net = hg.Sequential([hg.Dense(400), hg.Tanh(), hg.Dense(3)], input_shape=300, seed=1)
    return net, rng.normal(size=(1700, 300)), rng.random((1700, 3)), None


def images(rng):
    net = hg.Sequential([hg.Conv2D(2, 3), hg.ReLU(), hg.Flatten(), hg.Dense(3)], input_shape=(1, 6, 6), seed=1)
    return net, rng.normal(size=(45, 1, 6, 6)), rng.random((45, 3)), None


def texts(rng):
    loss = hg.SoftmaxCrossEntropy(mean="tokens")
    net = hg.Sequential([hg.Embedding(30, 4), hg.LSTM(9), hg.Dense(30)], input_shape=(7,), loss=loss, seed=1)
    return net, rng.integers(0, 30, (150, 7)), rng.integers(0, 30, (150, 7)), rng.integers(1, 8, 150)


@pytest.mark.parametrize("case", [dense, images, texts])
def test_threads_do_not_change_a_bit(case):
    net, x, t, lengths = case(np.random.default_rng(0))
    if lengths is None:
        lengths = np.full(len(x), steps(net.architecture.input_shape))
    dtype = net.architecture.dtype
    batch = Batch(
        x.astype(dtype).reshape(len(x), -1),
        t.astype(dtype),
        np.ones(len(x), dtype),
        lengths.astype(np.int64),
    )
    found = []
    for threads in (1, 2, 3):
        engine = net._engine("compiled", threads)
        outputs = engine.outputs(batch.x, batch.lengths)
        _, losses = engine.losses(batch)
        found.append((outputs.tobytes(), losses.tobytes()))
        assert len(next(iter(engine._loaded.values())).memory.acts) == (1 if _jit.DISABLED else threads)
    assert found[0] == found[1] == found[2]
    assert np.isfinite(losses).all()
    assert (losses > 0).all()
