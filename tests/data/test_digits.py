"""scikit-learn's 8x8 digits."""

import subprocess
import sys

import numpy as np
import pytest

from handgrad.data import digits, load_digits_8x8
from handgrad.errors import UsageError


def test_shapes_ranges_and_names():
    data = load_digits_8x8(3)
    assert len(data.x) + len(data.x_test) == 1797
    assert data.x.shape[1] == data.x_test.shape[1] == len(data.features) == 64
    assert data.x.dtype == np.float32
    assert data.t.dtype == np.int64
    assert data.t.shape == (len(data.x),)
    assert data.t_test.shape == (len(data.x_test),)
    assert data.x.min() == 0
    assert data.x.max() == 1
    assert np.array_equal(data.x * 16, np.round(data.x * 16))
    assert data.image_shape == (8, 8)
    assert data.features[10] == "pixel_1_2"
    assert data.classes == tuple("0123456789")


def test_every_class_has_a_fifth_in_the_test_and_the_seed_decides_which():
    data = load_digits_8x8(3)
    in_all = np.bincount(np.concatenate([data.t, data.t_test]))
    assert np.abs(np.bincount(data.t_test) - 0.2 * in_all).max() <= 0.5
    assert np.array_equal(load_digits_8x8(3).x_test, data.x_test)
    assert not np.array_equal(load_digits_8x8(4).t_test, data.t_test)
    with pytest.raises(UsageError, match="seed is -1"):
        load_digits_8x8(-1)


def test_the_packaged_file_is_what_the_public_loader_gives():
    packaged = digits._packaged_table()
    assert packaged is not None
    assert np.array_equal(packaged, digits._public_table())


@pytest.mark.parametrize("content", [b"", b"1,2,3\n", b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xff\xff"])
def test_another_file_in_its_place_leaves_the_work_to_the_public_loader(monkeypatch, tmp_path, content):
    class Spec:
        submodule_search_locations = [str(tmp_path)]

    before = load_digits_8x8(3)
    folder = tmp_path / "datasets" / "data"
    folder.mkdir(parents=True)
    if content:
        (folder / "digits.csv.gz").write_bytes(content)
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: Spec)
    assert digits._packaged_table() is None
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    assert digits._packaged_table() is None
    monkeypatch.undo()
    monkeypatch.setattr(digits, "_packaged_table", lambda: None)
    assert np.array_equal(load_digits_8x8(3).x_test, before.x_test)


def test_neither_scikit_learn_nor_pooch_is_imported():
    code = (
        "import sys, handgrad.data as d; d.load_digits_8x8(0); d.load_points('xor', 0); "
        "print([m for m in ('sklearn', 'scipy', 'numba', 'matplotlib', 'pooch', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
