"""Numbers in the sentences of the labs."""

import pytest

from handgrad.labs.words import plain, several, whole_or


@pytest.mark.parametrize(("count", "text"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1000, "1,000 steps")])
def test_what_is_counted_has_its_number(count, text):
    assert several(count, "step") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2752, "0.275"),
        (203.4, "203"),
        (1000.0, "1,000"),
        (420_777.0, "421,000"),
        (1.44e-20, "1.44e-20"),
        (2e9, "2e+09"),
        (0.0, "0"),
    ],
)
def test_numbers_are_written_as_they_are_read(value, text):
    assert plain(value) == text


def test_whole_numbers_are_whole():
    assert [repr(whole_or(value)) for value in (0.0, 100.0, 99.95)] == ["0", "100", "99.95"]
