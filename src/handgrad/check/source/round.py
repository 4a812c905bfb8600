"""The search for one edit: expressions first, then statements, then lines that are missing."""

import math
from collections.abc import Callable

from handgrad.check.source.choice import best, convincing, helpful
from handgrad.check.source.clock import now
from handgrad.check.source.gaps import Gaps
from handgrad.check.source.lane import Lane
from handgrad.check.source.rivals import Rivals
from handgrad.check.source.search import Search
from handgrad.check.source.statements import StatementEdit, statement_edits, step_moves
from handgrad.check.source.suspect import Candidate, Suspect

_SITE_SECONDS = 2.5
_SOME_SECONDS = 0.7  # the likeliest edits of a line come first, and the others have their turn later
_MAY_HELP = ("path-lost", "wrong-variable")  # of whole statements, where another fault still hides what they mend
_WAYS = 3  # to go on from, where several edits mend a part


class Round:
    """The search for one edit."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.bench = search.bench
        self.suspects = search.suspects()
        self.program = self.bench.base
        self.found: list[Candidate] = []
        self.lanes: dict[int, Lane] = {}
        self.gaps = Gaps(search)
        self.rivals = Rivals(self)
        self.patience = math.inf  # seconds for the next run
        self.cut = False  # whether the search at level 1 was left early
        self.thorough = False  # whether the quick search tries more
        self.done = False  # whether the lines that only some wrong gradients come from were looked at
        self.until = math.inf

    def run(self, level: int) -> list[Candidate]:
        """One edit that mends everything, or those that mend a part, the best first.

        Level 0 tries what is quick and likely, 1 more of it, 2 whatever may be.
        """
        likely = [each for each in self.suspects if each.covers and not each.right]
        blamed = [each for each in self.suspects if each.covers and each.right]
        rest = [each for each in self.suspects if not each.covers and each.touches]
        self.until = now() + self.patience
        (self._quick, self._near, self._far)[level](likely, blamed, rest)
        if self.found:
            return [best(self.search, self.suspects, self.found)]
        if level == 2:
            return helpful(self.search, self.suspects, _WAYS)
        ways = convincing(self.search, self.suspects, _WAYS, strongly=level == 0)
        if ways and ways[0].site is not None:
            self.rivals.before(ways[0])
            self.rivals.origins(ways[:1])
            if self.found:
                return [best(self.search, self.suspects, self.found)]
            ways = convincing(self.search, self.suspects, _WAYS, strongly=level == 0)
        return ways

    def _quick(self, likely: list[Suspect], blamed: list[Suspect], rest: list[Suspect]) -> None:
        """Small edits that turn a line's value into a true gradient."""
        self._steps()
        if self.found:
            return
        self._statements([*likely, *blamed, *self.search.dead()], operators_only=True)
        lanes, doubted = self.made(likely), self.search.doubted
        self._lanes(lanes, rich=False, truthful=True)
        self._try(
            lambda: self._lanes(self.made(blamed), rich=False, truthful=True),
            lambda: self._lanes([each for each in lanes if each.site.number in doubted], rich=True, truthful=True),
            self._carried,
        )
        if self.found:
            self.rivals.compare(lanes, blamed)
            return
        factors = {round(each, 6) for each in self.search.finals.values()}
        if len(factors) == 1 and len(self.search.finals) == len(self.search.wrong) > 1:
            self._identities(likely)  # all are wrong by one factor: a line like ``d /= n`` is gone
        if not self.found and self.thorough:
            control = [each for each in lanes if each.site.kind in ("iterate", "test")]
            self._lanes(control, rich=False, truthful=False)  # few, and nothing in a loop tells that it runs wrongly
        if not self.found and self.thorough and not self._is_clear():
            wrong = [each for each in lanes if not each.suspect.first_right]
            self._lanes(wrong, rich=False, truthful=False, most=_SOME_SECONDS)
        if self.found:
            self.rivals.compare(lanes, blamed)
        elif not any(each.ratios for each in likely):
            self._apart(rest)

    def _is_clear(self) -> bool:
        """Whether an edit that mends a part is no chance: more gradients are right, or a multiple of one has become
        one."""
        multiples = {each.site.number for each in self.suspects if each.is_multiple}
        ways = convincing(self.search, self.suspects, 1, strongly=True)
        return any(
            each.right > self.search.base_right or (each.site is not None and each.site.number in multiples)
            for each in ways
        )

    def _apart(self, rest: list[Suspect]) -> None:
        """Small edits of lines that only some of the wrong gradients come from: there are several faults."""
        if not self.done:
            self.done = True
            self._statements(rest, operators_only=True)
            lanes = self.made(rest)
            self._lanes(lanes, rich=False, truthful=True)
            if self.found:
                self.rivals.compare(lanes, [])
            elif self.search.zeros:
                self._holes()

    def _near(self, likely: list[Suspect], blamed: list[Suspect], rest: list[Suspect]) -> None:
        """Larger edits that do, and small ones of the lines that every wrong gradient comes from."""
        lanes, late, others = self.made(likely), self.made(blamed), self.made(rest)
        later = [each for each in lanes if each.suspect.first_right and each.site.number not in self.search.partly]
        first = [each for each in lanes if each not in later]  # the others are wrong later, by what they were handed
        self._lanes(first, rich=False, truthful=False, most=_SOME_SECONDS)
        self._try(lambda: self._lanes(self.made(self.search.dead()), rich=False, truthful=False))
        if self.found and not any(each.truthful for each in self.found):
            self._lanes(first[:3], rich=True, truthful=True)
        self._try(lambda: self._lanes(first, rich=True, truthful=True))
        if not self.found and not self.cut and convincing(self.search, self.suspects, 1, strongly=True):
            self.cut = True  # that is worth following; what is left here has its turn if it leads nowhere
            return
        self._try(
            lambda: self._solve([each for each in first if each.suspect.ratios][:8]),
            lambda: self._lanes(late, rich=True, truthful=True),
            lambda: self._lanes([each for each in first[:8] if each.is_short], rich=True, truthful=False),
            lambda: self._lanes(self.made(self.search.dead()), rich=True, truthful=True),
            lambda: self._lanes(self.made(self.search.dead()), rich=True, truthful=False),
        )
        if self.found:
            self.rivals.compare(lanes, blamed)
            return
        self._lanes(later, rich=False, truthful=False, most=_SOME_SECONDS)
        if not self.found:
            self._apart(rest)
        if self.found or convincing(self.search, self.suspects, 1):
            return
        self._try(
            lambda: self._lanes(later, rich=True, truthful=True),
            lambda: self._solve([each for each in later if each.suspect.ratios][:8]),
        )
        if self.found:
            return
        self._lanes(others, rich=True, truthful=True)
        self._solve([each for each in others if each.suspect.ratios and not each.suspect.right][:8])
        if not convincing(self.search, self.suspects, 1):
            self._lanes(others, rich=False, truthful=False)

    def _far(self, likely: list[Suspect], blamed: list[Suspect], rest: list[Suspect]) -> None:
        """Whatever else may be wrong."""
        lanes, late = self.made(likely), self.made(blamed)
        if self.cut:
            self._near(likely, blamed, rest)
        self._try(
            lambda: self._statements([*likely, *blamed, *rest]),
            self._holes,
            self._picked,
            lambda: self._lanes(lanes, rich=False, truthful=False),
            lambda: self._lanes(lanes, rich=True, truthful=False),
            lambda: self._lanes(late, rich=False, truthful=False),
            lambda: self._solve([each for each in late if each.suspect.ratios][:8]),
            lambda: self._lanes(late, rich=True, truthful=False),
            lambda: self._identities([*likely, *blamed]),
            lambda: self._lanes(self.made(rest), rich=False, truthful=True),
            lambda: self._lanes(self.made(rest), rich=False, truthful=False),
        )

    def _try(self, *stages: Callable[[], None]) -> None:
        """One stage after another, until something mends everything."""
        for stage in stages:
            if self.found or now() > self.until:
                return
            stage()

    def made(self, suspects: list[Suspect]) -> list[Lane]:
        """The lanes of some suspects, each made once."""
        for each in suspects:
            if each.site.number not in self.lanes:
                self.lanes[each.site.number] = self.search.lane(each, self.program)
        return [self.lanes[each.site.number] for each in suspects]

    def _lanes(self, lanes: list[Lane], *, rich: bool, truthful: bool, most: float = _SITE_SECONDS) -> None:
        """One kind of edits, one suspect after another; a little further after the first success, to compare."""
        more = 8 if truthful else 3
        for lane in lanes:
            if self.found:
                more -= 1
                if more < 0 or self.bench.seconds_left < 3:
                    return
            if now() > self.until:
                return
            seconds = min(most, max(0.2, self.bench.seconds_left / 4))
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
        until = now() + min(2.5 if operators_only else 6.0, self.bench.seconds_left / 3)
        every = statement_edits(self.program.watched, functions, lines)
        edits = [each for each in every if (each.early or each.cost <= 1.0) is operators_only]
        if operators_only:  # all are as likely: what counts is the line
            place = {line: number for number, line in enumerate(lines)}
            edits.sort(key=lambda each: place.get(each.line, len(lines)))
        else:
            edits.sort(key=lambda each: each.cost)
        for edit in edits:
            if now() > until:
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
        elif right > self.search.base_right or (right == self.search.base_right and edit.fault in _MAY_HELP):
            self.search.partial.append(candidate)

    def _holes(self) -> None:
        functions, _ = self._scope(self.suspects)
        self.found += self.gaps.holes(functions)

    def _carried(self) -> None:
        functions, _ = self._scope(self.suspects)
        self.found += self.gaps.carried(functions)

    def _picked(self) -> None:
        functions, _ = self._scope(self.suspects)
        self.found += self.gaps.picked(functions)

    def _identities(self, suspects: list[Suspect]) -> None:
        functions, lines = self._scope(suspects)
        self.found += self.gaps.identities(functions, lines)
