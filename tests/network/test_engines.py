"""Both engines, on every layer and loss: equal to 1e-10 in float64, layer by layer, in gradients and in training."""

import numpy as np
import pytest

import handgrad as hg
from helpers import assert_gradient, relative_error

ACTIVATIONS = [hg.Sigmoid(), hg.Tanh(), hg.ScaledTanh(), hg.ReLU(), hg.LeakyReLU(0.1), hg.Identity(), hg.Softmax()]
LOSSES = [hg.SquaredError(), hg.HalfSquaredError(), hg.SoftmaxCrossEntropy(), hg.SigmoidCrossEntropy()]
SAMPLES = 137  # a prime: two shards at batch 130, and last batches that are smaller


def network(activation=None, loss=None, *, weight_decay=0.0, dtype="float64", layers=None):
    layers = layers or [hg.Dense(7), activation or hg.Tanh(), hg.Dense(11), hg.Sigmoid(), hg.Dense(3)]
    return hg.Sequential(layers, input_shape=5, loss=loss, weight_decay=weight_decay, dtype=dtype, seed=3)


def data(samples=SAMPLES):
    rng = np.random.default_rng(1)
    return rng.normal(size=(samples, 5)), rng.random((samples, 3)), rng.random(samples)


def same(a, b, tolerance=1e-10):
    return relative_error(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)) < tolerance


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_every_layers_output(activation):
    x, _, _ = data(13)
    net = network(activation)
    for compiled, reference in zip(net.activations(x), net.activations(x, engine="numpy"), strict=True):
        assert same(compiled, reference)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
@pytest.mark.parametrize("samples", [1, 13, SAMPLES])
def test_gradients_with_weights_and_decay(activation, loss, samples):
    x, t, weights = data(samples)
    net = network(activation, loss, weight_decay=0.1)
    ours, gradients = net.loss_and_gradients(x, t, sample_weight=weights)
    reference, expected = net.loss_and_gradients(x, t, sample_weight=weights, engine="numpy")
    assert same(ours, reference)
    assert set(gradients) == set(net.parameters)
    for name in gradients:
        assert same(gradients[name], expected[name]), name


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_gradient_of_the_whole_network_is_the_numerical_one(loss):
    x, t, weights = data(4)
    net = network(hg.Tanh(), loss, weight_decay=0.1)
    gradients = net.gradients(x, t, sample_weight=weights)
    for name in net.parameters:
        view = net.parameters[name]
        start = view.copy()

        def value(theta, view=view, start=start):
            view[...] = theta
            result = net.loss_and_gradients(x, t, sample_weight=weights, engine="numpy")[0]
            view[...] = start
            return result

        assert_gradient(value, start, gradients[name], 1e-7)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(
    ("optimizer", "batch_size"),
    [
        (hg.SGD(0.05), 1),
        (hg.SGD(0.05), 7),
        (hg.SGD(0.05), 130),
        (hg.SGD(0.05, momentum=0.9, nesterov=True), 1),
        (hg.SGD(0.05, momentum=0.9), 64),
        (hg.Adam(0.01), 1),
        (hg.Adam(0.01), 130),
        (hg.AdamW(0.01), 16),
        (hg.AdaGrad(0.05), 16),
        (hg.Adadelta(), 16),
        (hg.RMSProp(0.01), 16),
    ],
    ids=repr,
)
def test_training(optimizer, batch_size, weight_decay):
    x, t, weights = data()
    nets = [network(weight_decay=weight_decay) for _ in range(2)]
    schedule = hg.CosineSchedule()
    histories = [
        net.fit(
            x,
            t,
            epochs=3,
            batch_size=batch_size,
            optimizer=optimizer,
            schedule=schedule,
            sample_weight=weights,
            validation_share=0.2,
            engine=engine,
        )
        for net, engine in zip(nets, ("compiled", "numpy"), strict=True)
    ]
    assert same(nets[0].parameters.flat, nets[1].parameters.flat)
    for column in ("loss", "validation_loss", "learning_rate"):
        assert same(histories[0][column], histories[1][column]), column


@pytest.mark.parametrize(
    "layers",
    [
        [hg.Dense(1)],
        [hg.Sigmoid(), hg.Dense(3), hg.Softmax()],  # a first layer without parameters
        [hg.Dense(2), hg.Dense(3), hg.Dense(2)],
        [hg.Dense(33), *[layer for _ in range(6) for layer in (hg.Tanh(), hg.Dense(17))]],
    ],
    ids=["one", "activation first", "linear", "deep"],
)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_any_chain(layers, batch_size):
    x, _, _ = data(19)
    nets = [hg.Sequential(layers, input_shape=5, dtype="float64", seed=1) for _ in range(2)]
    t = np.random.default_rng(2).normal(size=(19, nets[0].architecture.outputs))
    for net, engine in zip(nets, ("compiled", "numpy"), strict=True):
        net.fit(x, t, epochs=2, batch_size=batch_size, optimizer=hg.SGD(0.01), engine=engine)
    assert same(nets[0].parameters.flat, nets[1].parameters.flat)
    assert same(nets[0].predict(x), nets[1].predict(x, engine="numpy"))


@pytest.mark.parametrize("batch_size", [1, 7, 130])
def test_float32_is_close_to_float64(batch_size):
    x, t, _ = data()
    nets = [network(dtype=dtype) for dtype in ("float32", "float64")]
    for net in nets:
        net.fit(x, t, epochs=3, batch_size=batch_size, optimizer=hg.SGD(0.05))
    assert nets[0].parameters.flat.dtype == np.float32
    assert same(nets[0].parameters.flat, nets[1].parameters.flat, 1e-5)


def test_threads_do_not_change_a_bit():
    x, t, _ = data(1000)
    results = []
    for threads in (1, 2, 3):
        net = network(dtype="float32", weight_decay=0.01)
        net.fit(x, t, epochs=2, batch_size=256, optimizer="adam", threads=threads)
        results.append(net.parameters.flat.tobytes())
    assert results[0] == results[1] == results[2]


def test_a_large_prediction_equals_a_small_one():
    x = np.random.default_rng(0).normal(size=(3000, 300))
    net = hg.Sequential([hg.Dense(300), hg.Tanh(), hg.Dense(2)], input_shape=300, dtype="float64")
    assert same(net.predict(x)[:7], net.predict(x[:7]), 1e-12)  # the first goes through BLAS, the second does not
