"""Quick corrections of what is handed out: another variable in the return, or the line of a gradient left out."""

import ast
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from handgrad.check.result import Finding
from handgrad.check.source.clock import now
from handgrad.check.source.findings import original_line
from handgrad.check.source.judge import Judge
from handgrad.check.source.plainly import is_plain, left_out, plain_findings
from handgrad.check.source.program import Bench, Program
from handgrad.check.source.roles import bases
from handgrad.check.source.scenario import Parameter, Scenario
from handgrad.check.source.text import SourceText, unified_diff
from handgrad.check.source.tidy import in_words_of

_SECONDS = 3.0
_MOST = 3  # edits, one after another


class Handed(NamedTuple):
    """An edit that makes gradients right, and the text before it."""

    before: str
    after: str
    line: int  # in the text before
    added: bool  # a line that was missing
    right: tuple[str, ...]


def quick_edits(scenario: Scenario, bench: Bench, wrong: list[str]) -> list[Handed]:
    """Edits that make all of these gradients right, if nothing else is wrong than what is handed out; [] if not."""
    outcome = scenario.outcome()
    if not wrong or not all(is_plain(scenario, each, outcome.gradients.get(each)) for each in wrong):
        return []
    until = now() + min(_SECONDS, bench.seconds_left / 4)
    program, found = bench.base, list[Handed]()
    right = bench.right() or frozenset()
    try:
        for name in wrong:
            if name in right or len(found) == _MOST:
                continue
            best = _first(scenario, bench, program, name, right, until)
            if best is None:
                return []
            edit, program, right = best
            found.append(edit)
        return found if right == bench.judge.names and bench.right_everywhere(program) else []
    finally:
        bench.install(bench.base)


def quick_findings(scenario: Scenario, judge: Judge, text: str, name: str, wrong: list[str]) -> tuple[Finding, ...]:
    """A finding for each quick edit."""
    try:
        edits = quick_edits(scenario, Bench(scenario, judge, 0), wrong)
    except Exception:  # the user's code may fail in any way once it is edited
        edits = []
    finally:
        scenario.module.restore()
    known = {each.parameters: each for each in plain_findings(scenario, text, name, wrong)} if edits else {}
    found, shown = [], text
    for each in edits:
        said = next(finding for names, finding in known.items() if set(names) & set(each.right))
        edited = in_words_of(shown, each.before, each.after)
        line = original_line(text, shown, each.line)
        source = text.splitlines()[line - 1].strip()
        fix = unified_diff(shown, edited, name)
        found.append(replace(said, parameters=each.right, line=line, source=source, fix=fix))
        shown = edited
    return tuple(found)


def _first(
    scenario: Scenario, bench: Bench, program: Program, name: str, right: frozenset[str], until: float
) -> tuple[Handed, Program, frozenset[str]] | None:
    """The first edit that makes this gradient right, and no other one wrong."""
    for text, line, added in _texts(scenario, program, name):
        if now() > until:
            return None
        other = bench.compile(text)
        if other is None:
            continue
        bench.install(other)
        mended = bench.right()
        bench.install(program)
        if mended is not None and name in mended and right < mended:
            bench.install(other)
            return Handed(program.text, text, line, added, tuple(sorted(mended - right))), other, mended
    return None


def _texts(scenario: Scenario, program: Program, name: str) -> Iterator[tuple[str, int, bool]]:
    """(text, line, whether the line is new)"""
    where = scenario.gradients[name]
    parameter = next(each for each in scenario.parameters if each.name == name)
    call = scenario.calls[where.call] if where.source == "result" else None
    backward = call or next(each for each in scenario.calls if each.backward)
    node = program.watched.functions.get(backward.name.replace(".<locals>", ""))
    if node is None:
        return
    if where.path and isinstance(where.path[-1], str):
        yield from _like_others(
            program.watched.source, node, str(parameter.key), where.path[-1], left_out(scenario, name)
        )
    if where.source == "result" and (not where.path or isinstance(where.path[0], int)):
        yield from _returned(program.watched.source, node, parameter, where.path[0] if where.path else None)


def _returned(
    source: SourceText, node: ast.FunctionDef, parameter: Parameter, place: int | None
) -> Iterator[tuple[str, int, bool]]:
    """Other things in the return statement, at the place of this parameter's gradient."""
    returns = [each for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
    if not returns or returns[-1].value is None:
        return
    value, line = returns[-1].value, returns[-1].lineno
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else value.args if isinstance(value, ast.Call) else []
    local = _local_names(node, str(parameter.words[-1]) if parameter.words else "")
    if place is not None and place < len(parts):
        value = parts[place]
        others = [source.segment(each) for each in ast.walk(value) if isinstance(each, ast.expr) and each is not value]
        for each in dict.fromkeys([*others, *local]):
            yield source.replaced(source.span(value), each), line, False
        for part in [each for each in parts if each is not value]:
            first, last = sorted((source.span(value), source.span(part)))
            between = source.text[first.end : last.start]
            exchanged = source.text[last.start : last.end] + between + source.text[first.start : first.end]
            yield source.replaced(first._replace(end=last.end), exchanged), line, False
    if place is not None and parts:
        for number, other in itertools.product(range(len(parts) + 1), local):
            texts = [source.segment(each) for each in parts]
            texts.insert(number, other)
            first, last = source.span(parts[0]), source.span(parts[-1])
            yield source.replaced(first._replace(end=last.end), ", ".join(texts)), line, False
    elif place is None:
        for each in local:
            yield source.replaced(source.span(value), each), line, False


def _local_names(node: ast.FunctionDef, parameter: str) -> list[str]:
    """The variables of a function, those first that are named after the parameter."""
    stored = [each for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    names = dict.fromkeys(each.id for each in stored)
    return sorted(names, key=lambda each: parameter not in bases(each))


def _like_others(
    source: SourceText, node: ast.FunctionDef, parameter: str, key: str, first: int
) -> Iterator[tuple[str, int, bool]]:
    """The line of another gradient once more, with this one's key, and one or two variables exchanged;
    that in line ``first`` before others."""
    local = _local_names(node, parameter)
    statements = [each for each in ast.walk(node) if isinstance(each, ast.Assign | ast.AugAssign)]
    statements.sort(key=lambda each: each.end_lineno != first)
    for count in (1, 2):
        for statement in statements:
            other = _key_of(statement)
            if other not in ("", key):
                yield from _copies(source, statement, (other, key), local, count)


def _copies(
    source: SourceText, statement: ast.Assign | ast.AugAssign, keys: tuple[str, str], local: list[str], count: int
) -> Iterator[tuple[str, int, bool]]:
    """The statement again, below itself, for another key, with so many variables exchanged."""
    text, span = source.segment(statement), source.span(statement)
    column = span.start - source.line_start(statement.lineno)
    indent = source.text[span.start - column : span.start]
    if indent.strip():
        return  # behind a semicolon
    names = [each for each in ast.walk(statement.value) if isinstance(each, ast.Name)]
    for chosen in itertools.combinations(names, count):
        places = [source.span(each) for each in chosen]
        for others in itertools.product(local, repeat=count):
            new = text
            for place, name in sorted(zip(places, others, strict=True), reverse=True):
                new = new[: place.start - span.start] + name + new[place.end - span.start :]
            for mark in ('"{}"', "'{}'", ".{} "):
                new = new.replace(mark.format(keys[0]), mark.format(keys[1]))
            after = source.replaced(span._replace(start=span.end), f"\n{indent}{new}")
            yield after, statement.end_lineno or statement.lineno, True


def _key_of(statement: ast.Assign | ast.AugAssign) -> str:
    """The key of ``grads["W"] = ...``, the name of ``self.dW = ...``; "" of anything else."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return target.attr if isinstance(target, ast.Attribute) else ""
