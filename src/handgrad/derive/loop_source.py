"""Reads and runs a layer that walks through time: ``for t in ...`` in its forward and in its backward pass.

The lines inside the loops are the equations. What stands before a loop prepares arrays: it is executed, not typeset.
"""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from handgrad.derive.kinds import folder_of_layers
from handgrad.derive.loop_lines import STEP, LoopLine, read_lines, refuse_carried
from handgrad.derive.reader import FileReader, paragraph, parse_shapes, read_file
from handgrad.derive.source import WRITE, Origin
from handgrad.errors import InputError

Values = dict[str, Any]
Shape = tuple[str, ...]


class Change(NamedTuple):
    """A value that a forward line is to make in one step, instead of its own; in step -1, that before the first."""

    name: str
    step: int
    value: Any


class Use(NamedTuple):
    """A value that some forward lines are to read in one step, where all others read the value that was made."""

    name: str
    at: str  # "", "t" or "t - 1"
    lines: tuple[int, ...]  # their places in the loop
    step: int
    value: Any


@dataclass(frozen=True)
class Walk:
    """A function with one loop over time."""

    arguments: tuple[str, ...]
    preparation: tuple[str, ...]  # the source of what comes before the loop, line by line
    defaults: Mapping[str, Any]
    before: CodeType
    over: CodeType  # what t runs through
    lines: tuple[LoopLine, ...]
    result: CodeType
    returned: Origin
    made_before: Mapping[str, Origin]  # name to the line that makes it before the loop
    namespace: Mapping[str, Any] = field(repr=False)

    def prepared(self, given: Mapping[str, Any]) -> Values:
        """All values as they are when the loop begins."""
        values: Values = {**self.namespace, **self.defaults, **given}
        execute(self.before, values, "what stands before the loop")
        return values

    def run(
        self, given: Mapping[str, Any], change: Change | Use | None = None
    ) -> tuple[Any, Values, dict[str, list[Any]]]:
        """The result, all values at the end, and what each line that makes a whole value made, by step."""
        values = self.prepared(given)
        if isinstance(change, Change) and change.step == -1:
            values[change.name][-1] = change.value
        made: dict[str, list[Any]] = {line.target: [] for line in self.lines if not line.index and not line.added}
        for t in execute(self.over, values, "what the loop runs over"):
            values[STEP] = t
            for place, line in enumerate(self.lines):
                if isinstance(change, Use) and change.step == t and place in change.lines:
                    _run_with(line, change, values)
                else:
                    execute(line.code, values, f"`{line.origin.code}`")
                if isinstance(change, Change) and (change.name, change.step) == (line.target, t):
                    put(values, line.target, line.index and STEP, change.value)
            for name, steps in made.items():
                steps.append((t, values[name]))
        by_step = {name: [value for _, value in sorted(steps, key=lambda s: s[0])] for name, steps in made.items()}
        return execute(self.result, values, "what is returned"), values, by_step


def cell(values: Values, name: str, index: str) -> Any:
    """A value that a line reads or assigns, in the step that ``values`` are in."""
    return values[name][values[STEP] - (index != STEP)] if index else values[name]


def put(values: Values, name: str, index: str, value: Any) -> None:
    """Give ``cell`` another value."""
    if index:
        values[name][values[STEP] - (index != STEP)] = value
    else:
        values[name] = value


def _run_with(line: "LoopLine", use: Use, values: Values) -> None:
    """Run a line that reads the value of ``use``, and put back what was there."""
    own = np.array(cell(values, use.name, use.at))
    put(values, use.name, use.at, use.value)
    execute(line.code, values, f"`{line.origin.code}`")
    if (line.target, line.index) != (use.name, use.at):
        put(values, use.name, use.at, own)


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
    meanings: Mapping[str, str]  # of parameters and cached values, from the docstrings of their classes
    functions: Mapping[str, ast.FunctionDef] = field(repr=False)  # of the file, by name
    integers: frozenset[str] = frozenset()  # inputs that pick rows of the first parameter
    letters: Mapping[str, str] = field(default_factory=dict)  # in print, for some names: LETTERS of its forms


def read_loop(name: str, folder: Traversable | None = None) -> LoopSource:
    """The layer called ``name`` from ``folder``. Raises InputError where its form is another."""
    source = loop_layer(read_file(name, folder))
    listed = (folder or folder_of_layers()).joinpath(f"{name}_forms", "__init__.py")
    if not listed.is_file():
        return source
    forms = FileReader(f"{name}_forms", listed.read_text(encoding="utf-8")).namespace
    return replace(source, letters=forms.get("LETTERS", {}))


def functions_of(reader: FileReader) -> dict[str, ast.FunctionDef]:
    """The functions of a file, by name."""
    return {node.name: node for node in reader.tree.body if isinstance(node, ast.FunctionDef)}


def loop_layer(reader: FileReader) -> LoopSource:
    """The layer that ``reader`` reads. Raises InputError where its form is another."""
    name = reader.base
    docstring = ast.get_docstring(reader.tree) or ""
    function, _, _ = reader.function(f"{name}_forward")
    kind: Any = next((each.annotation for each in reader.signature(f"{name}_forward").values()), None)
    if not hasattr(kind, "_fields"):
        what = "expected a NamedTuple of the parameters as its first argument"
        raise reader.wrong(function, f"{what}, and its class behind a colon: `params: RnnParams`, as in layers/rnn.py")
    forward, backward = _walk(reader, f"{name}_forward"), _walk(reader, f"{name}_backward")
    stated, shapes = parse_shapes(docstring), {}
    for argument in reader.arguments(function):
        for each in argument.fields or (argument.name,):
            if argument.name not in forward.defaults:
                shapes[each] = stated.get(each, ())
                if not shapes[each]:
                    said = f"the Shapes block of {reader.name}.py does not say the shape of {each}"
                    raise InputError(f"{said}; {WRITE}")
    if "T" not in {size for shape in shapes.values() for size in shape}:
        said = f"the Shapes block of {reader.name}.py has no T"
        raise InputError(f"{said}, expected the number of steps in it; write, for example, x (T, D, B)")
    title, source = docstring.partition("\n")[0], paragraph(docstring, "Source")
    cost = paragraph(docstring, "Cost")
    functions, meanings = functions_of(reader), reader.meanings()
    signature = reader.signature(f"{name}_forward").items()
    whole = frozenset(each for each, parameter in signature if "numpy.integer" in repr(parameter.annotation))
    return LoopSource(name, title, source, cost, shapes, kind, forward, backward, meanings, functions, whole)


def _walk(reader: FileReader, name: str) -> Walk:
    node, lines, loop, result = loop_of(reader, name)
    signature = reader.signature(name)
    defaults = {key: each.default for key, each in signature.items() if each.default is not each.empty}
    code = compile(ast.Module(lines, []), f"{reader.name}.py, line {node.lineno}", "exec")
    over = compile(ast.Expression(loop.iter), f"{reader.name}.py, line {loop.lineno}", "eval")
    returned = compile(ast.Expression(result), f"{reader.name}.py, line {result.lineno}", "eval")
    found = tuple(read_lines(reader, loop.body))
    refuse_carried(reader, found)
    last = Origin(f"{reader.name}.py:{result.lineno}", f"return {ast.unparse(result)}")
    preparation = lines_of(reader, lines)
    return Walk(
        tuple(signature),
        preparation,
        defaults,
        code,
        over,
        found,
        returned,
        last,
        _made(reader, lines),
        reader.namespace,
    )


def _made(reader: FileReader, statements: Sequence[ast.stmt]) -> dict[str, Origin]:
    """The line that gives each name its value, where that is one of ``statements``."""
    made: dict[str, Origin] = {}
    for each in statements:
        origin = Origin(f"{reader.name}.py:{each.lineno}", ast.get_source_segment(reader.source, each) or "")
        targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", each)]
        made |= {node.id: origin for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return made


def lines_of(reader: FileReader, statements: Sequence[ast.stmt]) -> tuple[str, ...]:
    """The source of ``statements``, line by line, with the comments behind them."""
    text = reader.source.splitlines()
    numbers = [n for each in statements for n in range(each.lineno, (each.end_lineno or each.lineno) + 1)]
    return tuple(textwrap.dedent("\n".join(text[n - 1] for n in numbers)).splitlines())


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
