"""What the variables of a loop stand for: ``g`` in ``for k, g in grads.items()`` is ``grads[k]``."""

import ast
from typing import Any


def loop_parts(target: ast.expr, values: ast.expr) -> dict[str, ast.expr]:
    """The names of a loop's variables, and what they are parts of."""
    if not (
        isinstance(target, ast.Tuple) and len(target.elts) == 2 and isinstance(values, ast.Call) and _is_pairs(values)
    ):
        return {}
    key, value = target.elts
    if not (isinstance(key, ast.Name) and isinstance(value, ast.Name)):
        return {}
    return {value.id: ast.Subscript(gone_over(values), ast.Name(key.id, ast.Load()), ast.Load())}


def _is_pairs(values: ast.Call) -> bool:
    """Of a key or a number and what stands there."""
    if isinstance(values.func, ast.Attribute):
        return values.func.attr == "items"
    return isinstance(values.func, ast.Name) and values.func.id == "enumerate" and len(values.args) == 1


def gone_over(values: ast.expr) -> ast.expr:
    """What a loop goes over: ``grads`` of ``grads.items()``, of ``sorted(grads)``, of ``range(len(grads))``."""
    names = ("enumerate", "list", "tuple", "sorted", "reversed", "range", "len")
    plain = isinstance(values, ast.Call) and isinstance(values.func, ast.Name) and values.func.id in names
    if isinstance(values, ast.Call) and plain and len(values.args) == 1:
        return gone_over(values.args[0])
    return container(values)


def container(node: ast.expr) -> ast.expr:
    """``params`` of ``params.values()``."""
    names = ("values", "items", "keys")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
        return node.func.value
    return node


def with_parts(node: ast.expr, known: dict[str, ast.expr]) -> ast.expr:
    """An expression with what its variables stand for."""
    return _Parts(known).visit(ast.parse(ast.unparse(node), mode="eval").body) if known else node


class _Parts(ast.NodeTransformer):
    def __init__(self, known: dict[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> Any:
        """Another expression for a name."""
        return self.known.get(node.id, node)
