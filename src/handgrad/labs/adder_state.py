"""What the hidden units of a trained adder do: where the carry lives, and one addition step by step."""

from dataclasses import dataclass

import numpy as np

from handgrad.data.sums import Bits, Sums, random_sums, sum_of, to_number
from handgrad.layers._types import Array
from handgrad.network.engine import EngineName
from handgrad.network.sequential import Sequential

_SUMS, _STREAM = 2000, 4


@dataclass(frozen=True)
class Unrolled:
    """One addition. ``h`` (H, N): the states; ``p`` (N,): the probability that the network gives a 1; ``said`` (N,):
    its bits, lowest first."""

    a: int
    b: int
    sums: Sums
    h: Array
    p: Array
    said: Bits

    @property
    def number(self) -> int:
        """What the network says a + b is."""
        return to_number(self.said)

    @property
    def right(self) -> bool:
        """Whether it is."""
        return self.number == self.a + self.b


def unrolled(network: Sequential, a: int, b: int, bits: int, engine: EngineName = "compiled") -> Unrolled:
    """The network adds ``a`` and ``b``, integers in 0 .. 2^(bits-1) - 1."""
    sums = sum_of(a, b, bits)
    h, _ = network.activations(sums.x, engine=engine)
    p = network.predict(sums.x, engine=engine)[0, :, 1].astype(np.float64)
    said = network.outputs(sums.x, engine=engine).argmax(axis=2)[0]
    return Unrolled(a, b, sums, h[0].T.astype(np.float64), p, said)


@dataclass(frozen=True)
class CarryUnits:
    """Correlations (Pearson's r) over many sums and steps of each unit's state h_t, (H,): with the carry out of column
    t, and with the bit of the sum at t. A unit that never moves has r = 0.

    ``told``: share of the steps whose carry the best single unit tells, with one threshold; ``most``: the share that
    saying the commoner carry would have right.
    """

    carry: Array
    bit: Array
    told: float
    most: float

    @property
    def best(self) -> int:
        """The unit, counted from 0, that goes with the carry most."""
        return int(np.abs(self.carry).argmax())

    def strong(self, least: float = 0.5) -> int:
        """How many units have |r| with the carry of at least ``least``."""
        return int((np.abs(self.carry) >= least).sum())


def carry_units(network: Sequential, bits: int, seed: int, engine: EngineName = "compiled") -> CarryUnits:
    """Measured over 2000 random sums, at every step but the last, behind which no carry matters."""
    sums = random_sums(_SUMS, bits, np.random.default_rng([seed, _STREAM]))
    h = network.activations(sums.x, engine=engine)[0][:, :-1].astype(np.float64).reshape(-1, network.layers[0].units)  # type: ignore[union-attr]
    carry, bit = (each[:, :-1].ravel().astype(np.float64) for each in (sums.carry, sums.t))
    correlations = _correlations(h, carry)
    best = int(np.abs(correlations).argmax())
    most = max(carry.mean(), 1 - carry.mean())
    return CarryUnits(correlations, _correlations(h, bit), _told(h[:, best], carry), float(most))


def _correlations(h: Array, y: Array) -> Array:
    """Pearson's r of every column of ``h`` (n, H) with ``y`` (n,); 0 where one of them does not vary."""
    h, y = h - h.mean(axis=0), y - y.mean()
    scale = np.sqrt((h**2).sum(axis=0) * (y**2).sum())
    products = y @ h
    found: Array = np.divide(products, scale, out=np.zeros_like(products), where=scale > 1e-12)
    return found


def _told(h: Array, carry: Array) -> float:
    """The largest share of ``carry`` (n,) that "h is above (or below) a threshold" has right."""
    order = np.argsort(h, kind="stable")
    ones = np.concatenate([[0.0], np.cumsum(carry[order])])  # ones below each place for a threshold
    below = np.arange(len(h) + 1)
    above = (below - ones) + (ones[-1] - ones)  # zeros below, and ones above it, are right
    place = np.concatenate([[True], np.diff(h[order]) > 0, [True]])  # between equal states there is none
    share: Array = above[place] / len(h)
    return float(max(share.max(), 1 - share.min()))
