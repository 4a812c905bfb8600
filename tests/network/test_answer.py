"""One sample handed to ``predict`` takes a shorter way to the same answer."""

import numpy as np
import pytest

import handgrad as hg

NETWORKS = {
    "numbers": ((5,), [hg.Dense(7), hg.Tanh(), hg.Dense(3)], hg.SquaredError()),
    "classes": ((5,), [hg.Dense(7), hg.ReLU(), hg.Dense(3)], hg.SoftmaxCrossEntropy()),
    "labels": ((5,), [hg.Dense(3)], hg.SigmoidCrossEntropy()),
    "sequences": ((4, 2), [hg.RNN(6), hg.Dense(3)], hg.SoftmaxCrossEntropy()),
    "last state": ((4, 2), [hg.RNN(6, return_sequences=False), hg.Dense(3)], hg.HalfSquaredError()),
    "images": ((2, 6, 7), [hg.Conv2D(3, 3), hg.MaxPool2D(2, crop=True), hg.Flatten()], hg.SoftmaxCrossEntropy()),
}


def network(name, dtype="float64"):
    shape, layers, loss = NETWORKS[name]
    return hg.Sequential(layers, input_shape=shape, loss=loss, dtype=dtype, seed=2)


def samples(name, n=9):
    return np.random.default_rng(0).normal(size=(n, *NETWORKS[name][0]))


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_that_of_the_reference_engine(name):
    net, x = network(name), samples(name)
    expected = net.predict(x, engine="numpy")
    answers = [net.predict(x[[k]]) for k in range(len(x))]
    assert net._engine("compiled").answer(x[:1]) is not None, "the shorter way was not taken"
    for answer, wanted in zip(answers, expected, strict=True):
        assert answer.shape == (1, *wanted.shape)
        assert answer.dtype == np.float64
        assert np.allclose(answer[0], wanted, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_that_change_are_seen(name):
    net, x = network(name), samples(name, 1)
    before = net.predict(x)
    net.parameters.flat[...] *= 0.5
    after = net.predict(x)
    assert not np.allclose(before, after)
    assert np.allclose(after, net.predict(x, engine="numpy"), rtol=1e-10)


def test_whatever_else_is_handed_over_takes_the_longer_way():
    net = network("classes", "float32")
    x = samples("classes", 1)
    expected = net.predict(x, engine="numpy")
    for given in (x, x.tolist(), np.asfortranarray(np.repeat(x, 2, axis=1))[:, ::2], x.astype(np.float32)):
        assert np.allclose(net.predict(given), expected, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_not_finite_is_refused_with_its_place(name):
    net, x = network(name), samples(name, 1)
    x.reshape(-1)[1] = np.inf
    with pytest.raises(hg.InputError, match=r"x holds inf in row 0, column 1"):
        net.predict(x)
