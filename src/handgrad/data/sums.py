"""Sums of binary numbers as sequences: a column of two bits at every step, the lowest bit first.

Two numbers of N - 1 bits are written with N bits, so that their sum has room: the highest column is (0, 0), and what
stands below it in the sum is the last carry. Column t, with the carry of the columns before it, gives

    s_t = (a_t + b_t + c_{t-1}) mod 2,        c_t = 1 where a_t + b_t + c_{t-1} > 1, else 0,        c_{-1} = 0

Source: a course report on backpropagation through time (lab 4, "report 000"), which adds integers from 0 to 127 in
eight bits.
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.errors import InputError

Bits = np.ndarray[Any, np.dtype[np.int64]]
Columns = np.ndarray[Any, np.dtype[np.float32]]


class Sums(NamedTuple):
    """``x`` (n, N, 2) float32: the bits of both numbers, lowest first. ``t`` (n, N): those of their sum, class numbers
    0 and 1. ``carry`` (n, N): the carry out of every column."""

    x: Columns
    t: Bits
    carry: Bits

    @property
    def bits(self) -> int:
        """N, the steps of a sequence."""
        return int(self.x.shape[1])


def added(columns: Bits) -> Sums:
    """The sums of ``columns`` (n, N, 2), whole bits 0 and 1: done as on paper, column after column. InputError where
    there is no column."""
    n, bits, _ = columns.shape
    if bits == 0:
        raise InputError("the sums have 0 steps, expected at least 1; a sum is a sequence of columns")
    t, carries = np.empty((n, bits), np.int64), np.empty((n, bits), np.int64)
    carry = np.zeros(n, np.int64)
    for k in range(bits):
        ones = columns[:, k].sum(axis=1) + carry
        t[:, k], carry = ones % 2, ones // 2
        carries[:, k] = carry
    return Sums(columns.astype(np.float32), t, carries)


def random_sums(count: int, bits: int, rng: np.random.Generator) -> Sums:
    """``count`` sums of two integers, each uniform in 0 .. 2^(bits-1) - 1."""
    columns = rng.integers(0, 2, (count, bits, 2))
    columns[:, -1:] = 0
    return added(columns)


def carry_chains(count: int, bits: int, rng: np.random.Generator) -> Sums:
    """``count`` sums whose carry is decided once, by a lowest column (0, 0) or (1, 1), and goes through all others:
    they are (0, 1) or (1, 0), which hand a carry on as it came. Nothing asks more of a memory."""
    first = rng.integers(0, 2, (count, bits))
    columns = np.stack([first, 1 - first], axis=2)
    columns[:, :1] = rng.integers(0, 2, (count, 1, 1))
    columns[:, -1:] = 0
    return added(columns)


def all_sums(bits: int) -> Sums:
    """Every pair of integers in 0 .. 2^(bits-1) - 1, 4^(bits-1) pairs: 0 + 0, 0 + 1, ..."""
    count = 2 ** (bits - 1)
    a, b = np.divmod(np.arange(count * count), count)
    return added(np.stack([to_bits(a, bits), to_bits(b, bits)], axis=2))


def sum_of(a: int, b: int, bits: int) -> Sums:
    """The one sum a + b of integers in 0 .. 2^(bits-1) - 1."""
    return added(np.stack([to_bits(np.array([a]), bits), to_bits(np.array([b]), bits)], axis=2))


def to_bits(numbers: Bits, bits: int) -> Bits:
    """``numbers`` (n,), below 2^bits, as bits (n, bits), the lowest first."""
    return (np.asarray(numbers, np.int64)[:, None] >> np.arange(bits)) & 1


def to_number(bits: Bits) -> int:
    """The number whose ``bits`` (N,), at most 62 of them, stand lowest first."""
    return int((np.asarray(bits, np.int64) << np.arange(len(bits))).sum())
