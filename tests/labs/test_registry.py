"""The labs there are."""

import dataclasses

import pytest

from handgrad.errors import UsageError
from handgrad.labs.registry import LABS, find_lab


@pytest.mark.parametrize("lab", LABS.values(), ids=list(LABS))
def test_every_lab_is_what_its_line_says(lab):
    settings = lab.settings_class()
    assert dataclasses.is_dataclass(settings)
    assert settings() == settings()  # all fields have defaults
    assert hash(settings()) == hash(settings())  # frozen
    assert lab.sentence[0].isupper()
    assert lab.sentence.endswith(".")


def test_an_unknown_lab_is_a_usage_error():
    assert find_lab("points") is LABS["points"]
    with pytest.raises(UsageError, match="the lab is 'nothing', expected one of points, digits"):
        find_lab("nothing")
