"""Reads and runs a layer that walks through time: ``for t in ...`` in its forward and in its backward pass.

The lines inside the loops are the equations. What stands before a loop prepares arrays: it is executed, not typeset.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from types import CodeType
from typing import Any, NamedTuple

from handgrad.derive.kinds import folder_of_layers
from handgrad.derive.reader import FileReader, paragraph, parse_shapes
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
        execute(self.before, values, "what stands before the loop")
        made: dict[str, list[Any]] = {line.target: [] for line in self.lines if not line.index and not line.added}
        for t in execute(self.over, values, "what the loop runs over"):
            values[STEP] = t
            for line in self.lines:
                execute(line.code, values, f"`{line.origin.code}`")
                if change and (change.name, change.step) == (line.target, t):
                    if line.index:
                        values[line.target][t] = change.value
                    else:
                        values[line.target] = change.value
            for name, steps in made.items():
                steps.append((t, values[name]))
        by_step = {name: [value for _, value in sorted(steps, key=lambda s: s[0])] for name, steps in made.items()}
        return execute(self.result, values, "what is returned"), values, by_step


def execute(code: CodeType, values: Values, what: str) -> Any:
    """The value of ``code``, or None where it is statements. InputError, naming the place, where it does not run."""
    try:
        return eval(code, values)
    except Exception as error:
        raise InputError(f"{code.co_filename}: {what} does not run: {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class LoopSource:
    """A layer's file with loops, read."""

    name: str
    title: str
    reference: str
    cost: str  # of the gradient, in words
    shapes: Mapping[str, Shape]  # of the inputs, parameters one by one
    parameters: type[Any]  # the NamedTuple of the parameters
    forward: Walk
    backward: Walk
    functions: Mapping[str, ast.FunctionDef] = field(repr=False)  # of the file, by name


def read_loop(name: str, folder: Traversable | None = None) -> LoopSource:
    """The layer called ``name`` from ``folder``. Raises InputError where its form is another."""
    return loop_layer(
        FileReader(name, (folder or folder_of_layers()).joinpath(f"{name}.py").read_text(encoding="utf-8"))
    )


def functions_of(reader: FileReader) -> dict[str, ast.FunctionDef]:
    """The functions of a file, by name."""
    return {node.name: node for node in reader.tree.body if isinstance(node, ast.FunctionDef)}


def loop_layer(reader: FileReader) -> LoopSource:
    """The layer that ``reader`` reads. Raises InputError where its form is another."""
    name = reader.name
    docstring = ast.get_docstring(reader.tree) or ""
    function, _, _ = reader.function(f"{name}_forward")
    kind: Any = next((each.annotation for each in reader.signature(f"{name}_forward").values()), None)
    if not hasattr(kind, "_fields"):
        what = "expected a NamedTuple of the parameters as its first argument, as in layers/rnn.py"
        raise reader.wrong(function, what)
    forward, backward = _walk(reader, f"{name}_forward"), _walk(reader, f"{name}_backward")
    stated, shapes = parse_shapes(docstring), {}
    for argument in reader.arguments(function):
        for each in argument.fields or (argument.name,):
            if argument.name not in forward.defaults:
                shapes[each] = stated.get(each, ())
                if not shapes[each]:
                    raise InputError(f"the Shapes block of {name}.py does not say the shape of {each}")
    if "T" not in {size for shape in shapes.values() for size in shape}:
        said = f"the Shapes block of {name}.py has no T"
        raise InputError(f"{said}, expected the number of steps in it; write, for example, x (T, D, B)")
    title, source = docstring.partition("\n")[0], paragraph(docstring, "Source")
    cost = paragraph(docstring, "Cost")
    return LoopSource(name, title, source, cost, shapes, kind, forward, backward, functions_of(reader))


def _walk(reader: FileReader, name: str) -> Walk:
    node, lines, loop, result = loop_of(reader, name)
    signature = reader.signature(name)
    defaults = {key: each.default for key, each in signature.items() if each.default is not each.empty}
    code = compile(ast.Module(lines, []), f"{reader.name}.py, line {node.lineno}", "exec")
    over = compile(ast.Expression(loop.iter), f"{reader.name}.py, line {loop.lineno}", "eval")
    returned = compile(ast.Expression(result), f"{reader.name}.py, line {result.lineno}", "eval")
    found = tuple(read_lines(reader, loop.body))
    _refuse_carried(reader, found)
    preparation = "; ".join(ast.unparse(line) for line in lines)
    return Walk(tuple(signature), preparation, defaults, code, over, found, returned, reader.namespace)


def loop_of(reader: FileReader, name: str) -> tuple[ast.FunctionDef, list[ast.stmt], ast.For, ast.expr]:
    """A function that ends with a loop over time and its return: itself, what stands before the loop, the loop, the
    result."""
    node, lines, last = reader.function(name)
    loop = lines[-1] if lines else None
    if not isinstance(loop, ast.For) or not isinstance(last, ast.Return) or last.value is None:
        loops = [line for line in lines if isinstance(line, (ast.For, ast.While))]
        where = loops[0] if loops and not isinstance(loop, ast.For) else last
        raise reader.wrong(where, f"expected `for {STEP} in ...:` and then the return, as the last lines of {name}")
    if ast.unparse(loop.target) != STEP:
        raise reader.wrong(loop, f"expected `for {STEP} in ...:`; call the step {STEP}, and index the arrays with it")
    return node, lines[:-1], loop, last.value


def read_lines(reader: FileReader, body: Sequence[ast.stmt], step: str = STEP) -> Iterator[LoopLine]:
    """The assignments of a loop over ``step``; the last number above a line holds for those below it."""
    number = ""
    for statement in body:
        inner = statement.body[0] if isinstance(statement, ast.If) and len(statement.body) == 1 else statement
        match inner:
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
        yield LoopLine(name, index, value, isinstance(inner, ast.AugAssign), origin, number, note, compiled)


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


def _refuse_carried(reader: FileReader, lines: Sequence[LoopLine]) -> None:
    """A name that a step hands to the next has two values in one step, and one symbol cannot stand for both."""
    for i, line in enumerate(lines):
        name = line.target
        if not line.index and not line.added and any(name in reads(before) for before in lines[: i + 1]):
            said = f"{line.origin.place}: `{line.origin.code}` hands {name} on to the next step"
            what = "expected an array with the index of the step, so that both values have a name"
            raise InputError(f"{said}, {what}; write {name}[{STEP}] and {name}[{STEP} - 1], as in layers/rnn.py")
