"""Terms and factors that are missing, made of what is in reach."""

import ast
import re
from collections.abc import Iterator

from handgrad.check.source.edits.node import Edit, Node, replaced
from handgrad.check.source.pool import Pool


def factors(node: Node, pool: Pool) -> Iterator[Edit]:
    more = 0.0 if node.root else 0.3
    forms = pool.derivatives(node.shape)
    for item in forms:
        factor = item.text if item.atom else item.text
        yield replaced(node, f"{node.closed} * {factor}", "derivative-missing", 1.5 + more)
    for item in pool.larger_of(node.shape):
        yield replaced(node, f"{node.closed} * ({item.text})", "derivative-missing", 1.4 + more)
    for item in pool.numbers if node.is_number else ():
        a = item.text
        for form in (f"{a} * (1 - {a})", f"(1 - {a})", f"(1 - {a} ** 2)", f"({a} > 0)") if item.atom else ():
            yield replaced(node, f"{node.closed} * {form}", "derivative-missing", 1.6)
    for item in pool.of_shape(node.shape):
        yield replaced(node, f"{node.closed} * {item.text}", "missing-factor", 1.5 + more)
        yield replaced(node, f"{node.closed} / {item.text}", "missing-factor", 2.2 + more)
    for item in pool.of_shape(pool.goal) if pool.goal and pool.goal != node.shape else ():
        if broadcasts(node.shape, item.shape):
            yield replaced(node, f"{item.text} * {node.closed}", "missing-factor", 1.6 + more)
    for item in pool.atoms if 1 in node.shape and not node.root else ():
        if item.shape != node.shape and len(item.shape) == len(node.shape) and broadcasts(node.shape, item.shape):
            yield replaced(node, f"{item.text} * {node.closed}", "missing-factor", 1.8)
    for item in pool.atoms:
        missing = len(node.shape) - len(item.shape)
        if item.shape and missing > 0 and node.shape[: len(item.shape)] == item.shape:
            index = ", ".join([":"] * len(item.shape) + ["None"] * missing)
            yield replaced(node, f"{node.closed} * {item.text}[{index}]", "missing-factor", 1.8 + more)
    if len(node.shape) > 1:
        for item in pool.atoms:
            if item.shape != node.shape and len(item.shape) <= len(node.shape) and broadcasts(item.shape, node.shape):
                yield replaced(node, f"{node.closed} * {item.text}", "missing-factor", 1.8 + more)
    for item in pool.atoms:
        if node.root and len(node.shape) == 2 and len(item.shape) == 2:
            if item.shape == (node.shape[1], node.shape[1]):
                yield replaced(node, f"{node.closed} @ {item.text}", "missing-factor", 1.9)
                yield replaced(node, f"{node.closed} @ {item.text}.T", "missing-factor", 1.9)
            if item.shape == (node.shape[0], node.shape[0]):
                yield replaced(node, f"{item.text}.T @ {node.closed}", "missing-factor", 1.9)
                yield replaced(node, f"{item.text} @ {node.closed}", "missing-factor", 1.9)


def terms(root: Node, pool: Pool) -> Iterator[Edit]:
    """Summands: a carry from the next time step, weight decay, a second path."""
    if not (root.is_array or root.is_number):
        return
    items = pool.of_shape(root.shape) if root.is_array else [each for each in pool.numbers if each.atom]
    for item in items:
        fault = "recurrent-term" if _is_carry(item.text) else "missing-term"
        yield Edit(root.span, f"{root.text} + {item.text}", fault, 1.4 if fault == "recurrent-term" else 1.6, root=True)
        yield Edit(root.span, f"{root.text} - {item.text}", "missing-term", 2.0, root=True)
        for number in pool.numbers:
            if number.atom:
                yield Edit(root.span, f"{root.text} + {number.text} * {item.text}", "missing-term", 1.8, root=True)
        yield Edit(root.span, f"{root.text} + 2 * {item.text}", "missing-term", 2.3, root=True)
    for item in sorted(pool.atoms, key=lambda each: len(each.text))[:20] if root.is_number else ():
        for form in ("", *(f".sum(axis={axis})" for axis in range(len(item.shape) - 1))):
            yield Edit(root.span, f"{root.text} + {item.text}{form}", "missing-term", 1.9, root=True)
        if len(item.shape) == 2:
            yield Edit(
                root.span, f"{root.text} + {item.text}.sum(axis=1, keepdims=True)", "missing-term", 2.0, root=True
            )
    for item in pool.atoms:
        if item.text in pool.unused and item.shape != root.shape and broadcasts(item.shape, root.shape):
            yield Edit(root.span, f"{root.text} + {item.text}", "missing-term", 1.5, root=True)
    for item in [*items, *(each for each in pool.atoms if each.text in pool.unused)]:
        for count in pool.counts if item.text in pool.unused else ():
            yield Edit(root.span, f"{root.text} + {item.text} / {count.text}", "missing-term", 1.7, root=True)
    for item in pool.larger_of(root.shape):
        yield Edit(root.span, f"{root.text} + {item.text}", "missing-term", 1.7, root=True)
        yield Edit(root.span, f"{root.text} - {item.text}", "missing-term", 2.1, root=True)
    for text in combinations(pool, root.shape):
        yield Edit(root.span, f"{root.text} + {text}", "missing-term", 2.4, root=True)


def sibling_terms(nodes: list[Node], pool: Pool) -> Iterator[Edit]:
    """A summand like another one, with the names of a sibling: ``d_v @ Wv.T`` beside ``d_k @ Wk.T``."""
    root = nodes[0]
    if not root.is_array or not isinstance(root.node, ast.BinOp):
        return
    summands = list(_summands(root.node))
    for text in [each.text for each in nodes if any(each.node is one for one in summands)]:
        summand = ast.parse(text, mode="eval").body
        names = {ast.unparse(each) for each in ast.walk(summand) if isinstance(each, ast.Name | ast.Attribute)}
        for item in pool.atoms if isinstance(summand, ast.BinOp | ast.Call) else ():
            for name in sorted(names):
                pair = _one_letter(name, item.text)
                if pair is not None:
                    new = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?!\w)", item.text, text)
                    new = re.sub(rf"(?<=[A-Za-z_]){pair[0]}(?![A-Za-z])", pair[1], new)
                    yield Edit(root.span, f"{root.text} + {new}", "missing-term", 1.5, root=True)


def _summands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _summands(node.left)
        yield from _summands(node.right)
    else:
        yield node


def _one_letter(one: str, other: str) -> tuple[str, str] | None:
    """The last letters of two names, if these are all in which they differ."""
    if len(one) < 2 or len(one) != len(other) or one[:-1] != other[:-1] or one[-1] == other[-1]:
        return None
    return (one[-1], other[-1]) if one[-1].isalnum() and other[-1].isalnum() else None


def integer_terms(root: Node, pool: Pool) -> Iterator[Edit]:
    """A count, a label: ``h - count``."""
    if root.is_number or root.is_array:
        for name in pool.integers:
            yield Edit(root.span, f"{root.text} - {name}", "missing-term", 1.9, root=True)
            yield Edit(root.span, f"{root.text} + {name}", "missing-term", 2.1, root=True)


def _is_carry(text: str) -> bool:
    lower = text.lower()
    return any(each in lower for each in ("next", "carry", "future", "later", "后", "下", "t + 1", "t+1"))


def combinations(pool: Pool, shape: tuple[int, ...], limit: int = 1500) -> Iterator[str]:
    """Products of two variables that have a shape."""
    count = 0
    same = pool.of_shape(shape)
    for one, first in enumerate(same):
        for second in same[one:]:
            yield f"{first.text} * {second.text}"
            count += 1
            if count > limit:
                return
    if len(shape) != 2:
        if len(shape) == 1:
            for first in pool.atoms:
                for second in pool.atoms:
                    if len(first.shape) == 2 and len(second.shape) == 1:
                        rows, columns = first.shape
                        if (rows, columns) == (shape[0], second.shape[0]):
                            yield f"{first.text} @ {second.text}"
                        if (rows, columns) == (second.shape[0], shape[0]):
                            yield f"{first.text}.T @ {second.text}"
        return
    matrices = [each for each in pool.atoms if len(each.shape) == 2]
    for first in matrices:
        for second in matrices:
            for turn_one in ("", ".T"):
                for turn_two in ("", ".T"):
                    a = first.shape[::-1] if turn_one else first.shape
                    b = second.shape[::-1] if turn_two else second.shape
                    if a[1] == b[0] and (a[0], b[1]) == shape:
                        yield f"{first.text}{turn_one} @ {second.text}{turn_two}"
                        count += 1
                        if count > limit:
                            return


def inner_terms(node: Node, pool: Pool) -> Iterator[Edit]:
    for number in pool.numbers if node.is_number else ():
        if number.atom:
            yield replaced(node, f"{node.closed} - {number.text}", "missing-term", 1.8)
            yield replaced(node, f"{node.closed} + {number.text}", "missing-term", 2.0)
    for name in pool.integers if isinstance(node.value, float) else ():
        yield replaced(node, f"{node.closed} - {name}", "missing-term", 1.9)
        yield replaced(node, f"{node.closed} + {name}", "missing-term", 2.1)
    if not node.is_array:
        return
    for item in pool.of_shape(node.shape):
        if _is_carry(item.text):
            yield replaced(node, f"{node.closed} + {item.text}", "recurrent-term", 1.7)
        yield replaced(node, f"{node.closed} + {item.text}", "missing-term", 2.2)
        yield replaced(node, f"{node.closed} - {item.text}", "missing-term", 2.2)


def derivatives_instead(node: Node, pool: Pool) -> Iterator[Edit]:
    """The derivative of an activation in place of another expression of its shape."""
    if node.in_index or not node.is_array or not isinstance(node.node, ast.Call | ast.BinOp | ast.Compare):
        return
    for item in pool.derivatives(node.shape):
        yield replaced(node, item.text, "derivative-place", 2.0)
    for item in pool.larger_of(node.shape):
        if not node.root:
            yield replaced(node, item.text, "other", 2.4)


def broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a in (1, b) for a, b in zip(one[::-1], other[::-1], strict=False))
