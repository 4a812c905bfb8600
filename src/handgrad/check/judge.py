"""From numbers to a verdict: right, wrong, or inconclusive, for one parameter.

A relative error decides. What is known only to rounding, lies at a kink, or is zero can only make it inconclusive.
"""

from dataclasses import dataclass, replace

import numpy as np

from handgrad.check.probe import Along, Numerical, Ruler, locate, off
from handgrad.check.result import ParameterVerdict
from handgrad.check.tree import Array

_TRUSTED = 10  # times the estimated error of a numerical derivative
_ROUNDING = 20  # times the change of the given gradient when the parameters change by rounding
_TINY = float(np.finfo(np.float64).tiny)
_ZERO = 1e-13  # of the loss or the largest derivative: below this, a derivative is rounding
_LEAST = 1e-12  # absolute: of values of the size 1 inside the loss, as of the probabilities of a softmax that is sure


@dataclass(frozen=True)
class Judged:
    """A verdict and its kind: "", "kink", "blind", "rounding", "not finite", "second call", "changed", "shape"."""

    verdict: ParameterVerdict
    kind: str = ""


def ground(value: float, numericals: list[Numerical]) -> float:
    """The size below which a derivative is rounding, from the loss and the derivatives by all parameters."""
    sizes = [abs(value), *(float(np.max(np.abs(each.value), initial=0.0)) for each in numericals)]
    return max(_ZERO * max((each for each in sizes if np.isfinite(each)), default=0.0), _LEAST)


def judge(ruler: Ruler, numerical: Numerical, given: Array, rounding: Array | float, least: float,
          tolerance: float) -> Judged:  # fmt: skip
    """Compare a gradient with the numbers. ``rounding``: what is known of the rounding of ``given``, an array or a
    number; ``least``: see :func:`ground`."""
    if not np.all(np.isfinite(given)):
        return _not_finite(ruler.name, numerical, given)
    if not given.size:
        return Judged(ParameterVerdict(ruler.name, given.shape, "right", 0.0, 0))
    comparison = _Comparison(ruler, numerical, given, rounding, least, tolerance)
    comparison.leave_out_kinks()
    return comparison.verdict()


def _not_finite(name: str, numerical: Numerical, given: Array) -> Judged:
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(given))[0])
    what = "NaN" if np.isnan(given[place]) else "infinite"
    why = f"the gradient is {what}{f' at {list(place)}' if place else ''}"
    numbers = dict(zip(numerical.index.tolist(), numerical.value.tolist(), strict=True))
    flat = int(np.ravel_multi_index(place, given.shape)) if place else 0
    verdict = ParameterVerdict(
        name, given.shape, "wrong", np.inf, len(numerical.index), place, float(given[place]), numbers.get(flat), why
    )
    return Judged(verdict, "not finite")


class _Comparison:
    def __init__(self, ruler: Ruler, numerical: Numerical, given: Array, rounding: Array | float, least: float,
                 tolerance: float) -> None:  # fmt: skip
        self.ruler, self.numerical, self.given = ruler, numerical, given
        self.least, self.tolerance = least, tolerance
        self.rounding = rounding
        self.astray: list[Along] = []  # directions along which the gradient is off
        self.compare()

    def compare(self) -> None:
        """The difference of every entry that was differentiated, and which of them count as wrong or as unclear."""
        n = self.numerical
        self.there = self.given.reshape(-1)[n.index]
        rounding = np.broadcast_to(self.rounding, self.given.shape).reshape(-1)[n.index]
        self.finite = np.isfinite(n.value)
        self.use = self.finite & ~np.isin(np.arange(len(n.index)), list(n.kinks))
        self.difference = np.where(self.use, np.abs(self.there - n.value), 0.0)
        self.scale = float(np.max(np.abs(n.value[self.use]), initial=0.0))
        self.noise = _TRUSTED * n.error + _ROUNDING * rounding + self.least
        beyond = self.difference > self.tolerance * self.scale
        self.wrong = beyond & (self.difference > self.noise)
        self.unclear = beyond & ~self.wrong

    def leave_out_kinks(self) -> None:
        """Look at the entries that differ, the furthest off first, until one is wrong where there is no kink."""
        for i in np.argsort(-self.difference):
            if not self.wrong[i]:
                break
            sides = self.ruler.kink_at(int(self.numerical.index[i]))
            if sides is None:
                break
            self.numerical.kinks[int(i)] = sides
        self.compare()
        if not np.any(self.wrong):
            self.directions()

    def directions(self) -> None:
        """Directions over a large array that disagree: find the entries, unless a kink explains them."""
        self.astray = [each for each in self.numerical.along if self._off(each)]
        if not self.astray:
            return
        for each in self.astray:
            each.kink = self.ruler.kink_along(each.direction)
        self.astray = [each for each in self.astray if not each.kink]
        if not self.astray:
            return
        found = locate(self.ruler, self.given, self.tolerance, np.random.default_rng(self.astray[0].direction.seed))
        pairs = [self.ruler.entry(i) for i in found]
        n = self.numerical
        n.index = np.concatenate([n.index, np.array(found, dtype=int)])
        n.value = np.concatenate([n.value, [pair[0] for pair in pairs]])
        n.error = np.concatenate([n.error, [pair[1] for pair in pairs]])
        self.compare()

    def _off(self, along: Along) -> bool:
        spread = float(np.mean(self.rounding)) * np.sqrt(self.given.size)
        return off(along, self.given, self.tolerance, self.least + _ROUNDING * spread)[0]

    def verdict(self) -> Judged:
        n, name, shape = self.numerical, self.ruler.name, self.given.shape
        if not np.any(self.use):
            kind, why = ("kink", self._kink_words()) if n.kinks else ("not finite", "the loss is not finite beside it")
            return Judged(ParameterVerdict(name, shape, "inconclusive", np.nan, len(n.index), why=why), kind)
        i = int(np.argmax(np.where(self.wrong, self.difference, -1) if np.any(self.wrong) else self.difference))
        place = tuple(int(k) for k in np.unravel_index(int(n.index[i]), shape))
        error = float(self.difference[i]) / max(self.scale, self.least, _TINY)
        there, numerical = float(self.there[i]), float(n.value[i])
        found = ParameterVerdict(name, shape, "right", error, len(n.index), place, there, numerical)
        if np.any(self.wrong):
            return Judged(replace(found, verdict="wrong"))
        return self._not_wrong(found)

    def _not_wrong(self, found: ParameterVerdict) -> Judged:
        n = self.numerical
        if self.astray:
            far = max(off(each, self.given, self.tolerance)[1] for each in self.astray)
            why = "the gradient is off along random directions over the whole array"
            return Judged(replace(found, verdict="wrong", error=far, why=why))
        if n.kinks and (self._outside_kinks() or 2 * len(n.kinks) > len(n.index) or self._zero()):
            return Judged(replace(found, verdict="inconclusive", why=self._kink_words()), "kink")
        if self._zero():
            why = "both derivatives are zero: the loss does not depend on it here, and nothing is proved"
            return Judged(replace(found, verdict="inconclusive", error=0.0, why=why), "blind")
        if np.any(self.unclear):
            why = (
                f"the numbers are only known to {float(np.max(self.noise[self.unclear])):.1g}, the rounding of the loss"
            )
            return Judged(replace(found, verdict="inconclusive", why=why), "rounding")
        if not np.all(self.finite):
            why = "the loss is not finite beside this point"
            return Judged(replace(found, verdict="inconclusive", why=why), "not finite")
        return Judged(found, "kink" if n.kinks else "")

    def _zero(self) -> bool:
        """Whether neither the numbers nor the gradient are more than rounding."""
        largest, rounding = float(np.max(np.abs(self.given))), float(np.max(self.noise))
        return (
            self.scale <= self.least + _TRUSTED * float(np.max(self.numerical.error[self.use])) and largest <= rounding
        )

    def _outside_kinks(self) -> bool:
        """Whether a given value is no derivative from either side, nor between them."""
        for i, (left, right) in self.numerical.kinks.items():
            margin = 1e-4 * (abs(left) + abs(right))
            if not min(left, right) - margin <= self.there[i] <= max(left, right) + margin:
                return True
        return False

    def _kink_words(self) -> str:
        i, (left, right) = next(iter(self.numerical.kinks.items()))
        place = [int(k) for k in np.unravel_index(int(self.numerical.index[i]), self.given.shape)]
        at = f"at {place}" if place else "here"
        return f"kink: {at} the derivative is {left:.4g} from the left and {right:.4g} from the right"
