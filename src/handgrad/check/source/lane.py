"""The edits of one suspected expression: made, evaluated where they stand, and the promising ones run."""

import ast
import re
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.check.source.clock import now
from handgrad.check.source.edits import Edit, nodes_of, other_loops, other_tests, rich_edits, simple_edits
from handgrad.check.source.expressions import compiled, pieces, template_of, value_of
from handgrad.check.source.instrument import Site
from handgrad.check.source.pool import Pool
from handgrad.check.source.program import Program, fingerprint
from handgrad.check.source.solve import solutions
from handgrad.check.source.suspect import Candidate, Suspect

if TYPE_CHECKING:
    from handgrad.check.source.search import Search

_CHOICES = ("wrong-variable", "time-shift", "derivative-place", "wrong-axis", "rows-dropped", "boundary-step")

Entry = tuple[bool, Edit, CodeType]  # whether an edit makes a true gradient, the edit, the expression after it
_FEW = 120  # edits of a line that are soon run


class Lane:
    """The edits of one suspected expression: made, evaluated where they stand, and the promising ones run."""

    def __init__(self, search: "Search", suspect: Suspect, program: Program) -> None:
        self.search = search
        self.suspect = suspect
        self.site = suspect.site
        self.program = program
        # by whether the edits are rich: those that compute something new, those still to be looked at, what is known
        self.ready: dict[bool, list[Entry]] = {}
        self.left: dict[bool, Iterator[Edit]] = {}
        self.marks: dict[bool, set[bytes | None]] = {}
        self.chosen: dict[bool, list[int]] = {}  # environments
        self.places: dict[tuple[bool, bool], int] = {}  # how far they were run
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
                self.seen.add(self._mark(self.values))
        return bool(self.environments)

    def _mark(self, values: list[Any]) -> bytes | None:
        """The same for edits that do the same: what is added to in place may have to be part of an array."""
        mark = fingerprint(values)
        statements = self.program.watched.statements.get(self.site.function, [])
        grown = (ast.unparse(each.target) for each in statements if isinstance(each, ast.AugAssign))
        if mark is None or self.site.kind != "assign" or self.site.target not in grown:
            return mark
        return mark + bytes(isinstance(each, np.ndarray) and each.base is not None for each in values)

    def _edits(self, pool: Pool, rich: bool) -> list[Edit]:
        """The edits of one kind, the likeliest first."""
        source = self.program.watched.source
        edits = list(rich_edits(self.nodes, pool) if rich else simple_edits(source, self.nodes, pool))
        if self.site.kind == "iterate" and "range" not in self.whole:  # the rounds may be wrong, the values hardly
            edits = [each._replace(cost=each.cost + 2.0) for each in edits]
        if self.site.kind == "iterate" and not rich:
            sites = self.program.watched.sites
            texts = dict.fromkeys(source.segment(each.node) for each in sites if each.kind == "iterate")
            sizes = [each.text for each in sorted(pool.counts, key=lambda each: len(each.text))[:12]]
            sizes += [f"len({each.text})" for each in sorted(pool.atoms, key=lambda each: len(each.text))[:8]]
            edits += other_loops(source, self.nodes[0], list(texts), sizes)
        if self.site.kind == "test" and not rich:
            tests = [source.segment(each.node) for each in self.program.watched.sites if each.kind == "test"]
            counters = [name for name, value in self._first().items() if type(value) is int and name.isidentifier()]
            edits += other_tests(self.nodes[0], tests, counters[:6])
        edits = [self._likelier(each) for each in edits]
        node = self.site.node
        turned = isinstance(node, ast.Attribute) and node.attr == "T"
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not turned:
            # what only reads a value may read another one; arithmetic on it belongs where it is used
            edits = [each if each.fault in _CHOICES else each._replace(cost=each.cost + 0.8) for each in edits]
        lost = [name for name in pool.unused if not re.search(rf"\b{name}\b", self.whole)]
        if lost:  # a variable that nothing reads is what has been left out
            told = re.compile(rf"\b({'|'.join(map(re.escape, lost))})\b")
            edits = [each._replace(cost=each.cost - 0.8) if told.search(each.new) else each for each in edits]
        return sorted(edits, key=lambda each: each.cost)

    def _first(self) -> dict[str, Any]:
        """The function's own variables at the first pass."""
        namespace = self.search.bench.scenario.module.namespace
        return {name: value for name, value in (self.environments or [{}])[0].items() if name not in namespace}

    def _start(self, rich: bool) -> None:
        """Get ready to make the edits of one kind."""
        assert self.pool is not None  # noqa: S101
        assert self.environments is not None  # noqa: S101
        chosen = list(range(len(self.environments)))
        if rich and len(chosen) > 2:  # there are many: the second pass and the last one tell most of them apart
            chosen = [0, 1, len(chosen) - 1]
            self.marks[rich] = {self._mark([self.values[each] for each in chosen])}
        else:
            self.marks[rich] = self.seen
        self.chosen[rich] = chosen
        self.ready[rich] = []
        self.left[rich] = iter(self._edits(self.pool, rich))

    def _entry(self, rich: bool, place: int, until: float) -> Entry | None:
        """The edit at a place among those that compute something new; None if there are no more, or no time."""
        if rich not in self.ready:
            self._start(rich)
        assert self.environments is not None  # noqa: S101
        ready, seen, chosen = self.ready[rich], self.marks[rich], self.chosen[rich]
        start = self.site.span.start
        while place >= len(ready):
            edit = next(self.left[rich], None) if now() <= until else None
            if edit is None:
                return None
            text = self.whole[: edit.span.start - start] + edit.new + self.whole[edit.span.end - start :]
            code = compiled(text)
            if code is None or (text.strip("()") == self.site.target and self.site.kind == "assign"):
                continue  # no line says only ``delta = delta``
            values = [value_of(code, self.environments[each]) for each in chosen]
            if type(values[0]) is int and values[0] == 1 < _size(self.values[0]):
                continue  # who does not want to divide by a size takes no 1 for it
            mark = self._mark(values)
            # a condition changes which passes there are, so its values do not tell
            if mark is not None and (mark not in seen or self.site.kind == "test"):
                seen.add(mark)
                ready.append((self._truthful(values, chosen), edit, code))
        return ready[place]

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
        made = False
        for new, place in zip(values, places, strict=True):
            parts = pieces(new)
            exact = [self.search.level(each) >= least for each in parts]
            if not any(exact) and len(parts) == 1 and np.ndim(parts[0]):
                continue  # most edits, most of the time
            before = pieces(self.values[place])
            for number, each in enumerate(parts):
                if _same(each, before, number):
                    continue
                if not exact[number] and np.ndim(each) == 0:
                    return False  # a number may be a gradient by chance, but not at every pass
                made = made or (exact[number] and all(exact))
        return made

    @property
    def makes_number(self) -> bool:
        """Whether the value is one number where it stands, once it was looked at."""
        return self.environments is not None and bool(self.environments) and isinstance(self.values[0], float)

    @property
    def is_short(self) -> bool:
        """Whether few larger edits were made."""
        return 0 < len(self.ready.get(True, ())) <= _FEW

    def solve(self, seconds: float) -> list[Candidate]:
        """Terms and factors that follow from what the value should be."""
        if not self.site.swappable or not self._look():
            return []
        assert self.pool is not None  # noqa: S101
        assert self.environments is not None  # noqa: S101
        bench = self.search.bench
        bench.install(self.program)
        until = now() + seconds
        found: list[Candidate] = []
        start = self.site.span.start
        places = sorted({min(1, len(self.environments) - 1), 0}, reverse=True)
        for place in places:
            for edit in solutions(self.nodes[0], self.pool, self.environments[place], self.search.truth):
                if now() > until or len(found) >= 3:
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
        until = now() + seconds
        if not self.site.swappable:
            return self.search.slowly(self.site, self.program, until) if not rich and not truthful else []
        if not self._look():
            return []
        bench.install(self.program)
        found: list[Candidate] = []
        place = self.places.get((rich, truthful), 0)  # those before it were run
        while len(found) < enough and now() <= until:
            entry = self._entry(rich, place, until)
            if entry is None:
                break
            place += 1
            honest, edit, code = entry
            if honest is not truthful:
                continue
            right = bench.right(self.site, code)
            if right is not None:
                candidate = self.search.keep(self.site, self.program, edit, right, honest)
                if candidate is not None and self.search.verified(candidate):
                    found.append(candidate)
        self.places[(rich, truthful)] = place
        return found

    def feeding(self, fed: Site, seconds: float) -> list[Candidate]:
        """Edits after which the first value of another line is a true gradient."""
        bench = self.search.bench
        until = now() + seconds
        if not self.site.swappable or not self._look():
            return []
        bench.install(self.program)
        found: list[Candidate] = []
        place = 0
        while len(found) < 3 and (entry := self._entry(False, place, until)) is not None:
            place += 1
            _, edit, code = entry
            right = bench.right(self.site, code)
            if right is None or not right >= self.search.base_right:
                continue
            events = bench.events(self.site, code)
            values = [each.value for each in events if each.kind == "v" and each.number == fed.number]
            if values and self.search.level(values[0]) >= 1:
                candidate = self.search.keep(self.site, self.program, edit, right, True)
                found += [candidate] if candidate is not None and self.search.verified(candidate) else []
        return found


def _size(value: Any) -> int:
    """A whole number; 0 for anything else."""
    return value if type(value) is int else 0


def _same(one: Any, others: list[Any], number: int) -> bool:
    """Whether a part is the same as the one that stood in its place."""
    other = others[number] if number < len(others) else None
    if other is None or np.shape(one) != np.shape(other):
        return False
    return bool(np.max(np.abs(one - other), initial=0.0) <= 1e-9 * np.max(np.abs(other), initial=0.0) + 1e-14)
