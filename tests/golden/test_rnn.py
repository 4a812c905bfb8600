"""A second witness for recurrent layers: values from PyTorch, made by make_rnn.py."""

from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward

GOLDEN = np.load(Path(__file__).with_name("rnn.npz"))


def close(a, b):
    return np.allclose(a, b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("f", ["tanh", "relu"])
def test_layer(f):
    params = RnnParams(*(GOLDEN[f"{f}.{name}"] for name in ("W", "U", "b")))
    columns = [np.moveaxis(GOLDEN[name], 0, -1) for name in ("x", "h0", "dy")]
    y, cache = rnn_forward(params, *columns[:2], f)
    dx, dh0, grads = rnn_backward(params, cache, columns[2])
    assert close(np.moveaxis(y, -1, 0), GOLDEN[f"{f}.y"])
    assert close(np.moveaxis(dx, -1, 0), GOLDEN[f"{f}.dx"])
    assert close(dh0.T, GOLDEN[f"{f}.dh0"])
    for name, gradient in grads._asdict().items():
        assert close(gradient, GOLDEN[f"{f}.d{name}"]), name


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_ten_training_steps_of_a_stacked_network(engine):
    layers = [hg.RNN(4), hg.RNN(4), hg.Dense(2)]
    net = hg.Sequential(layers, input_shape=(5, 3), loss=hg.SoftmaxCrossEntropy(), dtype="float64")
    net.load_parameters({name: GOLDEN[f"curve.start.{name}"] for name in net.parameters})
    x, labels, lengths = (GOLDEN[f"curve.{name}"] for name in ("x", "labels", "lengths"))
    history = net.fit(x, labels, lengths=lengths, epochs=10, batch_size=7, optimizer=hg.SGD(0.1), engine=engine)
    assert np.allclose(history["loss"], GOLDEN["curve.losses"], rtol=1e-10)
    for name in net.parameters:
        assert np.allclose(net.parameters[name], GOLDEN[f"curve.end.{name}"], rtol=1e-8, atol=1e-12), name
