"""Vocabularies: which characters are known, and texts as arrays."""

import json

import numpy as np
import pytest

from handgrad.data.vocabulary import END, PAD, START, TAGS, UNKNOWN, Vocabulary
from handgrad.errors import InputError


def test_the_most_frequent_are_known_and_ties_are_broken_by_code():
    vocabulary = Vocabulary.of(["abca", "cab", "fedde〓〓〓〓"], len(TAGS) + 4, without="〓")
    assert Vocabulary.of(["abca", "f", "ed"], 99).characters == ("a",)
    assert vocabulary.characters == ("a", "b", "c", "d")
    assert len(vocabulary) == 8
    assert "a" in vocabulary
    assert "〓" not in vocabulary
    assert vocabulary.tokens("ae") == [4, UNKNOWN]
    assert [vocabulary.name(k) for k in range(6)] == [*TAGS, "a", "b"]


def test_sequences_are_shifted_by_one_and_padded():
    vocabulary = Vocabulary(("a", "b"))
    x, t, lengths = sequences = vocabulary.sequences(["ab", "", "bza"])
    assert x.tolist() == [[START, 4, 5, PAD], [START, PAD, PAD, PAD], [START, 5, UNKNOWN, 4]]
    assert t.tolist() == [[4, 5, END, PAD], [END, PAD, PAD, PAD], [5, UNKNOWN, 4, END]]
    assert lengths.tolist() == [3, 1, 4]
    assert sequences.tokens == 8
    assert vocabulary.sequences(["a"], steps=5).x.shape == (1, 5)
    assert x.dtype == t.dtype == np.int32
    assert vocabulary.text([START, 4, UNKNOWN, 5, END, PAD]) == "a<unknown>b"


def test_it_comes_back_from_its_file():
    vocabulary = Vocabulary(("山", "𢬵", " "))
    assert Vocabulary.from_json(vocabulary.to_json(), "file") == vocabulary


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        '{"characters": ["a"]}',
        json.dumps({"tags": ["<pad>"], "characters": ["a"]}),
        json.dumps({"tags": list(TAGS), "characters": ["a", "a"]}),
        json.dumps({"tags": list(TAGS), "characters": ["ab"]}),
        json.dumps({"tags": list(TAGS), "characters": [7]}),
        "[" * 100_000,
    ],
)
def test_another_file_is_refused(text):
    with pytest.raises(InputError, match=r"runs/v\.json is not a vocabulary that handgrad has saved"):
        Vocabulary.from_json(text, "runs/v.json")
