"""Sequences of bits, their running count, and files of them."""

import numpy as np
import pytest

from handgrad.data.counting import load_sequences, random_sequences, running_count
from handgrad.errors import InputError, UsageError


def test_targets_count_the_ones_so_far_down_each_column():
    x, t = running_count([[1, 0], [0, 0], [1, 1]])
    assert t.tolist() == [[1, 0], [1, 0], [2, 1]]
    assert x.dtype == t.dtype == np.float64


def test_random_sequences_are_fair_bits_and_parts_differ():
    x, t = random_sequences(50, 400, 3)
    assert x.shape == t.shape == (50, 400)
    assert set(np.unique(x)) == {0.0, 1.0}
    assert abs(x.mean() - 0.5) < 4 * 0.5 / np.sqrt(x.size)
    assert np.array_equal(t[-1], x.sum(axis=0))
    assert np.array_equal(x, random_sequences(50, 400, 3).x)
    assert not np.array_equal(x, random_sequences(50, 400, 3, part=1).x)
    assert not np.array_equal(x, random_sequences(50, 400, 4).x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1, 0], [float("nan"), 1]], "sequence 1 holds nan in step 2, expected 0 or 1"),
        ([[1, 0], [0, 2]], "sequence 2 holds 2 in step 2, expected 0 or 1"),
        ([1, 0], "the array of sequences has shape 2, expected steps x sequences"),
        (np.zeros((0, 3)), "the array of sequences has shape 0 x 3, expected steps x sequences"),
        ([[1, 0], [1]], "not an array of numbers"),
        ([["a"]], "not an array of numbers"),
    ],
)
def test_what_is_no_sequence_of_bits_is_refused(x, message):
    with pytest.raises(InputError, match=message):
        running_count(x)


@pytest.mark.parametrize(("length", "n"), [(0, 4), (-1, 4), (5, 0), (1.5, 4)])
def test_sizes_that_are_none_are_refused(length, n):
    with pytest.raises(UsageError, match="expected a whole number of at least 1"):
        random_sequences(length, n, 0)


def test_a_file_has_a_sequence_in_each_line(tmp_path):
    path = tmp_path / "bits.txt"
    path.write_text("# mine\n0,1,1\n\n1 0 0  # the second\n010\n", encoding="utf-8")
    x, t = load_sequences(path)
    assert x.tolist() == [[0, 1, 0], [1, 0, 1], [1, 0, 0]]
    assert t.tolist() == [[0, 1, 0], [1, 1, 1], [2, 1, 1]]
    path.write_text("1\n0\n", encoding="utf-8")
    assert load_sequences(path).x.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1\n1,nan\n", "line 2 holds 'nan' in place 2, expected 0 or 1"),
        ("0,1\n1,2\n", "line 2 holds '2' in place 2, expected 0 or 1"),
        ("0,1\n\n1,0,1\n", "line 3 has 3 bits and line 1 has 2, expected as many in every line"),
        ("# nothing\n", "holds no sequence"),
        ("", "holds no sequence"),
        ("a" * 50, r"holds 'a{20}\.\.\.' in place 1"),
    ],
)
def test_files_that_cannot_be_used(text, message, tmp_path):
    path = tmp_path / "bits.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_sequences(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="there is no file .*no.txt, expected a text file"):
        load_sequences(tmp_path / "no.txt")
    with pytest.raises(InputError, match="is a folder"):
        load_sequences(tmp_path)
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_sequences(tmp_path / "b")
