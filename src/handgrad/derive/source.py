"""An equation and a layer as they were read from source."""

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple, cast

from handgrad.derive.names import derivative
from handgrad.errors import InputError

WRITE = "write `Shapes: W (M, N), x (N, B).` or its like, a paragraph of the docstring at the top of the file"


class Origin(NamedTuple):
    """Where an equation was read."""

    place: str  # file and line
    code: str  # as it stands there


@dataclass(frozen=True)
class Statement:
    """One assignment: a name and the expression that gives it its value. A loop over time will be a second kind."""

    target: str
    value: ast.expr
    origins: tuple[Origin, ...]  # several, where contributions to one derivative were added
    namespace: Mapping[str, Any] = field(repr=False)  # the module's names
    step: str = ""  # "1" over a forward line; "2, 1" over the backward lines that differentiate lines 2 and 1
    note: str = ""  # the reason that the file gives for the line

    @property
    def reads(self) -> set[str]:
        """The names that the expression reads."""
        return {node.id for node in ast.walk(self.value) if isinstance(node, ast.Name)}

    @cached_property
    def compiled(self) -> CodeType:
        """Code that evaluates the expression."""
        return compile(ast.fix_missing_locations(ast.Expression(self.value)), self.origins[0].place, "eval")


@dataclass(frozen=True)
class Argument:
    """An argument of the forward or the backward pass."""

    name: str
    fields: tuple[str, ...] = ()  # of a NamedTuple of parameters
    scalar: bool = False


@dataclass(frozen=True)
class LayerSource:
    """A layer's file, read."""

    name: str
    title: str  # first line of the docstring
    reference: str  # where the equations come from
    shapes: dict[str, tuple[str, ...]]  # the Shapes block: name to sizes in letters
    arguments: tuple[Argument, ...]  # of the forward pass
    outputs: tuple[str, ...]
    constants: tuple[Statement, ...]  # numbers of the module
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    meanings: dict[str, str]  # of parameters and cached values, from the docstrings of their classes

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what the layer learns."""
        return tuple(name for argument in self.arguments for name in argument.fields)

    @property
    def is_loss(self) -> bool:
        """Whether it gives one value per sample."""
        return all(self.shapes.get(output) == ("B",) for output in self.outputs)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of all values that the forward pass is given: parameters one by one."""
        return tuple(name for argument in self.arguments for name in (argument.fields or (argument.name,)))

    def input_shapes(self) -> dict[str, tuple[str, ...]]:
        """Shape, in letters, of every input; InputError where the docstring does not say it."""
        for argument in self.arguments:
            for name in argument.fields or (argument.name,):
                if not argument.scalar and name not in self.shapes:
                    raise InputError(f"the Shapes block of {self.name}.py does not say the shape of {name}; {WRITE}")
        return {name: self.shapes.get(name, ()) for name in self.inputs}


def with_derivatives(names: Mapping[str, str]) -> dict[str, str]:
    """A renaming that renames derivatives along with what they are taken by."""
    return {derivative(name): derivative(new) for name, new in names.items()} | dict(names)


def rename(
    value: ast.expr, names: Mapping[str, str], packed: Mapping[str, Mapping[str, str]] | None = None
) -> ast.expr:
    """A copy of ``value`` under new names; ``packed`` names the fields of what is read as ``params.W``."""
    return cast(ast.expr, _Rename(names, packed or {}).visit(copy.deepcopy(value)))


class _Rename(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str], packed: Mapping[str, Mapping[str, str]]) -> None:
        self.names, self.packed = names, packed

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id), ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.attr in self.packed.get(node.value.id, {}):
            return ast.Name(self.packed[node.value.id][node.attr], ast.Load())
        return self.generic_visit(node)
