"""A text of the user's file, compiled, that can take the place of the one that was read; and how it then does."""

import math
import time
from types import CodeType
from typing import Any

import numpy as np

from handgrad.check.source.clock import now
from handgrad.check.source.hooks import Event, Recorder, is_numeric
from handgrad.check.source.instrument import Instrumented, Site
from handgrad.check.source.judge import Judge
from handgrad.check.source.scenario import Gradient, Scenario, TimeUp
from handgrad.check.source.text import Span

_DEEP = 6  # containers in containers


class Program:
    """One version of the file."""

    def __init__(self, text: str, watched: Instrumented, codes: dict[str, CodeType]) -> None:
        self.text = text
        self.watched = watched
        self.codes = codes

    def with_text(self, span: Span, new: str) -> str:
        """The text with something else at a place."""
        return self.text[: span.start] + new + self.text[span.end :]


class Bench:
    """Runs versions of the file and judges their gradients."""

    def __init__(self, scenario: Scenario, judge: Judge, point: int, seconds: float = math.inf) -> None:
        self.until = now() + seconds
        self.scenario = scenario
        self.judge = judge
        self.point = point
        module = scenario.module
        self.start = Program(module.watched.source.text, module.watched, module.original)
        self.base = self.start  # what is searched for faults: after a first edit another one
        self.installed = self.base
        self._local_sites = {name: each.sites for name, each in scenario.gradients.items() if each.source == "local"}
        judge.go_to(point)

    def compile(self, text: str) -> Program | None:
        """A version of the file; None if it is not Python."""
        try:
            codes, watched = self.scenario.module.compiled(text)
        except (SyntaxError, ValueError):
            return None
        return Program(text, watched, codes)

    def install(self, program: Program) -> None:
        """Let this version run from now on."""
        if program is self.installed:
            return
        module = self.scenario.module
        swaps = module.hooks.swaps
        swaps[:] = [None] * max(len(swaps), len(program.watched.sites))
        module.exchange(program.codes)
        self.installed = program
        for name, sites in self._local_sites.items():
            where = self.scenario.gradients[name]
            if program is self.start:
                self.scenario.gradients[name] = Gradient("local", name=where.name, sites=sites)
                continue
            found = tuple(
                each.number
                for each in program.watched.sites
                if each.target == where.name and each.kind in ("assign", "after")
            )
            self.scenario.gradients[name] = Gradient("local", name=where.name, sites=found)

    def right(self, site: Site | None = None, code: CodeType | None = None) -> frozenset[str] | None:
        """The parameters that the installed version gets right, with another expression at a site; None if it fails."""
        if now() > self.until:
            raise TimeUp
        swaps = self.scenario.module.hooks.swaps
        if site is not None:
            swaps[site.number] = code
        try:
            outcome = self.scenario.outcome()
        except TimeUp:
            raise
        except Exception:
            return None
        finally:
            if site is not None:
                swaps[site.number] = None
        known = self.judge.points[self.point].loss
        if abs(outcome.loss - known) > 1e-9 * max(abs(known), 1e-6):
            return None  # the edit changed the forward pass
        return self.judge.right_names(self.point, outcome.gradients)

    def right_everywhere(self, program: Program) -> bool:
        """Whether a version gets every gradient right at every point."""
        return self.gets_right(program, self.judge.names)

    def gets_right(self, program: Program, wanted: frozenset[str]) -> bool:
        """Whether a version gets these gradients right at every point."""
        kept, was = self.point, self.installed
        self.install(program)
        try:
            for number in range(len(self.judge.points)):
                self.point = number
                self.judge.go_to(number)
                if not wanted <= (self.right() or frozenset()):
                    return False
            return True
        finally:
            self.point = kept
            self.judge.go_to(kept)
            self.install(was)

    def events(self, site: Site | None = None, code: CodeType | None = None) -> list[Event]:
        """Every value of the installed version's run, with another expression at a site."""
        recorder = Recorder()
        swaps = self.scenario.module.hooks.swaps
        if site is not None:
            swaps[site.number] = code
        try:
            self.scenario.run(watcher=recorder)
        except TimeUp:
            raise
        except Exception:
            return recorder.events
        finally:
            if site is not None:
                swaps[site.number] = None
        return recorder.events

    def visited(self, *, forward_only: bool = False) -> dict[int, int]:
        """Sites that a run passes, whatever their values, with the order in which they are first passed."""
        order: dict[int, int] = {}

        def watcher(kind: str, number: int, value: Any) -> Any:
            if kind != "u":
                order.setdefault(number, len(order))
            return value

        self.scenario.run(forward_only=forward_only, watcher=watcher)
        return order

    def opaque(self) -> set[int]:
        """Sites some of whose values are not numbers, arrays or tuples of these: their influence is not seen."""
        found: set[int] = set()

        def watcher(kind: str, number: int, value: Any) -> Any:
            if kind == "v":
                parts = value if isinstance(value, tuple | list) else (value,)
                if not all(is_numeric(each) for each in parts):
                    found.add(number)
            return value

        self.scenario.run(watcher=watcher)
        return found

    def environments(self, site: Site, want: int = 7) -> list[dict[str, Any]]:
        """The variables in reach at the first passes of a site, some in the middle, and the last ones."""
        from handgrad.check.source.pool import snapshot

        module = self.scenario.module
        count = 0

        def counting(kind: str, number: int, value: Any) -> Any:
            nonlocal count
            count += kind == "v" and number == site.number
            return value

        self.scenario.run(watcher=counting)
        passes = sorted({0, 1, 2, count // 2, count // 2 + 1, count - 2, count - 1} & set(range(count)))[:want]
        if site.kind == "test":  # a condition may differ at one pass only
            passes = list(range(min(count, 12)))
        kept: list[dict[str, Any]] = []
        passed = -1

        def looking(number: int, local: dict[str, Any]) -> None:
            nonlocal passed
            if number == site.number:
                passed += 1
                if passed in passes:
                    kept.append(snapshot(local))

        text = self.installed.watched.source.segment(site.node)
        module.hooks.swaps[site.number] = compile(f"({text}\n)", "<expression>", "eval")
        module.hooks.on_alternative = looking
        try:
            self.scenario.run()
        except TimeUp:
            raise
        except Exception:
            return kept
        finally:
            module.hooks.on_alternative = None
            module.hooks.swaps[site.number] = None
        return kept

    @property
    def seconds_left(self) -> float:
        """Until the search has had its time, or the scenario's deadline."""
        return min(self.until - now(), self.scenario.deadline - time.monotonic())


def fingerprint(values: list[Any]) -> bytes | None:
    """The same for candidates that compute the same; None for what cannot be compared."""
    parts = []
    for each in values:
        part = _mark(each, 0)
        if part is None:
            return None
        parts.append(part)
    return b"|".join(parts)


def _mark(value: Any, depth: int) -> bytes | None:
    if value is None or depth > _DEEP:
        return None
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return None
        kept = value.astype(np.float32) + np.float32(0) if value.dtype.kind == "f" else value
        return b"%d" % value.ndim + repr(value.shape).encode() + kept.tobytes()
    if isinstance(value, float):
        return np.float32(value).tobytes()
    if isinstance(value, list | tuple):
        if len(value) > 1000:
            return None
        inner = [_mark(each, depth + 1) for each in value]
        return None if None in inner else b"[" + b",".join(inner) + b"]"  # type: ignore[arg-type]
    if isinstance(value, dict):
        return _mark(list(value.values()), depth)
    if isinstance(value, int | str | bool | np.integer | np.bool_):
        return repr(value).encode()
    if hasattr(value, "__dict__") and not callable(value):
        return _mark(list(vars(value).values()), depth)
    return repr(type(value)).encode() + b"%d" % id(value)
