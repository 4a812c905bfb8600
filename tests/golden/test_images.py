"""A second witness for layers on images, and ten training steps of LeNet-5: values from PyTorch (make_images.py).

The curve is walked by both engines, and with the equations themselves, layer by layer.
"""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from golden import lenet_start as lenet
from handgrad.layers.conv import ConvParams, conv_backward, conv_forward
from handgrad.layers.dense import DenseParams
from handgrad.layers.subsample import SubsampleParams, subsample_backward, subsample_forward
from handgrad.network.lenet import lenet5

GOLDEN = np.load(Path(__file__).with_name("images.npz"))
TABLE = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]], bool)
CONVOLUTIONS = {  # stride, padding, links
    "plain": (1, 0, None),
    "stride": (2, 0, None),
    "padding": (1, 2, None),
    "odd": (3, 1, None),
    "links": (1, 0, TABLE),
    "links_stride_padding": (2, 1, TABLE),
}


def close(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-11, atol=1e-13)


def columns(name):
    """Golden maps with the samples last."""
    return np.moveaxis(GOLDEN[name], 0, -1)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name):
    stride, padding, links = CONVOLUTIONS[name]
    at_links = np.ones((4, 3), bool) if links is None else links.T
    W = GOLDEN[f"conv.{name}.W"]
    params = ConvParams(W if links is None else W[at_links], GOLDEN[f"conv.{name}.b"])
    y, cache = conv_forward(params, columns(f"conv.{name}.x"), stride, padding, links)
    assert close(y, columns(f"conv.{name}.y"))
    dx, grads = conv_backward(params, cache, columns(f"conv.{name}.dy"))
    assert close(dx, columns(f"conv.{name}.dx"))
    assert close(grads.W.reshape(-1, *W.shape[2:]), GOLDEN[f"conv.{name}.dW"][at_links])
    assert close(grads.b, GOLDEN[f"conv.{name}.db"])


@pytest.mark.parametrize("size", ["even", "odd"])
@pytest.mark.parametrize("kind", ["mean_pool", "max_pool"])
def test_pooling(kind, size):
    """PyTorch's pooling of an odd size is ours with ``crop``."""
    module = import_module(f"handgrad.layers.{kind}")
    y, cache = getattr(module, f"{kind}_forward")(columns(f"pool.{size}.x"), crop=size == "odd")
    assert close(y, columns(f"{kind}.{size}.y"))
    assert close(getattr(module, f"{kind}_backward")(cache, columns(f"pool.{size}.dy")), columns(f"{kind}.{size}.dx"))


@pytest.mark.parametrize("size", ["even", "odd"])
def test_trainable_subsampling(size):
    params = SubsampleParams(GOLDEN[f"pool.{size}.w"], GOLDEN[f"pool.{size}.a"])
    y, cache = subsample_forward(params, columns(f"pool.{size}.x"), crop=size == "odd")
    assert close(y, columns(f"subsample.{size}.y"))
    dx, grads = subsample_backward(params, cache, columns(f"pool.{size}.dy"))
    assert close(dx, columns(f"subsample.{size}.dx"))
    assert close(grads.w, GOLDEN[f"subsample.{size}.dw"])
    assert close(grads.a, GOLDEN[f"subsample.{size}.da"])


KINDS = ["conv", "scaled_tanh", "subsample", "scaled_tanh"] * 2
KINDS += ["flatten", *["dense", "scaled_tanh"] * 2, "dense"]
PARAMETERS = {"conv": ConvParams, "subsample": SubsampleParams, "dense": DenseParams}


def step(p, x, targets):
    """The batch's loss and the gradients of all parameters by their names, from the equations."""
    passed, caches = x, []
    layers = [import_module(f"handgrad.layers.{kind}") for kind in KINDS]
    packed = []
    for i, (kind, layer) in enumerate(zip(KINDS, layers, strict=True)):
        fields = getattr(PARAMETERS.get(kind), "_fields", ())
        packed.append([PARAMETERS[kind](*(p[f"{i}.{field}"] for field in fields))] if fields else [])
        options = {"links": lenet.LINKS} if i == 4 else {}
        passed, cache = getattr(layer, f"{kind}_forward")(*packed[-1], passed, **options)
        caches.append(cache)
    loss = import_module("handgrad.layers.softmax_cross_entropy")
    losses, cache = loss.softmax_cross_entropy_forward(passed, targets)
    back = loss.softmax_cross_entropy_backward(cache, np.full(losses.size, 1 / losses.size))
    gradients = {}
    for i in reversed(range(len(KINDS))):
        found = getattr(layers[i], f"{KINDS[i]}_backward")(*packed[i], caches[i], back)
        back = found[0] if packed[i] else found
        if packed[i]:
            gradients |= {f"{i}.{name}": value for name, value in found[1]._asdict().items()}
    return losses.mean(), gradients


def told_of(value):
    """What the file holds of a parameter: five entries, the sum and the sum of squares."""
    flat = value.ravel()
    return np.array([*flat[np.linspace(0, flat.size - 1, 5).astype(int)], flat.sum(), (flat**2).sum()])


def test_ten_training_steps_of_lenet_5():
    p = lenet.parameters()
    assert sum(value.size for value in p.values()) == 156 + 12 + 1516 + 32 + 48120 + 10164 + 850
    images, labels = lenet.data()
    x, targets = np.moveaxis(images, 0, -1), np.eye(10)[:, labels]
    losses = []
    for _ in range(lenet.STEPS):
        loss, gradients = step(p, x, targets)
        assert set(gradients) == set(p)
        p = {name: value - lenet.LEARNING_RATE * gradients[name] for name, value in p.items()}
        losses.append(loss)
    assert np.allclose(losses, GOLDEN["curve.losses"], rtol=1e-11)
    for name, value in p.items():
        assert np.allclose(told_of(value), GOLDEN[f"curve.end.{name}"], rtol=1e-9, atol=1e-11), name


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_ten_training_steps_by_both_engines(engine):
    net = lenet5(dtype="float64")
    assert {name: value.shape for name, value in net.parameters.items()} == lenet.SHAPES
    assert np.array_equal(hg.LECUN_C3, lenet.LINKS)
    net.load_parameters(lenet.parameters())
    images, labels = lenet.data()
    history = net.fit(
        images, labels, epochs=lenet.STEPS, batch_size=lenet.BATCH, optimizer=hg.SGD(lenet.LEARNING_RATE), engine=engine
    )
    assert np.allclose(history["loss"], GOLDEN["curve.losses"], rtol=1e-10)
    for name, value in net.parameters.items():
        assert np.allclose(told_of(value), GOLDEN[f"curve.end.{name}"], rtol=1e-8, atol=1e-10), name
