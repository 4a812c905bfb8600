"""Layers on images: both engines agree, whatever the sizes, links, strides and batches; and what is refused."""

import numpy as np
import pytest

import handgrad as hg
from helpers import assert_gradient, relative_error

LINKS = [[1, 0, 1, 1, 0], [0, 1, 1, 1, 1]]  # two inputs, five outputs

NETWORKS = {
    "lenet": ((1, 12, 12), [hg.Conv2D(2, 5), hg.Tanh(), hg.Subsample(), hg.ScaledTanh(), hg.Conv2D(5, 3, links=LINKS)]),
    "strides": ((3, 11, 9), [hg.Conv2D(2, 3, stride=2), hg.ReLU(), hg.Conv2D(5, (2, 3), links=LINKS, stride=1)]),
    "borders": ((1, 6, 7), [hg.Conv2D(3, 3, padding=1), hg.Sigmoid(), hg.Conv2D(2, (3, 5), stride=3, padding=2)]),
    "wide": ((2, 8, 16), [hg.Conv2D(3, 7, padding=3), hg.Tanh(), hg.Conv2D(1, 1), hg.MeanPool2D()]),
    "max": ((1, 10, 10), [hg.Conv2D(3, 3), hg.MaxPool2D(), hg.LeakyReLU(0.1), hg.Conv2D(2, 2)]),
    "cropped": ((2, 9, 8), [hg.Conv2D(3, 2), hg.MaxPool2D(3, crop=True), hg.Tanh(), hg.Conv2D(2, 2)]),
    "cropped mean": ((2, 7, 7), [hg.MeanPool2D(3, crop=True), hg.Conv2D(3, 2), hg.Identity()]),
    "cropped weighed": ((2, 7, 7), [hg.Conv2D(2, 1), hg.Subsample(2, crop=True), hg.Tanh(), hg.Subsample(3)]),
    "no weights first": ((1, 4, 6), [hg.Tanh(), hg.Subsample(), hg.Sigmoid(), hg.Conv2D(2, 2)]),
    "nothing but pixels": ((2, 3, 4), []),
}
SAMPLES = 37  # a prime: three shards of 16, 16 and 5 samples, the last with lanes left over


def network(name, dtype="float64", **rest):
    shape, layers = NETWORKS[name]
    return hg.Sequential([*layers, hg.Flatten(), hg.Dense(3)], input_shape=shape, dtype=dtype, seed=3, **rest)


def data(name, samples):
    rng = np.random.default_rng(1)
    return rng.normal(size=(samples, *NETWORKS[name][0])), rng.random((samples, 3)), rng.random(samples)


def same(a, b, tolerance=1e-10):
    return relative_error(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)) < tolerance


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layers_output(name):
    net, (x, _, _) = network(name), data(name, 5)
    compiled, reference = net.activations(x), net.activations(x, engine="numpy")
    for ours, expected in zip(compiled, reference, strict=True):
        assert ours.shape == expected.shape
        assert same(ours, expected)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("samples", [1, 2, 8, 13, SAMPLES])
def test_gradients_and_outputs(name, samples):
    net, (x, t, weights) = network(name, weight_decay=0.1), data(name, samples)
    ours, gradients = net.loss_and_gradients(x, t, sample_weight=weights)
    reference, expected = net.loss_and_gradients(x, t, sample_weight=weights, engine="numpy")
    assert same(ours, reference)
    for part in gradients:
        assert same(gradients[part], expected[part]), part
    assert same(net.predict(x), net.predict(x, engine="numpy"))
    assert same(net.evaluate(x, t), net.evaluate(x, t, engine="numpy"))


@pytest.mark.parametrize("name", ["lenet", "borders", "max"])
def test_gradient_of_the_whole_network_is_the_numerical_one(name):
    net, (x, t, weights) = network(name), data(name, 2)
    gradients = net.gradients(x, t, sample_weight=weights)
    for part in net.parameters:
        view = net.parameters[part]
        start = view.copy()

        def value(theta, view=view, start=start):
            view[...] = theta
            result = net.loss_and_gradients(x, t, sample_weight=weights, engine="numpy")[0]
            view[...] = start
            return result

        assert_gradient(value, start, gradients[part], 1e-7)


@pytest.mark.parametrize(
    ("optimizer", "batch_size"),
    [(hg.SGD(0.05), 1), (hg.SGD(0.05), 2), (hg.SGD(0.05), 20), (hg.Adam(0.01), 1), (hg.SGD(0.05, momentum=0.9), 33)],
    ids=repr,
)
@pytest.mark.parametrize("name", ["lenet", "strides", "borders", "cropped weighed"])
def test_training(name, optimizer, batch_size):
    x, t, weights = data(name, SAMPLES)
    nets = [network(name) for _ in range(2)]
    for net, engine in zip(nets, ("compiled", "numpy"), strict=True):
        net.fit(
            x, t, epochs=2, batch_size=batch_size, optimizer=optimizer, sample_weight=weights, engine=engine, seed=5
        )
    assert same(nets[0].parameters.flat, nets[1].parameters.flat)
    assert same(nets[0].history["loss"], nets[1].history["loss"])


def test_threads_do_not_change_a_bit():
    x, t, _ = data("lenet", 150)
    results = []
    for threads in (1, 2, 3):
        net = network("lenet", "float32", weight_decay=0.01)
        net.fit(x, t, epochs=2, batch_size=64, optimizer="adam", threads=threads)
        results.append(net.parameters.flat.tobytes())
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("batch_size", [1, 30])
def test_float32_is_close_to_float64(batch_size):
    x, t, _ = data("lenet", 60)
    nets = [network("lenet", dtype) for dtype in ("float32", "float64")]
    for net in nets:
        net.fit(x, t, epochs=2, batch_size=batch_size, optimizer=hg.SGD(0.05))
    assert same(nets[0].parameters.flat, nets[1].parameters.flat, 1e-5)


def test_a_missing_link_is_a_kernel_of_zeros():
    rng = np.random.default_rng(0)
    table = rng.random((3, 5)) < 0.5
    table[:, 2] = [True, False, False]
    table[0, :] = True
    x = rng.normal(size=(9, 3, 6, 6))
    linked = hg.Sequential([hg.Conv2D(5, 3, links=table), hg.Flatten(), hg.Dense(1)], input_shape=(3, 6, 6))
    full = hg.Sequential([hg.Conv2D(5, 3), hg.Flatten(), hg.Dense(1)], input_shape=(3, 6, 6))
    for name in ("0.b", "2.W", "2.b"):
        full.parameters[name][...] = linked.parameters[name]
    full.parameters["0.W"][...] = 0
    full.parameters["0.W"][table.T] = linked.parameters["0.W"]
    assert same(linked.outputs(x), full.outputs(x), 1e-5)
    ours, dense = linked.gradients(x, x[:, 0, 0, 0]), full.gradients(x, x[:, 0, 0, 0])
    assert same(ours["0.W"], dense["0.W"][table.T], 1e-5)


def test_kernels_begin_with_the_fans_of_their_links():
    links = np.zeros((6, 2), bool)
    links[:, 0] = links[0, 1] = True
    net = hg.Sequential([hg.Conv2D(2, 20, links=links, weights="lecun_normal"), hg.Flatten()], input_shape=(6, 20, 20))
    W = net.parameters["0.W"]
    assert W.shape == (7, 20, 20)
    assert np.std(W[:6]) == pytest.approx(np.sqrt(1 / (6 * 400)), rel=0.1)  # six inputs
    assert np.std(W[6]) == pytest.approx(np.sqrt(1 / 400), rel=0.1)  # one


def test_a_not_finite_sample_stays_visible():
    net = network("lenet", "float32")
    x, t, _ = data("lenet", 9)
    net.parameters["0.b"][1] = np.nan
    assert np.isnan(net.outputs(x)).all()
    assert np.isnan(net.gradients(x, t)["0.b"]).any()


def test_one_channel_need_not_be_said():
    net, (x, t, _) = network("lenet"), data("lenet", 3)
    assert np.array_equal(net.predict(x), net.predict(x[:, 0]))
    assert net.evaluate(x[:, 0], t) == net.evaluate(x, t)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: hg.Conv2D(0, 5), "maps"),
        (lambda: hg.Conv2D(2, (3, 3, 3)), "a side, or height and width"),
        (lambda: hg.Conv2D(2, 3, stride=0), "stride"),
        (lambda: hg.Conv2D(2, 3, padding=-1), "padding"),
        (lambda: hg.Conv2D(2, 3, links=[[1, 1, 1]]), "2 columns"),
        (lambda: hg.Conv2D(2, 3, links=[[1, 2]]), "row 0, column 1 is 2, expected a truth value"),
        (lambda: hg.Conv2D(2, 3, links=[[1.0, 0.5]]), "row 0, column 1 is 0.5"),
        (lambda: hg.Conv2D(2, 3, links=[["1", "0"]]), "has dtype <U1, expected a table of truth values"),
        (lambda: hg.Conv2D(2, 3, links=[[1, 0], [1, 0]]), "output map 1 without an input"),
        (lambda: hg.Subsample(0), "size of Subsample"),
        (lambda: hg.Sequential([hg.Conv2D(2, 5), hg.Flatten()], input_shape=(1, 4, 9)), "5 x 5, larger than"),
        (lambda: hg.Sequential([hg.Conv2D(2, 3), hg.Flatten()], input_shape=(4, 9)), "it takes images"),
        (lambda: hg.Sequential([hg.Conv2D(2, 3, links=LINKS[:1] * 3)], input_shape=(1, 9, 9)), "columns"),
        (lambda: hg.Sequential([hg.Conv2D(5, 3, links=LINKS)], input_shape=(1, 9, 9)), "a row for each input map"),
        (lambda: hg.Sequential([hg.MeanPool2D(), hg.Flatten()], input_shape=(1, 4, 5)), "crop=True"),
        (lambda: hg.Sequential([hg.MaxPool2D(7), hg.Flatten()], input_shape=(1, 4, 4)), "smaller than MaxPool2D"),
        (lambda: hg.Sequential([hg.Flatten()], input_shape=3), "it takes images"),
        (lambda: hg.Sequential([hg.MaxPool2D()], input_shape=(1, 4, 4)), "put Flatten() behind"),
        (lambda: hg.Sequential([hg.Dense(2)], input_shape=(1, 4, 4)), "flatten it first"),
        (lambda: hg.Sequential([hg.Softmax(), hg.Flatten()], input_shape=(1, 4, 4)), "flatten it first"),
        (lambda: network("lenet").predict(np.zeros((2, 12, 11))), "expected samples x 1 x 12 x 12"),
        (lambda: network("max").predict(np.full((2, 1, 10, 10), np.nan)), "column 0 of line 0 of channel 0"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises((hg.UsageError, hg.InputError)) as caught:
        make()
    assert words in str(caught.value)


def test_round_trip(tmp_path):
    net = network("borders", "float32")
    lenet = hg.lenet5(pool="max", activation=hg.Tanh(), seed=4)
    for k, made in enumerate((net, lenet, network("cropped weighed"), network("lenet"))):
        made.save(tmp_path / f"{k}.safetensors")
        again = hg.load(tmp_path / f"{k}.safetensors")
        assert repr(again) == repr(made)
        assert again.layers == made.layers
        assert again.parameters.flat.tobytes() == made.parameters.flat.tobytes()


def test_a_table_of_zeros_and_ones_is_one_whatever_its_numbers():
    tables = [LINKS, np.asarray(LINKS, int), np.asarray(LINKS, float)]
    assert len({hg.Conv2D(5, 3, links=table) for table in tables}) == 1


def test_layers_are_told_as_the_call_that_makes_them():
    layers = [hg.Subsample(), hg.Subsample(3, crop=True, weights="zeros"), hg.MaxPool2D(2), hg.Conv2D(2, 5, stride=2)]
    said = ["Subsample(2)", "Subsample(3, crop=True, weights='zeros')", "MaxPool2D(2)", "Conv2D(2, 5, stride=2)"]
    assert [repr(layer) for layer in layers] == said
