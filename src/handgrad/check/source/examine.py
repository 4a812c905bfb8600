"""The whole check of a user's text: what is wrong, where, why, and the edit that mends it."""

import math
import re
import time
from dataclasses import replace

from handgrad.check.result import Finding, ParameterVerdict, Report, overall
from handgrad.check.source.afterwards import Afterwards, shows_more, with_more
from handgrad.check.source.build import build
from handgrad.check.source.conventions import summed, times_the_loss, turned
from handgrad.check.source.findings import findings_of, line_states
from handgrad.check.source.finite import is_finite, not_finite
from handgrad.check.source.handed import quick_findings
from handgrad.check.source.independent import settled
from handgrad.check.source.inorder import in_order
from handgrad.check.source.judge import DIRECTIONS, Judge
from handgrad.check.source.losses import in_one_call
from handgrad.check.source.plainly import plain_findings
from handgrad.check.source.quiet import quiet
from handgrad.check.source.repair import repair
from handgrad.check.source.roles import Roles
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.table import verdict_of
from handgrad.check.source.tidy import in_words_of
from handgrad.check.source.unchecked import unchecked
from handgrad.errors import InputError

_NARROW = re.compile(r"\bfloat(32|16)\b|np\.single\b|np\.half\b")
_POINTS = 3  # values of the parameters at which gradients are compared
_RUNS = 6  # of the loss, for one direction
_AGAIN_SECONDS = 4.0  # that have to be left for a second look
_SEARCH_SECONDS = 24.0  # what is not found by then is seldom found later; with a longer time limit
_SEARCH_SHARE = 0.4  # of it is given to the search
_SLOW = 0.05  # seconds of a run from which on smaller data help more than more time: a search takes hundreds of runs


def examine(text: str, name: str, roles: Roles, *, seconds: float = 60.0, seed: int = 0, mend: bool = True) -> Report:
    """Check a text in this process; without ``mend``, no correction is looked for.

    Raises InputError in a sentence, and what the user's own code raises.
    """
    deadline = time.monotonic() + seconds
    with quiet():
        try:
            scenario = build(text, name, roles, seconds)
            scenario.deadline = deadline - min(2.0, seconds / 10)
            with scenario.module.as_main():
                examination = _Examination(scenario, text, name, seed)
                report = examination.report(mend)
        except TimeUp:
            raise InputError(
                f"{name} was not done after the time limit of {seconds:g} s; make its data smaller, "
                f"or give it more time "
                "with --time-limit"
            ) from None
    left = deadline - time.monotonic()
    if examination.mended is not None and left > _AGAIN_SECONDS:
        again = examine(examination.mended, name, roles, seconds=left, seed=seed)
        more = with_more(report.findings, again.findings, text, examination.mended)
        report = replace(report, findings=in_order(more, text))
    return report


def examine_scenario(scenario: Scenario, text: str, name: str, seed: int) -> Report:
    """Check a scenario that was built otherwise; its deadline holds."""
    return _Examination(scenario, text, name, seed).report()


class _Examination:
    """One check, step by step."""

    def __init__(self, scenario: Scenario, text: str, name: str, seed: int) -> None:
        self.scenario = scenario
        self.text = text
        self.name = name
        self.notes: list[str] = []
        self.mended: str | None = None  # the mended text, where a second call of it shows another fault
        self._repeatable()
        self.judge = self._choose(seed)
        if not self.judge.points:
            raise not_finite(self.scenario)
        self._convention(seed)
        self._explain_calls()

    def _repeatable(self) -> None:
        scenario = self.scenario
        scenario.point = {}
        first, second = scenario.loss(), scenario.loss()
        if not math.isfinite(first) and not is_finite(scenario):
            raise not_finite(scenario)
        if math.isfinite(first) and first != second:
            raise InputError(
                f"two calls of the loss in {self.name} differ ({first:.6g} and {second:.6g}), "
                f"expected the same number; "
                "take random draws, time and files out of the forward pass"
            )

    def _points(self) -> int:
        """At how many points there is time to compare."""
        scenario = self.scenario
        one = scenario.slowest * len(scenario.parameters) * DIRECTIONS * _RUNS
        return _POINTS if _POINTS * one < 0.3 * (scenario.deadline - time.monotonic()) else 1

    def _choose(self, seed: int) -> Judge:
        """Where it is not known which loss the gradients belong to: the one that makes most of them right."""
        scenario = self.scenario
        if not scenario.loss_choices:
            return Judge(scenario, points=self._points(), seed=seed)
        best: tuple[int, int] | None = None
        for place, choice in enumerate(scenario.loss_choices):
            scenario.choose(choice)
            judge = Judge(scenario, points=1, seed=seed)
            if not judge.points:
                continue
            judge.go_to(0)
            right = len(judge.right_names(0, scenario.outcome().gradients))
            if best is None or right > best[0]:
                best = (right, place)
            if right == len(scenario.parameters):
                break
        if best is None or not (best[0] or scenario.loss_choices[best[1]].returned):
            if scenario.training is not None:
                raise InputError(in_one_call(scenario, "and its gradients belong to no loss that was found"))
            raise InputError(
                f"{self.name} has no function that returns the loss as one number, and its "
                f"gradients belong to none of the "
                "usual ones, expected a function that returns it; add it, or name it by --loss NAME"
            )
        chosen = scenario.loss_choices[best[1]]
        scenario.choose(chosen)
        if not chosen.returned:
            self.notes.append(
                f"the file returns no loss; it was taken to be {chosen.words}. Name yours by --loss if it is another."
            )
        return Judge(scenario, points=self._points(), seed=seed)

    def _convention(self, seed: int) -> None:
        """What looks like a fault and is a convention of the file."""
        k, words = summed(self.judge, self.text)
        if k != 1:
            times_the_loss(self.scenario, k)
            self.judge = Judge(self.scenario, points=self._points(), seed=seed)
        self.step, self.step_line, more = turned(self.judge, self.text)
        self.notes += [each for each in (words, more) if each]

    def _explain_calls(self) -> None:
        scenario = self.scenario
        calls = ", ".join(dict.fromkeys(call.name for call in scenario.calls))
        self.notes.insert(0, f"the file was run, then {calls} many times; the loss is {scenario.loss_text}")
        if self._is_narrow():
            self.notes.append(
                "checked in float64: what is float32 in the file was widened, so its rounding does not show"
            )
        if scenario.state.draws:
            self.notes.append(
                "the file draws random numbers while it computes the loss; every run was given the same ones"
            )
        if scenario.redrawn:
            self.notes.append(
                "the backward pass draws random numbers too: it does not meet those that the forward pass drew"
            )

    def _is_narrow(self) -> bool:
        return self.scenario.state.narrowed or bool(_NARROW.search(self.text))

    def report(self, mend: bool = True) -> Report:
        """Verdicts, findings, notes."""
        scenario, judge = self.scenario, self.judge
        right = self._right()
        table = [verdict_of(scenario, judge, each, each.name in right) for each in scenario.parameters]
        table, free = settled(table, scenario, judge)
        self.notes += free + unchecked(scenario, self.text)
        wrong = [each.name for each in table if each.verdict == "wrong"]
        if not wrong:
            after = Afterwards(scenario, judge, self.text, self.name)
            table, findings = after.seen(table, self.step, self.step_line, narrow=self._is_narrow())
            return self._made(table, findings, {})
        if not mend:
            return self._made(table, (), {})
        try:
            return self._made(table, *self._explained(wrong))
        except (Exception, TimeUp) as error:  # the numbers are known, whatever happens on the way to a reason
            scenario.module.restore()
            failed = f"the search failed ({type(error).__name__}: {error}) before a correction was found"
            self.notes.append(self._late() if isinstance(error, TimeUp) else failed)
            return self._made(table, plain_findings(scenario, self.text, self.name, wrong), {})

    def _explained(self, wrong: list[str]) -> tuple[tuple[Finding, ...], dict[int, str]]:
        """Findings, and what each line is."""
        scenario, judge = self.scenario, self.judge
        quick = quick_findings(scenario, judge, self.text, self.name, wrong)
        if quick:
            return quick, {each.line: "wrong here" for each in quick if each.line is not None}
        seconds = max(_SEARCH_SECONDS, _SEARCH_SHARE * (scenario.deadline - time.monotonic()))
        result = repair(scenario, judge, seconds)
        findings = findings_of(scenario, judge, result, self.text, self.name, wrong)
        if result.complete and shows_more(scenario, judge, result.texts[-1]):
            self.mended = in_words_of(self.text, scenario.module.watched.source.text, result.texts[-1])
        if result.timed_out and not result.complete:
            self.notes.append(self._late())
        elif not result.complete:
            self.notes.append("no single correction was found that makes every gradient right")
        return findings, line_states(result, findings)

    def _late(self) -> str:
        """That the time was over, and what helps."""
        one = self.scenario.slowest
        slow = f"; one run takes {one:.2g} s: make the data smaller, a few samples show the same fault"
        return "the time was over before a correction was found" + (
            slow if one > _SLOW else "; --time-limit gives it more"
        )

    def _right(self) -> frozenset[str]:
        """The parameters that are right at every point."""
        right = self.judge.names
        for number in range(len(self.judge.points)):
            self.judge.go_to(number)
            try:
                given = self.scenario.outcome().gradients
            except Exception:
                if number == 0:
                    raise
                continue
            right &= self.judge.right_names(number, given)
        return right

    def _made(self, table: list[ParameterVerdict], findings: tuple[Finding, ...], lines: dict[int, str]) -> Report:
        ordered = in_order(findings, self.text)
        return Report(overall(table), tuple(table), ordered, tuple(self.notes), self.name, lines)
