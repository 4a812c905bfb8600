"""The lines inside a loop over time: assignments, ``+=``, and ``np.add.at`` for sums into rows."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType

from handgrad.derive.reader import FileReader
from handgrad.derive.source import Origin
from handgrad.errors import InputError

STEP = "t"


@dataclass(frozen=True)
class LoopLine:
    """One assignment inside a loop, perhaps under an ``if``."""

    target: str  # the name, without its index
    index: str  # "", "t" or "t - 1"
    value: ast.expr
    added: bool  # += instead of =
    origin: Origin
    number: str
    note: str
    code: CodeType = field(repr=False)
    group: tuple[str, ...] = ()  # all names on the left, where one assignment gives several their value


def read_lines(reader: FileReader, body: Sequence[ast.stmt], step: str = STEP) -> Iterator[LoopLine]:
    """The assignments of a loop over ``step``; the last number above a line holds for those below it."""
    number = ""
    for statement in body:
        inner = statement.body[0] if isinstance(statement, ast.If) and len(statement.body) == 1 else statement
        match inner:
            case ast.Assign(targets=[ast.Tuple(elts=parts)]) if all(isinstance(part, ast.Name) for part in parts):
                yield from _several(reader, inner, [ast.unparse(part) for part in parts])
                continue
            case ast.Expr(ast.Call(args=[ast.Name(id=name), _, _]) as call) if ast.unparse(call.func) == "np.add.at":
                index, value = "", call
            case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, op=ast.Add(), value=value):
                name, index = _indexed(reader, inner, target, step)
            case _:
                what = "expected an assignment, or +=, in a loop over time"
                raise reader.wrong(inner, f"{what}; write what a step gives into an array, as in h[{STEP}] = ...")
        above, note = reader.comment_above(inner.lineno)
        number = above or number
        code = ast.get_source_segment(reader.source, inner) or ast.unparse(inner)
        origin = Origin(f"{reader.name}.py:{inner.lineno}", code)
        compiled = compile(ast.Module([statement], []), origin.place, "exec")
        added = not isinstance(inner, ast.Assign)
        yield LoopLine(name, index, value, added, origin, number, note, compiled)


def _several(reader: FileReader, node: ast.Assign, names: list[str]) -> Iterator[LoopLine]:
    """``p, q = np.split(a, 2)`` as a line for each name."""
    number, note = reader.comment_above(node.lineno)
    origin = Origin(f"{reader.name}.py:{node.lineno}", ast.get_source_segment(reader.source, node) or "")
    for place, name in enumerate(names):
        value = ast.Subscript(node.value, ast.Constant(place), ast.Load())
        run: list[ast.stmt] = [ast.Pass()] if place else [node]  # the first of them gives all names their values
        code = compile(ast.fix_missing_locations(ast.Module(run, [])), origin.place, "exec")
        yield LoopLine(name, "", value, False, origin, number, note, code, tuple(names))


def _indexed(reader: FileReader, node: ast.stmt, target: ast.expr, step: str) -> tuple[str, str]:
    """Name and index of what is assigned."""
    match target:
        case ast.Name(id=name):
            return name, ""
        case ast.Subscript(value=ast.Name(id=name), slice=place) if ast.unparse(place) in (step, f"{step} - 1"):
            return name, ast.unparse(place)
    raise reader.wrong(node, f"expected a name, or one with the index {step} or {step} - 1, on the left")


def reads(line: LoopLine) -> set[str]:
    """The names that a line reads."""
    return {node.id for node in ast.walk(line.value) if isinstance(node, ast.Name)}


def refuse_carried(reader: FileReader, lines: Sequence[LoopLine]) -> None:
    """A name that a step hands to the next has two values in one step, and one symbol cannot stand for both."""
    for i, line in enumerate(lines):
        name = line.target
        if not line.index and not line.added and any(name in reads(before) for before in lines[: i + 1]):
            said = f"{line.origin.place}: `{line.origin.code}` hands {name} on to the next step"
            what = "expected an array with the index of the step, so that both values have a name"
            raise InputError(f"{said}, {what}; write {name}[{STEP}] and {name}[{STEP} - 1], as in layers/rnn.py")
