"""Settings as TOML: what is written is what the standard library reads."""

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.labs.toml import to_toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.one_of(TEXTS, st.integers(), st.booleans(), st.floats(allow_nan=False))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4))
DOCUMENTS = st.recursive(
    st.dictionaries(TEXTS, VALUES, max_size=4),
    lambda inner: st.dictionaries(TEXTS, st.one_of(VALUES, inner), max_size=3),
)


@given(DOCUMENTS)
def test_what_is_written_is_what_is_read(document):
    assert tomllib.loads(to_toml(document)) == document


def test_the_form_of_settings():
    document = {"lab": "points", "settings": {"hidden": (64, 64), "lr": 1e-05, "data": Path("a b.csv"), "study": None}}
    assert to_toml(document) == ('lab = "points"\n\n[settings]\nhidden = [64, 64]\nlr = 1e-05\ndata = "a b.csv"\n')


def test_numbers_of_numpy_and_numbers_without_end():
    read = tomllib.loads(
        to_toml({"a": np.float32(0.5), "b": np.int64(3), "c": math.inf, "d": math.nan, "e": np.bool_(True)})
    )
    assert read["a"] == 0.5
    assert read["b"] == 3
    assert read["c"] == math.inf
    assert math.isnan(read["d"])
    assert read["e"] is True


def test_a_path_that_is_no_text_can_be_written():
    assert tomllib.loads(to_toml({"data": "caf\udce9.csv"})) == {"data": "caf?.csv"}


def test_what_has_no_form_is_refused():
    with pytest.raises(TypeError, match="no form in TOML"):
        to_toml({"a": object()})
