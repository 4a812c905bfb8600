"""Lines that are missing: a placeholder where one may belong, and what it should compute."""

from dataclasses import replace

import numpy as np

from handgrad.check.source.absent import carries, holes, identities, indexed
from handgrad.check.source.clock import now
from handgrad.check.source.fill import entries, fillings
from handgrad.check.source.instrument import Site
from handgrad.check.source.program import Program
from handgrad.check.source.search import Search
from handgrad.check.source.statements import StatementEdit
from handgrad.check.source.suspect import Candidate, Suspect


class Gaps:
    """The search for a missing line in one version of the file."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.bench = search.bench
        self.program = search.bench.base

    def holes(self, functions: list[str]) -> list[Candidate]:
        """A gradient that is never written, a carry that is never updated."""
        until = now() + min(6.0, self.bench.seconds_left / 3)
        words = {each.name: tuple(map(str, each.words)) for each in self.bench.scenario.parameters}
        wrong = [words[each] for each in sorted(self.search.wrong)]
        right = [words[each] for each in sorted(self.search.base_right)]
        for edit in holes(self.program.watched, functions, wrong, right):
            if now() > until:
                break
            if not edit.hole:
                candidate = self._whole(edit)
                if candidate is not None:
                    return [candidate]
                continue
            filled = self._filled(edit, min(1.5, self.bench.seconds_left / 6))
            if filled:
                return filled
        return []

    def carried(self, functions: list[str]) -> list[Candidate]:
        """A gradient that a loop reads and never changes: what flows back to the step before is left out."""
        sites = self.program.watched.sites
        gradients = {sites[each].target for each, ratios in self.search.ratios.items() if np.isfinite(ratios).any()}
        right = {sites[each].target for each, ratios in self.search.ratios.items() if np.isfinite(ratios).all()}
        values = [each for each in self.search.events if each.kind != "u"]
        # numbers, and what begins with zeros, are not known by what they equal
        begun = {sites[each.number].target for each in values if not each.value.ndim or not np.any(each.value)}
        edits = [each for name in functions for each in carries(self.program.watched, name)]
        edits = [each for each in edits if each.helper in gradients - right | begun]
        until = now() + 3.0
        for edit in sorted(edits, key=lambda each: each.helper not in gradients):
            found = self._filled(edit, 0.7) if now() < until else []
            if found:
                return found
        return []

    def _filled(self, edit: StatementEdit, seconds: float) -> list[Candidate]:
        """What a placeholder should compute, if that mends everything."""
        program, site = self._placeholder(edit)
        try:
            if program is not None and site is not None:
                for text, cost, right in fillings(self.search, site, program, edit, seconds):
                    candidate = Candidate(text, None, edit.line, edit.fault, cost, right)
                    if self._mends(candidate):
                        return [candidate]
        finally:
            self.bench.install(self.program)
        return []

    def picked(self, functions: list[str]) -> list[Candidate]:
        """A line that changes picked entries, the one of the label in each row."""
        until = now() + min(5.0, self.bench.seconds_left / 3)
        found: list[Candidate] = []
        for edit in indexed(self.program.watched, functions):
            if now() > until or found:
                break
            program, site = self._placeholder(edit)
            if program is not None and site is not None:
                for text, right in entries(self.search, site, edit.helper, program):
                    candidate = Candidate(text, None, edit.line, edit.fault, edit.cost, right)
                    if self._mends(candidate):
                        found.append(candidate)
        self.bench.install(self.program)
        return found

    def identities(self, functions: list[str], lines: list[int]) -> list[Candidate]:
        """A line that changed a value: ``x = x`` in its place, edited like any other."""
        until = now() + min(4.0, self.bench.seconds_left / 3)
        for edit in identities(self.program.watched, functions, lines):
            if now() > until:
                break
            program = self.bench.compile(edit.text)
            if program is None:
                continue
            sites = [each for each in program.watched.sites if each.line == edit.hole and each.kind == "assign"]
            if len(sites) != 1 or sites[0].target != edit.helper:
                continue
            lane = self.search.lane(Suspect(sites[0], 0, True, True, []), program)
            found: list[Candidate] = []
            for rich, truthful in ((False, True), (False, False), (True, True)):
                found = found or lane.run(rich=rich, truthful=truthful, seconds=0.3, enough=1)
            self.bench.install(self.program)
            if found:
                return [replace(each, site=None, line=edit.line) for each in found]
        return []

    def _whole(self, edit: StatementEdit) -> Candidate | None:
        """A missing line that is known whole; None if it does not mend everything."""
        program = self.bench.compile(edit.text)
        if program is None:
            return None
        self.bench.install(program)
        right = self.bench.right()
        self.bench.install(self.program)
        candidate = Candidate(edit.text, None, edit.line, edit.fault, edit.cost, right or frozenset())
        return candidate if right is not None and right > self.search.base_right and self._mends(candidate) else None

    def _placeholder(self, edit: StatementEdit) -> tuple[Program | None, Site | None]:
        """The file with the placeholder, installed, and its place; nothing where it cannot run."""
        program = self.bench.compile(edit.text)
        if program is None:
            return None, None
        self.bench.install(program)
        sites = [each for each in program.watched.sites if each.line == edit.hole]
        site = next((each for each in sites if each.kind in ("assign", "augment")), None)
        return program, site if self.bench.right() is not None else None

    def _mends(self, candidate: Candidate) -> bool:
        """Whether an edit that was run makes everything right, at every point; where it does not, it may help."""
        if candidate.right != self.bench.judge.names:
            self.search.partial.append(candidate)
            return False
        program = self.bench.compile(candidate.text)
        return program is not None and self.bench.right_everywhere(program)
