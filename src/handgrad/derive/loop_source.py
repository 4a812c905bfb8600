"""Reads and runs a layer that walks through time: ``for t in ...`` in its forward and in its backward pass.

The lines inside the loops are the equations. What stands before a loop prepares arrays: it is executed, not typeset.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from types import CodeType
from typing import Any, NamedTuple

from handgrad.derive.reader import FileReader, folder_of_layers, paragraph, parse_shapes
from handgrad.derive.source import Origin
from handgrad.errors import InputError

Values = dict[str, Any]
Shape = tuple[str, ...]
STEP = "t"


class Change(NamedTuple):
    """A value that a forward line is to make in one step, instead of its own."""

    name: str
    step: int
    value: Any


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


@dataclass(frozen=True)
class Walk:
    """A function with one loop over time."""

    arguments: tuple[str, ...]
    preparation: str  # the source of what comes before the loop
    defaults: Mapping[str, Any]
    before: CodeType
    over: CodeType  # what t runs through
    lines: tuple[LoopLine, ...]
    result: CodeType
    namespace: Mapping[str, Any] = field(repr=False)

    def run(self, given: Mapping[str, Any], change: Change | None = None) -> tuple[Any, Values, dict[str, list[Any]]]:
        """The result, all values at the end, and what each line that makes a whole value made, by step."""
        values: Values = {**self.namespace, **self.defaults, **given}
        exec(self.before, values)
        made: dict[str, list[Any]] = {line.target: [] for line in self.lines if not line.index and not line.added}
        for t in eval(self.over, values):
            values[STEP] = t
            for line in self.lines:
                exec(line.code, values)
                if change and (change.name, change.step) == (line.target, t):
                    if line.index:
                        values[line.target][t] = change.value
                    else:
                        values[line.target] = change.value
            for name, steps in made.items():
                steps.append((t, values[name]))
        by_step = {name: [value for _, value in sorted(steps, key=lambda s: s[0])] for name, steps in made.items()}
        return eval(self.result, values), values, by_step


@dataclass(frozen=True)
class LoopSource:
    """A layer's file with loops, read."""

    name: str
    title: str
    reference: str
    shapes: Mapping[str, Shape]  # of the inputs, parameters one by one
    parameters: type[Any]  # the NamedTuple of the parameters
    forward: Walk
    backward: Walk


def read_loop(name: str, folder: Traversable | None = None) -> LoopSource:
    """The layer called ``name`` from ``folder``. Raises InputError where its form is another."""
    reader = FileReader(name, (folder or folder_of_layers()).joinpath(f"{name}.py").read_text(encoding="utf-8"))
    docstring = ast.get_docstring(reader.tree) or ""
    function, _, _ = reader.function(f"{name}_forward")
    forward, backward = _walk(reader, f"{name}_forward"), _walk(reader, f"{name}_backward")
    stated, shapes = parse_shapes(docstring), {}
    for argument in reader.arguments(function):
        for each in argument.fields or (argument.name,):
            if argument.name not in forward.defaults:
                shapes[each] = stated.get(each, ())
                if not shapes[each]:
                    raise InputError(f"the Shapes block of {name}.py does not say the shape of {each}")
    parameters = next(a for a in reader.signature(f"{name}_forward").values() if hasattr(a.annotation, "_fields"))
    title, source = docstring.partition("\n")[0], paragraph(docstring, "Source")
    return LoopSource(name, title, source, shapes, parameters.annotation, forward, backward)


def _walk(reader: FileReader, name: str) -> Walk:
    node, lines, last = reader.function(name)
    if not lines or not isinstance(lines[-1], ast.For) or not isinstance(last, ast.Return) or last.value is None:
        raise reader.wrong(last, f"expected `for {STEP} in ...:` and then the return, as the last lines of {name}")
    loop = lines[-1]
    signature = reader.signature(name)
    defaults = {key: each.default for key, each in signature.items() if each.default is not each.empty}
    code = compile(ast.Module(lines[:-1], []), node.name, "exec")
    over = compile(ast.Expression(loop.iter), node.name, "eval")
    result = compile(ast.Expression(last.value), node.name, "eval")
    found = tuple(_lines(reader, loop.body))
    preparation = "; ".join(ast.unparse(line) for line in lines[:-1])
    return Walk(tuple(signature), preparation, defaults, code, over, found, result, reader.namespace)


def _lines(reader: FileReader, body: list[ast.stmt]) -> Iterator[LoopLine]:
    """The assignments of a loop; the last number above a line holds for those below it."""
    number = ""
    for statement in body:
        inner = statement.body[0] if isinstance(statement, ast.If) and len(statement.body) == 1 else statement
        match inner:
            case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, op=ast.Add(), value=value):
                name, index = _indexed(reader, inner, target)
            case _:
                raise reader.wrong(inner, "expected an assignment, or +=, in a loop over time")
        above, note = reader.comment_above(inner.lineno)
        number = above or number
        code = ast.get_source_segment(reader.source, inner) or ast.unparse(inner)
        origin = Origin(f"{reader.name}.py:{inner.lineno}", code)
        compiled = compile(ast.Module([statement], []), origin.place, "exec")
        yield LoopLine(name, index, value, isinstance(inner, ast.AugAssign), origin, number, note, compiled)


def _indexed(reader: FileReader, node: ast.stmt, target: ast.expr) -> tuple[str, str]:
    """Name and index of what is assigned."""
    match target:
        case ast.Name(id=name):
            return name, ""
        case ast.Subscript(value=ast.Name(id=name), slice=place) if ast.unparse(place) in (STEP, f"{STEP} - 1"):
            return name, ast.unparse(place)
    raise reader.wrong(node, f"expected a name, or one with the index {STEP} or {STEP} - 1, on the left")
