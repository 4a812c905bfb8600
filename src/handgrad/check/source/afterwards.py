"""What is left to say where every gradient of a first call is right: a second call, the step, and what is no fault."""

import ast
import contextlib
from dataclasses import replace

from handgrad.check.result import Finding, ParameterVerdict, overall
from handgrad.check.source.extras import clears_elsewhere, mend_second, second_call
from handgrad.check.source.findings import original_line, second_findings
from handgrad.check.source.hooks import Recorder
from handgrad.check.source.judge import Judge
from handgrad.check.source.program import Bench
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.steps import step_findings

Table = list[ParameterVerdict]


class Afterwards:
    """The looks at a file whose gradients are right."""

    def __init__(self, scenario: Scenario, judge: Judge, text: str, name: str) -> None:
        self.scenario = scenario
        self.judge = judge
        self.text = text
        self.name = name

    def seen(self, table: Table, step: int, step_line: int, *, narrow: bool) -> tuple[Table, tuple[Finding, ...]]:
        """The table, changed where a second call gives something else, and findings."""
        self.judge.go_to(0)
        findings: tuple[Finding, ...] = ()
        with contextlib.suppress(TimeUp):  # the first call is known; a second one would take longer than there is
            table, findings = self._second(table)
        if not findings and step == 1 and self.judge.sign > 0 and overall(table) == "right":
            findings = (self._uphill(step_line),)
        findings += _not_faults(table, self.name)
        if overall(table) == "right":
            findings += step_findings(self.text, self.name)
            if narrow:
                findings += (self._narrow(),)
        return table, findings

    def _second(self, table: Table) -> tuple[Table, tuple[Finding, ...]]:
        scenario = self.scenario
        try:
            second = second_call(scenario)
        except Exception:  # a tape that backward uses up: it is meant to be called once
            return table, ()
        functions = self._backward_functions()
        meant = not second.changed and clears_elsewhere(self.text, functions)
        if not second.differs or second.updates or second.consumed or meant:
            return table, ()
        bench = Bench(scenario, self.judge, 0)
        try:
            edits = mend_second(scenario, bench, [each for each in bench.base.watched.functions if each in functions])
        finally:
            scenario.module.restore()
        why = "the second call of backward gives another gradient"
        table = [replace(each, verdict="wrong", why=why) if each.name in second.differs else each for each in table]
        return table, second_findings(self.text, self.name, second, edits, self._begins())

    def _begins(self) -> int | None:
        """The first line of backward that does something."""
        name = next(call.name for call in self.scenario.calls if call.backward)
        node = self.scenario.module.node(name)
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            return None
        first = next((each for each in body if not isinstance(getattr(each, "value", None), ast.Constant)), body[0])
        return int(first.lineno)

    def _backward_functions(self) -> set[str]:
        """Functions that run while backward does."""
        scenario, recorder = self.scenario, Recorder()
        scenario.run(watcher=recorder)
        backward = {number for number, call in enumerate(scenario.calls) if call.backward}
        sites, uses = scenario.module.sites, scenario.module.watched.uses
        return {
            (uses if each.kind == "u" else sites)[each.number].function
            for each in recorder.events
            if each.stage in backward
        } | {call.name for call in scenario.calls if call.backward}

    def _uphill(self, line: int) -> Finding:
        source = self.text.splitlines()[line - 1].strip()
        words = (
            f"The gradients are right, but line {line} adds them to the parameters: the loss goes up. Subtract them."
        )
        return Finding("optimizer", words, file=self.name, line=line, source=source)

    def _narrow(self) -> Finding:
        words = (
            "The file computes in float32, and was checked in float64, where every gradient is "
            "right. In float32 a number "
            "is known to about 1e-7 of its size, and a difference quotient of the loss to far less: "
            "if a check of your own "
            "disagrees, that is rounding and no fault; let it compute in float64."
        )
        return Finding("float32-noise", words, tuple(each.name for each in self.scenario.parameters), file=self.name)


def shows_more(scenario: Scenario, judge: Judge, text: str) -> bool:
    """Whether a second call of a mended text gives other gradients than the first."""
    bench = Bench(scenario, judge, 0)
    program = bench.compile(text)
    if program is None:
        return False
    bench.install(program)
    try:
        second = second_call(scenario)
    except Exception:  # also where the time is over: what was found stands
        return False
    finally:
        scenario.module.restore()
    return bool(second.differs) and not (second.updates or second.consumed)


def with_more(found: tuple[Finding, ...], more: tuple[Finding, ...], text: str, mended: str) -> tuple[Finding, ...]:
    """The findings of a text, and those of its mended version, with the lines where these stood in the text."""
    moved = []
    for each in more:
        if each.line is None or each.fault not in ("buffer-not-cleared", "mutation"):
            continue
        line = original_line(text, mended, each.line)
        moved.append(replace(each, line=line, source=text.splitlines()[line - 1].strip()))
    return (*found, *moved)


def _not_faults(table: Table, name: str) -> tuple[Finding, ...]:
    found = []
    for fault, mark in (("kink", "kink"), ("blind-objective", "does not depend")):
        names = tuple(each.name for each in table if each.verdict == "inconclusive" and mark in each.why)
        if names:
            words = {
                "kink": f"The loss has a kink at the values of {', '.join(names)}: from the left and from the right it "
                "has two derivatives. That is no fault; give the file other values to check it there.",
                "blind-objective": f"The loss does not depend on {', '.join(names)}, so any gradient but 0 would be "
                "wrong and 0 says nothing: weigh the output with random numbers before summing it.",
            }
            found.append(Finding(fault, words[fault], names, file=name))
    return tuple(found)
