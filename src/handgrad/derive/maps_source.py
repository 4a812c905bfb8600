"""Reads and runs a layer on maps: loops over maps, links and offsets of a kernel, one inside the other.

The assignments inside the loops are the equations. What stands before and behind the loops prepares arrays and names:
it is executed, not typeset. Several assignments of one pass to the same place, ``y[d] = ...`` and then ``y[d] +=
...``, are one equation, a sum.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from handgrad.derive.loop_source import execute
from handgrad.derive.reader import FileReader, paragraph, parse_shapes
from handgrad.derive.source import Origin
from handgrad.errors import InputError

Values = dict[str, Any]
Shape = tuple[str, ...]
_EXPECTED = "expected `for d in ...:` over maps, `for p, d in ...:` over links, or `for u, v in np.ndindex(...):`"


@dataclass(frozen=True)
class Range:
    """The indices of one loop, and what they run over."""

    names: tuple[str, ...]
    over: ast.expr

    @property
    def links(self) -> bool:
        """Whether it runs over the links of a table."""
        return self.names == ("p", "d")

    @property
    def ends(self) -> tuple[ast.expr, ...]:
        """The sizes in ``np.ndindex(K, L)``, one for each index; nothing for another loop."""
        match self.over:
            case ast.Call(func=ast.Attribute(attr="ndindex"), args=ends) if len(ends) == len(self.names):
                return tuple(ends)
        return ()


@dataclass(frozen=True)
class MapLine:
    """One assignment inside the loops."""

    target: ast.expr
    value: ast.expr
    added: bool  # += instead of =
    loops: tuple[Range, ...]  # around it, the outermost first
    origin: Origin
    number: str
    note: str

    @property
    def name(self) -> str:
        """The array that it writes into."""
        return next(node.id for node in ast.walk(self.target) if isinstance(node, ast.Name))

    @property
    def place(self) -> str:
        """What it assigns, as it stands in the source."""
        return ast.unparse(self.target)


@dataclass(frozen=True)
class MapPass:
    """A function with loops over maps."""

    name: str
    arguments: tuple[str, ...]
    defaults: Mapping[str, Any]
    preparation: str  # the source of what stands before the loops
    body: CodeType
    result: CodeType
    lines: tuple[MapLine, ...]
    namespace: Mapping[str, Any] = field(repr=False)

    def run(self, given: Mapping[str, Any]) -> tuple[Any, Values]:
        """The result, and all names as the last pass of the loops left them."""
        values: Values = {**self.namespace, **self.defaults, **given}
        execute(self.body, values, self.name)
        return execute(self.result, values, "what is returned"), values

    def equations(self) -> list[tuple[MapLine, ...]]:
        """The lines, those that add to one place together, in the order of the first of each."""
        together: dict[str, tuple[MapLine, ...]] = {}
        for line in self.lines:
            known = together.get(line.place, ()) if line.added else ()
            together[line.place] = (*known, line)
        return list(together.values())


@dataclass(frozen=True)
class MapSource:
    """A layer's file with loops over maps, read."""

    name: str
    title: str
    reference: str
    cost: str
    shapes: Mapping[str, Shape]  # the Shapes block
    inputs: tuple[str, ...]  # of the forward pass: parameters one by one, and arrays; not the options
    parameters: tuple[str, ...]
    packed: Any  # the NamedTuple of the parameters, None where there is none
    forward: MapPass
    backward: MapPass


def map_layer(reader: FileReader, base: str = "") -> MapSource:
    """The layer that ``reader`` reads; ``base`` is what its functions' names begin with, if not the file's name.

    Raises InputError where its form is another, or its Shapes block does not say the shape of an input.
    """
    name = base or reader.name
    docstring = ast.get_docstring(reader.tree) or ""
    function, _, _ = reader.function(f"{name}_forward")
    forward, backward = _pass(reader, f"{name}_forward"), _pass(reader, f"{name}_backward")
    stated = parse_shapes(docstring)
    arguments = [each for each in reader.arguments(function) if each.name not in forward.defaults]
    inputs = [each for argument in arguments for each in (argument.fields or (argument.name,))]
    parameters = tuple(each for argument in arguments for each in argument.fields)
    annotations = (each.annotation for each in reader.signature(f"{name}_forward").values())
    packed = next((kind for kind in annotations if hasattr(kind, "_fields")), None)
    return MapSource(
        reader.name,
        docstring.partition("\n")[0],
        paragraph(docstring, "Source"),
        paragraph(docstring, "Cost"),
        stated,
        tuple(inputs),
        parameters,
        packed,
        forward,
        backward,
    )


def input_shapes(source: MapSource) -> dict[str, Shape]:
    """The shape of every input in letters; InputError where the docstring does not say it."""
    for name in source.inputs:
        if name not in source.shapes:
            raise InputError(f"the Shapes block of {source.name}.py does not say the shape of {name}")
    return {name: source.shapes[name] for name in source.inputs}


def _pass(reader: FileReader, name: str) -> MapPass:
    node, lines, last = reader.function(name)
    if not isinstance(last, ast.Return) or last.value is None:
        raise reader.wrong(last, f"expected a return as the last line of {name}")
    signature = reader.signature(name)
    first = next((i for i, line in enumerate(lines) if isinstance(line, ast.For)), len(lines))
    found = tuple(line for statement in lines if isinstance(statement, ast.For) for line in _loop(reader, statement))
    numbered, number = [], ""
    for line in found:
        number = line.number or number
        numbered.append(MapLine(*(line.target, line.value, line.added, line.loops, line.origin, number, line.note)))
    return MapPass(
        name,
        tuple(signature),
        {key: each.default for key, each in signature.items() if each.default is not each.empty},
        "; ".join(ast.unparse(line) for line in lines[:first]),
        compile(ast.Module(lines, []), f"{reader.name}.py, line {node.lineno}", "exec"),
        compile(ast.Expression(last.value), f"{reader.name}.py, line {last.lineno}", "eval"),
        tuple(numbered),
        reader.namespace,
    )


def _names(loop: ast.For) -> tuple[str, ...]:
    parts: Sequence[ast.expr] = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    return tuple(ast.unparse(part) for part in parts)


def _loop(reader: FileReader, loop: ast.For, outside: tuple[Range, ...] = ()) -> Iterator[MapLine]:
    """The assignments inside a loop and the loops in it."""
    here = Range(_names(loop), loop.iter)
    if not here.ends and here.names not in (("d",), ("p",), ("p", "d")):
        raise reader.wrong(loop, _EXPECTED)
    around = (*outside, here)
    for node in loop.body:
        match node:
            case ast.For():
                yield from _loop(reader, node, around)
            case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, op=ast.Add(), value=value):
                if not isinstance(target, ast.Subscript):
                    raise reader.wrong(node, "expected an array with its indices on the left, as in y[d] = ...")
                code = ast.get_source_segment(reader.source, node) or ast.unparse(node)
                number, note = reader.comment_above(node.lineno)
                origin = Origin(f"{reader.name}.py:{node.lineno}", code)
                yield MapLine(target, value, isinstance(node, ast.AugAssign), around, origin, number, note)
            case _:
                raise reader.wrong(node, "expected an assignment, or +=, or a loop, in a loop over maps")
