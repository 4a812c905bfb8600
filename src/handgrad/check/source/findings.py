"""From the edits that were found to findings a person can read."""

import ast
import difflib
import re
from typing import Any

import numpy as np

from handgrad.check.result import Finding
from handgrad.check.source.difference import operator_of
from handgrad.check.source.expressions import names_called
from handgrad.check.source.extras import Second
from handgrad.check.source.hooks import Event, Recorder
from handgrad.check.source.instrument import Instrumented
from handgrad.check.source.judge import Judge
from handgrad.check.source.plainly import plain_findings
from handgrad.check.source.program import Bench, Program
from handgrad.check.source.repair import Repair
from handgrad.check.source.roles import looks_forward
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.suspect import Candidate, Suspect
from handgrad.check.source.text import unified_diff
from handgrad.check.source.tidy import in_words_of, tidy
from handgrad.check.source.truth import Truth
from handgrad.check.source.wording import explain
from handgrad.check.words import listed

_NO_GRADIENT = (
    "This is the first line of the backward pass whose value is not the gradient of anything that the forward pass "
    "computes, so look here first."
)
_MISUSED = (
    "What this line computes is the gradient of a value of the forward pass, but what is made of it is wrong: it may "
    "be taken for the gradient of another value, so look here first."
)


def findings_of(
    scenario: Scenario, judge: Judge, result: Repair, text: str, name: str, wrong: list[str]
) -> tuple[Finding, ...]:
    """One finding for each edit; one without a correction where none was found."""
    partial = () if result.edits and result.complete else _left_over(scenario, result, text, name, wrong)
    if not result.edits:
        return partial
    found = []
    shown = text
    before = scenario.module.watched.source.text
    bench = Bench(scenario, judge, len(judge.points) - 1)
    was = bench.base
    known = judge.names - frozenset(wrong)
    for edit, after in zip(result.edits, result.texts, strict=True):
        now = in_words_of(shown, before, tidy(before, after))
        program = bench.compile(after)
        values = _difference(bench, was, program, edit, result.truth) if program is not None else ("", "", "", ())
        line = original_line(text, shown, edit.line)
        mended = tuple(each for each in wrong if each in edit.right - known)
        now_right = mended or _moved(bench, was, program, wrong) or tuple(wrong)
        known |= edit.right
        found.append(
            Finding(
                fault=edit.fault,
                also=edit.also,
                explanation=_explanation(edit, values[2], shown, now),
                parameters=now_right,
                file=name,
                line=line,
                source=text.splitlines()[line - 1].strip() if 0 < line <= len(text.splitlines()) else "",
                value=values[0],
                expected=values[1],
                fix=unified_diff(shown, now, name),
                downstream=tuple(original_line(text, shown, each) for each in values[3]),
            )
        )
        shown, before = now, after
        was = program or was
    scenario.module.restore()
    return (*found, *partial)


def _moved(bench: Bench, was: Program, now: Program | None, wrong: list[str]) -> tuple[str, ...]:
    """The wrong gradients that an edit changes: where it makes none right by itself, these are what the line spoils."""
    if now is None:
        return ()
    given = []
    for program in (was, now):
        bench.install(program)
        try:
            given.append(bench.scenario.outcome().gradients)
        except Exception:  # whatever a half-mended file raises
            return ()
    return tuple(name for name in wrong if not _alike(given[0].get(name), given[1].get(name)))


def _alike(one: Any, two: Any) -> bool:
    return np.shape(one) == np.shape(two) and (one is None or bool(np.allclose(one, two, rtol=1e-9, atol=0.0)))


def _left_over(scenario: Scenario, result: Repair, text: str, name: str, wrong: list[str]) -> tuple[Finding, ...]:
    """What is said of the parameters that no edit made right."""
    mended = frozenset[str]().union(*(each.right for each in result.edits))
    left = [each for each in wrong if each not in mended]
    found = plain_findings(scenario, text, name, left)
    return found or ((_unmended(scenario, result, text, name, left or wrong),) if result.suspects else ())


def original_line(original: str, current: str, line: int) -> int:
    """Where a line of an edited text stood in the original."""
    if original == current:
        return line
    matcher = difflib.SequenceMatcher(None, original.splitlines(), current.splitlines(), autojunk=False)
    for _, start, stop, first, last in matcher.get_opcodes():
        if first <= line - 1 < last:
            return min(start + (line - 1 - first), max(stop - 1, start)) + 1
    return line


def _events(bench: Bench, program: Program) -> list[Event]:
    bench.install(program)
    recorder = Recorder()
    try:
        bench.scenario.run(watcher=recorder)
    except Exception:
        return recorder.events
    return recorder.events


def _by_place(events: list[Event], watched: Instrumented) -> dict[tuple[int, str, int], list[Event]]:
    found: dict[tuple[int, str, int], list[Event]] = {}
    for each in events:
        if each.kind != "u":
            site = watched.sites[each.number]
            found.setdefault((site.line, each.kind + site.kind + site.target, each.part), []).append(each)
    return found


def _difference(
    bench: Bench, was: Program, now: Program, edit: Candidate, truth: Truth | None
) -> tuple[str, str, str, tuple[int, ...]]:
    """(value, what it should be, what it is the gradient of, lines that are wrong because of it)."""
    old, new = _by_place(_events(bench, was), was.watched), _by_place(_events(bench, now), now.watched)
    shift = len(now.text.splitlines()) - len(was.text.splitlines())
    value = expected = label = ""
    downstream = set()
    for key, events in old.items():
        line, rest, part = key
        other = new.get((line + shift if line > edit.line and shift else line, rest, part), [])
        for one, two in zip(events, other, strict=False):
            if one.value.shape != two.value.shape or not np.allclose(one.value, two.value, rtol=1e-7, atol=1e-12):
                if line == edit.line and not value:
                    passes = sum(each.number == one.number for each in events)
                    value, expected = _shown(was.watched, one, two, passes)
                    if truth is not None:
                        found = truth.exact(two.value)
                        label = found.label if found is not None else ""
                elif line != edit.line:
                    downstream.add(line)
                break
    return value, expected, label, tuple(sorted(downstream))


def _shown(watched: Instrumented, one: Event, two: Event, passes: int) -> tuple[str, str]:
    site = watched.sites[one.number]
    name = site.target or "the value"
    if one.part >= 0 and one.part < len(site.names):
        name = site.names[one.part]
    at = f" (run {one.occurrence + 1} of {passes} of this line)" if passes > 1 else ""
    if one.value.shape != two.value.shape:
        return f"{name} has shape {one.value.shape}{at}", f"shape {two.value.shape}"
    equals = operator_of(site.statement) if site.kind == "augment" else "="
    if one.value.ndim == 0:
        return f"{name} {equals} {float(one.value):.6g}{at}", f"{float(two.value) + 0.0:.6g}"
    worst = np.unravel_index(int(np.argmax(np.abs(one.value - two.value))), one.value.shape)
    index = ", ".join(str(int(each)) for each in worst)
    given, wanted = float(one.value[worst]), float(two.value[worst])
    entry = f"{name}[{index}]" if name != "the value" else f"the value at [{index}]"
    return f"{entry} {equals} {given:.6g}{at}", f"{wanted + 0.0:.6g}"  # + 0.0: no minus before a zero


def _explanation(edit: Candidate, label: str, before: str, after: str) -> str:
    """What the edit shows to be wrong, and why."""
    return explain(edit.fault, before, after, _name_of(edit), label)


def _name_of(edit: Candidate) -> str:
    """The value that the edited line computes, as a sentence has it."""
    site = edit.site
    if site is None or site.names or not site.target or site.kind not in ("assign", "augment"):
        return "what is returned here" if site is not None and site.kind == "return" else "what is computed here"
    return f"`{site.target}`" if site.kind == "assign" else f"what is added to `{site.target}`"


def _unmended(scenario: Scenario, result: Repair, text: str, name: str, wrong: list[str]) -> Finding:
    """Where the first value stands that is no gradient, if nothing mends it."""
    again = _computed_again(scenario)
    first = min(result.suspects, key=lambda each: _innocence(scenario, each, again))
    line = first.site.line
    lines = text.splitlines()
    words = "Something else is wrong as well." if result.edits else "No edit was found that makes every gradient right."
    words += " " + (_MISUSED if first.right else _NO_GRADIENT)
    return Finding(
        "other",
        words,
        tuple(wrong),
        file=name,
        line=line,
        source=lines[line - 1].strip() if line <= len(lines) else "",
    )


def _computed_again(scenario: Scenario) -> set[int]:
    """Sites of backward that compute nothing but what forward has computed before."""
    recorder = Recorder()
    try:
        scenario.run(watcher=recorder)
    except (Exception, TimeUp):  # without this look, another line may be named
        return set()
    known = {each.value.tobytes() for each in recorder.events if not scenario.calls[each.stage].backward}
    backward = [each for each in recorder.events if scenario.calls[each.stage].backward and each.kind != "u"]
    new = {each.number for each in backward if each.value.tobytes() not in known}
    return {each.number for each in backward} - new


def _innocence(scenario: Scenario, each: Suspect, computed: set[int]) -> tuple[bool, bool, bool, bool, bool, bool, int]:
    """What speaks against a line being the first wrong one: it repeats forward, sets zeros, is right at first."""
    node = each.site.node
    begins = isinstance(node, ast.Constant) or bool(re.search(r"\b(zeros|empty)(_like)?\(", ast.unparse(node)))
    forward = {call.name.rsplit(".", 1)[-1] for call in scenario.calls if not call.backward}
    called = names_called(node)
    again = each.site.number in computed or bool(called & forward) or any(looks_forward(name) for name in called)
    plain = begins or not each.ratios
    return not each.covers, again, each.right, not each.clean and each.right, plain, each.first_right, each.order


def second_findings(
    text: str, name: str, second: Second, edits: list[tuple[str, int, str]], begins: int | None
) -> tuple[Finding, ...]:
    """What a second call shows; where nothing mends it, at the line where backward ``begins``."""
    doubled = second.doubled == second.differs
    fault = "buffer-not-cleared" if doubled else "mutation"
    names = " and ".join(f"`{each}`" for each in second.changed)
    changed = f" Backward changes {names}, which it was given: work on a copy." if second.changed else ""
    words = (
        "The first call is right; a second one gives twice the gradient, because it adds to what the first one left. "
        "Start from zero in each call."
        if doubled
        else "The first call is right; a second one after the same forward pass gives something else." + changed
    )
    spoiled = tuple(sorted(second.differs))
    if not edits:
        source = text.splitlines()[begins - 1].strip() if begins is not None else ""
        return (Finding(fault, words, spoiled, file=name, line=begins, source=source),)
    found, shown = [], text
    for after, line, kind in edits:
        now = in_words_of(text, text, tidy(shown, after))
        found.append(
            Finding(
                kind if kind == "mutation" or doubled else fault,
                words,
                spoiled,
                file=name,
                line=line,
                source=text.splitlines()[line - 1].strip(),
                fix=unified_diff(shown, now, name),
            )
        )
        shown = now
    return tuple(found)


def line_states(result: Repair, findings: tuple[Finding, ...]) -> dict[int, str]:
    """Each backward line: right, wrong here, or wrong because of another."""
    states: dict[int, str] = {}
    mended = [each for each in findings if each.fix and each.line is not None]
    if not result.complete:
        return {each.line: "wrong here" for each in mended if each.line is not None}
    for suspect in result.suspects:
        states[suspect.site.line] = "right"
    causes: dict[int, set[int]] = {}
    for each in mended:
        for line in each.downstream:
            causes.setdefault(line, set()).add(each.line or 0)
    for line, found in causes.items():
        states[line] = f"wrong because of line{'s' if len(found) > 1 else ''} {listed(sorted(found))}"
    for each in mended:
        if each.line is not None:
            states[each.line] = "wrong here"
    return dict(sorted(states.items()))


__all__ = ["findings_of", "line_states", "original_line", "second_findings"]
