"""The search for one edit: expressions first, then statements, then lines that are missing."""

import time
from dataclasses import replace
from typing import Any

from handgrad.check.source.absent import holes, identities
from handgrad.check.source.fill import fillings
from handgrad.check.source.lane import Lane
from handgrad.check.source.program import Program
from handgrad.check.source.search import Search
from handgrad.check.source.statements import StatementEdit, statement_edits, step_moves
from handgrad.check.source.suspect import Candidate, Suspect

_SITE_SECONDS = 2.5


class Round:
    """The search for one edit."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.bench = search.bench
        self.suspects = search.suspects()
        self.program = self.bench.base
        self.found: list[Candidate] = []

    def run(self) -> Candidate | None:
        """The best edit; one that mends everything if there is one, else one that helps."""
        suspects = self.suspects
        likely = [each for each in suspects if each.covers and not each.right]
        blamed = [each for each in suspects if each.covers and each.right]
        lanes = [self.search.lane(each, self.program) for each in likely]
        late = [self.search.lane(each, self.program) for each in blamed]
        self._steps()
        if self.found:
            return self._best(suspects)
        self._statements([*likely, *blamed], operators_only=True)
        self._lanes(lanes, rich=False, truthful=True)
        if not self.found:
            self._lanes(lanes, rich=True, truthful=True)
        if not self.found:
            self._solve([each for each in lanes if each.suspect.ratios][:8])
        if not self.found:
            self._lanes(late, rich=False, truthful=True)
        if not self.found:
            self._lanes(late, rich=True, truthful=True)
        if self.found:
            self._upstream(lanes)
            self._paths(late)
        if not self.found:
            self._lanes(lanes, rich=False, truthful=False)
        if not self.found:
            self._statements([*likely, *blamed, *(each for each in suspects if not each.covers and each.touches)])
        if not self.found:
            self._holes()
        if not self.found:
            self._lanes(lanes, rich=True, truthful=False)
        if not self.found:
            self._lanes(late, rich=False, truthful=False)
        if not self.found:
            self._solve([each for each in late if each.suspect.ratios][:8])
        if not self.found:
            self._lanes(late, rich=True, truthful=False)
        if not self.found:
            self._identities([*likely, *blamed])
        if not self.found and self.search.partial:
            return self._best_partial(suspects)
        if not self.found:
            rest = [each for each in suspects if not each.covers and each.touches]
            lanes = [self.search.lane(each, self.program) for each in rest]
            self._lanes(lanes, rich=False, truthful=True)
            self._lanes(lanes, rich=False, truthful=False)
        if self.found:
            return self._best(suspects)
        return self._best_partial(suspects) if self.search.partial else None

    def _lanes(self, lanes: list[Lane], *, rich: bool, truthful: bool) -> None:
        """One kind of edits, one suspect after another; a little further after the first success, to compare."""
        more = 8 if truthful else 3
        for lane in lanes:
            if self.found:
                more -= 1
                if more < 0 or self.bench.seconds_left < 3:
                    return
            seconds = min(_SITE_SECONDS, max(0.2, self.bench.seconds_left / 4))
            if self.found:
                seconds = min(seconds, 0.6)
            found = lane.run(rich=rich, truthful=truthful, seconds=seconds)
            self.found += found

    def _steps(self) -> None:
        """Weights that backward changes before it has used them."""
        if self.search.steps:
            functions = [each for each in self.program.watched.functions if self._runs(each)]
            for edit in step_moves(self.program.watched, functions, self.search.steps):
                self._statement(edit)
                if self.found:
                    return

    def _runs(self, function: str) -> bool:
        sites = self.program.watched.sites
        return any(sites[number].function == function for number in self.search.backward)

    def _solve(self, lanes: list[Lane]) -> None:
        for lane in lanes:
            if self.found or self.bench.seconds_left < 3:
                return
            self.found += lane.solve(1.0)

    def _upstream(self, lanes: list[Lane]) -> None:
        """What feeds the mended line may be the culprit where it is no gradient itself: a helper, a size, a mask."""
        sites = [each.site for each in self.found if each.site is not None]
        if not sites:
            return
        order = min(self.search.backward.get(each.number, 0) for each in sites)
        until = time.monotonic() + 1.5
        for lane in lanes:
            helper = not any(abs(each) > 0 for each in lane.suspect.ratios)  # no value of it is a gradient
            if helper and lane.suspect.order < order and time.monotonic() < until:
                found = lane.run(rich=False, truthful=False, seconds=0.4, enough=2)
                self.found += found

    def _paths(self, late: list[Lane]) -> None:
        """A line before the mended one may be right for one path only, and be the place where another one joins."""
        orders = [self.search.backward.get(each.site.number, 0) for each in self.found if each.site is not None]
        until = time.monotonic() + 1.5
        near = sorted(late, key=lambda each: abs(each.suspect.order - min(orders, default=0)))
        for lane in near[:6] if orders else ():
            if time.monotonic() < until:
                found = lane.run(rich=False, truthful=True, seconds=0.4, enough=2)
                found = found or lane.run(rich=True, truthful=True, seconds=0.6, enough=2)
                self.found += found

    def _scope(self, suspects: list[Suspect]) -> tuple[list[str], list[int]]:
        functions, lines = [], []
        for each in suspects:
            if each.site.function and each.site.function not in functions:
                functions.append(each.site.function)
            if each.site.statement.lineno not in lines:
                lines.append(each.site.statement.lineno)
        known = self.program.watched.functions
        return [each for each in functions if each in known], lines

    def _statements(self, suspects: list[Suspect], *, operators_only: bool = False) -> None:
        functions, lines = self._scope(suspects)
        until = time.monotonic() + min(6.0, self.bench.seconds_left / 3)
        every = statement_edits(self.program.watched, functions, lines)
        edits = sorted((each for each in every if (each.cost <= 1.0) is operators_only), key=lambda each: each.cost)
        for edit in edits:
            if time.monotonic() > until:
                return
            self._statement(edit)
            if len(self.found) >= 3:
                return

    def _statement(self, edit: StatementEdit) -> None:
        program = self.bench.compile(edit.text)
        if program is None:
            return
        self.bench.install(program)
        right = self.bench.right()
        self.bench.install(self.program)
        if right is None:
            return
        candidate = Candidate(edit.text, None, edit.line, edit.fault, edit.cost, right)
        if right == self.bench.judge.names and self.bench.right_everywhere(program):
            self.found.append(candidate)
        elif right > self.search.base_right:
            self.search.partial.append(candidate)

    def _holes(self) -> None:
        """A missing line: what it should compute is searched for like any expression."""
        functions, _ = self._scope(self.suspects)
        until = time.monotonic() + min(6.0, self.bench.seconds_left / 3)
        words = {each.name: tuple(map(str, each.words)) for each in self.bench.scenario.parameters}
        wrong = [words[each] for each in sorted(self.search.wrong)]
        right = [words[each] for each in sorted(self.search.base_right)]
        for edit in holes(self.program.watched, functions, wrong, right):
            if time.monotonic() > until or self.found:
                return
            program = self.bench.compile(edit.text)
            if program is None:
                continue
            self._fill(edit, program)

    def _identities(self, suspects: list[Suspect]) -> None:
        """A line that changed a value and is gone."""
        functions, lines = self._scope(suspects)
        until = time.monotonic() + min(4.0, self.bench.seconds_left / 3)
        for edit in identities(self.program.watched, functions, lines):
            if time.monotonic() > until or self.found:
                return
            program = self.bench.compile(edit.text)
            if program is None:
                continue
            sites = [each for each in program.watched.sites if each.line == edit.hole and each.kind == "assign"]
            if len(sites) != 1 or sites[0].target != edit.helper:
                continue
            lane = self.search.lane(Suspect(sites[0], 0, True, True, []), program)
            found = lane.run(rich=False, truthful=False, seconds=0.3, enough=1) or lane.run(
                rich=True, truthful=True, seconds=0.3, enough=1
            )
            self.bench.install(self.program)
            self.found += [replace(each, site=None, line=edit.line) for each in found]

    def _fill(self, edit: StatementEdit, program: Program) -> None:
        site = next(
            (each for each in program.watched.sites if each.line == edit.hole and each.kind in ("assign", "augment")),
            None,
        )
        if site is None:
            return
        self.bench.install(program)
        if self.bench.right() is None:
            self.bench.install(self.program)
            return
        try:
            for text, cost in fillings(self.search, site, program, edit, min(1.5, self.bench.seconds_left / 6)):
                other = self.bench.compile(text)
                if other is not None and self.bench.right_everywhere(other):
                    self.found.append(Candidate(text, None, edit.line, edit.fault, cost, self.bench.judge.names))
                    return
        finally:
            self.bench.install(self.program)

    # choosing

    def _best(self, suspects: list[Suspect]) -> Candidate:
        order = {each.site.number: place for place, each in enumerate(suspects)}
        right = {each.site.number for each in suspects if each.right}
        started_right = {each.site.number for each in suspects if each.first_right}
        for each in self.found:
            self.search.rate(each)

        def key(each: Candidate) -> tuple[Any, ...]:
            number = each.site.number if each.site is not None else -1
            place = order.get(number, len(order))
            blamed = number in right and not each.truthful
            return (
                blamed,
                -round(each.score - 0.2 * each.cost + self.search.likeness(each), 2),
                number in started_right,
                place,
            )

        return min(self.found, key=key)

    def _best_partial(self, suspects: list[Suspect]) -> Candidate | None:
        order = {each.site.number: place for place, each in enumerate(suspects)}
        partial = sorted(self.search.partial, key=lambda each: (-len(each.right), each.cost))[:25]
        for each in partial:
            self.search.rate(each)
        helpful = [
            each for each in partial if each.right > self.search.base_right or each.score > self.search.base_score + 0.5
        ]
        if not helpful:
            return None

        def key(each: Candidate) -> tuple[Any, ...]:
            number = each.site.number if each.site is not None else -1
            return (-len(each.right), -round(each.score - 0.2 * each.cost, 2), order.get(number, len(order)))

        return min(helpful, key=key)
