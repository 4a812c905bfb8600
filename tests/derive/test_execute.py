import numpy as np
import pytest

from handgrad.derive.execute import Program, draw, prime_sizes, run, sample
from handgrad.derive.reader import read_named
from handgrad.errors import InputError


def program(shapes):
    return Program(shapes, (), (), prime_sizes(shapes.values()))


def test_every_letter_has_a_prime_of_its_own():
    assert prime_sizes([("M", "N"), ("M",), ("N", "B"), ()]) == {"M": 2, "N": 3, "B": 5}
    assert prime_sizes([("4H", "D"), ("H", "3"), ("2", "T")]) == {"H": 5, "D": 7, "T": 11}


def test_a_shape_tells_its_letters():
    shapes = {"W": ("4H", "D"), "x": ("D", "B")}
    assert prime_sizes(shapes.values()) == {"H": 2, "D": 3, "B": 5}
    assert program(shapes).letters((8, 3)) == ("4H", "D")
    assert program(shapes).letters((5, 1, 7)) == ("B", "1", "7")
    assert program(shapes).letters(()) == ()
    values = sample(program(shapes), np.random.default_rng(0))
    assert {name: value.shape for name, value in values.items()} == {"W": (8, 3), "x": (3, 5)}


def test_data_are_away_from_kinks():
    entries = draw(np.random.default_rng(0), (50, 50))
    assert np.abs(entries).min() >= 0.2
    assert (entries > 0).any()
    assert (entries < 0).any()
    assert 0.2 <= draw(np.random.default_rng(0), ()) <= 0.8


def test_lines_run_in_order_and_say_where_they_fail():
    lines = read_named("softmax").forward
    values = {"a": np.ones((3, 2))}
    run(lines, values)
    assert np.allclose(values["y"], 1 / 3)
    with pytest.raises(
        InputError, match=r"softmax.py:\d+: `e = np.exp\(a - a.max\(axis=0\)\)` does not run: Attribute"
    ):
        run(lines, {"a": None})
