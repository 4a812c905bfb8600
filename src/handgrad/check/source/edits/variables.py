"""Another variable, or a factor that is the size of an axis."""

import ast
from collections.abc import Iterator

import numpy as np

from handgrad.check.source.edits.node import Edit, Node, replaced
from handgrad.check.source.pool import Item, Pool


def replacements(node: Node, pool: Pool) -> Iterator[Edit]:
    """Another variable of the same shape; a variable whose transpose fits."""
    if node.in_index or not isinstance(node.node, ast.Name | ast.Attribute | ast.Subscript):
        if isinstance(node.node, ast.Name) and isinstance(node.value, int | np.integer):
            for item in pool.counts:
                if item.text != node.text and item.text.isidentifier():
                    yield replaced(node, item.text, "wrong-axis", 1.6, compound=False)
        return
    if isinstance(node.node, ast.Attribute) and node.node.attr in ("T", "shape"):
        return
    if node.is_array:
        for item in pool.atoms:
            if item.text == node.text:
                continue
            if item.shape == node.shape:
                fault, cost = replacement_fault(node, item), _distance(node.text, item.text)
                # where a variable stands another one was meant, hardly a call
                yield replaced(node, item.text, fault, cost + 2.5 * ("(" in item.text), compound=False)
            elif item.shape == node.shape[::-1]:
                yield replaced(node, f"{item.text}.T", "wrong-variable", 2.2, compound=False)
            elif len(item.shape) == len(node.shape) and not node.root:
                yield replaced(node, item.text, replacement_fault(node, item), 2.4, compound=False)
    elif node.is_number:
        for item in pool.numbers:
            if item.text != node.text and item.atom:
                yield replaced(
                    node, item.text, replacement_fault(node, item), _distance(node.text, item.text), compound=False
                )
        for item in pool.counts:
            if item.text != node.text:
                yield replaced(node, item.text, "mean", 1.5, compound=False)


def renamings(nodes: list[Node], pool: Pool) -> Iterator[Edit]:
    """One variable for another at every place of the expression: ``g * f * (1 - f)`` for ``g * i * (1 - i)``."""
    root = nodes[0]
    places: dict[str, list[Node]] = {}
    for node in nodes:
        if (
            isinstance(node.node, ast.Name | ast.Attribute | ast.Subscript)
            and not node.in_index
            and (node.is_array or node.is_number)
        ):
            places.setdefault(node.text, []).append(node)
    for text, group in places.items():
        if len(group) < 2:
            continue
        items = pool.of_shape(group[0].shape) if group[0].is_array else pool.numbers
        for item in items:
            if item.text == text or not item.atom:
                continue
            new, start = root.text, root.span.start
            for node in sorted(group, key=lambda each: -each.span.start):
                new = new[: node.span.start - start] + item.text + new[node.span.end - start :]
            yield Edit(root.span, new, replacement_fault(group[0], item), _distance(text, item.text) + 0.1, root=True)


def _distance(one: str, other: str) -> float:
    """Names that differ in little are exchanged more easily."""
    shared = sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other))
    return 1.6 - 0.5 * shared


def replacement_fault(node: Node, item: Item) -> str:
    """The class of an exchanged variable: of another time step, or simply another one."""
    one, other = node.text, item.text
    previous = any(
        mark in each.lower() for each in (one, other) for mark in ("prev", "before", "last", "[t", "- 1]", "上")
    )
    base_one, base_other = one.split("[")[0].split("_")[0], other.split("[")[0].split("_")[0]
    if previous and (base_one == base_other or "prev" in (one + other).lower()) and one != other:
        return "time-shift"
    if isinstance(node.parent, ast.BinOp) and isinstance(node.parent.op, ast.Pow | ast.Sub):
        return "derivative-place"
    if isinstance(node.parent, ast.Call) and isinstance(node.parent.func, ast.Name) and len(node.parent.args) == 1:
        return "derivative-place"
    return "wrong-variable"


def counts(node: Node, pool: Pool) -> Iterator[Edit]:
    """Factors: sizes of axes, small numbers, other numbers in reach."""
    if node.in_index or not (node.is_array or node.is_number) or isinstance(node.value, bool):
        return
    is_operand = isinstance(node.parent, ast.BinOp) and isinstance(node.parent.op, ast.MatMult | ast.Mult | ast.Div)
    if not node.root and (is_operand or not isinstance(node.parent, ast.BinOp | ast.Call)):
        return
    more = 0.0 if node.root else 0.4
    for text in ("2", "0.5", "4"):
        yield replaced(node, f"{text} * {node.closed}", "factor", 1.8 + more)
    yield replaced(node, f"{node.closed} / 4", "factor", 1.5 + more)
    seen: set[int] = set()
    for item in sorted(pool.counts, key=lambda each: (len(each.text) > 12, each.text.count("("), len(each.text))):
        made_up = item.text.endswith((".size", "]")) and item.text not in pool.written
        extra = (0.0 if item.value not in seen else 0.3) + (0.25 if made_up else 0.0)
        seen.add(item.value)
        name = item.text if item.atom else f"({item.text})"
        yield replaced(node, f"{node.closed} / {name}", "mean", 1.3 + more + extra)
        yield replaced(node, f"{node.closed} * {name}", "mean", 1.4 + more + extra)
    for item in pool.counts[:12] if pool.takes_roots else ():
        yield replaced(node, f"{node.closed} / np.sqrt({item.text})", "factor", 1.9 + more)
        yield replaced(node, f"{node.closed} * np.sqrt({item.text})", "factor", 2.0 + more)
    named = [each for each in pool.counts if each.text.isidentifier()][:8]
    for place, one in enumerate(named):
        for other in named[place:]:
            yield replaced(node, f"{node.closed} / ({one.text} * {other.text})", "mean", 1.9 + more)
    for item in pool.numbers:
        name = item.text if item.atom else f"({item.text})"
        yield replaced(node, f"{node.closed} * {name}", "missing-factor", 1.6 + more)
        yield replaced(node, f"{node.closed} / {name}", "missing-factor", 1.7 + more)
