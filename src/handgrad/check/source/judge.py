"""Whether gradients are right, at several points, by derivatives along random directions."""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from handgrad.check.source.scenario import Parameter, Scenario

Array = Any

TOLERANCE = 1e-6  # relative
DIRECTIONS = 2
_STEP = 1e-3
_SMOOTH = 1e-6  # of the slope: two step lengths that differ by more may have met a kink; then a shorter one decides
_EPS = float(np.finfo(np.float64).eps)


@lru_cache(maxsize=4096)
def direction(shape: tuple[int, ...], number: int) -> Array:
    """A fixed random direction for a shape; the same for all shapes of that many entries, so that a gradient that was
    reshaped on the way has the same product with it."""
    size = math.prod(shape)
    return np.random.default_rng([number, size]).normal(size=size).reshape(shape)


def length(given: Array) -> float:
    """The Euclidean norm, of numbers too whose squares overflow: an infinite scale would call everything right."""
    largest = float(np.max(np.abs(given), initial=0.0))
    return largest * float(np.linalg.norm(given / largest)) if 0 < largest < math.inf else largest


@dataclass
class Slope:
    """The derivative of the loss along a direction."""

    value: float
    error: float  # estimate, absolute

    @property
    def known(self) -> bool:
        """Whether it can decide anything."""
        return math.isfinite(self.value) and math.isfinite(self.error)


def slope(loss: Any, size: float, at_zero: float) -> Slope:
    """d loss(t) / dt at 0. ``size`` is the length that a first step has; shorter ones are tried where it bends."""
    best = Slope(math.nan, math.inf)
    step = size
    for _ in range(3):
        high, low, far, farther = loss(step), loss(-step), loss(2 * step), loss(-2 * step)
        near, wide = (high - low) / (2 * step), (far - farther) / (4 * step)
        value = near + (near - wide) / 3
        rounding = 4 * _EPS * (abs(high) + abs(low) + abs(at_zero)) / step
        gap = abs(near - wide)  # small where the loss is smooth at this scale; at a kink it is not
        error = rounding + (1e-3 * gap if gap <= _SMOOTH * abs(value) + 10 * rounding else gap)
        if math.isfinite(value) and error < best.error:
            best = Slope(value, error)
        if error <= 1e-7 * abs(value) + 10 * rounding:
            break
        step /= 30
    return best


@dataclass
class Point:
    """Values of the parameters, and the derivatives of the loss there."""

    values: dict[str, Array]
    loss: float
    slopes: dict[str, list[Slope]] = field(default_factory=dict)


class Judge:
    """Compares gradients with derivatives along fixed directions, at the user's point and at others near it."""

    def __init__(self, scenario: Scenario, *, points: int = 3, seed: int = 0) -> None:
        self.scenario = scenario
        self.points: list[Point] = []
        self.sign = 1.0
        rng = np.random.default_rng(seed + 17)
        for number in range(points):
            values = {each.name: each.value.copy() for each in scenario.parameters}
            if number:
                for name, value in values.items():
                    scale = max(float(np.sqrt(np.mean(value**2))) if value.size else 0.0, 0.3)
                    values[name] = value + 0.4 * scale * rng.normal(size=value.shape)
            point = self._measure(values)
            if point is not None:
                self.points.append(point)

    def _measure(self, values: dict[str, Array]) -> Point | None:
        scenario = self.scenario
        scenario.point = values
        loss = scenario.loss()
        if not math.isfinite(loss):
            return None
        point = Point(values, loss)
        for parameter in scenario.parameters:
            point.slopes[parameter.name] = [self._slope(point, parameter, n) for n in range(DIRECTIONS)]
        scenario.point = values
        return point

    def _slope(self, point: Point, parameter: Parameter, number: int) -> Slope:
        value = point.values[parameter.name]
        way = direction(parameter.shape, number)
        scale = max(float(np.sqrt(np.mean(value**2))) if value.size else 0.0, 0.1)
        length = max(1.0, float(np.sqrt(value.size)) / 3)

        def loss(t: float) -> float:
            self.scenario.point = {**point.values, parameter.name: value + t * way}
            return self.scenario.loss()

        return slope(loss, _STEP * scale / length, point.loss)

    def go_to(self, number: int) -> None:
        """Make a point the present one."""
        self.scenario.point = self.points[number].values

    def is_right(self, number: int, parameter: Parameter, given: Any) -> bool | None:
        """Whether a gradient agrees with the slopes at a point; None where they cannot tell."""
        if given is None or np.shape(given) != parameter.shape:
            return False
        if not np.all(np.isfinite(given)):
            return False
        decided = False
        for which, known in enumerate(self.points[number].slopes[parameter.name]):
            if not known.known:
                continue
            along = self.sign * float(np.sum(given * direction(parameter.shape, which)))
            scale = max(abs(known.value), abs(along), 1e-3 * length(given))
            allowed = TOLERANCE * scale + 30 * known.error + 1e-12
            if not abs(along - known.value) <= allowed or math.isinf(allowed):
                return False
            decided = decided or known.error <= 1e-3 * max(scale, 1e-8)
        return True if decided or not np.any(given) else None

    def right_names(self, number: int, gradients: dict[str, Any]) -> frozenset[str]:
        """The parameters whose gradients are right (or cannot be told wrong) at a point."""
        return frozenset(
            each.name
            for each in self.scenario.parameters
            if self.is_right(number, each, gradients.get(each.name)) is not False
        )

    def leans(self, number: int, gradients: dict[str, Any]) -> int:
        """How many gradients point along the true ones rather than against them, less how many do not."""
        count = 0
        for each in self.scenario.parameters:
            given = gradients.get(each.name)
            if given is None or np.shape(given) != each.shape:
                continue
            agreement = sum(
                self.sign * float(np.sum(given * direction(each.shape, which))) * known.value
                for which, known in enumerate(self.points[number].slopes[each.name])
                if known.known
            )
            count += (agreement > 0) - (agreement < 0)
        return count

    @property
    def names(self) -> frozenset[str]:
        """All parameters."""
        return frozenset(each.name for each in self.scenario.parameters)
