"""Simplified characters and other forms, answered with the one that the vocabulary has."""

import pytest

from handgrad.data.character_forms import known_form
from handgrad.data.vocabulary import Vocabulary

TANG = Vocabulary(tuple("日紅爲發髮雲云裏里後后峰氣"))


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("日", "日"),
        ("红", "紅"),
        ("为", "爲"),
        ("為", "爲"),
        ("发", "發"),  # and 髮: the more frequent one
        ("云", "云"),  # known as it is
        ("后", "后"),
        ("裡", "裏"),
        ("峯", "峰"),
        ("気", "氣"),
        ("气", "氣"),
        ("湖", None),
        ("x", None),
        ("☃", None),
    ],
)
def test_the_form_that_is_known(given, known):
    assert known_form(given, TANG) == known


def test_the_other_way_round_too():
    assert known_form("紅", Vocabulary(("红",))) == "红"
