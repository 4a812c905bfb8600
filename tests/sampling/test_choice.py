"""How a token is chosen."""

import numpy as np
import pytest

from handgrad.errors import UsageError
from handgrad.sampling.choice import TEMPERATURE, Choice

LOGITS = np.log(np.array([[0.5, 0.25, 0.15, 0.1], [0.1, 0.2, 0.3, 0.4]])).astype(np.float32)
ALL = np.ones((2, 4), bool)


def p(choice, allowed=ALL):
    return choice.probabilities(LOGITS, allowed)


def test_temperature_one_leaves_them_and_others_sharpen_or_flatten():
    np.testing.assert_allclose(p(Choice(1.0))[0], [0.5, 0.25, 0.15, 0.1], rtol=1e-6)
    expected = np.array([0.5, 0.25, 0.15, 0.1]) ** 2
    np.testing.assert_allclose(p(Choice(0.5))[0], expected / expected.sum(), rtol=1e-6)
    np.testing.assert_allclose(p(Choice()), p(Choice(TEMPERATURE)))
    assert np.isfinite(p(Choice(1e-300))).all()


def test_what_is_not_allowed_has_no_probability():
    allowed = np.array([[False, True, True, False], [True, False, False, False]])
    np.testing.assert_allclose(p(Choice(1.0), allowed), [[0, 0.625, 0.375, 0], [1, 0, 0, 0]], rtol=1e-6)


def test_top_k_and_top_p():
    np.testing.assert_allclose(p(Choice(1.0, top_k=2))[0], [2 / 3, 1 / 3, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(p(Choice(1.0, top_k=1))[1], [0, 0, 0, 1])
    np.testing.assert_allclose(p(Choice(1.0, top_k=9)), p(Choice(1.0)))
    np.testing.assert_allclose(p(Choice(1.0, top_p=0.6))[0], [2 / 3, 1 / 3, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(p(Choice(1.0, top_p=1e-9))[1], [0, 0, 0, 1])
    np.testing.assert_allclose(p(Choice(1.0, top_p=1.0)), p(Choice(1.0)))
    # of the two most probable ones, 5/7 and 2/7, the first alone has 0.6
    np.testing.assert_allclose(p(Choice(1.0, top_k=2, top_p=0.6))[0], [1, 0, 0, 0])


def test_chance_decides_and_greedy_asks_nobody():
    chance = np.array([0.0, 0.999999])
    assert Choice(1.0).pick(LOGITS, ALL, chance).tolist() == [0, 3]
    assert Choice(1.0).pick(LOGITS, ALL, np.array([0.5001, 0.0999])).tolist() == [1, 0]
    allowed = np.array([[False, True, True, True], [True, True, True, False]])
    assert Choice(greedy=True).pick(LOGITS, allowed, chance).tolist() == [1, 2]
    assert Choice(1.0).pick(LOGITS, allowed, np.zeros(2)).tolist() == [1, 0]


def test_frequencies_are_the_probabilities():
    random = np.random.default_rng(0)
    logits = np.repeat(LOGITS[:1], 20_000, axis=0)
    picked = Choice(1.0).pick(logits, np.ones(logits.shape, bool), random.random(len(logits)))
    np.testing.assert_allclose(np.bincount(picked) / len(logits), [0.5, 0.25, 0.15, 0.1], atol=0.012)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": 0}, "--temperature is 0, expected a finite number above 0"),
        ({"temperature": -1.0}, "--temperature is -1.0, expected a finite number above 0"),
        ({"temperature": float("nan")}, "--temperature is nan"),
        ({"temperature": float("inf")}, "--temperature is inf"),
        ({"top_p": 0.0}, "--top-p is 0.0, expected a number above 0, at most 1"),
        ({"top_p": 1.5}, "--top-p is 1.5, expected a number above 0, at most 1"),
        ({"top_k": 0}, "--top-k is 0, expected a whole number of at least 1"),
        ({"greedy": True, "top_k": 3}, "--greedy takes the most probable character, but --top-k was given; leave one"),
    ],
)
def test_what_cannot_be_chosen_by(given, message):
    with pytest.raises(UsageError, match=message):
        Choice(**given)
