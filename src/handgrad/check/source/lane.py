"""The edits of one suspected expression: made, evaluated where they stand, and the promising ones run."""

import ast
import time
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.check.source.edits import Edit, nodes_of, other_loops, rich_edits, simple_edits
from handgrad.check.source.expressions import compiled, template_of, value_of
from handgrad.check.source.pool import Pool
from handgrad.check.source.program import Program, fingerprint
from handgrad.check.source.solve import solutions
from handgrad.check.source.suspect import Candidate, Suspect

if TYPE_CHECKING:
    from handgrad.check.source.search import Search


class Lane:
    """The edits of one suspected expression: made, evaluated where they stand, and the promising ones run."""

    def __init__(self, search: "Search", suspect: Suspect, program: Program) -> None:
        self.search = search
        self.suspect = suspect
        self.site = suspect.site
        self.program = program
        self.ready: dict[bool, list[tuple[bool, Edit, CodeType]]] = {}  # by whether the edits are rich
        self.seen: set[bytes | None] = set()
        self.environments: list[dict[str, Any]] | None = None
        self.pool: Pool | None = None

    def _look(self) -> bool:
        """Get the variables at this place; False if it is never passed."""
        if self.environments is None:
            bench = self.search.bench
            bench.install(self.program)
            namespace = bench.scenario.module.namespace
            found = bench.environments(self.site)
            self.environments = [{**namespace, **each} for each in found]
            if found:
                self.pool = Pool(self.search.texts, self.site, found[0], namespace)
                self.nodes = nodes_of(self.program.watched.source, self.site.node, self.pool)
                start, end = self.site.span
                self.whole = self.program.watched.source.text[start:end]
                self.values = [value_of(compiled(self.whole), each) for each in self.environments]
                self.seen.add(fingerprint(self.values))
        return bool(self.environments)

    def _make(self, rich: bool, until: float) -> list[tuple[bool, Edit, CodeType]]:
        if rich in self.ready:
            return self.ready[rich]
        assert self.pool is not None  # noqa: S101
        assert self.environments is not None  # noqa: S101
        source = self.program.watched.source
        made = rich_edits(self.nodes, self.pool) if rich else simple_edits(source, self.nodes, self.pool)
        edits = list(made)
        if self.site.kind == "iterate" and not rich:
            sites = self.program.watched.sites
            texts = dict.fromkeys(source.segment(each.node) for each in sites if each.kind == "iterate")
            sizes = [each.text for each in sorted(self.pool.counts, key=lambda each: len(each.text))[:12]]
            sizes += [f"len({each.text})" for each in sorted(self.pool.atoms, key=lambda each: len(each.text))[:8]]
            edits += other_loops(source, self.nodes[0], list(texts), sizes)
        edits = [self._likelier(each) for each in edits]
        edits.sort(key=lambda each: each.cost)
        node = self.site.node
        turned = isinstance(node, ast.Attribute) and node.attr == "T"
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not turned:
            # what only reads a value may read another one; arithmetic on it belongs where it is used
            chosen_faults = (
                "wrong-variable",
                "time-shift",
                "derivative-place",
                "wrong-axis",
                "rows-dropped",
                "boundary-step",
            )
            edits = [each if each.fault in chosen_faults else each._replace(cost=each.cost + 1.0) for each in edits]
        start = self.site.span.start
        ready: list[tuple[bool, Edit, CodeType]] = []
        chosen = list(range(len(self.environments)))
        seen = self.seen
        if rich and len(chosen) > 2:  # there are many: the second pass and the last one tell most of them apart
            chosen = [0, 1, len(chosen) - 1]
            seen = {fingerprint([self.values[each] for each in chosen])}
        for count, edit in enumerate(edits):
            if count % 64 == 63 and time.monotonic() > until:
                break
            code = compiled(self.whole[: edit.span.start - start] + edit.new + self.whole[edit.span.end - start :])
            if code is None:
                continue
            values = [value_of(code, self.environments[each]) for each in chosen]
            mark = fingerprint(values)
            if mark is None or (
                mark in seen and self.site.kind != "test"
            ):  # a condition changes which passes there are
                continue
            seen.add(mark)
            ready.append((self._truthful(values, chosen), edit, code))
        self.ready[rich] = ready
        return ready

    def _likelier(self, edit: Edit) -> Edit:
        """Cheaper where the result reads like another line of the file."""
        start = self.site.span.start
        after = self.whole[: edit.span.start - start] + edit.new + self.whole[edit.span.end - start :]
        template = template_of(after)
        if template == template_of(self.whole) or template not in self.search.templates:
            return edit
        return edit._replace(cost=edit.cost - 0.4)

    def _truthful(self, values: list[Any], places: list[int]) -> bool:
        """Whether the edit makes another value and a true gradient: the whole one, if the line is right as it is."""
        copied = isinstance(self.site.node, ast.Name | ast.Attribute | ast.Subscript)
        least = 2 if self.suspect.right and not copied else 1
        for new, place in zip(values, places, strict=True):
            if isinstance(new, np.ndarray | float) and self.search.level(new) >= least:
                old = self.values[place]
                if np.shape(old) != np.shape(new) or not np.allclose(old, new, rtol=1e-9, atol=1e-14):
                    return True
        return False

    def solve(self, seconds: float) -> list[Candidate]:
        """Terms and factors that follow from what the value should be."""
        if not self.site.swappable or not self._look():
            return []
        assert self.pool is not None  # noqa: S101
        assert self.environments is not None  # noqa: S101
        bench = self.search.bench
        bench.install(self.program)
        until = time.monotonic() + seconds
        found: list[Candidate] = []
        start = self.site.span.start
        places = sorted({min(1, len(self.environments) - 1), 0}, reverse=True)
        for place in places:
            for edit in solutions(self.nodes[0], self.pool, self.environments[place], self.search.truth):
                if time.monotonic() > until or len(found) >= 3:
                    return found
                code = compiled(self.whole[: edit.span.start - start] + edit.new + self.whole[edit.span.end - start :])
                right = bench.right(self.site, code) if code is not None else None
                if right is not None:
                    candidate = self.search.keep(self.site, self.program, edit, right, True)
                    if candidate is not None and self.search.verified(candidate):
                        found.append(candidate)
        return found

    def run(self, *, rich: bool, truthful: bool, seconds: float, enough: int = 3) -> list[Candidate]:
        """Run the edits of one kind; those that make everything right."""
        bench = self.search.bench
        until = time.monotonic() + seconds
        if not self.site.swappable:
            return self.search.slowly(self.site, self.program, until) if not rich and not truthful else []
        if not self._look():
            return []
        bench.install(self.program)
        found: list[Candidate] = []
        for honest, edit, code in self._make(rich, until):
            if honest is not truthful:
                continue
            if time.monotonic() > until or len(found) >= enough:
                break
            right = bench.right(self.site, code)
            if right is not None:
                candidate = self.search.keep(self.site, self.program, edit, right, honest)
                if candidate is not None and self.search.verified(candidate):
                    found.append(candidate)
        return found
