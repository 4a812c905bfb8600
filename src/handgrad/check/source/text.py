"""Positions in a source text. The parser counts columns in UTF-8 bytes; people and diffs count characters."""

import ast
import difflib
from typing import NamedTuple


class Span(NamedTuple):
    """Half-open range of characters in a source text."""

    start: int
    end: int


class SourceText:
    """A source text with the means to find a syntax tree's nodes in it."""

    def __init__(self, text: str, name: str = "<source>") -> None:
        self.text = text
        self.name = name
        self.lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, byte_column: int) -> int:
        """Characters before a place that the parser names by line (from 1) and column (bytes, from 0)."""
        content = self.lines[line - 1]
        column = byte_column if content.isascii() else len(content.encode()[:byte_column].decode())
        return self._starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Where a node stands."""
        assert node.end_lineno is not None  # noqa: S101 - the parser always sets it
        assert node.end_col_offset is not None  # noqa: S101
        return Span(self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset))

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def replaced(self, span: Span, new: str) -> str:
        """The whole text with ``new`` in place of what stands at ``span``."""
        return self.text[: span.start] + new + self.text[span.end :]

    def line(self, number: int) -> str:
        """A line (from 1) without its indentation and end."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def line_start(self, line: int) -> int:
        """Characters before a line (from 1)."""
        return self._starts[line - 1]


def unified_diff(before: str, after: str, name: str) -> str:
    """The change from one text to another, as patch tools read it."""
    if before and not before.endswith("\n"):
        before += "\n"
    if after and not after.endswith("\n"):
        after += "\n"
    changes = difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{name}", f"b/{name}", n=2)
    return "".join(changes)
