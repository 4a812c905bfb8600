"""The lab lenet: what it is asked for, and MNIST."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.errors import InputError, UsageError
from handgrad.labs.lenet import LenetSettings, run
from handgrad.training.schedules import CosineSchedule, WarmUpSchedule
from reporters import Log


@pytest.fixture
def log():
    return Log()


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
