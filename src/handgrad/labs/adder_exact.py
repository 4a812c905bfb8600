"""Is the trained adder exact? All sums of its own length, and longer ones; and what its state does meanwhile."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.data.sums import Sums, all_sums, carry_chains, random_sums
from handgrad.labs.adder_training import answers, lengthened
from handgrad.layers._types import Array
from handgrad.layers.rnn import RnnParams, rnn_forward
from handgrad.network.engine import EngineName
from handgrad.network.sequential import Sequential

LENGTHS = (16, 64, 256, 1000)
"""Bits of the sums that a trained network is tried on, besides its own."""

SATURATED = 0.9
"""A tanh unit counts as saturated where |h| is above this: its slope 1 - h^2 is then below 0.19."""

_MOST_BITS = 10  # up to which all pairs are added: 4^9 = 262,144
_SUMS = 100  # of each kind and length
_TESTS, _CHUNK = 2, 16_384
_BURN = 8  # columns before two states are compared


@dataclass(frozen=True)
class Exhaustive:
    """All pairs of integers. ``wrong``: the first pairs whose sum is wrong, as (a, b, said)."""

    pairs: int
    right: int
    wrong: tuple[tuple[int, int, int], ...] = ()

    @property
    def accuracy(self) -> float:
        """Share of the pairs whose sum is right."""
        return self.right / self.pairs


def exhaustive_test(network: Sequential, bits: int, engine: EngineName = "compiled") -> Exhaustive | None:
    """Adds every pair; None where there are too many, above 10 bits."""
    if bits > _MOST_BITS:
        return None
    sums, weights = all_sums(bits), 1 << np.arange(bits)
    parts = (sums.x[first : first + _CHUNK] for first in range(0, len(sums.x), _CHUNK))
    said = np.concatenate([answers(network, x, engine) for x in parts])
    wrong = np.flatnonzero((said != sums.t).any(axis=1))
    pairs = sums.x[wrong[:5]].astype(np.int64)
    shown = tuple(
        (int(a), int(b), int(s))
        for (a, b), s in zip((pairs.transpose(0, 2, 1) * weights).sum(axis=2), said[wrong[:5]] @ weights, strict=True)
    )
    return Exhaustive(len(sums.x), len(sums.x) - len(wrong), shown)


@dataclass(frozen=True)
class AtLength:
    """Sums of ``bits`` bits, ``sums`` of each kind: at random, and with one carry that goes all the way.

    ``random``, ``chains``: shares of them right. ``margins`` (bits,): by how much the right bit's logit lies above the
    other one, the least of all sums, by step; negative where an answer is wrong. ``saturated``: share of units with
    |h| > 0.9.
    """

    bits: int
    sums: int
    random: float
    chains: float
    margins: Array
    saturated: float

    @property
    def accuracy(self) -> float:
        """Share of all sums right."""
        return (self.random + self.chains) / 2

    @property
    def exact(self) -> bool:
        """Whether not one sum is wrong."""
        return self.random == 1 and self.chains == 1

    @property
    def margin(self) -> float:
        """The least margin of all steps."""
        return float(self.margins.min())


def at_lengths(network: Sequential, bits: int, seed: int, engine: EngineName = "compiled") -> list[AtLength]:
    """The network, as it was trained on ``bits``, on sums of that length and of those of ``LENGTHS``."""
    rng = np.random.default_rng([seed, _TESTS])
    return [at_length(network, length, rng, engine) for length in sorted({bits, *LENGTHS})]


def at_length(
    network: Sequential, bits: int, rng: np.random.Generator, engine: EngineName = "compiled", count: int = _SUMS
) -> AtLength:
    """The network on ``count`` sums of each kind of ``bits`` bits."""
    longer = lengthened(network, bits)
    shares, margins, saturated = [], [], []
    for sums in (random_sums(count, bits, rng), carry_chains(count, bits, rng)):
        h, logits = longer.activations(sums.x, engine=engine)
        margin = _margins(logits, sums)
        shares.append(float((margin > 0).all(axis=1).mean()))
        margins.append(margin.min(axis=0))
        saturated.append(float((np.abs(h) > SATURATED).mean()))
    return AtLength(bits, count, shares[0], shares[1], np.minimum(*margins), float(np.mean(saturated)))


def _margins(logits: Array, sums: Sums) -> Array:
    """The logit of the right bit minus that of the other one, (n, N), from ``logits`` (n, N, 2). NaN counts as wrong,
    and so does a draw, which says 0."""
    difference = logits[:, :, 1].astype(np.float64) - logits[:, :, 0]
    margin = np.where(sums.t == 1, difference, -difference)
    return np.where(np.isfinite(margin), margin, -np.inf)


@dataclass(frozen=True)
class Memory:
    """What a state keeps over columns that hand the carry on. Two runs over the same columns begin in states of
    different pasts; ``same`` (K + 1,): their distance, by columns passed, where both pasts left the same carry, and
    ``other`` where they left different ones; root mean squares over pairs of runs."""

    same: Array
    other: Array

    @property
    def forgetting(self) -> float:
        """Factor per column by which all but the carry fades, until it is lost in rounding."""
        seen = self.same > 1e-5 * self.same[0]
        last = int(np.flatnonzero(seen)[-1]) if seen.any() else 0
        return float((self.same[last] / self.same[0]) ** (1 / last)) if last else 0.0

    @property
    def kept(self) -> float:
        """The distance between the carries at the end, as a share of what it was in the beginning."""
        return float(self.other[-1] / self.other[0])


def memory(network: Sequential, seed: int, columns: int = 40) -> Memory:
    """Measure it on pairs of runs over ``columns`` columns (0, 1) or (1, 0), in float64."""
    rng = np.random.default_rng([seed, _TESTS + 1])
    count = 200
    before = random_sums(2 * count, _BURN + 1, rng)
    burn = _states(network, before.x[:, :_BURN], None)[:, -1]
    carry = before.carry[:, _BURN - 1]
    tail = np.repeat(carry_chains(count, columns + 2, rng).x[:, None, 1:-1], 2, axis=1).reshape(2 * count, columns, 2)
    after = _states(network, tail, burn)
    states = np.concatenate([burn[:, None], after], axis=1)
    distances = np.linalg.norm(states[0::2] - states[1::2], axis=2)  # (count, columns + 1)
    differ = carry[0::2] != carry[1::2]
    return Memory(*(np.sqrt((distances[chosen] ** 2).mean(axis=0)) for chosen in (~differ, differ)))


def _states(network: Sequential, x: Any, h0: Any) -> Array:
    """States (n, T, H) over ``x`` (n, T, 2) from ``h0`` (n, H), by the equation itself, in float64."""
    params = RnnParams(*(network.parameters[f"0.{name}"].astype(np.float64) for name in "WUb"))
    start = np.zeros((len(params.b), len(x))) if h0 is None else h0.T
    return rnn_forward(params, x.transpose(1, 2, 0).astype(np.float64), start)[0].transpose(2, 0, 1)
