"""Sums of binary numbers."""

import numpy as np
import pytest

from handgrad.data.sums import added, all_sums, carry_chains, random_sums, sum_of, to_bits, to_number
from handgrad.errors import InputError


def numbers(sums):
    """a, b and the target of every sum, as Python's integers."""
    weights = 2 ** np.arange(sums.bits, dtype=object)
    return (sums.x[:, :, 0].astype(int) @ weights, sums.x[:, :, 1].astype(int) @ weights, sums.t @ weights)


def test_the_reports_example():
    sums = sum_of(99, 127, 8)  # 99 = 01100011, which the report turns around to 11000110
    assert sums.x[0, :, 0].tolist() == [1, 1, 0, 0, 0, 1, 1, 0]
    assert to_number(sums.t[0]) == 226
    assert sums.x.dtype == np.float32


@pytest.mark.parametrize("bits", [2, 3, 8, 53, 200])
def test_random_sums_are_sums_and_have_room_for_the_last_carry(bits):
    sums = random_sums(500, bits, np.random.default_rng(0))
    a, b, t = numbers(sums)
    assert (a + b == t).all()
    assert a.max() < 2 ** (bits - 1)
    assert (sums.carry[:, -1] == 0).all()
    assert {tuple(column) for column in sums.x[:, 0].tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_integers_are_uniform_in_the_reports_range():
    sums = random_sums(20_000, 8, np.random.default_rng(1))
    counts = np.bincount(numbers(sums)[0].astype(int), minlength=128)
    assert len(counts) == 128
    assert counts.min() > 90  # 156 are expected, and five standard deviations are 62
    assert counts.max() < 230


def test_carries_are_those_of_the_schoolbook():
    sums = added(np.array([[[1, 1], [0, 1], [1, 1], [0, 0], [1, 0]]]))
    assert sums.carry.tolist() == [[1, 1, 1, 0, 0]]
    assert sums.t.tolist() == [[0, 0, 1, 1, 1]]


def test_a_chain_hands_one_carry_through_all_columns():
    sums = carry_chains(200, 9, np.random.default_rng(2))
    a, b, t = numbers(sums)
    assert (a + b == t).all()
    assert (sums.x[:, 1:-1].sum(axis=2) == 1).all()
    assert (sums.carry[:, :-1] == sums.carry[:, :1]).all()
    assert set(sums.carry[:, 0].tolist()) == {0, 1}


def test_all_pairs_are_there_once():
    sums = all_sums(8)
    a, b, t = numbers(sums)
    assert len(sums.x) == 128 * 128
    assert {(int(u), int(v)) for u, v in zip(a, b, strict=True)} == {(u, v) for u in range(128) for v in range(128)}
    assert (a + b == t).all()


@pytest.mark.parametrize("make", [random_sums, carry_chains])
def test_sums_of_no_steps_are_refused_and_of_one_are_0(make):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="the sums have 0 steps, expected at least 1"):
        make(3, 0, rng)
    assert not make(3, 1, rng).t.any()


def test_bits_and_numbers():
    assert to_bits(np.array([6, 0]), 4).tolist() == [[0, 1, 1, 0], [0, 0, 0, 0]]
    assert to_number(np.array([0, 1, 1, 0])) == 6
    assert to_number(np.ones(53, int)) == 2**53 - 1
