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
    """One finding for one fault: a reason that the numbers gave and the line that shows it become one.

    A reason whose parameters are all mended by the edits of lines is no further fault: it is said with the first line
    that shows the same. What is left of the others is kept.
    """
    lines = list(found)
    kept: list[Finding] = []
    for reason in reasons:
        places = [number for number, each in enumerate(lines) if set(each.parameters) & set(reason.parameters)]
        mended = {name for number in places if lines[number].fix for name in lines[number].parameters}
        left = tuple(name for name in reason.parameters if name not in mended)
        alone = [number for number in places if set(reason.parameters) <= set(lines[number].parameters)]
        alike = [number for number in places if lines[number].fault in (reason.fault, *reason.also)]
        if left or not places:
            known = any(each.fault == reason.fault for each in lines) and not left
            kept += [] if known else [replace(reason, parameters=left)]
        elif len(alone) == len(lines) == len(reasons) == 1:
            lines[0] = _one(reason, lines[0])
        elif alike:
            lines[alike[0]] = _one(reason, lines[alike[0]])
    return (*lines, *kept)


def _one(reason: Finding, line: Finding) -> Finding:
    """Both in one; where the line settles which of the reason's classes it is, that one stays."""
    settled = line.fault in (reason.fault, *reason.also) and bool(line.fix)
    also = dict.fromkeys([*(() if settled else reason.also), *line.also])
    if line.fault != reason.fault and line.fix and not settled:
        also = dict.fromkeys([*also, line.fault])
    said = reason.explanation.partition(". ")[0].rstrip(".") + "." if line.fix else reason.explanation  # no guess then
    fault = line.fault if settled else reason.fault
    return replace(line, fault=fault, also=tuple(also), explanation=f"{said} {line.explanation}")
