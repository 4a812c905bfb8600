"""Faults that one call does not show: a second call that differs, a step in the wrong direction."""

import ast
import difflib
import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.source.program import Bench, Program
from handgrad.check.source.results import at
from handgrad.check.source.roles import is_container_of_gradients
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.things import is_followed, items_of


@dataclass
class Second:
    """What a second call of backward gave."""

    differs: frozenset[str]  # parameters whose gradient is another one
    doubled: frozenset[str]  # those where it is twice the first
    changed: tuple[str, ...]  # arguments of backward that the first call changed
    updates: bool  # backward changes the parameters themselves: it is meant to be another gradient
    consumed: bool = False  # backward uses up what forward has put on a list: it is meant to be called once


def second_call(scenario: Scenario) -> Second:
    """Call backward once more without starting afresh, and compare."""
    results = scenario.run()
    first = _gradients(scenario, results)
    calls = [number for number, call in enumerate(scenario.calls) if call.backward]
    updates = any(
        each.array is not None and not np.array_equal(each.array, np.asarray(scenario.point.get(each.name, each.value)))
        for each in scenario.parameters
    )
    changed, consumed = _arguments(scenario, results, calls)
    again = list(results)
    for number in calls:
        scenario.state.restore_random()
        again[number] = scenario._replay(scenario.calls[number], again)
    second = _gradients(scenario, again)
    differs, doubled = set(), set()
    for name, one in first.items():
        two = second.get(name)
        if one is None or two is None or one.shape != two.shape:
            continue
        if not np.allclose(one, two, rtol=1e-9, atol=1e-14, equal_nan=True):
            differs.add(name)
            if np.allclose(2 * one, two, rtol=1e-9, atol=1e-14):
                doubled.add(name)
    return Second(frozenset(differs), frozenset(doubled), changed, updates, consumed)


def _gradients(scenario: Scenario, results: list[Any]) -> dict[str, Any]:
    return {
        name: scenario._gradient(where, results, None)
        for name, where in scenario.gradients.items()
        if where.source != "local"
    }


def _arguments(scenario: Scenario, results: list[Any], calls: list[int]) -> tuple[tuple[str, ...], bool]:
    """Names of the arguments of backward that it changes; whether it makes a list shorter that it found."""
    scenario.state.restore()
    scenario.live = [(path, value.copy()) for path, value in scenario.cotangents]
    for each in scenario.parameters:
        each.set(scenario.point.get(each.name, each.value))
    live = {path: value for path, value in scenario.live}
    again: list[Any] = []
    changed: list[str] = []
    consumed = False
    for number, call in enumerate(scenario.calls):
        watched = []
        if number in calls:
            for path, link in call.links:
                value = at(again[link.call], link.path)
                if _is_numeric(value) and path[0] == "args" and path[1] < len(call.names):
                    watched.append((call.names[path[1]], value, value.copy()))
            for place, (name, given) in enumerate(zip(call.names, call.args, strict=False)):
                value = live.get((call.root, "args", place), given)
                if _is_numeric(value):
                    watched.append((name, value, value.copy()))
        scenario.state.restore_random()
        lengths = [(each, len(each)) for each in _lists([call.args, again], 0)] if number in calls else []
        again.append(scenario._replay(call, again))
        consumed = consumed or any(len(each) < length for each, length in lengths)
        changed += [name for name, value, copy in watched if not np.array_equal(value, copy)]
    results[:] = again
    return tuple(dict.fromkeys(changed)), consumed


def _lists(value: Any, depth: int) -> Iterator[Any]:
    """Lists, dicts and their like that can be reached."""
    if depth > 5 or isinstance(value, np.ndarray):
        return
    if isinstance(value, list | dict | deque):
        yield value
    if isinstance(value, list | tuple | dict | deque) or is_followed(value):
        for _, each in items_of(value):
            yield from _lists(each, depth + 1)


def _is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype != object


_CLEARING = re.compile(r"zero|clear|reset|清零|归零|歸零", re.I)


def clears_elsewhere(text: str, functions: Collection[str]) -> bool:
    """Whether gradients are set to zero outside of the backward pass (``functions``) and of __init__: then adding up is
    meant."""
    tree = ast.parse(text)
    called = _called_outside(tree, functions)
    for name, node in _statements(tree, ""):
        if name in functions or name.endswith("__init__"):
            continue
        if isinstance(node, ast.FunctionDef) and _CLEARING.search(node.name):
            if node.name in called or node.name.startswith("zero"):  # a zero_grad that is there to be called
                return True
            continue
        if any(_CLEARING.search(each) and each not in called for each in name.split(".")):
            continue
        if isinstance(node, ast.Assign) and _is_zero(node.value) and any(_is_gradient(each) for each in node.targets):
            return True
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
        ):
            call, owner = node.value, node.value.func.value
            if node.value.func.attr == "fill" and call.args and _is_zero(call.args[0]) and _is_gradient(owner):
                return True
    return False


def _called_outside(tree: ast.Module, functions: Collection[str]) -> set[str]:
    """The names of functions and methods that are called outside of these functions."""
    found = set()
    for name, node in _statements(tree, ""):
        if isinstance(node, ast.Call) and name not in functions:
            found.add(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
    return found


def _statements(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for each in ast.iter_child_nodes(node):
        inside = isinstance(each, ast.FunctionDef | ast.ClassDef)
        name = (
            (f"{function}.{each.name}" if function else each.name)
            if isinstance(each, ast.FunctionDef | ast.ClassDef)
            else function
        )
        yield function if inside else name, each
        yield from _statements(each, name)


def _is_zero(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in (0, None) and node.value is not False
    text = ast.unparse(node)
    return bool(re.match(r"(np\.|numpy\.)?zeros(_like)?\(|0(\.0)? \* ", text))


def _is_gradient(node: ast.expr) -> bool:
    """``self.dW``, ``p.grad[...]``, ``grads[name]``."""
    names = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    names += [each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    return any(is_container_of_gradients(each) or re.match(r"(d|g)_?[A-Z\W]|d_\w|d[a-z]$|∂|δ", each) for each in names)


def copies(program: Program, functions: list[str], changed: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    """(text, line, class) of edits that keep a second call the same: a copy in place of an alias, ``=`` for ``+=``."""
    source = program.watched.source
    for name in functions:
        body = program.watched.statements.get(name, [])
        function = program.watched.functions[name]
        first = next((each for each in body if not isinstance(getattr(each, "value", None), ast.Constant)), None)
        for argument in function.args.args if first is not None else ():
            assert first is not None  # noqa: S101
            at_line = source.line_start(first.lineno)
            line = f"{' ' * first.col_offset}{argument.arg} = {argument.arg}.copy()\n"
            if argument.arg in changed:
                yield program.text[:at_line] + line + program.text[at_line:], first.lineno, "mutation"
        for node in body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute | ast.Subscript):
                start, end = source.span(node.value)
                yield program.text[:end] + ".copy()" + program.text[end:], node.lineno, "mutation"
                del start
            if isinstance(node, ast.AugAssign):
                target, value = source.segment(node.target), source.segment(node.value)
                sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(type(node.op), "+")
                start, end = source.span(node)
                yield (
                    program.text[:start] + f"{target} = {value}" + program.text[end:],
                    node.lineno,
                    "buffer-not-cleared",
                )
                if first is not None and (lines := _clearing(node.target, function, first.col_offset, program.text)):
                    at_line = source.line_start(first.lineno)
                    yield program.text[:at_line] + lines + program.text[at_line:], node.lineno, "buffer-not-cleared"
                whole = (
                    f"{target} = {target} {sign} {value}"
                    if value.isidentifier()
                    else f"{target} = {target} {sign} ({value})"
                )
                yield program.text[:start] + whole + program.text[end:], node.lineno, "mutation"


def _line_before(original: str, edited: str, line: int) -> int:
    """The line of the original that a line of an edited text was."""
    matcher = difflib.SequenceMatcher(None, original.splitlines(), edited.splitlines(), autojunk=False)
    for block in matcher.get_matching_blocks():
        if block.b <= line - 1 < block.b + block.size:
            return block.a + line - block.b
    return line


def _clearing(target: ast.expr, function: ast.FunctionDef, indent: int, text: str) -> str:
    """Lines that set a buffer to zero before anything is added to it; "" for a variable of the function's own."""
    given = {each.arg for each in function.args.args}
    names = {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
    holder = target.value if isinstance(target, ast.Subscript) else target
    if not isinstance(holder, ast.Attribute) and not names & given:
        return ""
    numpy = re.search(r"^\s*import numpy as (\w+)", text, re.M)

    def zero(what: str) -> str:
        return f"{what} = {numpy[1]}.zeros_like({what})" if numpy else f"{what} = 0 * {what}"

    space, written = " " * indent, ast.unparse(target)
    if names <= given:
        return f"{space}{zero(written)}\n"
    inner = {each.id for each in ast.walk(holder) if isinstance(each, ast.Name)}
    if not isinstance(target, ast.Subscript) or not inner <= given:
        return ""
    written = ast.unparse(holder)  # one buffer of several, chosen in a loop
    return f"{space}for key in {written}:\n{space}    {zero(f'{written}[key]')}\n"


def mend_second(scenario: Scenario, bench: Bench, functions: list[str]) -> list[tuple[str, int, str]]:
    """Edits, one after another, that make the second call give what the first one gave."""
    found: list[tuple[str, int, str]] = []
    program = bench.base
    first = second_call(scenario)
    known = first.differs
    for _ in range(6):
        if not known:
            break
        best = None
        for text, line, fault in copies(program, functions, first.changed):
            other = bench.compile(text)
            if other is None:
                continue
            bench.install(other)
            try:
                right = bench.right()
                differs = second_call(scenario).differs if right == bench.judge.names else known
            except TimeUp:
                raise
            except Exception:
                differs = known
            finally:
                bench.install(program)
            if len(differs) < len(known) and (best is None or len(differs) < len(best[3])):
                best = (text, line, fault, differs)
        if best is None:
            break
        found.append((best[0], _line_before(bench.base.text, program.text, best[1]), best[2]))
        known = best[3]
        other = bench.compile(best[0])
        assert other is not None  # noqa: S101
        program = other
        bench.install(program)
    return found if not known else found
