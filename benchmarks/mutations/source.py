"""A Python source file as a syntax tree with byte positions, so that an edit changes one place and nothing else."""

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

Span = tuple[int, int]  # bytes, end excluded

_ATOMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant)
_COMPOUND = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
_SIGNS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}


class Halves(NamedTuple):
    """The parts of ``left op right``, with the parentheses that stand around each operand."""

    left: str
    sign: Span
    right: str


class Source:
    """One file. ``regions`` says which part of it is the backward pass.

    A region is the name of a function ("bptt", "Net.backward", "<module>"), or the name and a piece of text
    ("train: # backward"): the function from its first line that has this text, up to its end; with a second piece of
    text ("train: # backward ... # update") up to the line before the one that has it. Raises ValueError where a
    function or a text is not there.
    """

    def __init__(self, text: str, regions: list[str]) -> None:
        self.text = text
        self.data = text.encode()
        self.tree = ast.parse(text)
        self.regions = regions
        self._starts = [0]
        for line in self.data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.lines = frozenset(line for region in regions for line in self._region(region))

    def span(self, node: ast.AST) -> Span:
        """Where a node stands, without the parentheses around it."""
        return (
            self._starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            self._starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def of(self, place: ast.AST | Span) -> str:
        """The text of a node or of a span."""
        start, end = place if isinstance(place, tuple) else self.span(place)
        return self.data[start:end].decode()

    def line_span(self, first: int, last: int) -> Span:
        """Whole lines, with the newline of the last."""
        return self._starts[first - 1], self._starts[last]

    def atom(self, node: ast.AST) -> str:
        """The text of an expression so that ``.T`` or ``[0]`` or ``*`` may follow."""
        return self.of(node) if isinstance(node, _ATOMS) else f"({self.of(node)})"

    def halves(self, node: ast.BinOp) -> Halves:
        """The two operands of a binary operation, and where its sign stands."""
        (start, end), left_end, right_start = self.span(node), self.span(node.left)[1], self.span(node.right)[0]
        sign = _SIGNS[type(node.op)].encode()
        place = self.data.index(sign, left_end, right_start)
        signs = (place, place + len(sign))
        return Halves(self.of((start, place)).rstrip(), signs, self.of((signs[1], end)).lstrip())

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The statements of the backward pass, in the order of the text, without definitions and docstrings."""
        found = [each for each in ast.walk(self.tree) if isinstance(each, ast.stmt) and each.lineno in self.lines]
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        kept = [each for each in found if not isinstance(each, definitions) and not _is_text(each)]
        return sorted(kept, key=lambda each: (each.lineno, each.col_offset))

    def nodes(self, statement: ast.stmt) -> Iterator[ast.AST]:
        """The nodes of a statement itself: of a compound one, those of its head."""
        for child in ast.iter_child_nodes(statement):
            if not isinstance(child, ast.stmt | ast.ExceptHandler):
                yield from ast.walk(child)

    def extent(self, statement: ast.stmt) -> tuple[int, int]:
        """First and last line of a statement; of a compound one, of its head."""
        last = statement.end_lineno or statement.lineno
        if isinstance(statement, _COMPOUND):
            last = max([statement.lineno] + [getattr(each, "end_lineno", 0) for each in self.nodes(statement)])
        return statement.lineno, last

    def siblings(self, statement: ast.stmt) -> list[ast.stmt]:
        """The block that a statement stands in."""
        for _, value in ast.iter_fields(self.parents[statement]):
            if isinstance(value, list) and statement in value:
                return value
        return [statement]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Parent, its parent, and so on."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function(self, node: ast.AST) -> ast.AST:
        """The function that a node stands in, or the module."""
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)
        return next(each for each in self.ancestors(node) if isinstance(each, functions))

    def _region(self, region: str) -> range:
        name, _, marker = region.partition(":")
        node = self._definition(name.strip())
        last = node.end_lineno if name.strip() != "<module>" else len(self._starts) - 1
        first = getattr(node, "lineno", 1)
        begin, _, end = (each.strip() for each in marker.partition("..."))
        first = self._line_of(begin, first, last) if begin else first
        last = self._line_of(end, first + 1, last) - 1 if end else last
        return range(first, last + 1)

    def _line_of(self, piece: str, first: int, last: int) -> int:
        for line in range(first, last + 1):
            if piece in self.of(self.line_span(line, line)):
                return line
        raise ValueError(f"no line between {first} and {last} has {piece!r}")

    def _definition(self, name: str) -> ast.AST:
        node: ast.AST = self.tree
        for part in name.split(".") if name != "<module>" else []:
            inside = [each for each in ast.walk(node) if getattr(each, "name", None) == part and each is not node]
            if not inside:
                raise ValueError(f"the file defines no {name!r}")
            node = inside[-1]  # the last definition is the one that is called
        return node


def _is_text(statement: ast.stmt) -> bool:
    """A docstring, or a constant that stands by itself."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
