"""Search for the edit that mends a backward pass: which line first, which edit of it, and whether it is right."""

import ast
import math
import time
from typing import Any

import numpy as np

from handgrad.check.source.edits import Edit, nodes_of, simple_edits
from handgrad.check.source.expressions import template_of
from handgrad.check.source.hooks import Injector
from handgrad.check.source.instrument import Site
from handgrad.check.source.lane import Lane
from handgrad.check.source.pool import Pool, Texts
from handgrad.check.source.program import Bench, Program
from handgrad.check.source.scenario import TimeUp
from handgrad.check.source.suspect import Candidate, Suspect
from handgrad.check.source.truth import Truth, explained
from handgrad.check.source.updates import updates_in


class Search:
    """One search in one version of the file, at one point."""

    def __init__(self, bench: Bench, truth: Truth) -> None:
        self.bench = bench
        self.truth = truth
        self.texts = Texts(bench.base.watched)
        self.base_right = bench.right() or frozenset()
        self.wrong = bench.judge.names - self.base_right
        self.partial: list[Candidate] = []
        self.found: list[Candidate] = []
        events = bench.events()
        self.parts: dict[int, set[int]] = {}
        for each in events:
            if each.kind == "v":
                self.parts.setdefault(each.number, set()).add(each.part)
        self.opaque = bench.opaque()
        words = {str(word) for each in bench.scenario.parameters for word in each.words}
        self.steps = {each.line for each in updates_in(bench.base.text) if each.words & words and each.function}
        given = bench.scenario.outcome().gradients
        self.unwritten = all(given.get(name) is not None and not np.any(given[name]) for name in self.wrong)
        self.empty = {each.number for each in events if not each.value.size}  # no noise can be put on them
        source = bench.base.watched.source
        self.templates = {
            template_of(source.segment(each.node)) for each in bench.base.watched.sites if each.kind != "after"
        }
        self.backward = self._backward_sites()
        kept = [each for each in events if each.number in self.backward and each.kind != "u"]
        truth.usual = 1.0
        self.ratios = explained(truth, kept)[1]
        self.touched = self._influences()
        given = bench.scenario.outcome().gradients
        multiples = {name: truth.multiple(name, given[name]) for name in self.wrong if given.get(name) is not None}
        self.finals = {name: each for name, each in multiples.items() if math.isfinite(each)}
        truth.usual = self._usual()
        self.base_score, self.ratios = explained(truth, kept, self._targets(bench.base))
        self._unjustify(kept)

    def _unjustify(self, events: list[Any]) -> None:
        """A value that is a true gradient of something, but is handed out as a wrong gradient of something else."""
        given = self.bench.scenario.outcome().gradients
        wrong = [given[name] for name in self.wrong if given.get(name) is not None]
        for event in events:
            for each in wrong:
                if each.size == event.value.size and np.allclose(each.ravel(), event.value.ravel(), rtol=1e-9, atol=0):
                    self.ratios[event.number] = [float("nan")] * max(1, len(self.ratios.get(event.number, [])))

    def _influences(self) -> dict[int, frozenset[str] | None]:
        """For each site the parameters whose gradients its values reach; None where that cannot be told."""
        sites = self.bench.base.watched.sites
        base = self.bench.scenario.outcome().gradients
        rng = np.random.default_rng(5)
        found: dict[int, frozenset[str] | None] = {}
        for number in self.backward:
            site = sites[number]
            if site.kind != "after":
                hidden = site.kind in ("iterate", "test") or self._calls_methods(site)
                found[number] = None if hidden else self._influence(site, base, rng)
        return found

    def _calls_methods(self, site: Site) -> bool:
        """Whether an expression calls a method of the file: what that writes into its object is not in the value."""
        methods = {name.rsplit(".", 1)[-1] for name in self.bench.base.watched.functions if "." in name}
        return any(
            isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in methods
            for each in ast.walk(site.node)
        )

    def _usual(self) -> float:
        """The multiple of true gradients that is as good as 1 here: a mean may be taken at the end, a sign carried.

        It is what is seen in lines that reach a right gradient; where all gradients are wrong by one factor, what is
        seen anywhere, divided by that factor.
        """
        legitimate, all_lines = {}, {}
        sites = self.bench.base.watched.sites
        for number, ratios in self.ratios.items():
            finite = [each for each in ratios if np.isfinite(each)]
            if finite:
                all_lines[sites[number].line] = round(finite[0], 4)
                touched = self.touched.get(number)
                if touched is not None and touched & self.base_right:
                    legitimate[sites[number].line] = round(finite[0], 4)
        if self.base_right:
            odd = [each for each in legitimate.values() if abs(each - 1) > 1e-3]
            best = max(set(odd), key=odd.count) if odd else 1.0
            plain = sum(abs(each - 1) <= 1e-3 for each in all_lines.values())
            return best if odd.count(best) >= max(2, 0.4 * plain) else 1.0
        finals = list(self.finals.values()) if len(self.finals) == len(self.wrong) else []
        factor = (
            finals[0] if finals and all(abs(each - finals[0]) < 1e-3 * abs(finals[0]) for each in finals) else math.nan
        )
        if not math.isfinite(factor) or not factor:
            factor = 1.0
        odd = [each for each in all_lines.values() if abs(each - 1) > 1e-3 and abs(each - factor) > 1e-3 * abs(factor)]
        if not odd or (factor == 1.0 and len(odd) < 2):
            return 1.0
        return max(set(odd), key=odd.count) / factor

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

    @staticmethod
    def _rank(each: Suspect) -> tuple[Any, ...]:
        control = each.site.kind in ("iterate", "test")
        no_value = control or not each.ratios
        return not each.covers, not each.touches, each.right, not each.clean, no_value, each.first_right, each.order

    def _influence(self, site: Site, base: dict[str, Any], rng: Any) -> frozenset[str] | None:
        """The parameters whose gradients change when the values at a site do; None if that cannot be told."""

        def noise(value: Any) -> Any:
            return 0.1 * (np.abs(value).mean() + 0.1) * rng.normal(size=np.shape(value))

        seen = False
        changed: set[str] = set()
        if site.number in self.empty:
            return None
        for part in self._parts(site):
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

    def _parts(self, site: Site) -> list[int]:
        """Which parts of its value hold numbers; none if some part is hidden in another kind of thing."""
        if site.number in self.opaque:
            return []
        return sorted(self.parts.get(site.number, set()))

    # which edit

    def lane(self, suspect: Suspect, program: Program) -> Lane:
        """The edits of one suspected expression."""
        return Lane(self, suspect, program)

    def keep(self, site: Site, program: Program, edit: Edit, right: frozenset[str], truthful: bool) -> Candidate | None:
        """File an edit that was run under what it achieved; returned if it mends everything."""
        text = program.with_text(edit.span, edit.new)
        before = program.watched.source.segment(site.node)
        now = before[: edit.span.start - site.span.start] + edit.new + before[edit.span.end - site.span.start :]
        fault = edit.fault
        if fault == "other" and edit.new.count(":") > before.count(":"):
            fault = "rows-dropped"  # a whole axis where one entry of it stood
        if site.kind == "iterate":
            fault = "never-written" if self.unwritten else "boundary-step"
        candidate = Candidate(text, site, site.line, fault, edit.cost, right, truthful, 0.0, before, now)
        if right == self.bench.judge.names:
            return candidate
        if right > self.base_right or (truthful and right >= self.base_right):
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
        if not isinstance(value, np.ndarray | float) or not np.ndim(value):
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
            if time.monotonic() > until:
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

    # judging what was found

    def rate(self, candidate: Candidate) -> float:
        """How much of the backward pass is understood once the edit is made."""
        program = self.bench.compile(candidate.text)
        if program is None:
            return -1.0
        was = self.bench.installed
        self.bench.install(program)
        try:
            events = self.bench.events()
        finally:
            self.bench.install(was)
        lines = {self.bench.base.watched.sites[number].line for number in self.backward}
        sites = program.watched.sites
        kept = [each for each in events if each.kind != "u" and sites[each.number].line in lines]
        candidate.score = explained(self.truth, kept, self._targets(program))[0]
        return candidate.score

    @staticmethod
    def _targets(program: Program) -> dict[int, str]:
        return {each.number: each.target for each in program.watched.sites}

    def likeness(self, candidate: Candidate) -> float:
        """What speaks for an edit because other lines of the file look like its result: layers repeat themselves."""
        if not candidate.after:
            return 0.0
        others = [
            template_of(self.bench.base.watched.source.segment(each.node))
            for each in self.bench.base.watched.sites
            if each is not candidate.site and each.kind != "after"
        ]
        before, after = template_of(candidate.before), template_of(candidate.after)
        return 0.5 * ((after in others) - (before in others))


def _close(one: Any, other: Any) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)
