"""Level 3 for functions that were passed: the lines at fault join what the numbers have shown."""

import time
from dataclasses import replace

from handgrad.check.problem import Problem
from handgrad.check.result import Finding, Report
from handgrad.check.source.live import SECONDS, findings_in


def with_lines(report: Report, problem: Problem, seed: int) -> Report:
    """The report with lines and verified diffs, where the sources of the functions can be had."""
    left = SECONDS if problem.deadline is None else min(SECONDS, problem.deadline - time.monotonic())
    if left <= 0.5:
        return report
    wrong = {each.name for each in report.parameters if each.verdict == "wrong"}
    found = findings_in(problem.loss, problem.gradients, problem.copy(), wrong, seconds=left, seed=seed)
    return replace(report, findings=merged(report.findings, found)) if found else report


def merged(reasons: tuple[Finding, ...], found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """One finding for one fault: a reason that the numbers gave and the line that shows it become one."""
    if len(reasons) == 1 and len(found) == 1 and set(reasons[0].parameters) <= set(found[0].parameters):
        reason, line = reasons[0], found[0]
        also = dict.fromkeys([*reason.also, *line.also])
        if line.fault != reason.fault and line.fix:
            also = dict.fromkeys([*also, line.fault])
        explanation = f"{reason.explanation} {line.explanation}"
        return (replace(line, fault=reason.fault, also=tuple(also), explanation=explanation),)
    faults = {each.fault for each in found}
    return (*found, *(each for each in reasons if each.fault not in faults))
