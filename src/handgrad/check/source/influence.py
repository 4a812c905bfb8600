"""Which gradients a line of backward reaches: noise is put on its values, and one looks what changes."""

import ast
from typing import Any

import numpy as np

from handgrad.check.source.hooks import Event, Injector
from handgrad.check.source.instrument import Site
from handgrad.check.source.program import Bench
from handgrad.check.source.scenario import TimeUp

Reached = frozenset[str] | None  # names of parameters; None where that cannot be told


class Influence:
    """The reach of the sites of one version of a file."""

    def __init__(self, bench: Bench, events: list[Event]) -> None:
        self.bench = bench
        self.parts: dict[int, set[int]] = {}
        for each in events:
            if each.kind == "v":
                self.parts.setdefault(each.number, set()).add(each.part)
        hidden = bench.opaque()  # some part of the value is another kind of thing
        empty = {each.number for each in events if not each.value.size}  # no noise can be put on them
        self.unknown = hidden | empty
        self.methods = {name.rsplit(".", 1)[-1] for name in bench.base.watched.functions if "." in name}

    def of(self, numbers: dict[int, int]) -> dict[int, Reached]:
        """The parameters whose gradients the values of each of these sites reach."""
        sites = self.bench.base.watched.sites
        base = self.bench.scenario.outcome().gradients
        rng = np.random.default_rng(5)
        found: dict[int, Reached] = {}
        for number in numbers:
            site = sites[number]
            if site.kind != "after":
                hidden = number in self.unknown or site.kind in ("iterate", "test") or self._calls_methods(site)
                found[number] = None if hidden else self._reach(site, base, rng)
        return found

    def _calls_methods(self, site: Site) -> bool:
        """Whether an expression calls a method of the file: what that writes into its object is not in the value."""
        return any(
            isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in self.methods
            for each in ast.walk(site.node)
        )

    def _reach(self, site: Site, base: dict[str, Any], rng: Any) -> Reached:
        def noise(value: Any) -> Any:
            return 0.1 * (np.abs(value).mean() + 0.1) * rng.normal(size=np.shape(value))

        seen = False
        changed: set[str] = set()
        for part in sorted(self.parts.get(site.number, set())):
            injector = Injector(("v", site.number, part), -1, noise)
            try:
                gradients = self.bench.scenario.outcome(injector).gradients
            except TimeUp:
                raise
            except Exception:
                return None
            seen = seen or injector.passed > 0
            for name, value in gradients.items():
                known = base.get(name)
                if value is None or known is None or not _close(value, known):
                    changed.add(name)
        return frozenset(changed) if seen else None


def _close(one: Any, other: Any) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)
