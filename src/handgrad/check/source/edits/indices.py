"""Indices shifted by one step, slices, axes in another order."""

import ast
from collections.abc import Iterator

import numpy as np

from handgrad.check.source.edits.node import Edit, Node, replaced, side
from handgrad.check.source.pool import Pool
from handgrad.check.source.text import SourceText


def indices(source: SourceText, node: Node, pool: Pool) -> Iterator[Edit]:
    """Shifts of an index by one, and of the bounds of a slice."""
    if isinstance(node.node, ast.Subscript):
        yield from _slices(source, node)
        yield from _other_parts(source, node, pool)
    if not node.in_index or not isinstance(node.parent, ast.Subscript | ast.Tuple | ast.Slice | ast.BinOp):
        return
    inside = isinstance(node.parent, ast.BinOp)
    shifted = isinstance(node.parent, ast.BinOp) and isinstance(node.parent.right, ast.Constant)
    if isinstance(node.node, ast.Name) and isinstance(node.value, int | np.integer) and not shifted:
        for new in ("- 1", "+ 1"):
            yield replaced(node, f"{node.text} {new}", "time-shift", 1.0, compound=inside)
    if isinstance(node.node, ast.BinOp) and isinstance(node.node.right, ast.Constant):
        left = source.segment(node.node.left)
        for new in (left, f"{left} - 1", f"{left} + 1"):
            if new.replace(" ", "") != node.text.replace(" ", ""):
                yield replaced(node, new, "time-shift", 1.0, compound=isinstance(node.parent, ast.BinOp))


def _other_parts(source: SourceText, node: Node, pool: Pool) -> Iterator[Edit]:
    """A slice of an axis that another line takes."""
    subscript = node.node
    assert isinstance(subscript, ast.Subscript)  # noqa: S101
    for axis, part in enumerate(subscript.slice.elts if isinstance(subscript.slice, ast.Tuple) else ()):
        for text in list(pool.parts.get(axis, ()))[:8] if isinstance(part, ast.Slice) else ():
            if text != source.segment(part):
                yield Edit(source.span(part), text, "wrong-axis", 1.4)


def _slices(source: SourceText, node: Node) -> Iterator[Edit]:
    subscript = node.node
    assert isinstance(subscript, ast.Subscript)  # noqa: S101
    base = side(source, subscript.value)
    inner = source.segment(subscript.slice)
    parts = [each.strip() for each in _split(inner)]
    shifts = {":": ("1:", ":-1"), "1:": (":-1", ":"), ":-1": ("1:", ":"), "::-1": (":",)}
    for place, part in enumerate(parts):
        for new in shifts.get(part.replace(" ", ""), ()):
            changed = ", ".join([*parts[:place], new, *parts[place + 1 :]])
            fault = "rotation" if part == "::-1" else "time-shift"
            yield replaced(node, f"{base}[{changed}]", fault, 1.1, compound=False)
    if all("::-1" in part or part in (":", "...") for part in parts) and any("::-1" in part for part in parts):
        yield replaced(node, base, "rotation", 1.0, compound=False)
    if any(isinstance(each, ast.Slice) for each in ast.walk(subscript.slice)) or node.is_array:
        yield replaced(node, base, "rows-dropped", 1.0, compound=False)
        for axis in range(max(1, min(4, len(node.shape) + 1))):
            yield replaced(node, f"{base}.sum(axis={axis})", "sum-missing", 1.5, compound=False)
            yield replaced(node, f"{base}.sum(axis={axis}, keepdims=True)", "sum-missing", 1.5, compound=False)
            yield replaced(node, f"{base}.mean(axis={axis})", "sum-missing", 1.6, compound=False)
            yield replaced(node, f"{base}.mean(axis={axis}, keepdims=True)", "sum-missing", 1.6, compound=False)
    if len(parts) == 2:
        yield replaced(node, f"{base}[{parts[1]}, {parts[0]}]", "wrong-axis", 1.2, compound=False)
    if len(parts) > 2:
        for one in range(len(parts) - 1):
            new_parts = parts.copy()
            new_parts[one], new_parts[one + 1] = new_parts[one + 1], new_parts[one]
            yield replaced(node, f"{base}[{', '.join(new_parts)}]", "wrong-axis", 1.3, compound=False)


def _split(text: str) -> list[str]:
    """Parts of an index, at commas that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
