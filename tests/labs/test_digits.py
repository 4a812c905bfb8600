"""The lab digits."""

import gzip
import json
import os
import struct
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import handgrad as hg
from handgrad.data import load_digits_8x8
from handgrad.errors import InputError, UsageError
from handgrad.labs import digits_results
from handgrad.labs.digits import DigitsSettings, OptimizerName, run
from handgrad.labs.digits_training import Part, build_network, divide, measure, train
from handgrad.labs.registry import LABS
from handgrad.labs.run_folder import json_text
from handgrad.labs.runner import RunOptions, run_lab
from handgrad.training.optimizers import OPTIMIZERS
from handgrad.training.schedules import ConstantSchedule, CosineSchedule, StepSchedule, WarmUpSchedule
from reporters import Log, drawn_here_alone

QUICK = {"hidden": 13, "epochs": 3}


@pytest.fixture
def log():
    return Log()


@pytest.fixture(scope="module")
def dataset():
    return load_digits_8x8(0)


@pytest.fixture(scope="module")
def default():
    """The lab as it is without options."""
    log = Log()
    return run(DigitsSettings(), log), log


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": "letters"}, "data is 'letters', expected one of digits, mnist"),
        ({"loss": "l1"}, "loss is 'l1', expected one of cross-entropy, l2"),
        ({"activation": "gelu"}, "activation is 'gelu', expected one of sigmoid, tanh, relu"),
        ({"optimizer": "lion"}, "optimizer is 'lion', expected one of sgd"),
        ({"schedule": "linear"}, "schedule is 'linear', expected one of constant, cosine, step"),
        ({"engine": "gpu"}, "engine is 'gpu', expected one of compiled, numpy"),
        ({"hidden": 0}, "hidden is 0, expected a whole number of at least 1"),
        ({"hidden": 10**9}, "hidden is 1000000000, expected at most 100,000 units"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": -5}, "batch_size is -5"),
        ({"early_stopping": 0}, "early_stopping is 0"),
        ({"log_every": 0}, "log_every is 0"),
        ({"lr": 0.0}, "lr is 0.0, expected a finite number above 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"weight_decay": float("inf")}, "weight_decay is inf"),
        ({"momentum": 1.0}, "momentum is 1.0, expected a number from 0 to below 1"),
        ({"momentum": 0.5, "optimizer": "adam"}, "momentum is 0.5, but adam takes none"),
        ({"warm_up": -1.0}, "warm_up is -1.0"),
        ({"warm_up": 7.0, "epochs": 7}, "warm_up is 7, expected less than the 7 epochs"),
        ({"validation_share": 0.0}, "validation_share is 0.0, expected a number between 0 and 1"),
        ({"validation_share": 1.0}, "validation_share is 1.0"),
        ({"seed": -1}, "seed is -1"),
        ({"data_dir": "here"}, "data_dir is here, but digits are read from no folder; add --data mnist"),
    ],
)
def test_settings_that_no_training_could_use_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        DigitsSettings(**settings)


def test_every_optimizer_can_be_named():
    assert set(get_args(OptimizerName)) == set(OPTIMIZERS)
    for name in OPTIMIZERS:
        assert DigitsSettings(optimizer=name, lr=0.123).plan().optimizer.lr == 0.123
        assert DigitsSettings(optimizer=name).plan().optimizer.kind == name


def test_what_is_not_given_follows_from_the_data_and_the_optimizer():
    small, mnist = DigitsSettings().plan(), DigitsSettings(data="mnist").plan()
    assert (small.epochs, small.batch_size, small.weight_decay) == (40, 32, 3e-4)
    assert (mnist.epochs, mnist.batch_size, mnist.weight_decay) == (10, 128, 1e-4)
    assert mnist.optimizer == hg.SGD(0.3, 0.9, nesterov=True)
    assert mnist.schedule == WarmUpSchedule(2.0, CosineSchedule())
    assert mnist.validation_share is None
    assert DigitsSettings(momentum=0.0).plan().optimizer == hg.SGD(0.3)
    assert DigitsSettings(optimizer="adam").plan().optimizer == hg.Adam()
    assert DigitsSettings(early_stopping=3).plan().validation_share == 0.1
    assert DigitsSettings(early_stopping=3, validation_share=0.25).plan().validation_share == 0.25
    given = DigitsSettings(data="mnist", epochs=7, batch_size=11, weight_decay=0.0, lr=0.5, momentum=0.25).plan()
    assert (given.epochs, given.batch_size, given.weight_decay) == (7, 11, 0.0)
    assert given.optimizer == hg.SGD(0.5, 0.25, nesterov=True)


def test_the_decay_of_adamw_is_its_own_and_not_in_the_loss():
    plan = DigitsSettings(optimizer="adamw", weight_decay=0.25).plan()
    assert plan.optimizer == hg.AdamW(weight_decay=0.25)
    assert plan.weight_decay == 0.0
    assert DigitsSettings(optimizer="adamw").plan().optimizer == hg.AdamW()
    assert plan.filled(DigitsSettings(optimizer="adamw", weight_decay=0.25))["weight_decay"] == 0.25


def test_schedules():
    def schedule(**settings):
        return DigitsSettings(epochs=10, **settings).plan().schedule

    assert schedule(schedule="constant", warm_up=0.0) == ConstantSchedule()
    assert schedule(warm_up=0.0) == CosineSchedule()
    assert schedule(schedule="step", warm_up=0.0) == StepSchedule(4)
    assert schedule(schedule="step", warm_up=4.0) == WarmUpSchedule(4.0, StepSchedule(2))
    assert DigitsSettings(epochs=1, schedule="step").plan().schedule == WarmUpSchedule(0.2, StepSchedule(1))
    rates = schedule(schedule="step", warm_up=1.0).rate(1.0, np.arange(100), 10, 100)
    np.testing.assert_allclose(rates[[9, 39, 40, 69, 70, 99]], [1, 1, 0.1, 0.1, 0.01, 0.01])


def test_all_settings_are_told_as_they_were_used():
    settings = DigitsSettings(data="mnist", early_stopping=2)
    filled = settings.plan().filled(settings)
    assert filled.keys() == DigitsSettings.__dataclass_fields__.keys()
    used = {"weight_decay": 1e-4, "lr": 0.3, "momentum": 0.9, "epochs": 10, "batch_size": 128, "warm_up": 2.0}
    assert filled.items() >= (used | {"validation_share": 0.1, "early_stopping": 2}).items()
    assert DigitsSettings(optimizer="rmsprop").plan().filled(DigitsSettings(optimizer="rmsprop"))["momentum"] is None


def test_images_are_held_out_by_seed_and_none_is_in_two_parts(dataset):
    plan = DigitsSettings(validation_share=0.2, seed=3).plan()
    parts = divide(plan, dataset)
    assert list(parts) == ["training", "validation", "test"]
    assert len(parts["validation"].x) == round(0.2 * len(dataset.x))

    def rows(x):
        return sorted(map(bytes, np.ascontiguousarray(x)))

    assert rows(np.concatenate([parts["training"].x, parts["validation"].x])) == rows(dataset.x)
    for part in parts.values():
        np.testing.assert_array_equal(part.t.argmax(axis=1), part.classes)
        np.testing.assert_array_equal(part.t.sum(axis=1), 1)
    known = {bytes(x): t for x, t in zip(dataset.x, dataset.t, strict=True)}
    assert all(known[bytes(x)] == t for x, t in zip(parts["validation"].x, parts["validation"].classes, strict=True))
    np.testing.assert_array_equal(divide(plan, dataset)["validation"].x, parts["validation"].x)
    assert rows(divide(replace(plan, seed=4), dataset)["validation"].x) != rows(parts["validation"].x)
    assert list(divide(DigitsSettings().plan(), dataset)) == ["training", "test"]


def test_a_share_that_leaves_a_part_empty_is_refused(dataset):
    with pytest.raises(UsageError, match="expected a share that divides 1438 images in two"):
        divide(DigitsSettings(validation_share=1e-4).plan(), dataset)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "scaled_tanh", "leaky_relu"])
@pytest.mark.parametrize("loss", ["cross-entropy", "l2"])
def test_the_network_is_the_reports(loss, activation):
    network = build_network(DigitsSettings(hidden=11, loss=loss, activation=activation, weight_decay=0.5).plan(), 7, 5)
    behind = ["softmax"] if loss == "l2" else []
    assert [layer.kind for layer in network.layers] == ["dense", activation, "dense", *behind]
    assert network.loss == (hg.SquaredError() if loss == "l2" else hg.SoftmaxCrossEntropy())
    assert network.weight_decay == 0.5
    x = np.random.default_rng(0).random((13, 7))
    np.testing.assert_allclose(network.predict(x).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("loss", ["cross-entropy", "l2"])
def test_measures_are_what_they_are_called(dataset, loss, engine):
    network = build_network(DigitsSettings(hidden=11, loss=loss, weight_decay=0.5).plan(), 64, 10)
    part = Part(dataset.x[:37], dataset.t[:37], np.eye(10)[dataset.t[:37]])
    p = network.predict(part.x).astype(np.float64)
    right = p[np.arange(37), part.classes]
    expected = ((p - part.t) ** 2).sum(axis=1).mean() if loss == "l2" else -np.log(right).mean()
    measured = measure(network, part, engine)
    assert measured.loss == pytest.approx(expected, rel=1e-5)
    assert measured.accuracy == np.mean([row.argmax() == t for row, t in zip(p, part.classes, strict=True)])
    np.testing.assert_allclose(measured.probabilities, p, rtol=1e-5)


def test_training_measures_after_every_epoch(dataset, log):
    settings = DigitsSettings(**QUICK, validation_share=0.2)
    trained = train(settings.plan(), dataset, log)
    assert [record["epoch"] for record in log.records] == [1, 2, 3]
    assert log.records == trained.records
    assert [step[:2] for step in log.steps] == [(1, 3), (2, 3), (3, 3)]
    assert "1,150 training, 288 validation, 359 test images; network 64-13-10, 985 parameters" in log.lines[0]
    last = log.records[-1]
    for prefix, name in (("", "training"), ("validation_", "validation"), ("test_", "test")):
        measured = measure(trained.network, trained.parts[name], "compiled")
        assert last[f"{prefix}loss"] == measured.loss
        assert last[f"{prefix}accuracy"] == measured.accuracy
    assert [record["objective"] for record in log.records] == trained.history["loss"]
    last_steps = np.array([35, 71, 107])  # 1150 images, 32 to a step
    rates = settings.plan().schedule.rate(0.3, last_steps, 36, 108)
    np.testing.assert_allclose([record["learning_rate"] for record in log.records], rates, rtol=1e-12)
    assert last["seconds"] == trained.history.seconds > 0
    assert last["loss"] < log.records[0]["loss"]


def test_measuring_seldom_and_looking_at_validation_images_change_nothing_that_is_learned(dataset, log):
    plan = DigitsSettings(**QUICK).plan()
    often, seldom = train(plan, dataset, log), train(replace(plan, log_every=2), dataset, Log())
    assert [record["epoch"] for record in seldom.records] == [2, 3]
    np.testing.assert_array_equal(often.network.parameters.flat, seldom.network.parameters.flat)


def test_both_engines_learn_the_same(dataset):
    plan = DigitsSettings(**QUICK, weight_decay=0.01).plan()
    compiled, plain = (train(replace(plan, engine=name), dataset, Log()) for name in ("compiled", "numpy"))
    for a, b in zip(compiled.records, plain.records, strict=True):
        assert a["objective"] == pytest.approx(b["objective"], rel=1e-4)
        assert a["test_loss"] == pytest.approx(b["test_loss"], rel=1e-3)


def test_the_penalty_is_part_of_the_objective_alone(dataset):
    plan = DigitsSettings(hidden=13, epochs=1, lr=1e-30, weight_decay=0.5).plan()  # nothing moves
    trained = train(plan, dataset, Log())
    W, V = (trained.network.parameters[name].astype(np.float64) for name in ("0.W", "2.W"))
    record = trained.records[0]
    assert record["objective"] - record["loss"] == pytest.approx(0.25 * ((W**2).sum() + (V**2).sum()), rel=1e-4)


def test_early_stopping_keeps_the_parameters_with_the_lowest_validation_loss(log):
    settings = DigitsSettings(hidden=13, epochs=60, lr=0.8, early_stopping=2, schedule="constant")
    result = run(settings, log)
    losses = [record["validation_loss"] for record in log.records]
    assert result.document["stopped"] == "early"
    assert result.document["epochs"] == len(losses) < 60
    assert result.document["best_epoch"] == int(np.argmin(losses)) + 1 == len(losses) - 2
    assert result.document["validation_loss"] == min(losses)
    assert any(f"the network is that of epoch {result.document['best_epoch']}" in text for text in result.findings)
    assert result.document["images"] == {"training": 1294, "validation": 144, "test": 359}
    assert [row[0] for row in result.tables[0].rows] == ["training", "validation", "test"]


def test_the_embedded_digits_are_learned(default):
    result, log = default
    assert len(log.records) == 40
    assert result.document["test_accuracy"] > 0.96
    assert result.document["accuracy"] > 0.995
    assert result.error == ""
    assert not result.interrupted
    assert result.derivation.passed
    assert "W⁽¹⁾" in result.derivation.to_text()


def test_the_document_has_what_was_promised(default, dataset):
    result, _ = default
    document = json.loads(json_text(result.document))
    promised = {"lab", "engine", "seed", "epochs", "loss", "accuracy", "test_accuracy", "train_seconds"}
    assert promised | {"data", "parameters", "settings", "confusion", "test_loss", "network"} <= document.keys()
    assert document["lab"] == "digits"
    assert document["epochs"] == 40
    assert document["parameters"] == 64 * 128 + 128 + 128 * 10 + 10
    assert document["published"] == []
    counts = np.array(document["confusion"])
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(dataset.t_test))
    said = result.network.predict(dataset.x_test).argmax(axis=1)
    np.testing.assert_array_equal(counts.sum(axis=0), np.bincount(said, minlength=10))
    assert np.trace(counts) == np.sum(said == dataset.t_test) == 359 - document["test_wrong"]
    assert document["test_accuracy"] == np.mean(said == dataset.t_test)


def test_tables_and_findings_say_what_the_document_says(default):
    result, _ = default
    document, wrong = result.document, result.document["test_wrong"]
    results, classes = result.tables
    assert results.rows[1] == ("test", 359, wrong, round(100 * document["test_accuracy"], 2), document["test_loss"])
    assert len(classes.rows) == 10
    counts = np.array(document["confusion"])
    for k, (name, images, recall, precision, other, times) in enumerate(classes.rows):
        assert (name, images) == (str(k), counts[k].sum())
        assert recall == pytest.approx(100 * counts[k, k] / counts[k].sum(), abs=0.006)
        assert precision == pytest.approx(100 * counts[k, k] / counts[:, k].sum(), abs=0.006)
        assert times == (counts[k, int(other)] if other != "-" else 0)
    assert result.findings[0].startswith(f"{wrong} of 359 test images are called wrong: {100 * wrong / 359:.2f} %")
    assert any(text.startswith("Nothing published stands beside these figures") for text in result.findings)


def test_the_figures_are_of_this_run(default, dataset):
    result, log = default
    pictures = {picture.name: picture.figure for picture in result.pictures}
    assert list(pictures) == ["curves", "confusion", "mistakes", "weights"]
    assert drawn_here_alone(result) == []
    loss, accuracy = pictures["curves"].axes
    assert [line.get_label() for line in accuracy.lines] == ["training", "test"]
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), [record["test_loss"] for record in log.records])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [100 * record["accuracy"] for record in log.records])
    p = result.network.predict(dataset.x_test)
    wrong = np.flatnonzero(p.argmax(axis=1) != dataset.t_test)
    worst = wrong[np.argsort(-p[wrong].max(axis=1))]
    assert len(pictures["mistakes"].axes) == len(wrong)
    for axes, i in zip(pictures["mistakes"].axes, worst, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), dataset.x_test[i].reshape(8, 8))
        assert axes.get_title().startswith(f"{dataset.t_test[i]} → {p[i].argmax()}\n")


def test_silent_units_are_counted(dataset, log):
    trained = train(DigitsSettings(**QUICK).plan(), dataset, log)
    trained.network.parameters["0.W"][...] = 1.0
    trained.network.parameters["0.b"][...] = 1.0
    trained.network.parameters["0.b"][[2, 5, 7]] = -1e3
    trained.network.parameters["0.b"][9] = -np.median(dataset.x_test.sum(axis=1))  # silent for half of the images
    result = digits_results.results(trained, {})
    assert result.document["silent_units"] == 3
    assert any(text.startswith("Silent hidden units: 3 of 13.") for text in result.findings)
    smooth = train(DigitsSettings(**QUICK, activation="tanh").plan(), dataset, log)
    assert digits_results.results(smooth, {}).document["silent_units"] is None


def test_a_run_without_a_mistake_has_no_picture_of_one(dataset, log):
    easy = replace(dataset, x_test=dataset.x[:20], t_test=dataset.t[:20])
    result = digits_results.results(train(DigitsSettings(epochs=20).plan(), easy, log), {})
    assert result.document["test_wrong"] == 0
    assert "mistakes" not in [picture.name for picture in result.pictures]
    assert result.findings[0].startswith("0 of 20 test images are called wrong: 0.00 %")
    assert not any("taken for each other" in text for text in result.findings)


def test_divergence_is_told_and_reported(log):
    result = run(DigitsSettings(lr=1e9), log)
    assert "training diverged in epoch 1" in result.error
    assert "try 1e+08" in result.error
    assert np.isfinite(result.network.parameters.flat).all()
    assert result.document["epochs"] == 0
    assert result.document["stopped"] == "diverged"
    assert log.records == []
    assert [picture.name for picture in result.pictures] == ["confusion", "mistakes", "weights"]


def test_ctrl_c_keeps_what_was_learned():
    log = Log(interrupt_after=2)
    result = run(DigitsSettings(**QUICK), log)
    assert result.interrupted
    assert result.error == ""
    assert result.document["stopped"] == "interrupted"
    assert 2 <= result.document["epochs"] < 4
    np.testing.assert_allclose(result.document["test_loss"], log.records[-1]["test_loss"], rtol=1e-12)
    assert [picture.name for picture in result.pictures][0] == "curves"


@pytest.mark.parametrize("late", ["measure", "_pictures"])
def test_ctrl_c_after_the_training_loses_no_network(late, log, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(digits_results, late, interrupt)
    result = run(DigitsSettings(**QUICK), log)
    assert result.interrupted
    assert result.network.history is not None
    assert result.document.keys() >= {"lab", "engine", "seed", "epochs", "settings", "train_seconds"}
    assert result.document["epochs"] == 3


def test_the_same_seed_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        settings = DigitsSettings(**QUICK, early_stopping=5, seed=seed)
        assert run_lab(LABS["digits"], settings, RunOptions(out=name, quiet=True)) == 0
    models = {name: Path(name, "model.safetensors").read_bytes() for name in "abc"}
    assert models["a"] == models["b"] != models["c"]
    for figure in ("curves", "confusion", "mistakes", "weights"):
        assert Path(f"a/figures/{figure}.svg").read_bytes() == Path(f"b/figures/{figure}.svg").read_bytes()
    rows = [json.loads(line) for line in Path("a/metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3]


MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def test_a_part_of_mnist_is_taken_as_it_is_and_nothing_published_is_set_beside_it(tmp_path, log):
    rng = np.random.default_rng(0)
    for part, n in (("train", 61), ("t10k", 23)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = (np.arange(n) % 10).astype(np.uint8)
        images[np.arange(n), 3, labels] = 255
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, n, 28, 28) + images.tobytes())
        packed = gzip.compress(struct.pack(">2I", 2049, n) + labels.tobytes())
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(packed)
    result = run(DigitsSettings(data="mnist", data_dir=str(tmp_path), epochs=2, hidden=5), log)
    assert result.document["images"] == {"training": 61, "test": 23}
    assert result.document["published"] == []
    assert len(result.tables) == 2
    with pytest.raises(InputError, match="does not exist, expected a folder with the four files"):
        run(DigitsSettings(data="mnist", data_dir=str(tmp_path / "no")), log)


def real_mnist():
    """The folder of the real files, from HANDGRAD_DATA or in shared/data beside the checkout; else None."""
    places = [Path(os.environ.get("HANDGRAD_DATA", "")) / "mnist", Path(__file__).parents[3] / "shared/data/mnist"]
    return next((place for place in places if (place / f"{MNIST_FILES[0]}.gz").is_file()), None)


@pytest.mark.skipif(real_mnist() is None, reason="MNIST's files are not on this machine (set HANDGRAD_DATA)")
def test_two_epochs_of_mnist_beat_the_published_network_of_1998(log):
    result = run(DigitsSettings(data="mnist", data_dir=str(real_mnist()), epochs=2), log)
    assert result.document["test_accuracy"] > 0.965  # 784-300-10 had 0.953
    published = result.tables[-1]
    assert published.name == "published"
    assert [row[1] for row in published.rows[:3]] == ["4.7", "4.5", "1.6"]
    assert published.rows[-1] == (
        "784-128-10, cross-entropy",
        f"{100 - 100 * result.document['test_accuracy']:.2f}",
        "this run",
    )
    assert len({picture.name: picture.figure for picture in result.pictures}["mistakes"].axes) == 24
