"""What an operator yields, and the table of operators."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .runtime import Runtime
from .source import Source, Span
from .subject import Subject


class Edit(NamedTuple):
    """One replacement of text."""

    start: int  # bytes
    end: int
    text: str
    operator: str
    classes: tuple[str, ...]  # names of check/faults.py that are right answers; the first is the one meant


@dataclass(frozen=True)
class Site:
    """One statement of the backward pass, and what is known of it."""

    source: Source
    runtime: Runtime
    subject: Subject
    statement: ast.stmt

    def edit(self, place: ast.AST | Span, text: str, operator: str, *classes: str) -> Edit:
        """Replace a node or a span by a text."""
        start, end = place if isinstance(place, tuple) else self.source.span(place)
        return Edit(start, end, text, operator, classes)

    def value(self, node: ast.AST):
        """What a plain expression holds here, or None."""
        return self.runtime.value(self.statement, self.source.of(node))


Operator = Callable[[Site, ast.AST], Iterator[Edit]]
OPERATORS: list[tuple[type | tuple[type, ...], Operator]] = []


def operator(*kinds: type) -> Callable[[Operator], Operator]:
    """Register a generator of edits for the nodes (or statements) of these kinds."""

    def register(function: Operator) -> Operator:
        OPERATORS.append((kinds, function))
        return function

    return register


def name_of(function: ast.AST) -> str:
    """The last name of what is called: "dot" of np.dot."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def names_in(node: ast.AST) -> set[str]:
    """All names, attributes and text keys in an expression."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    found |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    return found | {
        each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
