"""The lab lenet."""

import json
import os
import signal
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.data.lenet_images import in_field
from handgrad.errors import InputError, UsageError
from handgrad.labs import lenet_basic, lenet_results
from handgrad.labs.lenet import LenetSettings, run
from handgrad.labs.lenet_links import table_of
from handgrad.labs.lenet_maps import parameters_by_layer, way
from handgrad.labs.lenet_training import Part, build_network, divide, load, measure, train
from handgrad.labs.registry import LABS
from handgrad.labs.run_folder import json_text
from handgrad.labs.runner import RunOptions, run_lab
from handgrad.network.lenet import LENET_LAYERS, lenet5
from handgrad.training.schedules import CosineSchedule, WarmUpSchedule

AS_PUBLISHED = [156, 12, 1516, 32, 48120, 10164, 850]
FIGURES = ["curves", "confusion", "mistakes", "links", "kernels", "forward", "backward"]


class Log:
    """A reporter that remembers, and that may press Ctrl-C after an epoch."""

    def __init__(self, interrupt_after=None):
        self.records, self.steps, self.lines = [], [], []
        self.interrupt_after = interrupt_after

    def say(self, text):
        self.lines.append(text)

    def metrics(self, record):
        self.records.append(dict(record))
        if record["epoch"] == self.interrupt_after:
            signal.raise_signal(signal.SIGINT)

    def progress(self, done, total, text=""):
        self.steps.append((done, total))


@pytest.fixture
def log():
    return Log()


@pytest.fixture(scope="module")
def small():
    """The embedded digits, a part of them: each epoch is short."""
    dataset = load(LenetSettings().plan(), Log())
    return replace(
        dataset, x=dataset.x[:200], t=dataset.t[:200], x_test=dataset.x_test[:90], t_test=dataset.t_test[:90]
    )


@pytest.fixture
def few(small, monkeypatch):
    """The lab runs on these alone."""
    monkeypatch.setattr(lenet_basic, "load", lambda plan, reporter: small)
    return small


@pytest.fixture(scope="module")
def default(small):
    """A short run of the lab."""
    log = Log()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenet_basic, "load", lambda plan, reporter: small)
        return run(LenetSettings(epochs=6, batch_size=16), log), log


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": "letters"}, "data is 'letters', expected one of digits, mnist"),
        ({"pool": "sum"}, "pool is 'sum', expected one of trainable, mean, max"),
        ({"activation": "gelu"}, "activation is 'gelu', expected one of scaled_tanh, tanh, sigmoid, relu"),
        ({"optimizer": "lion"}, "optimizer is 'lion', expected one of sgd"),
        ({"engine": "gpu"}, "engine is 'gpu', expected one of compiled, numpy"),
        ({"links": ""}, "links is '', expected lecun, full or the name of a file"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 10**8}, "epochs is 100,000,000, expected a whole number from 1 to 10,000,000"),
        ({"batch_size": -5}, "batch_size is -5"),
        ({"shift": 5}, "shift is 5, expected a whole number of pixels from 0 to 4"),
        ({"shift": -1}, "shift is -1"),
        ({"lr": 0.0}, "lr is 0.0, expected a finite number above 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"validation_share": 1.0}, "validation_share is 1.0, expected a number between 0 and 1"),
        ({"seed": -1}, "seed is -1"),
        ({"data_dir": "here"}, "data_dir is here, but digits are read from no folder; add --data mnist"),
    ],
)
def test_settings_that_no_training_could_use_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        LenetSettings(**settings)


def test_studies_and_tables_that_do_not_exist_are_refused(log):
    with pytest.raises(UsageError, match="study is 'deepest', expected one of links, pooling"):
        run(LenetSettings(study="deepest"), log)
    with pytest.raises(InputError, match=r"there is no file no\.txt, expected lecun or full, or a file with 6 rows"):
        run(LenetSettings(links="no.txt"), log)
    with pytest.raises(UsageError, match="--study pooling chooses pool itself, but --pool was given; leave it out"):
        run(LenetSettings(study="pooling", pool="max"), log)


def test_what_is_not_given_follows_from_the_data_and_is_told():
    settings = LenetSettings(data="mnist", optimizer="sgd", epochs=7)
    plan = settings.plan()
    assert plan.optimizer == hg.SGD(plan.optimizer.lr, 0.9, nesterov=True)
    assert plan.schedule == WarmUpSchedule(0.05 * 7, CosineSchedule())
    filled = plan.filled(settings)
    assert filled.keys() == LenetSettings.__dataclass_fields__.keys()
    for name in ("epochs", "batch_size", "lr", "shift"):
        assert filled[name] is not None
    assert LenetSettings(lr=0.5, optimizer="adam").plan().optimizer == hg.Adam(0.5)
    given = LenetSettings(batch_size=11, shift=0, epochs=3).plan(epochs=9)
    assert (given.batch_size, given.shift, given.epochs) == (11, 0, 3)
    assert LenetSettings().plan(epochs=9).epochs == 9


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
    assert log.steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
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


def test_the_document_has_what_was_promised(default, small):
    result, _ = default
    document = json.loads(json_text(result.document))
    assert document["parameters"] == AS_PUBLISHED
    assert document["layers"] == list(LENET_LAYERS)
    assert document["links"] == 60
    assert np.array(document["link_table"]).shape == (6, 16)
    assert document["images_per_second"] > 0
    assert document["train_seconds"] > 0
    assert (document["lab"], document["data"], document["epochs"]) == ("lenet", "digits-8x8", 6)
    assert document["settings"]["lr"] > 0
    said = result.network.predict(in_field(small.x_test.reshape(-1, 8, 8))).argmax(axis=1)
    assert document["test_accuracy"] == np.mean(said == small.t_test)
    assert document["test_wrong"] == np.sum(said != small.t_test)
    counts = np.array(document["confusion"])
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(small.t_test, minlength=10))
    assert result.error == ""
    assert not result.interrupted


def test_tables_and_findings_say_what_the_document_says(default):
    result, _ = default
    document, wrong = result.document, result.document["test_wrong"]
    tables = {table.name: table for table in result.tables}
    assert list(tables) == ["results", "layers", "classes"]
    accuracy = round(100 * document["test_accuracy"], 2)
    assert tables["results"].rows[1] == ("test", 90, wrong, accuracy, document["test_loss"])
    # LeCun et al. (1998), section II-B, print all of these
    assert [row[3:] for row in tables["layers"].rows[:5]] == [
        (156, 122_304),
        (12, 5_880),
        (1_516, 151_600),
        (32, 2_000),
        (48_120, 48_120),
    ]
    assert result.findings[0].startswith(f"{wrong} of 90 test images are called wrong")
    assert any("8 x 8, enlarged to 24 x 24" in text for text in result.findings)


def test_the_figures_are_of_this_run(default, small):
    result, log = default
    pictures = {picture.name: picture.figure for picture in result.pictures}
    assert list(pictures) == [name for name in FIGURES if name != "mistakes" or result.document["test_wrong"]]
    loss, _ = pictures["curves"].axes
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), [record["test_loss"] for record in log.records])
    squares = pictures["links"].axes[0].patches
    filled = np.array([patch.get_facecolor()[3] > 0 for patch in squares]).reshape(6, 16)
    np.testing.assert_array_equal(filled, table_of("lecun"))


def test_every_kernel_stands_where_its_link_is(default):
    network, table = default[0].network, table_of("lecun")
    c1, c3, c5 = (kernels for _, kernels in lenet_results.kernels_of(network, table))
    assert (c1.shape, c3.shape, c5.shape) == ((1, 6, 5, 5), (6, 16, 5, 5), (16, 120, 5, 5))
    np.testing.assert_array_equal(np.isfinite(c3).all(axis=(2, 3)), table)
    np.testing.assert_allclose(c1[0], network.parameters["0.W"][:, 0], rtol=1e-6)
    # the map that C3 makes of one map of S2 that alone is not 0 says which kernel is whose
    row = [i for i, layer in enumerate(network.layers) if layer.kind == "conv"][1]
    for p in range(6):
        s2 = np.zeros((6, 14, 14, 1), np.float32)
        s2[p, 6, 6] = 1
        maps, _ = network.layers[row].forward(network.parameters.of_layer(row), s2)
        maps = maps[..., 0] - network.parameters[f"{row}.b"][:, None, None]
        for d in range(16):
            seen = maps[d, 2:7, 2:7][::-1, ::-1]
            expected = c3[p, d] if table[p, d] else np.zeros((5, 5))
            np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_the_way_there_and_back_is_the_networks(small):
    network = lenet5(seed=5)
    network.parameters.flat[...] += 0.02 * np.random.default_rng(0).normal(size=network.parameters.flat.size)
    x = in_field(small.x[:1].reshape(-1, 8, 8))
    found = way(network, x[0], (3, 7))
    assert [stage.name for stage in found.forward] == ["input", *LENET_LAYERS]
    shapes = [(1, 32, 32), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84, 1, 1), (10, 1, 1)]
    assert [stage.values.shape for stage in found.forward] == shapes
    np.testing.assert_allclose(found.probabilities, network.predict(x, engine="numpy")[0], rtol=1e-4)
    activations = network.activations(x, engine="numpy")
    np.testing.assert_allclose(found.forward[4].values, activations[7][0], rtol=1e-3, atol=1e-6)
    p = found.probabilities
    for label, stages in found.back.items():
        assert [stage.values.shape for stage in stages] == shapes
        np.testing.assert_allclose(stages[-1].values.ravel(), p - np.eye(10)[label], atol=1e-12)
        h, at = 1e-5, (0, 13, 17)  # the gradient at a pixel, by central differences
        losses = []
        for sign in (1, -1):
            moved = x[0].astype(np.float64)
            moved[at] += sign * h
            losses.append(-np.log(way(network, moved, ()).probabilities[label]))
        assert stages[0].values[at] == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=1e-5)


def test_another_network_has_no_such_way():
    network = hg.Sequential([hg.Dense(10)], input_shape=4, loss=hg.SoftmaxCrossEntropy())
    with pytest.raises(InputError, match="the network has 1 layers with connections, expected 7, as LeNet-5"):
        parameters_by_layer(network)


def test_divergence_is_told_and_reported(few, log):
    result = run(LenetSettings(lr=1e12, optimizer="sgd", activation="relu", epochs=3), log)
    assert "training diverged in epoch" in result.error
    assert np.isfinite(result.network.parameters.flat).all()
    assert result.document["stopped"] == "diverged"
    assert "confusion" in [picture.name for picture in result.pictures]


def test_ctrl_c_keeps_what_was_learned(few):
    log = Log(interrupt_after=2)
    result = run(LenetSettings(epochs=5), log)
    assert result.interrupted
    assert result.document["stopped"] == "interrupted"
    assert 2 <= result.document["epochs"] < 5
    assert any(text.startswith("Training was interrupted after epoch") for text in result.findings)


@pytest.mark.parametrize("late", ["finished", "pictures"])
def test_ctrl_c_after_the_training_loses_no_network(few, log, late, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(lenet_basic if late == "finished" else lenet_results, late, interrupt)
    result = run(LenetSettings(epochs=2), log)
    assert result.interrupted
    assert result.document["epochs"] == 2
    assert result.network is not None


def test_the_same_seed_gives_the_same_bytes_and_the_run_can_predict(few, tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        settings = LenetSettings(epochs=2, seed=seed)
        assert run_lab(LABS["lenet"], settings, RunOptions(out=name, quiet=True)) == 0
    models = {name: Path(name, "model.safetensors").read_bytes() for name in "abc"}
    assert models["a"] == models["b"] != models["c"]
    for figure in [path.name for path in Path("a/figures").iterdir()]:
        assert Path(f"a/figures/{figure}").read_bytes() == Path(f"b/figures/{figure}").read_bytes()
    assert "<svg" in Path("a/report.html").read_text()
    capsys.readouterr()
    pixels = few.x_test[0].reshape(8, 8)
    Image.fromarray((255 * pixels).astype(np.uint8)).save("one.png")
    assert main(["predict", "a", "one.png", "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)["predictions"]
    expected = hg.load("a/model.safetensors").predict(in_field(pixels[None]), engine="numpy")[0]
    np.testing.assert_allclose(said["probabilities"], expected, atol=0.02)


def written_mnist(folder, sizes=(("train", 61), ("t10k", 23))):
    rng = np.random.default_rng(0)
    for part, n in sizes:
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = (np.arange(n) % 10).astype(np.uint8)
        images[np.arange(n), 3, labels] = 255
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, n, 28, 28) + images.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, n) + labels.tobytes())


def test_a_part_of_mnist_is_taken_as_it_is_and_nothing_published_is_set_beside_it(tmp_path, log):
    written_mnist(tmp_path)
    result = run(LenetSettings(data="mnist", data_dir=str(tmp_path), epochs=1), log)
    assert result.document["images"] == {"training": 61, "test": 23}
    assert [table.name for table in result.tables] == ["results", "layers", "classes"]
    assert not any("8 x 8" in text for text in result.findings)
    with pytest.raises(InputError, match="does not exist, expected a folder with the four files"):
        run(LenetSettings(data="mnist", data_dir=str(tmp_path / "no")), log)


def real_mnist():
    """The folder of the real files, from HANDGRAD_DATA or in shared/data beside the checkout; else None."""
    places = [Path(os.environ.get("HANDGRAD_DATA", "")) / "mnist", Path(__file__).parents[3] / "shared/data/mnist"]
    return next((place for place in places if (place / "train-images-idx3-ubyte.gz").is_file()), None)


@pytest.mark.skipif(real_mnist() is None, reason="MNIST's files are not on this machine (set HANDGRAD_DATA)")
def test_one_epoch_of_mnist_is_better_than_the_networks_without_maps(log):
    result = run(LenetSettings(data="mnist", data_dir=str(real_mnist()), epochs=1), log)
    assert result.document["test_accuracy"] > 0.97
    published = result.tables[-1]
    assert published.name == "published"
    assert [row[1] for row in published.rows[:4]] == ["1.7", "1.1", "0.95", "0.8"]
    assert published.rows[-1][1] == f"{100 - 100 * result.document['test_accuracy']:.2f}"
