"""A second witness for every layer and loss: values from PyTorch, made by make_layers.py."""

import importlib
from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward

GOLDEN = np.load(Path(__file__).with_name("layers.npz"))
CONSTANTS = {"leaky_relu": (0.2,)}


def close(a, b):
    return np.allclose(a, b, rtol=1e-12, atol=1e-14)


def equations(kind):
    module = importlib.import_module(f"handgrad.layers.{kind}")
    return getattr(module, f"{kind}_forward"), getattr(module, f"{kind}_backward")


@pytest.mark.parametrize("kind", sorted({name.split(".")[0] for name in GOLDEN if name.endswith(".y")}))
def test_activation(kind):
    forward, backward = equations(kind)
    y, cache = forward(GOLDEN["a"].T, *CONSTANTS.get(kind, ()))
    assert close(y.T, GOLDEN[f"{kind}.y"])
    assert close(backward(cache, GOLDEN["dy"].T, *CONSTANTS.get(kind, ())).T, GOLDEN[f"{kind}.da"])


@pytest.mark.parametrize("kind", sorted({name.split(".")[0] for name in GOLDEN if name.endswith(".l")}))
def test_loss(kind):
    forward, backward = equations(kind)
    l, cache = forward(GOLDEN["a"].T, GOLDEN["t"].T)  # noqa: E741
    assert close(l, GOLDEN[f"{kind}.l"])
    assert close(backward(cache, GOLDEN["dl"]).T, GOLDEN[f"{kind}.da"])


def test_dense():
    params = DenseParams(GOLDEN["dense.W"], GOLDEN["dense.b"])
    a, cache = dense_forward(params, GOLDEN["a"].T)
    dx, (dW, db) = dense_backward(params, cache, GOLDEN["dense.da"].T)
    for name, value in {"a": a.T, "dx": dx.T, "dW": dW, "db": db}.items():
        assert close(value, GOLDEN[f"dense.{name}"]), name


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_ten_training_steps_of_a_whole_network(engine):
    layers = [hg.Dense(7), hg.Tanh(), hg.Dense(11), hg.ReLU(), hg.Dense(3)]
    loss = hg.SoftmaxCrossEntropy()
    net = hg.Sequential(layers, input_shape=5, loss=loss, weight_decay=0.01, dtype="float64")
    torch_name = {"W": "weight", "b": "bias"}

    def golden(part, name):
        index, letter = name.split(".")
        return GOLDEN[f"curve.{part}.{index}.{torch_name[letter]}"]

    net.load_parameters({name: golden("start", name) for name in net.parameters})
    optimizer = hg.SGD(0.1, momentum=0.9)
    history = net.fit(
        GOLDEN["curve.x"], GOLDEN["curve.labels"], epochs=10, batch_size=13, optimizer=optimizer, engine=engine
    )
    assert np.allclose(history["loss"], GOLDEN["curve.losses"], rtol=1e-10)
    for name in net.parameters:
        assert np.allclose(net.parameters[name], golden("end", name), rtol=1e-8, atol=1e-12), name
