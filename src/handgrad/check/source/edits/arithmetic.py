"""Signs, constants, operators, roots and powers."""

import ast
from collections.abc import Iterator

from handgrad.check.source.edits.node import ARITHMETIC, Edit, Node, replaced, side
from handgrad.check.source.pool import Pool
from handgrad.check.source.text import SourceText


def signs(source: SourceText, node: Node) -> Iterator[Edit]:
    if node.in_index or isinstance(node.value, bool):
        return
    if isinstance(node.node, ast.UnaryOp) and isinstance(node.node.op, ast.USub):
        yield replaced(node, source.segment(node.node.operand), "sign", 0.8)
        if (node.is_array or isinstance(node.value, float)) and not node.root:
            yield replaced(node, f"1 - {side(source, node.node.operand)}", "missing-term", 1.2)
    elif node.root or (isinstance(node.parent, ast.BinOp | ast.Call) and (node.is_array or node.is_number)):
        yield replaced(node, f"-{node.closed}", "sign", 1.1 if node.root else 1.6)


def constants(node: Node) -> Iterator[Edit]:
    if not isinstance(node.node, ast.Constant) or isinstance(node.node.value, bool):
        return
    value = node.node.value
    if not isinstance(value, int | float):
        return
    if node.in_index or isinstance(value, int):
        fault = "wrong-axis" if node.in_index or isinstance(node.parent, ast.keyword) else "factor"
        if isinstance(node.parent, ast.Compare):
            fault = "derivative-place"
        if isinstance(node.parent, ast.BinOp) and isinstance(node.parent.op, ast.Pow):
            fault = "data-factor"
        for new in (value - 1, value + 1, 0, 1, 2, 3, -1):
            if new != value and not (new == 0 and isinstance(node.parent, ast.BinOp)):
                cost = 1.0 + 0.2 * abs(new - value) + 0.1 * (new < 0) - 0.2 * isinstance(node.parent, ast.keyword)
                yield replaced(node, repr(new), fault, cost, compound=new < 0)
    if not node.in_index:
        for factor in (2, 0.5, -1, 4, 0.25, 0.1, 10):
            yield replaced(node, repr(value * factor), "factor", 1.3, compound=factor < 0)
        for new_float in (1.0, 0.5, 2.0, 0.0):
            if new_float != value:
                yield replaced(node, repr(new_float), "factor", 1.5, compound=False)


def constant_terms(root: Node, node: Node, pool: Pool) -> Iterator[Edit]:
    """``1`` where ``1 - h ** 2`` stood; a number that has lost the array it multiplied."""
    if node.root and isinstance(node.node, ast.Constant) and node.is_number:
        for item in pool.larger:
            yield Edit(node.span, item.text, "derivative-missing", 2.0, root=True)
            yield Edit(node.span, f"{node.text} * ({item.text})", "missing-factor", 2.1, root=True)
        for item in sorted(pool.atoms, key=lambda each: len(each.text))[:40]:
            for form in (f"- {item.text} ** 2", f"- {item.text}", f"+ {item.text}", f"* {item.text}"):
                fault = "missing-factor" if form.startswith("*") else "derivative-missing"
                yield Edit(node.span, f"{node.text} {form}", fault, 1.8, root=True)
    if node.in_index or not node.is_number or isinstance(node.parent, ast.keyword | ast.Compare):
        return
    if not root.is_array:
        yield from _lost_arrays(root, node, pool)
        return
    if isinstance(node.parent, ast.BinOp) and isinstance(node.parent.op, ast.Pow) and node.parent.right is node.node:
        return
    items = pool.of_shape(root.shape)
    if isinstance(node.node, ast.Constant):
        for item in items:
            forms = (f"- {item.text}", f"- {item.text} ** 2", f"+ {item.text}", f"+ {item.text} ** 2")
            for new in (f"{node.text} {form}" for form in forms):
                yield replaced(node, new, "derivative-missing", 1.6)
    elif not isinstance(node.value, int):
        for item in items:
            yield replaced(node, f"{node.closed} * {item.text}", "missing-factor", 1.5)


def _lost_arrays(root: Node, node: Node, pool: Pool) -> Iterator[Edit]:
    """In a number that was an array: ``np.maximum(0, 2)`` for ``np.maximum(0, 2 - margin)``."""
    if node.root or not isinstance(node.node, ast.Constant) or not root.is_number or isinstance(root.value, int):
        return
    numbers = [each for each in pool.numbers if each.atom]
    for item in [*numbers[:20], *sorted(pool.atoms, key=lambda each: len(each.text))[:40]]:
        yield replaced(node, f"{node.text} - {item.text}", "missing-term", 1.8)
        yield replaced(node, f"{node.text} + {item.text}", "missing-term", 1.9)
        yield replaced(node, f"{node.text} * {item.text}", "missing-factor", 1.9)


def operators(source: SourceText, node: Node) -> Iterator[Edit]:
    if not isinstance(node.node, ast.BinOp):
        return
    left, right = side(source, node.node.left), side(source, node.node.right)
    plain_left, plain_right = source.segment(node.node.left), source.segment(node.node.right)
    now = type(node.node.op)
    if not node.in_index:
        yield from _swapped_signs(source, node)
        faults = {ast.Add: "sum-for-product", ast.Sub: "sum-for-product", ast.Mult: "mean", ast.Div: "mean"}
        for each, sign in ARITHMETIC.items():
            if each is not now:
                flipped = {each, now} == {ast.Add, ast.Sub}
                fault = "sign" if flipped else "transpose" if each is ast.MatMult else faults.get(now, "factor")
                yield replaced(node, f"{left} {sign} {right}", fault, 1.0 if flipped else 1.5)
        yield replaced(
            node, f"{right} {ARITHMETIC.get(now, '+')} {left}", "sign" if now is ast.Sub else "transpose", 1.0
        )
        if now is ast.MatMult:
            yield replaced(node, f"{right}.T @ {left}", "transpose", 1.7)
            yield replaced(node, f"{right} @ {left}.T", "transpose", 1.7)
            yield replaced(node, f"{right}.T @ {left}.T", "transpose", 1.4)
            yield replaced(node, f"{left} @ {right}.T", "transpose", 1.2)
            yield replaced(node, f"{left}.T @ {right}", "transpose", 1.2)
            yield replaced(node, f"{left}.T @ {right}.T", "transpose", 1.6)
            yield replaced(node, f"np.outer({plain_left}, {plain_right})", "transpose", 2.0, compound=False)
    if node.in_index:
        return
    surplus = "surplus-term" if now in (ast.Add, ast.Sub) else "surplus-factor"
    cost = 0.95 if now in (ast.Add, ast.Sub) and isinstance(node.node.right, ast.Constant) else 1.2
    if now not in (ast.Add, ast.Sub) and (isinstance(node.node.right, ast.Constant) or now is ast.Div):
        surplus, cost = ("mean" if now is ast.Div else "factor"), 0.9
    yield replaced(node, plain_left, surplus, cost)
    factor = now is ast.Mult and isinstance(node.node.left, ast.Constant)  # what is taken away was seldom put there
    yield replaced(node, f"-{right}" if now is ast.Sub else plain_right, surplus, 0.7 if factor else 1.2)


def _swapped_signs(source: SourceText, node: Node) -> Iterator[Edit]:
    """Another operator in the same place, without parentheses: it may bind differently."""
    assert isinstance(node.node, ast.BinOp)  # noqa: S101
    first, last = source.span(node.node.left).end, source.span(node.node.right).start
    between = source.text[first:last]
    now = ARITHMETIC.get(type(node.node.op))
    if now is None or between.count(now) != 1:
        return
    start = node.span.start
    for sign in ("*", "+", "-", "/", "@"):
        if sign != now:
            new = node.text[: first - start] + between.replace(now, sign) + node.text[last - start :]
            fault = (
                "sum-for-product"
                if sign == "*" and now == "+"
                else "sign"
                if sign + now in "+-+"
                else "mean"
                if sign == "/"
                else "other"
            )
            yield Edit(node.span, new, fault, 1.2, node.root)


def functions(source: SourceText, node: Node) -> Iterator[Edit]:
    """A root or a power that is missing, or too many."""
    if node.in_index or not (node.is_array or node.is_number) or isinstance(node.node, ast.Constant):
        return
    if isinstance(node.value, int):
        return
    more = 0.0 if node.root or isinstance(node.node, ast.Name | ast.Attribute | ast.Subscript) else 0.3
    for function in ("np.sqrt", "np.exp", "np.log", "np.tanh", "np.cos", "np.sin", "np.abs"):
        yield replaced(node, f"{function}({node.text})", "data-factor", 1.8 + more, compound=False)
    for power in ("2", "3", "0.5"):
        yield replaced(node, f"{node.closed} ** {power}", "data-factor", 1.7 + more)
    yield replaced(node, f"1 / {node.closed}", "data-factor", 2.2 + more)
    yield replaced(node, f"1 - {node.closed}", "derivative-place", 2.0 + more)
    call = node.node
    roots = ("sqrt", "exp", "log", "tanh", "cos", "sin", "abs", "square")
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and len(call.args) == 1
        and call.func.attr in roots
    ):
        yield replaced(node, source.segment(call.args[0]), "data-factor", 1.4)
