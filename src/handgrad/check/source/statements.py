"""Edits of whole statements: assignment for accumulation, lines dropped, doubled, out of order, never written."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from handgrad.check.source.instrument import Instrumented
from handgrad.check.source.text import SourceText


class StatementEdit(NamedTuple):
    """A new text of the file. Where ``hole`` is set, the line there has a value still to be searched for."""

    text: str
    line: int  # of the statement that is wrong, or after which one is missing
    fault: str
    cost: float
    hole: int = 0  # line of a placeholder
    helper: str = ""  # target of the placeholder
    early: bool = False  # to be tried among the first, however unlikely


def step_moves(watched: Instrumented, functions: list[str], steps: set[int]) -> Iterator[StatementEdit]:
    """Steps of the parameters inside backward, taken later: after what still needs the old values."""
    for name in functions:
        for statement in watched.statements.get(name, []):
            if statement.lineno in steps:
                yield from _moves(watched.source, statement, watched.functions[name])


def statement_edits(watched: Instrumented, functions: list[str], lines: list[int]) -> Iterator[StatementEdit]:
    """Edits of the statements of some functions that stand on some lines; the likeliest first."""
    source = watched.source
    wanted = set(lines)
    for name in functions:
        body = [each for each in watched.statements.get(name, []) if each.lineno in wanted]
        for statement in body:
            yield from _assignments(source, statement)
        for statement in body:
            yield from _targets(source, statement, body)
        for statement in body:
            yield from _exchanges(source, statement, watched.records)
        for statement in body:
            yield from _moves(source, statement, watched.functions[name])
        for statement in body:
            yield from _dropped(source, statement)


def _line_edit(source: SourceText, statement: ast.stmt, new: str) -> str:
    start, end = source.span(statement)
    return source.text[:start] + new + source.text[end:]


def _assignments(source: SourceText, node: ast.stmt) -> Iterator[StatementEdit]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.targets[0], ast.Tuple):
        target, value = source.segment(node.targets[0]), source.segment(node.value)
        yield StatementEdit(_line_edit(source, node, f"{target} += {value}"), node.lineno, "path-lost", 1.0)
        yield StatementEdit(_line_edit(source, node, f"{target} -= {value}"), node.lineno, "path-lost", 1.0)
    if isinstance(node, ast.Assign) and len(node.targets) > 1:
        names, value = [source.segment(each) for each in node.targets], source.segment(node.value)
        new = f"{', '.join(names)} = {', '.join([value] * len(names))}"
        yield StatementEdit(_line_edit(source, node, new), node.lineno, "accumulator-seed", 0.9)
    if isinstance(node, ast.AugAssign):
        target, value = source.segment(node.target), source.segment(node.value)
        yield from _repeated(source, node)
        for operator, fault in (
            ("=", "surplus-term"),
            ("+=", "sign"),
            ("-=", "sign"),
            ("*=", "sum-for-product"),
            ("/=", "mean"),
        ):
            if not _is_operator(node.op, operator):
                yield StatementEdit(_line_edit(source, node, f"{target} {operator} {value}"), node.lineno, fault, 1.0)


def _repeated(source: SourceText, node: ast.AugAssign) -> Iterator[StatementEdit]:
    """``np.add.at`` where an index may name an entry several times, and ``+=`` adds to it only once."""
    function = "add" if isinstance(node.op, ast.Add) else "subtract" if isinstance(node.op, ast.Sub) else ""
    target = node.target
    unique = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice | ast.Constant | ast.Tuple)
    if function and isinstance(target, ast.Subscript) and not unique:  # a pair of indices picks one entry of each row
        base = source.segment(target.value)
        index = source.segment(target)[len(base) :].strip()[1:-1]
        new = f"np.{function}.at({base}, {index}, {source.segment(node.value)})"
        yield StatementEdit(_line_edit(source, node, new), node.lineno, "path-lost", 1.0)


def _is_operator(operator: ast.operator, text: str) -> bool:
    names = {"+=": ast.Add, "-=": ast.Sub, "*=": ast.Mult, "/=": ast.Div}
    return text in names and isinstance(operator, names[text])


def _targets(source: SourceText, node: ast.stmt, body: list[ast.stmt]) -> Iterator[StatementEdit]:
    """Another target: a shifted index, another name of the function."""
    target = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AugAssign) else None
    )
    if target is None or isinstance(target, ast.Tuple):
        return
    text = source.segment(target)
    start, end = source.span(target)

    def made(new: str, fault: str, cost: float, *, early: bool = False) -> StatementEdit:
        return StatementEdit(source.text[:start] + new + source.text[end:], node.lineno, fault, cost, early=early)

    if isinstance(target, ast.Subscript):
        inner = source.segment(target.slice)
        base = text[: len(text) - len(inner) - 1].rstrip("[")
        for new in _shifted(inner):
            yield made(f"{base}[{new}]", "time-shift", 1.3, early=True)
        for new in _other_indices(
            source, target, node.value if isinstance(node, ast.Assign | ast.AugAssign) else target
        ):
            yield made(f"{base}[{new}]", "wrong-axis", 1.2, early=True)
    seen = {text}
    for other in body:
        others = (
            other.targets
            if isinstance(other, ast.Assign)
            else [other.target]
            if isinstance(other, ast.AugAssign)
            else []
        )
        for each in others:
            name = source.segment(each)
            if name not in seen and not isinstance(each, ast.Tuple):
                seen.add(name)
                yield made(name, "wrong-variable", 1.8)


def _other_indices(source: SourceText, target: ast.Subscript, value: ast.expr) -> Iterator[str]:
    """The target's index with one name in it exchanged for one that only the value is indexed with: ``dx[d]`` for
    ``dx[p]`` in ``dx[d] += W[p, d] * dy[d]``."""
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    own = {each.id for each in ast.walk(target.slice) if isinstance(each, ast.Name)}
    others: dict[str, None] = {}
    for each in ast.walk(value):
        if isinstance(each, ast.Subscript):
            used = each.slice.elts if isinstance(each.slice, ast.Tuple) else [each.slice]
            others |= dict.fromkeys(part.id for part in used if isinstance(part, ast.Name) and part.id not in own)
    texts = [source.segment(part) for part in parts]
    for place, part in enumerate(parts):
        for other in others if isinstance(part, ast.Name) else ():
            yield ", ".join([*texts[:place], other, *texts[place + 1 :]])


def _exchanges(source: SourceText, node: ast.stmt, records: dict[str, tuple[str, ...]]) -> Iterator[StatementEdit]:
    """Two parts of a tuple, a list, a dict or a record in each other's place."""
    values = [getattr(node, "value", None)]
    if isinstance(node, ast.Assign):
        values += node.targets
    for each in values:
        parts = _parts(each, records)
        for one in range(len(parts)):
            for other in range(one + 1, len(parts)):
                first, second = source.span(parts[one]), source.span(parts[other])
                text = source.text
                new = (
                    text[: first.start]
                    + source.segment(parts[other])
                    + text[first.end : second.start]
                    + source.segment(parts[one])
                    + text[second.end :]
                )
                pair = source.segment(parts[one]), source.segment(parts[other])
                near = len(parts) <= 5 or other - one == 1
                unpacked = isinstance(node, ast.Assign) and each in node.targets and near
                early = unpacked or (isinstance(node, ast.Return) and near)
                cost = 1.3 + 0.02 * (other - one)
                if isinstance(node, ast.Assign) and unpacked:
                    cost = _exchange_cost(source, node, pair)
                yield StatementEdit(new, node.lineno, "wrong-variable", cost, early=early)


def _exchange_cost(source: SourceText, node: ast.Assign, pair: tuple[str, str]) -> float:
    """How unlikely it is that two targets of what is unpacked stand in each other's place."""
    if "_" in pair:
        return 1.0  # of ``n, _, d`` the one that is not wanted is soon taken for the other
    if isinstance(node.value, ast.Call):
        given = [source.segment(each) for each in node.value.args]
        places = [given.index(each) for each in pair if each in given]
        if len(places) == 2 and places[0] < places[1]:
            return 2.8  # they come back as they were handed over: ``dh, dc = step(dh, dc)``
    return 1.5 if ".shape" in source.segment(node) else 1.2


def _parts(node: ast.expr | None, records: dict[str, tuple[str, ...]]) -> list[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List):
        return node.elts
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in records:
        return node.args
    return []


def _shifted(index: str) -> Iterator[str]:
    for match in re.finditer(r"\b([a-zA-Z_]\w*)( *[-+] *1)?", index):
        name, shift = match.group(1), match.group(2)
        for new in (f"{name} - 1", f"{name} + 1") if shift is None else (name,):
            yield index[: match.start()] + new + index[match.end() :]
    for old, new in ((r"(?<![\w:])1:(?!\w)", ":-1"), (r"(?<!\w):-1(?!\d)", "1:"), (r"(?<![\w:])1:(?!\w)", ":")):
        if re.search(old, index):
            yield re.sub(old, new, index, count=1)
    if re.fullmatch(r"-?\d+", index):
        yield str(int(index) + 1)
        yield str(int(index) - 1)


def _block_of(function: ast.FunctionDef, statement: ast.stmt) -> list[ast.stmt] | None:
    for each in ast.walk(function):
        for part in ("body", "orelse", "finalbody"):
            block = getattr(each, part, None)
            if isinstance(block, list) and statement in block:
                return block
    return None


def _whole_lines(source: SourceText, node: ast.stmt) -> tuple[int, int]:
    """Where the lines of a statement begin and end."""
    assert node.end_lineno is not None  # noqa: S101
    return source.line_start(node.lineno), source.line_start(node.end_lineno + 1)


def _moves(source: SourceText, node: ast.stmt, function: ast.FunctionDef) -> Iterator[StatementEdit]:
    """The statement earlier or later in its block, or out of its loop, or into the one before it."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        return
    block = _block_of(function, node)
    if block is None:
        return
    place = block.index(node)
    start, end = _whole_lines(source, node)
    text = source.text[start:end]
    rest = source.text[:start] + source.text[end:]
    for other in range(place + 1, min(place + 9, len(block))):
        if isinstance(block[other], ast.Return):
            break
        after = _whole_lines(source, block[other])[1] - (end - start)
        if not text.endswith("\n") or (after and rest[after - 1] != "\n"):
            break
        yield StatementEdit(
            rest[:after] + text + rest[after:], node.lineno, "updated-early", 1.6 + 0.05 * (other - place)
        )
    for other in range(place - 1, max(place - 6, -1), -1):
        before = _whole_lines(source, block[other])[0]
        yield StatementEdit(
            rest[:before] + text + rest[before:], node.lineno, "updated-early", 1.7 + 0.05 * (place - other)
        )
    owner = next((each for each in ast.walk(function) if getattr(each, "body", None) is block), None)
    if isinstance(owner, ast.For | ast.While) and text.endswith("\n"):
        indent = " " * owner.col_offset
        after = _whole_lines(source, owner)[1] - (end - start)
        if len(block) > 1:
            yield StatementEdit(rest[:after] + indent + text.lstrip() + rest[after:], node.lineno, "other", 2.0)
    if place and isinstance(block[place - 1], ast.For) and text.endswith("\n"):
        inner = block[place - 1].body[-1]  # type: ignore[attr-defined]
        indent = " " * inner.col_offset
        at = _whole_lines(source, inner)[1]
        yield StatementEdit(rest[:at] + indent + text.lstrip() + rest[at:], node.lineno, "path-lost", 2.0)


def _dropped(source: SourceText, node: ast.stmt) -> Iterator[StatementEdit]:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) and not _is_docstring(node):
        start, end = source.span(node)
        yield StatementEdit(source.text[:start] + "pass" + source.text[end:], node.lineno, "surplus-term", 1.5)
    if isinstance(node, ast.If) and not node.orelse:
        first, last = node.body[0], node.body[-1]
        start, end = _whole_lines(source, node)
        lines = source.text[_whole_lines(source, first)[0] : _whole_lines(source, last)[1]]
        cut = first.col_offset - node.col_offset
        moved = "".join(line[cut:] if line[:cut].isspace() else line for line in lines.splitlines(True))
        yield StatementEdit(source.text[:start] + moved + source.text[end:], node.lineno, "boundary-step", 1.8)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def targets_of(source: SourceText, body: list[ast.stmt]) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for each in body:
        targets = (
            each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AugAssign) else []
        )
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            for part in parts:
                found.setdefault(source.segment(part), each)
    return found
