"""What the rules reason from: gradients and numbers at the user's point, and further evidence, made when asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handgrad.check.judge import Judged
from handgrad.check.probe import Numerical, Ruler, measure
from handgrad.check.problem import Given, Point, Problem
from handgrad.check.tree import Array, leaves, rebuild
from handgrad.errors import InputError

MATCH = 1e-5  # relative: a hypothesis explains the numbers if it meets them this closely
_FULL = 2500  # entries of an array that is differentiated whole for a rule's sake
_AWAY = 0.3  # of the size of a parameter: how far the second point lies from the first


@dataclass(frozen=True)
class Options:
    """What the user passed beside loss, gradients and parameters; see ``check``."""

    intermediate: Callable[[Any], Any] | Mapping[str, Any] | None = None
    batch: int | None = None
    steps: int | None = None
    resize: Callable[..., Any] | None = None
    at_rate: Callable[[float], Any] | None = None
    update: Callable[[Any, Any], Any] | None = None
    layer: "LayerEvidence | None" = None


@dataclass(frozen=True)
class LayerEvidence:
    """What is known only of a layer: its outputs, its cotangents, and backward under others."""

    outputs: Callable[[Point], list[Array]]
    cotangents: list[Array]
    problem_under: Callable[[list[Array]], Problem]  # the same layer under other cotangents
    not_linear: tuple[str, ...] = ()  # inputs whose gradient is not linear in the cotangent
    spoiled: Mapping[str, str] = field(default_factory=dict)  # inputs -> what backward changes that it must leave alone


@dataclass
class Snapshot:
    """Gradients and numbers at one point."""

    problem: Problem
    point: Point
    given: Given
    numericals: dict[str, Numerical]
    noise: float = 0.0
    values: dict[str, Array] = field(default_factory=dict)  # of the forward pass, as the user named them
    _whole: dict[str, Array | None] = field(default_factory=dict)
    _second: Given | None = None

    @property
    def second(self) -> Given:
        """A second call at this point."""
        if self._second is None:
            self._second = self.problem.given(self.point)
        return self._second

    def a(self, name: str) -> Array:
        """The gradient as given."""
        return self.given.arrays[name]

    def n(self, name: str) -> Numerical:
        """The numbers of one parameter."""
        if name not in self.numericals:
            ruler = Ruler(self.problem, self.point, name, self.noise)
            self.numericals[name] = measure(ruler, self.given.arrays.get(name), 100, np.random.default_rng(5))
        return self.numericals[name]

    def full(self, name: str) -> Array | None:
        """The numerical gradient at every entry; None of an array that is too large for that."""
        if name not in self._whole:
            found = self.n(name)
            if not found.complete and self.point[name].size <= _FULL:
                ruler = Ruler(self.problem, self.point, name, self.noise)
                found = measure(ruler, None, _FULL, np.random.default_rng(5))
            self._whole[name] = found.full()
        return self._whole[name]

    def right_entries(self, name: str) -> Array | None:
        """Which entries of a gradient are right; None where not all are known."""
        full = self.full(name)
        if full is None or name not in self.given.arrays:
            return None
        scale = float(np.max(np.abs(full), initial=0.0))
        return np.asarray(np.abs(self.a(name) - full) <= MATCH * scale)

    def agreement(self, name: str) -> bool | None:
        """Whether a gradient is right here; None where it is zero and so is the derivative, which proves nothing."""
        if name not in self.point or name not in self.given.arrays:
            return None
        numerical = self.n(name)
        if not np.any(np.abs(numerical.value) > 1e-12) and not np.any(np.abs(self.a(name)) > 1e-12):
            return None
        return numerical.agrees(self.a(name), MATCH)


@dataclass
class Evidence:
    """Everything that a rule may ask for."""

    problem: Problem
    here: Snapshot
    second: Given  # of a second call at the same point
    judged: dict[str, Judged]
    noise: float
    options: Options
    state_moved: bool = False  # whether a call of gradients changed what loss gives
    _resized: dict[tuple[tuple[str, int], ...], Snapshot | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.here.values = self.values_at(self.here.point)

    @cached_property
    def wrong(self) -> tuple[str, ...]:
        """Parameters whose gradient is off in numbers, and of the right shape."""
        return tuple(n for n, each in self.judged.items() if each.verdict.verdict == "wrong" and each.kind == "")

    @cached_property
    def right(self) -> tuple[str, ...]:
        return tuple(name for name, each in self.judged.items() if each.verdict.verdict == "right")

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Parameters that were judged for a certain reason."""
        return tuple(name for name, each in self.judged.items() if each.kind == kind)

    @cached_property
    def there(self) -> Snapshot | None:
        """A second point, a random step away from the user's; None where the loss is not finite around it."""
        rng = np.random.default_rng(2)
        for away in (_AWAY, 0.03, 0.003):
            point = {
                name: x + away * rng.normal(size=x.shape) * (float(np.sqrt(np.mean(x**2))) or 1.0 if x.size else 1.0)
                for name, x in self.problem.point.items()
            }
            if not np.isfinite(self.problem.value(point)):
                continue
            try:
                given = self.problem.given(point)
            except InputError:
                continue
            return Snapshot(self.problem, point, given, {}, self.noise, self.values_at(point))
        return None

    @cached_property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The user's point and the second one, if there is one."""
        return (self.here,) if self.there is None else (self.here, self.there)

    def resized(self, **size: int) -> Snapshot | None:
        """The same problem at another size, where the user's ``resize`` gives it; else None."""
        key = tuple(sorted(size.items()))
        if key not in self._resized:
            self._resized[key] = self._resize(size)
        return self._resized[key]

    def _resize(self, size: dict[str, int]) -> Snapshot | None:
        if self.options.resize is None:
            return None
        try:
            loss, gradients, parameters = self.options.resize(**size)
            problem = Problem(loss, gradients, parameters)
            return Snapshot(problem, problem.point, problem.given(problem.point), {}, self.noise)
        except (InputError, TypeError, ValueError):  # it does not take this size
            return None

    def mends(self, name: str, hypothesis: Callable[[Array, Snapshot], Any]) -> bool:
        """Whether ``hypothesis``, a whole gradient made from what was given, is the numerical one at both points."""
        return all(self._usable(s, name) and _agrees(s, name, hypothesis) for s in self.snapshots)

    def predicts(self, name: str, hypothesis: Callable[[Snapshot], Any]) -> bool:
        """Whether ``hypothesis``, made from numerical gradients, is what was given, at both points."""
        return all(self._usable(s, name) and equal(hypothesis(s), s.a(name)) for s in self.snapshots)

    def _usable(self, snapshot: Snapshot, name: str) -> bool:
        return name in snapshot.given.arrays

    def values_at(self, point: Point) -> dict[str, Array]:
        """The values of the forward pass that are known by name: those the user named, or a layer's."""
        found: dict[str, Any] = {}
        layer, named = self.options.layer, self.options.intermediate
        if layer is not None:
            outputs = layer.outputs(point)
            found.update({f"y{k or ''}": y for k, y in enumerate(outputs)})
            found.update({f"dy{k or ''}": dy for k, dy in enumerate(layer.cotangents)})
            found.update(point)
        if callable(named):
            passed = rebuild(self.problem.parameters, lambda name, _: np.array(point[name or self.problem.what])[()])
            try:
                named = named(passed)
            except Exception as error:
                raise InputError(f"intermediate raises {type(error).__name__}: {error}") from error
            if not isinstance(named, Mapping):
                raise InputError(f"intermediate returns {type(named).__name__}, expected a dict of arrays")
        if named is not None:
            found.update(dict(leaves(named)))
        arrays = {name: np.asarray(value) for name, value in found.items()}
        return {name: v.astype(np.float64) for name, v in arrays.items() if v.dtype.kind in "fiub" and v.ndim}


def _agrees(snapshot: Snapshot, name: str, hypothesis: Callable[[Array, Snapshot], Any]) -> bool:
    with np.errstate(all="ignore"):
        candidate = hypothesis(snapshot.a(name), snapshot)
    return candidate is not None and snapshot.n(name).agrees(candidate, MATCH)


def equal(candidate: Any, array: Array, tolerance: float = MATCH) -> bool:
    """Whether two arrays agree relative to the largest entry; nothing equals an array of zeros, and None nothing."""
    if candidate is None:
        return False
    candidate = np.asarray(candidate)
    if candidate.shape != array.shape or not array.size or not np.all(np.isfinite(candidate)):
        return False
    scale = float(np.max(np.abs(array)))
    return scale > 0 and float(np.max(np.abs(candidate - array))) <= tolerance * scale
