"""Search for the edit that mends a backward pass: which line first, which edit of it, and whether it is right."""

import math
import re
from typing import Any

import numpy as np

from handgrad.check.source.blocks import misplaced
from handgrad.check.source.clock import now
from handgrad.check.source.consumers import doubted
from handgrad.check.source.edits import Edit, nodes_of, simple_edits
from handgrad.check.source.expressions import template_of
from handgrad.check.source.influence import Influence
from handgrad.check.source.instrument import Site
from handgrad.check.source.lane import Lane
from handgrad.check.source.pool import Pool, Texts
from handgrad.check.source.program import Bench, Program
from handgrad.check.source.suspect import Candidate, Suspect
from handgrad.check.source.truth import Truth
from handgrad.check.source.understood import explained
from handgrad.check.source.updates import updates_in

_KEPT = ("assign", "augment")  # kinds of sites whose value is kept under a name


class Search:
    """One search in one version of the file, at one point."""

    def __init__(self, bench: Bench, truth: Truth) -> None:
        self.bench = bench
        self.truth = truth
        self.texts = Texts(bench.base.watched)
        self.base_right = bench.right() or frozenset()
        self.wrong = bench.judge.names - self.base_right
        self.partial: list[Candidate] = []
        self.events = bench.events()
        self.given = bench.scenario.outcome().gradients
        words = {str(word) for each in bench.scenario.parameters for word in each.words} - {"self"}
        self.steps = {
            each.line
            for each in updates_in(bench.base.text)
            if each.function and words & set(re.findall(r"[^\W\d]\w*", each.target.split("[")[0]))
        }
        self.absent = {name for name in self.wrong if self.given.get(name) is None}
        self.zeros = {name for name in self.wrong - self.absent if not np.any(self.given[name])}
        source = bench.base.watched.source
        self.templates = {
            template_of(source.segment(each.node)) for each in bench.base.watched.sites if each.kind != "after"
        }
        self.backward = self._backward_sites()
        self._look()

    def _look(self) -> None:
        """Which values of the backward pass are gradients, or multiples that are as good."""
        truth, bench = self.truth, self.bench
        kept = [each for each in self.events if each.number in self.backward and each.kind != "u"]
        truth.usual, truth.seen_once = 1.0, ()
        self.ratios = explained(truth, kept)[1]
        self.touched = Influence(bench, self.events).of(self.backward)
        multiples = {name: truth.multiple(name, self.given[name]) for name in self.wrong - self.absent}
        self.finals = {name: each for name, each in multiples.items() if math.isfinite(each)}
        truth.usual = self._usual()
        self.usuals = [truth.usual, *truth.seen_once]
        factors = {round(each, 6) for each in self.finals.values()}
        if not self.base_right and len(factors) == 1 and len(self.finals) == len(self.wrong) and 0 not in factors:
            # where the last line is at fault, and not the first; or where the first one hides what the last one does
            self.usuals += [truth.usual * next(iter(factors)), truth.usual / factors.pop()]
            truth.seen_once = tuple(dict.fromkeys([*truth.seen_once, *self.usuals[1:]]))
        self.ratios = explained(truth, kept)[1]
        sites = bench.base.watched.sites
        telling = [each for each in kept if not sites[each.number].copies]
        self.base_score = explained(truth, telling, targets_of(bench.base))[0]
        self._unjustify(kept)

    def _unjustify(self, events: list[Any]) -> None:
        """A value that is a true gradient of something, but is handed out as a wrong gradient of something else."""
        self.partly: set[int] = set()  # sites whose first value is a gradient through one use only, at most
        self.handed: set[int] = set()  # sites whose values are what is handed out as wrong gradients
        sites = self.bench.base.watched.sites
        self._distrust(misplaced(self.truth, [sites[each] for each in self.backward], events))
        self.doubted = doubted(sites, self.backward, self.ratios)
        self._distrust(self.doubted)
        wrong = [self.given[name] for name in self.wrong - self.absent]
        for event in events:
            for each in wrong:
                if each.size == event.value.size and np.allclose(each.ravel(), event.value.ravel(), rtol=1e-9, atol=0):
                    self.handed.add(event.number)
            if not event.occurrence and not self.truth.whole(event.value):
                self.partly.add(event.number)
            touched = self.touched.get(event.number)
            owners = self.truth.owned_by(event.value) if touched else None
            if owners is not None and touched is not None and not owners & touched:
                self._distrust({event.number})
        self._distrust(self.handed)

    def _distrust(self, numbers: set[int]) -> None:
        """Take the values of some sites for the gradients of nothing."""
        for number in numbers:
            self.ratios[number] = [math.nan] * max(1, len(self.ratios.get(number, [])))

    def _usual(self) -> float:
        """The multiple of true gradients that is as good as 1 here: a mean may be taken at the end, a sign carried.

        It is what is seen in lines that reach a right gradient; where all gradients are wrong by one factor, what is
        seen anywhere, divided by that factor.
        """
        legitimate: dict[int, float] = {}
        all_lines: dict[int, float] = {}
        inner: dict[int, float] = {}
        sites = self.bench.base.watched.sites
        for number, ratios in sorted(self.ratios.items(), key=lambda each: self.backward[each[0]]):
            finite = [each for each in ratios if np.isfinite(each) and abs(each) >= 1e-4]
            if finite:
                all_lines[sites[number].line] = round(finite[0], 4)
                touched = self._reach(sites[number])
                if touched is not None and touched & self.base_right:
                    legitimate[sites[number].line] = round(finite[0], 4)
                if sites[number].kind != "return":
                    inner[sites[number].line] = round(finite[0], 4)
        if self.base_right:
            odd = [each for each in legitimate.values() if abs(each - 1) > 1e-3]
            best = max(odd, key=odd.count) if odd else 1.0
            plain = sum(abs(each - 1) <= 1e-3 for each in inner.values())
            enough = odd.count(best) >= max(2, 0.4 * plain) or not plain
            return best if odd and enough else 1.0
        factor = self._common_factor()
        ends = [factor, *(each for each in self.finals.values() if each)]  # what is handed out so is no convention
        odd = [
            each
            for each in all_lines.values()
            if abs(each - 1) > 1e-3 and all(abs(each - end) > 1e-3 * abs(end) for end in ends)
        ]
        if not odd or (factor == 1.0 and len(odd) < 2):
            self.truth.seen_once = tuple(odd)
            return 1.0
        return max(odd, key=odd.count) / factor  # of those seen as often the first

    def _common_factor(self) -> float:
        """How many times too large all wrong gradients are; 1 where they have no factor in common."""
        finals = list(self.finals.values()) if len(self.finals) == len(self.wrong) else []
        alike = finals and all(abs(each - finals[0]) < 1e-3 * abs(finals[0]) for each in finals)
        return finals[0] if alike and finals[0] else 1.0

    def _reach(self, site: Site) -> frozenset[str] | None:
        """The parameters whose gradients a value reaches; of what ``+=`` has made, those that the summand reaches."""
        if site.kind != "after":
            return self.touched.get(site.number)
        sites = self.bench.base.watched.sites
        summands = [each for each in self.touched if sites[each].statement is site.statement]
        return self.touched[summands[0]] if summands else None

    # which line

    def _backward_sites(self) -> dict[int, int]:
        """Sites whose values matter to gradients and not to the loss, in the order in which they are passed."""
        order = self.bench.visited()
        scenario = self.bench.scenario
        sites = self.bench.base.watched.sites
        if not any(call.backward for call in scenario.calls[: scenario.last_forward]):
            forward = self.bench.visited(forward_only=True)
            return {number: place for number, place in order.items() if number not in forward}
        influential = {number for kind, number, _ in self.truth.influential if kind == "v"}
        kept = {}
        for number, place in order.items():
            site = sites[number]
            if number in influential or (site.kind == "after" and self._augments_forward(site, influential)):
                continue
            if site.kind in ("iterate", "test"):
                inside = range(site.line, (site.statement.end_lineno or site.line) + 1)
                if any(sites[each].line in inside for each in influential if sites[each].function == site.function):
                    continue
            kept[number] = place
        return kept

    def _augments_forward(self, site: Site, influential: set[int]) -> bool:
        sites = self.bench.base.watched.sites
        return any(sites[each].statement is site.statement for each in influential)

    def suspects(self) -> list[Suspect]:
        """Sites of the backward pass, the likeliest first."""
        found = []
        sites = self.bench.base.watched.sites
        for number, order in self.backward.items():
            site = sites[number]
            if site.kind == "after" or site.line in self.steps:
                continue  # a step of the parameters may stand in the wrong place, but is no gradient
            touched = self.touched[number]
            if self.absent == self.wrong:
                touched = None  # what would reach them is not known
            covers = touched is None or self.wrong <= touched
            touches = touched is None or bool(self.wrong & touched)
            clean = touched is None or not touched & self.base_right
            ratios = self.ratios.get(number, [])
            finals = tuple(
                self.finals[name] for name in sorted(self.wrong & (touched or frozenset())) if name in self.finals
            )
            found.append(Suspect(site, order, covers, touches, ratios, self.truth.usual, clean, finals))
        found.sort(key=self._rank)
        return found

    def dead(self) -> list[Suspect]:
        """Assignments of backward that nothing depends on: what they compute may be lost."""
        sites = self.bench.base.watched.sites
        numbers = [each for each in self.backward if self.touched.get(each) == frozenset()]
        lost = [sites[each] for each in numbers if sites[each].kind in _KEPT and sites[each].line not in self.steps]
        return [Suspect(each, self.backward[each.number], True, True, []) for each in lost]

    @staticmethod
    def _rank(each: Suspect) -> tuple[Any, ...]:
        control = each.site.kind in ("iterate", "test")
        no_value = control or not each.ratios
        return not each.covers, not each.touches, each.right, not each.clean, no_value, each.first_right, each.order

    # which edit

    def lane(self, suspect: Suspect, program: Program) -> Lane:
        """The edits of one suspected expression."""
        return Lane(self, suspect, program)

    def keep(self, site: Site, program: Program, edit: Edit, right: frozenset[str], truthful: bool) -> Candidate | None:
        """File an edit that was run under what it achieved; returned if it mends everything."""
        text = program.with_text(edit.span, edit.new)
        before = program.watched.source.segment(site.node)
        after = before[: edit.span.start - site.span.start] + edit.new + before[edit.span.end - site.span.start :]
        fault = edit.fault
        if fault == "other" and edit.new.count(":") > before.count(":"):
            fault = "rows-dropped"  # a whole axis where one entry of it stood
        also: tuple[str, ...] = ()
        if site.kind == "iterate":  # the rounds of a loop may be steps or samples: nothing in it tells
            fault = "never-written" if self.zeros == self.wrong else "boundary-step"
            also = ("rows-dropped",) if fault == "boundary-step" else ()
        candidate = Candidate(text, site, site.line, fault, edit.cost, right, truthful, 0.0, before, after, also)
        if right == self.bench.judge.names:
            return candidate
        honest = truthful and right >= self.base_right and site.number not in self.handed
        if right > self.base_right or honest:
            self.partial.append(candidate)
        return None

    def verified(self, candidate: Candidate) -> bool:
        """Whether the whole file with the edit, compiled anew, is right at every point."""
        program = self.bench.compile(candidate.text)
        return program is not None and self.bench.right_everywhere(program)

    def level(self, value: Any) -> int:
        """0: the gradient of nothing, 1: what comes through one use of a value, 2: the whole gradient of a value."""
        if not self.exact(value):
            return 0
        return 2 if self.truth.whole(np.asarray(value, dtype=float)) else 1

    def exact(self, value: Any) -> bool:
        """Whether a value is the gradient of something that forward computes."""
        if not isinstance(value, np.ndarray | float):
            return False
        return self.truth.exact(np.asarray(value, dtype=float)) is not None

    def slowly(self, site: Site, program: Program, until: float) -> list[Candidate]:
        """Edits where the expression cannot be exchanged in place: the function is compiled again for each."""
        namespace = self.bench.scenario.module.namespace
        pool = Pool(self.texts, site, {}, namespace)
        nodes = nodes_of(program.watched.source, site.node, pool)
        edits = sorted(simple_edits(program.watched.source, nodes, pool), key=lambda each: each.cost)
        found: list[Candidate] = []
        for edit in edits:
            if now() > until:
                break
            other = self.bench.compile(program.with_text(edit.span, edit.new))
            if other is None:
                continue
            self.bench.install(other)
            right = self.bench.right()
            self.bench.install(program)
            candidate = self.keep(site, program, edit, right, False) if right is not None else None
            if candidate is not None and self.verified(candidate):
                return [candidate]
        return found


def targets_of(program: Program) -> dict[int, str]:
    """The text that each site assigns to."""
    return {each.number: each.target for each in program.watched.sites}
