"""The lab lenet: its network and its training."""

from dataclasses import replace

import numpy as np
import pytest

import handgrad as hg
from handgrad.data.lenet_images import in_field
from handgrad.errors import UsageError
from handgrad.labs.lenet import LenetSettings
from handgrad.labs.lenet_links import table_of
from handgrad.labs.lenet_maps import parameters_by_layer
from handgrad.labs.lenet_training import Part, build_network, divide, measure, train
from labs.lenet_parts import AS_PUBLISHED, small_digits
from reporters import Log


@pytest.fixture
def log():
    return Log()


@pytest.fixture(scope="module")
def small():
    return small_digits()


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        ({}, AS_PUBLISHED),
        ({"links": "full"}, [156, 12, 2416, 32, 48120, 10164, 850]),
        ({"pool": "mean"}, [156, 0, 1516, 0, 48120, 10164, 850]),
        ({"pool": "max", "activation": "relu"}, [156, 0, 1516, 0, 48120, 10164, 850]),
    ],
)
def test_the_network_is_lenet_5(settings, counts):
    given = LenetSettings(weight_decay=0.25, seed=3, **settings)
    network = build_network(given.plan(), table_of(given.links))
    assert parameters_by_layer(network) == counts
    assert network.weight_decay == 0.25
    assert network.loss == hg.SoftmaxCrossEntropy()
    activations = {layer.kind for layer in network.layers} - {"conv", "subsample", "flatten", "dense"}
    assert activations - {"mean_pool", "max_pool"} == {settings.get("activation", "scaled_tanh")}


def test_images_are_held_out_by_seed_and_none_is_in_two_parts(small):
    plan = LenetSettings(validation_share=0.2, seed=3).plan()
    parts = divide(plan, small)
    assert [len(part.x) for part in parts.values()] == [160, 40, 90]
    assert list(parts) == ["training", "validation", "test"]
    for part in parts.values():
        np.testing.assert_array_equal(part.x, in_field(part.images))
    both = np.concatenate([parts["training"].images, parts["validation"].images]).reshape(200, -1)
    assert sorted(map(bytes, both)) == sorted(map(bytes, small.x))
    with pytest.raises(UsageError, match="expected a share that divides 200 images in two"):
        divide(replace(plan, validation_share=1e-4), small)


def test_measures_are_what_they_are_called(small):
    network = build_network(LenetSettings().plan(), table_of("lecun"))
    part = Part(in_field(small.x[:7].reshape(-1, 8, 8)), small.t[:7], small.x[:7])
    p = network.predict(part.x, engine="numpy").astype(np.float64)
    measured = measure(network, part, "numpy")
    assert measured.loss == pytest.approx(-np.log(p[np.arange(7), part.classes]).mean(), rel=1e-5)
    assert measured.accuracy == np.mean(p.argmax(axis=1) == part.classes)
    assert measure(network, part, "numpy", every=3).probabilities.shape == (3, 10)


def test_training_measures_after_every_epoch(small, log):
    plan = LenetSettings(epochs=3, batch_size=32, validation_share=0.2).plan()
    trained = train(plan, small, table_of("lecun"), log)
    assert [record["epoch"] for record in log.records] == [1, 2, 3]
    assert [step[:2] for step in log.steps] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert "160 training, 40 validation, 90 test images, 8 x 8, enlarged to 24 x 24" in log.lines[0]
    assert "60 links in C3, 60,850 parameters, trainable pooling, scaled_tanh" in log.lines[0]
    last = log.records[-1]
    for name in ("validation", "test"):
        measured = measure(trained.network, trained.parts[name], "compiled")
        assert (last[f"{name}_loss"], last[f"{name}_accuracy"]) == (measured.loss, measured.accuracy)
    assert last["seconds"] <= trained.seconds
    assert trained.images_per_second == pytest.approx(3 * 160 / trained.seconds)
    assert last["images_per_second"] > 0
    assert trained.network.history["loss"][-1] < trained.network.history["loss"][0]


def test_images_are_moved_anew_in_every_epoch_and_stand_still_without(small):
    """What is learned from must be the array that is written into between the epochs."""

    def learned(shift, **changes):
        plan = LenetSettings(epochs=2, batch_size=200, shift=shift, lr=0.01, optimizer="sgd").plan()
        return train(replace(plan, **changes), small, table_of("lecun"), Log())

    still, moved = learned(0), learned(2)
    assert moved.network.history["loss"][0] != still.network.history["loss"][0]
    np.testing.assert_array_equal(moved.parts["training"].x, still.parts["training"].x)  # put back in the end
    # by hand: two steps of the whole batch, each on images that the same stream has moved
    from handgrad.data.lenet_images import enlarged, place
    from handgrad.data.split import data_stream

    plan, part = moved.plan, divide(moved.plan, small)["training"]
    network = build_network(plan, table_of("lecun"))
    random, content = data_stream(plan.seed, 4), enlarged(part.images)
    for expected in moved.network.history["loss"]:
        place(content, part.x, random.integers(-2, 3, (200, 2)))
        assert network.evaluate(part.x, part.classes) == pytest.approx(expected, rel=1e-4)
        if expected == moved.network.history["loss"][0]:
            first = train(replace(plan, epochs=2), small, table_of("lecun"), Log(interrupt_after=1))
            network.parameters.flat[...] = first.network.parameters.flat


def test_both_engines_learn_the_same(small):
    few = replace(small, x=small.x[:24], t=small.t[:24], x_test=small.x_test[:5], t_test=small.t_test[:5])
    plan = LenetSettings(epochs=2, batch_size=12, weight_decay=0.01).plan()
    compiled, plain = (
        train(replace(plan, engine=name), few, table_of("lecun"), Log()) for name in ("compiled", "numpy")
    )
    np.testing.assert_allclose(compiled.network.history["loss"], plain.network.history["loss"], rtol=1e-4)
    for a, b in zip(compiled.records, plain.records, strict=True):
        assert a["test_loss"] == pytest.approx(b["test_loss"], rel=1e-3)
