"""What an edit is, and the nodes of an expression that can be edited."""

import ast
from typing import Any, NamedTuple

import numpy as np

from handgrad.check.source.pool import Pool, evaluate
from handgrad.check.source.text import SourceText, Span

ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}


class Edit(NamedTuple):
    """``new`` in place of the text at ``span``."""

    span: Span
    new: str
    fault: str  # the class of fault that it undoes
    cost: float
    root: bool = False  # whether it replaces the whole expression


class Node(NamedTuple):
    """A node of the expression, with its value at the first pass."""

    node: ast.expr
    span: Span
    text: str
    value: Any
    parent: ast.AST | None
    root: bool
    in_index: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its value; of a list's none."""
        return self.value.shape if isinstance(self.value, np.ndarray) else ()

    @property
    def is_array(self) -> bool:
        """An array of numbers with axes."""
        return isinstance(self.value, np.ndarray) and self.value.ndim > 0 and self.value.dtype.kind in "fbiu"

    @property
    def is_number(self) -> bool:
        """One real number."""
        return not isinstance(self.value, bool) and isinstance(self.value, int | float | np.floating)

    @property
    def closed(self) -> str:
        """The text, in parentheses if an operator could tear it apart."""
        plain = isinstance(self.node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Constant)
        return self.text if plain else f"({self.text})"


_CODES: dict[str, Any] = {}


def _code(text: str) -> Any:
    if text not in _CODES:
        try:
            _CODES[text] = compile(text.replace("\n", " "), "<expression>", "eval")
        except SyntaxError:
            _CODES[text] = compile("None", "<expression>", "eval")
    return _CODES[text]


def nodes_of(source: SourceText, expression: ast.expr, pool: Pool) -> list[Node]:
    """All nodes of an expression that are values, outermost first."""
    found: list[Node] = []

    def visit(node: ast.AST, parent: ast.AST | None, in_index: bool) -> None:
        if isinstance(node, ast.expr) and not isinstance(node, ast.Slice | ast.Starred):
            text = source.segment(node)
            value = evaluate(_code(text), pool.environment)
            found.append(Node(node, source.span(node), text, value, parent, node is expression, in_index))
        for name, field in ast.iter_fields(node):
            inside = in_index or (isinstance(node, ast.Subscript) and name == "slice")
            if isinstance(node, ast.Call) and name == "func" and not isinstance(field, ast.Attribute):
                continue
            for each in field if isinstance(field, list) else [field]:
                if isinstance(each, ast.AST) and not isinstance(each, ast.expr_context | ast.operator):
                    visit(each, node, inside)

    visit(expression, None, False)
    return found


def replaced(node: Node, new: str, fault: str, cost: float, *, compound: bool = True) -> Edit:
    """An edit of a node, with parentheses where they may be needed."""
    needs = compound and not node.root and not isinstance(node.parent, ast.Call | ast.keyword | ast.Tuple | ast.List)
    if isinstance(node.parent, ast.Call) and node.parent.func is node.node:
        needs = compound
    return Edit(node.span, f"({new})" if needs else new, fault, cost, node.root)


def side(source: SourceText, node: ast.expr) -> str:
    text = source.segment(node)
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Constant)
    return text if plain else f"({text})"
