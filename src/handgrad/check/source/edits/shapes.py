"""Transposes, sums and means over axes, rotations, the order of axes."""

import ast
import itertools
from collections.abc import Iterator

import numpy as np

from handgrad.check.source.edits.node import Edit, Node, replaced, side
from handgrad.check.source.text import SourceText


def transposes(node: Node) -> Iterator[Edit]:
    if node.in_index:
        return
    if isinstance(node.node, ast.Attribute) and node.node.attr == "T":
        yield replaced(node, node.text[: -len(".T")].rstrip(), "transpose", 1.0, compound=False)
    elif node.is_array and len(node.shape) >= 2:
        yield replaced(node, f"{node.closed}.T", "transpose", 1.1, compound=False)
        if len(node.shape) > 2:
            yield replaced(node, f"{node.closed}.swapaxes(-1, -2)", "transpose", 1.5, compound=False)
            yield replaced(node, f"{node.closed}.swapaxes(0, 1)", "wrong-axis", 1.5, compound=False)


_REDUCTIONS = {"sum", "mean"}
_AXES = ("0", "1", "2", "3", "-1", *(str(each) for many in (2, 3) for each in itertools.combinations(range(4), many)))


def reductions(source: SourceText, node: Node) -> Iterator[Edit]:
    if node.in_index or not isinstance(node.value, np.ndarray | np.floating | float):
        return
    if isinstance(node.node, ast.Call) and isinstance(node.node.func, ast.Attribute):
        name = node.node.func.attr
        if name in _REDUCTIONS:
            yield from _changed_reduction(source, node, name)
            return
    if node.is_array and (node.root or isinstance(node.parent, ast.BinOp)):
        outer = 0.0 if node.root else 0.8
        for axis in range(len(node.shape)):
            yield replaced(node, f"{node.closed}.sum(axis={axis})", "sum-missing", 1.3 + outer, compound=False)
            yield replaced(
                node, f"{node.closed}.sum(axis={axis}, keepdims=True)", "sum-missing", 1.3 + outer, compound=False
            )
        if len(node.shape) > 1:
            yield replaced(node, f"{node.closed}.sum()", "sum-missing", 1.5 + outer, compound=False)
        if len(node.shape) == 3:
            yield replaced(node, f"{node.closed}.sum(axis=(0, 1))", "sum-missing", 1.5 + outer, compound=False)
        if len(node.shape) == 4:
            for axes in ((0, 2, 3), (1, 2, 3), (0, 1, 2), (2, 3)):
                yield replaced(node, f"{node.closed}.sum(axis={axes})", "sum-missing", 1.5 + outer, compound=False)
    if len(node.shape) == 0 or (node.root and node.is_array):
        yield replaced(node, f"np.sum({node.text})", "sum-missing", 1.6, compound=False)


def _changed_reduction(source: SourceText, node: Node, name: str) -> Iterator[Edit]:
    call = node.node
    assert isinstance(call, ast.Call)  # noqa: S101
    assert isinstance(call.func, ast.Attribute)  # noqa: S101
    is_numpy = isinstance(call.func.value, ast.Name) and call.func.value.id in ("np", "numpy")
    inner = call.args[0] if is_numpy and call.args else call.func.value
    body = source.segment(inner)
    rest = [source.segment(each) for each in call.args[1 if is_numpy else 0 :]]
    keywords = [f"{each.arg}={source.segment(each.value)}" for each in call.keywords]
    other = "mean" if name == "sum" else "sum"

    def made(how: str, words: list[str]) -> str:
        if is_numpy:
            return f"np.{how}({', '.join([body, *words])})"
        return f"{side(source, inner)}.{how}({', '.join(words)})"

    yield replaced(node, made(other, rest + keywords), "mean", 1.0, compound=False)
    yield replaced(node, body, "sum-missing", 1.6)
    dropped = [each for each in keywords if not each.startswith("keepdims")]
    if dropped != keywords:
        yield replaced(node, made(name, rest + dropped), "wrong-axis", 1.4, compound=False)
    else:
        yield replaced(node, made(name, [*rest, *keywords, "keepdims=True"]), "wrong-axis", 1.4, compound=False)
    without = [each for each in dropped if not each.startswith("axis")]
    keep = [each for each in keywords if each.startswith("keepdims")]
    yield replaced(node, made(name, without + keep), "wrong-axis", 1.4, compound=False)
    for axis in _AXES:
        yield replaced(node, made(name, [*without, f"axis={axis}", *keep]), "wrong-axis", 1.2, compound=False)


def flips(node: Node) -> Iterator[Edit]:
    if node.in_index or not node.is_array or len(node.shape) < 2:
        return
    cost = 1.4 if isinstance(node.node, ast.Name | ast.Attribute | ast.Subscript) else 1.9
    if len(node.shape) == 2:
        yield replaced(node, f"{node.closed}[::-1, ::-1]", "rotation", cost, compound=False)
    else:
        yield replaced(node, f"{node.closed}[..., ::-1, ::-1]", "rotation", cost, compound=False)
        if len(node.shape) > 3:
            yield replaced(node, f"{node.closed}[::-1, ::-1]", "rotation", cost + 0.3, compound=False)
    yield replaced(node, f"{node.closed}[::-1]", "rotation", cost + 0.4, compound=False)


def permuted(node: Node, base: str, like: str) -> Iterator[Edit]:
    """``reshape`` undone in the wrong order of axes: the forward pass moved them before it flattened."""
    count = len(node.shape)
    if not 2 < count < 5:
        return
    for order in itertools.permutations(range(count)):
        if order != tuple(range(count)):
            back = tuple(order.index(axis) for axis in range(count))
            new = f"{base}.reshape({like}.transpose{order}.shape).transpose{back}"
            yield replaced(node, new, "wrong-axis", 2.0, compound=False)
