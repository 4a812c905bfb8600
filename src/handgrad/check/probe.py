"""The numerical side of one parameter: derivatives by chosen entries, and along random directions over the whole array.

A large array is not differentiated entry by entry. The derivative along a random direction is one number that every
entry takes part in; where it disagrees with the gradient, directions over halves of the array, and halves of those,
lead to the entries that are wrong (:func:`locate`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from handgrad.check.numerical import AGREEMENT, LARGEST_STEP, SMALLEST_SCALE, complex_slope, slope
from handgrad.check.problem import Point, Problem
from handgrad.check.tree import Array

ENTRIES = 100  # differentiated one by one, per parameter: all of a smaller array
MANY = 20_000  # entries of all parameters above which a quarter of ENTRIES must do, beside the directions

_EPS = float(np.finfo(np.float64).eps)
_ENOUGH = 1e-8  # relative error of a derivative with which a large problem is content
_TINY = float(np.finfo(np.float64).tiny)
_DENSE, _SPARSE, _BLOCKS = 3, 2, 3  # directions over all entries, over some, over contiguous ones
_NOISE_SPACING = 1e-7
_NOISE_POINTS = 8
_CORNERS = 3  # axes beyond which only the first and the last entry count as structural


@dataclass(frozen=True)
class Direction:
    """A random direction over the entries of an array, of length 1; drawn again when needed, as it may be large."""

    size: int
    seed: int
    kind: str  # "dense", "sparse" or "block"
    low: int = 0
    high: int = 0

    def draw(self) -> Array:
        rng = np.random.default_rng(self.seed)
        direction = np.zeros(self.size)
        if self.kind == "sparse":
            chosen = rng.choice(self.size, size=max(2, int(np.sqrt(self.size))), replace=False)
            direction[chosen] = rng.normal(size=len(chosen))
        else:
            high = self.high or self.size
            direction[self.low : high] = rng.normal(size=high - self.low)
        return direction / (np.linalg.norm(direction) or 1.0)


@dataclass
class Along:
    """The numerical derivative along one direction."""

    direction: Direction
    value: float
    error: float
    kink: bool = False


@dataclass
class Numerical:
    """What is known numerically of one parameter's gradient, at one point."""

    shape: tuple[int, ...]
    index: Array  # flat indices of the entries that were differentiated
    value: Array  # their derivatives
    error: Array  # estimates of the absolute error of those
    method: str
    along: list[Along] = field(default_factory=list)
    kinks: dict[int, tuple[float, float]] = field(default_factory=dict)  # position in index -> both sides

    @property
    def complete(self) -> bool:
        return len(self.index) == int(np.prod(self.shape, dtype=int))

    def full(self) -> Array | None:
        """The whole gradient, where every entry was differentiated."""
        return self.value.reshape(self.shape) if self.complete else None

    def agrees(self, candidate: Any, tolerance: float) -> bool:
        """Whether ``candidate``, a whole gradient, is what the numbers say, at entries and along directions."""
        candidate = np.asarray(candidate, dtype=np.float64)
        if candidate.shape != self.shape or not np.all(np.isfinite(candidate)):
            return False
        there = candidate.reshape(-1)[self.index]
        use = np.array([i not in self.kinks for i in range(len(self.index))], dtype=bool)
        scale = np.max(np.abs(self.value[use]), initial=0.0)
        if not scale or np.any(np.abs(there - self.value)[use] > tolerance * scale + 10 * self.error[use]):
            return False
        return not any(off(each, candidate, tolerance)[0] for each in self.along if not each.kink)


def off(along: Along, gradient: Array, tolerance: float, least: float = 0.0) -> tuple[bool, float]:
    """Whether a gradient disagrees with a derivative along a direction, and how far, relatively."""
    terms = gradient.reshape(-1) * along.direction.draw()
    scale = max(float(np.linalg.norm(terms)), abs(along.value), _TINY)
    rounding = least + 10 * along.error + 64 * _EPS * float(np.sum(np.abs(terms)))
    difference = abs(float(np.sum(terms)) - along.value)
    return not difference <= tolerance * scale + rounding, difference / scale


class Ruler:
    """Differentiates the loss by one parameter, at one point."""

    def __init__(self, problem: Problem, point: Point, name: str, noise: float) -> None:
        self.problem, self.point, self.name, self.noise = problem, point, name, noise
        self.x = point[name]
        self.flat = self.x.reshape(-1)
        self.large = sum(each.size for each in point.values()) > MANY  # a call takes long: fewer of them
        self.method = "complex-step" if self._carries_complex() else "central"

    def entry(self, index: int) -> tuple[float, float]:
        """Derivative by one entry and an estimate of its error."""
        direction = {index: 1.0}
        return self._derivative(lambda t: self._moved(direction, t), abs(float(self.flat[index])))

    def along(self, direction: Direction) -> Along:
        """Derivative along a direction."""
        drawn = direction.draw()
        scale = float(np.sqrt(np.mean(self.flat**2)))
        value, error = self._derivative(lambda t: self._shifted(drawn, t), scale)
        return Along(direction, value, error)

    def kink_at(self, index: int) -> tuple[float, float] | None:
        """The derivatives from the left and from the right by one entry, where they differ; else None."""
        direction = {index: 1.0}
        scale = max(abs(float(self.flat[index])), SMALLEST_SCALE)
        return one_sided(lambda t: self._moved(direction, t), scale, self.noise)

    def kink_along(self, direction: Direction) -> bool:
        """Whether the loss has a kink here along a direction."""
        drawn = direction.draw()
        return one_sided(lambda t: self._shifted(drawn, t), SMALLEST_SCALE, self.noise) is not None

    def _derivative(self, f: Callable[[Any], Any], scale: float) -> tuple[float, float]:
        if self.method == "complex-step":
            exact = complex_slope(f)
            if exact is not None and np.isfinite(exact):
                return exact, 4 * _EPS * abs(exact)
        step = LARGEST_STEP * max(scale, SMALLEST_SCALE)
        if self.large:
            step /= 2**6
        value, error = slope(f, step, self.noise, _ENOUGH if self.large else 0.0)
        if not error <= (10 if self.large else 1) * _ENOUGH * abs(value):  # a kink close by, or much curvature: closer
            nearer, its_error = slope(f, step / 2**9, self.noise, _ENOUGH if self.large else 0.0)
            if not error <= its_error:
                value, error = nearer, its_error
        return value, error

    def _moved(self, moves: Mapping[int, float], t: Any) -> Any:
        x = self.flat.astype(np.complex128 if isinstance(t, complex) else np.float64)
        for index, by in moves.items():
            x[index] += t * by
        return self.problem.value({**self.point, self.name: x.reshape(self.x.shape)})

    def _shifted(self, direction: Array, t: Any) -> Any:
        return self.problem.value({**self.point, self.name: (self.flat + t * direction).reshape(self.x.shape)})

    def _carries_complex(self) -> bool:
        """Whether the complex step works: central differences agree with it in two random directions."""
        if self.noise or not self.x.size:
            return False
        for seed in (11, 12):
            drawn = Direction(self.x.size, seed, "dense").draw()
            exact = complex_slope(lambda t, drawn=drawn: self._shifted(drawn, t))  # type: ignore[misc]
            if exact is None or not np.isfinite(exact):
                return False
            value, error = slope(lambda t, drawn=drawn: self._shifted(drawn, t), LARGEST_STEP * SMALLEST_SCALE)  # type: ignore[misc]
            if not abs(exact - value) <= AGREEMENT * abs(exact) + 10 * error:
                return False
        return True


def measure(ruler: Ruler, given: Array | None, entries: int, rng: np.random.Generator) -> Numerical:
    """Differentiate by chosen entries, and along random directions where those are not all."""
    size = ruler.x.size
    if ruler.large:
        entries = max(entries // (4 if ruler.method == "complex-step" else 10), 8)
    index = choose(ruler.x.shape, given, entries, rng)
    pairs = [ruler.entry(int(i)) for i in index]
    value, error = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    if ruler.method == "complex-step":
        error = np.full(error.shape, 4 * _EPS * np.max(np.abs(value), initial=0.0))
    found = Numerical(ruler.x.shape, index, value, error, ruler.method)
    if not found.complete:
        found.along = [ruler.along(each) for each in directions(size, rng)]
    return found


def directions(size: int, rng: np.random.Generator) -> list[Direction]:
    """Dense, sparse and block directions over an array."""
    seeds = [int(each) for each in rng.integers(2**31, size=_DENSE + _SPARSE + _BLOCKS)]
    found = [Direction(size, seed, "dense") for seed in seeds[:_DENSE]]
    found += [Direction(size, seed, "sparse") for seed in seeds[_DENSE : _DENSE + _SPARSE]]
    for seed in seeds[_DENSE + _SPARSE :]:
        low = int(rng.integers(size - size // 8))
        found.append(Direction(size, seed, "block", low, low + max(2, size // 8)))
    return found


def choose(shape: tuple[int, ...], given: Array | None, entries: int, rng: np.random.Generator) -> Array:
    """Flat indices to differentiate by: all of a small array; of a large one corners, rows, columns, the largest of the
    given gradient, and random ones."""
    size, count = int(np.prod(shape, dtype=int)), entries
    if size <= count:
        return np.arange(size)
    chosen = dict.fromkeys(_structural(shape, count // 3, rng))
    if given is not None:
        magnitude = np.nan_to_num(np.abs(given.reshape(-1)))
        largest = np.argpartition(-magnitude, count // 4)[: count // 4]
        chosen.update(dict.fromkeys(int(i) for i in largest))
    while len(chosen) < min(count, size):
        chosen[int(rng.integers(size))] = None
    return np.array(sorted(chosen))


def _structural(shape: tuple[int, ...], count: int, rng: np.random.Generator) -> list[int]:
    """The corners, then one random entry per index of each axis, as far as ``count`` goes."""
    ends = [sorted({0, n - 1}) for n in shape]
    corners = list(product(*ends)) if len(shape) <= _CORNERS else [tuple(0 for _ in shape), tuple(n - 1 for n in shape)]
    places = [*corners]
    for axis, n in enumerate(shape):
        for along in rng.permutation(n)[:count]:
            place = [int(rng.integers(m)) for m in shape]
            place[axis] = int(along)
            places.append(tuple(place))
    rest = [places[i] for i in len(corners) + rng.permutation(len(places) - len(corners))]
    return [int(np.ravel_multi_index(place, shape)) for place in [*corners, *rest][:count]]


def locate(ruler: Ruler, given: Array, tolerance: float, rng: np.random.Generator, most: int = 3) -> list[int]:
    """Flat indices of up to ``most`` entries whose gradient is wrong, found by halving."""
    size, found = ruler.x.size, list[int]()
    waiting = [(0, size)]
    while waiting and len(found) < most:
        low, high = waiting.pop()
        if high - low <= 4:
            found += [i for i in range(low, high) if _wrong_entry(ruler, given, i, tolerance)]
            continue
        middle = (low + high) // 2
        for part in ((middle, high), (low, middle)):
            direction = Direction(size, int(rng.integers(2**31)), "block", *part)
            if off(ruler.along(direction), given, tolerance)[0]:
                waiting.append(part)
    return found


def _wrong_entry(ruler: Ruler, given: Array, index: int, tolerance: float) -> bool:
    value, error = ruler.entry(index)
    return abs(float(given.reshape(-1)[index]) - value) > tolerance * abs(value) + 10 * error


def one_sided(f: Callable[[float], Any], scale: float, noise: float) -> tuple[float, float] | None:
    """The derivatives from the left and the right at 0 where they differ, as at the kink of |t|; None where they agree.

    (f(h) + f(-h) - 2 f(0)) / h goes to 0 with h for what is smooth, and stays at the difference for a kink.
    """
    here = float(np.real(f(0.0)))
    sides = []
    for h in (1e-4 * scale, 1e-5 * scale, 1e-6 * scale):
        right, left = (float(np.real(f(h))) - here) / h, (here - float(np.real(f(-h)))) / h
        sides.append((left, right, max(_EPS * abs(here), noise) / h))
    jumps = [right - left for left, right, _ in sides]
    left, right, rounding = sides[-1]
    least = 1e-5 * (abs(left) + abs(right)) + 50 * rounding
    steady = all(abs(jump - jumps[-1]) <= 0.3 * abs(jumps[-1]) for jump in jumps)
    return (left, right) if steady and abs(jumps[-1]) > least else None


def loss_noise(problem: Problem, value: float, rng: np.random.Generator) -> float:
    """The rounding of the loss, where it is clearly more than float64's; else 0.

    Differences of a high order of equally spaced values vanish but for noise (Hamming 1962, Numerical Methods for
    Scientists and Engineers, ch. 6; More and Wild 2011, Estimating computational noise, eq. 2.2).
    """
    estimates = []
    for _ in range(3):
        drawn = {name: rng.normal(size=x.shape) * np.maximum(np.abs(x), 0.1) for name, x in problem.point.items()}
        steps = _NOISE_SPACING * np.arange(_NOISE_POINTS)
        values = [problem.value({n: x + t * drawn[n] for n, x in problem.point.items()}) for t in steps]
        table = np.array([float(np.real(each)) for each in values])
        gamma = 1.0
        for order in range(1, 6):
            table = np.diff(table)
            gamma *= order / (2 * (2 * order - 1))
            if order >= 3:
                estimates.append(float(np.sqrt(gamma * np.mean(table**2))))
    noise = float(np.median(estimates))
    return noise if np.isfinite(noise) and noise > 1e4 * _EPS * abs(value) else 0.0
