"""What else would mend a file that an edit mends: the line it stands in may be right, and another one wrong."""

import ast
from typing import TYPE_CHECKING

from handgrad.check.source.choice import likeness
from handgrad.check.source.clock import now
from handgrad.check.source.consumers import read_by
from handgrad.check.source.expressions import names_called
from handgrad.check.source.lane import Lane
from handgrad.check.source.suspect import Candidate, Suspect

if TYPE_CHECKING:
    from handgrad.check.source.round import Round


class Rivals:
    """The search for other edits in one round, once one was found."""

    def __init__(self, turn: "Round") -> None:
        self.turn = turn
        self.search = turn.search

    def compare(self, lanes: list[Lane], blamed: list[Suspect]) -> None:
        """What else would do: where the mended line may be right, and another one wrong."""
        self._upstream(lanes)
        self.origins(self.turn.found)
        self._readers()
        self._paths(self.turn.made(blamed))
        returned = [each for each in lanes if isinstance(each.site.statement, ast.Return)]
        for lane in returned[:4]:  # where means are taken
            self.turn.found += lane.run(rich=False, truthful=True, seconds=0.3, enough=1)
        self._callers()
        if all(likeness(self.search, each) < 0 for each in self.turn.found):  # it would spoil the likeness of two lines
            late = self.turn.made(blamed)
            late.sort(key=lambda each: -each.suspect.order)
            until = now() + 1.5
            for lane in late[:8]:
                if now() < until:
                    self.turn.found += lane.run(rich=False, truthful=False, seconds=0.3, enough=2)

    def _upstream(self, lanes: list[Lane]) -> None:
        """What feeds the mended line may be the culprit where it is no gradient itself: a helper, a size, a mask."""
        sites = self.turn.program.watched.sites
        lines = {each.line for each in self.turn.found}
        order = min((place for each, place in self.search.backward.items() if sites[each].line in lines), default=0)
        until = now() + 1.5
        for lane in lanes:
            before = lane.suspect.order < order or not lane.suspect.ratios
            if lane.suspect.helper and before and now() < until:
                found = lane.run(rich=False, truthful=False, seconds=0.4, enough=2)
                if not found and lane.makes_number:  # it may have lost the array it was made of
                    found = lane.run(rich=True, truthful=False, seconds=0.4, enough=2)
                self.turn.found += found

    def origins(self, candidates: list[Candidate]) -> None:
        """Where an edited line reads a variable, the line that makes it may be the one that has lost something."""
        read = {name for each in candidates if each.site is not None for name in read_by(each.site.node)}
        makers = [each for each in self.turn.suspects if each.touches and each.site.target in read]
        until = now() + 2.0
        for lane in self.turn.made(makers[:8]):
            for rich, truthful in ((False, True), (False, False), (True, True)):
                if now() < until and (truthful or lane.suspect.begins):
                    self.turn.found += lane.run(rich=rich, truthful=truthful, seconds=0.5, enough=2)

    def _readers(self) -> None:
        """Where the mended line makes what is no gradient, a line that reads it may be the one at fault."""
        edited = [each.site.statement for each in self.turn.found if each.site is not None and not each.truthful]
        made = {ast.unparse(target) for each in edited if isinstance(each, ast.Assign) for target in each.targets}
        until = now() + 1.0
        for each in self.turn.suspects if made else ():
            read = read_by(each.site.node) | {name.partition("[")[0] for name in read_by(each.site.node)}
            if made & read and each.covers and now() < until:
                self.turn.found += self.turn.made([each])[0].run(rich=False, truthful=False, seconds=0.4, enough=2)

    def before(self, way: Candidate) -> None:
        """What feeds a line that an edit would mend in part, where it is no gradient itself."""
        order = self.search.backward.get(way.site.number, 0) if way.site is not None else 0
        helpers = [each for each in self.turn.suspects if each.touches and each.order < order and each.helper]
        helpers.sort(key=lambda each: -each.order)
        until = now() + 1.0
        for lane in self.turn.made(helpers[:6]):
            if way.site is not None and now() < until:
                self.turn.found += lane.feeding(way.site, 0.3)

    def _callers(self) -> None:
        """The lines that call the function of a mended line: it may be right, and given the wrong thing."""
        names = {each.site.function.rsplit(".", 1)[-1] for each in self.turn.found if each.site is not None}
        until = now() + 2.0
        for lane in self.turn.made(
            [each for each in self.turn.suspects if each.covers and names_called(each.site.node) & names]
        )[:3]:
            for truthful in (True, False):
                if now() < until:
                    self.turn.found += lane.run(rich=False, truthful=truthful, seconds=0.8, enough=2)

    def _paths(self, late: list[Lane]) -> None:
        """A line before the mended one may be right for one path only, and be the place where another one joins."""
        orders = [self.search.backward.get(each.site.number, 0) for each in self.turn.found if each.site is not None]
        until = now() + 1.5
        near = sorted(late, key=lambda each: abs(each.suspect.order - min(orders, default=0)))
        begin = min(late, key=lambda each: each.suspect.order, default=None)  # where a mean is taken, or not
        for lane in dict.fromkeys([begin, *near[:6]] if orders and begin is not None else []):
            if now() < until:
                found = lane.run(rich=False, truthful=True, seconds=0.4, enough=2)
                found = found or lane.run(rich=True, truthful=True, seconds=0.6, enough=2)
                self.turn.found += found
