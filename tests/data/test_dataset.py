"""Dataset and the refusal of numbers that are not finite."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from handgrad.data import Dataset, check_finite
from handgrad.errors import InputError


def test_a_dataset_cannot_be_changed_and_compares_without_a_traceback():
    x, t = np.zeros((3, 2)), np.zeros((3, 1))
    first = Dataset(x, t, x, t, ("a", "b"), ("0", "1"), "n", "s")
    second = Dataset(x, t, x, t, ("a", "b"), ("0", "1"), "n", "s")
    assert first.image_shape is None
    assert first != second
    assert first == first
    with pytest.raises(FrozenInstanceError):
        first.name = "m"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_bad_entry_is_named_by_row_and_column(value, dtype):
    x = np.ones((5, 3), dtype)
    x[4, 0] = value
    x[2, 1] = value
    with pytest.raises(InputError, match=rf"^x_test holds {value} in row 2, column width, expected finite numbers"):
        check_finite("x_test", x, ["height", "width", "depth"])
    with pytest.raises(InputError, match="row 2, column 1,"):
        check_finite("x", x)


def test_entries_of_images_are_counted_through_and_a_vector_is_one_column():
    images = np.zeros((3, 2, 5))
    images[1, 1, 2] = np.inf
    with pytest.raises(InputError, match="row 1, column 7,"):
        check_finite("x", images)
    with pytest.raises(InputError, match="row 2, column label,"):
        check_finite("t", np.array([0.0, 1.0, np.nan]), ("label",))
    with pytest.raises(InputError, match="row 0, column 0,"):
        check_finite("loss", np.array(np.nan))


def test_finite_numbers_of_any_kind_pass():
    largest = np.finfo(np.float32).max
    for array in (
        np.full((3, 2), largest, np.float32),
        np.arange(6).reshape(3, 2),
        np.zeros((0, 2)),
        np.zeros((3, 0)),
        np.array([True]),
    ):
        check_finite("x", array)


def test_what_is_not_numbers_and_wrong_names_are_refused():
    with pytest.raises(InputError, match="x has dtype object, expected numbers"):
        check_finite("x", np.array([[1, None]], dtype=object))
    with pytest.raises(InputError, match="x has dtype <U1, expected numbers"):
        check_finite("x", np.array([["a"]]))
    with pytest.raises(InputError, match="has shape 1 x 3, expected 1 x 2"):
        check_finite("x", np.array([[1.0, np.nan, 2.0]]), ["a", "b"])
