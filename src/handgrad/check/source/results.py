"""What calls return: parts and their paths, where a loss may stand, and the names that parts go by."""

import ast
import types
from typing import Any

import numpy as np

from handgrad.check.source.roles import bases, is_container_of_gradients, is_loss_name
from handgrad.check.source.state import Path
from handgrad.check.source.things import is_followed, is_holder, items_of

_WRAPPERS = {"array", "asarray", "clip", "copy", "float", "mean", "ravel", "reshape", "squeeze", "sum", "tuple", "list"}


def parts(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """A result and its parts, the whole first; three levels down."""
    found = [(path, value)]
    if len(path) < 3 and (isinstance(value, list | tuple | dict) or is_holder(value)):
        for step, each in items_of(value):
            found += parts(each, (*path, step))
    return found


def at(value: Any, path: Path) -> Any:
    """The part of a value at a path."""
    for step in path:
        value = getattr(value, step) if isinstance(step, str) and not isinstance(value, dict) else value[step]
    return value


def looks_like_gradients(result: Any, arguments: int) -> bool:
    """Whether a call named like a backward pass is more than a helper that returns one derivative, or a function."""
    if result is None:
        return True
    if isinstance(result, types.FunctionType | type):
        return False
    return len([each for _, each in parts(result) if isinstance(each, np.ndarray | float)]) > 1 or arguments > 0


def is_scalar(value: Any) -> bool:
    """One real number."""
    if isinstance(value, np.ndarray):
        return value.size == 1 and value.dtype.kind == "f"
    return isinstance(value, float | np.floating)


def scalar_paths(result: Any, path: Path = ()) -> list[Path]:
    """Where in a result one real number stands that may be a loss; in what holds values by name, only under a loss's
    name or as the only number."""
    if is_scalar(result):
        return [path]
    if len(path) > 1:
        return []
    if isinstance(result, tuple | list) and not hasattr(result, "_fields"):
        return [each for place, part in enumerate(result[:30]) for each in scalar_paths(part, (*path, place))]
    if isinstance(result, dict | tuple) or is_holder(result):
        found = [(*path, step) for step, each in items_of(result) if is_scalar(each)]
        named = [each for each in found if is_loss_name(str(each[-1]))]
        return named or (found if len(found) == 1 and not isinstance(result, dict) else [])
    if type(result).__module__ == "__main__" and is_followed(result):  # a number in an object that knows its history
        return [
            (*path, step) for step, each in items_of(result) if step in ("data", "value", "val") and is_scalar(each)
        ]
    return []


def names_returned(node: ast.FunctionDef | ast.Lambda | None) -> list[str]:
    """The names in the last return statement that has some, so that a tuple's parts are known."""
    for value in _returned(node):
        if isinstance(value, ast.Tuple | ast.List):
            return [name_of(part) for part in value.elts]
        if isinstance(value, ast.Call) and not value.keywords and len(value.args) > 1 and _makes_a_tuple(value):
            return [name_of(part) for part in value.args]
        if isinstance(value, ast.Name):
            return [value.id]
    return []


def loss_names(node: ast.FunctionDef | ast.Lambda | None) -> list[str]:
    """What the parts of a result go by where one of them may be the loss."""
    value = next(iter(_returned(node)), None)
    if isinstance(value, ast.Tuple | ast.List):
        return [_loss_name(part) for part in value.elts]
    return [_loss_name(value)] if value is not None else []


def _loss_name(node: ast.expr) -> str:
    """A variable's name, also as part of a computation that leaves a loss a loss: ``loss / n``, ``float(loss)``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.BinOp):
        return next(
            (name for name in (_loss_name(node.left), _loss_name(node.right)) if len(name) > 1 and is_loss_name(name)),
            "",
        )
    if isinstance(node, ast.Call):
        inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        name = _loss_name(inner) if inner is not None else ""
        return name if len(name) > 1 and is_loss_name(name) else ""
    return ""


def words_at(node: ast.FunctionDef | ast.Lambda | None, path: Path) -> tuple[Path, Path]:
    """(names, other names) of the part of a result at a path, by the return statement: of ``return loss, (dW, db)`` the
    part (1, 0) is dW, of ``return grads`` the part ("W",) is grads, W."""
    value = next(iter(_returned(node)), None)
    if value is None:
        return path, ()
    whole = value
    steps = list(path)
    while steps:
        inner = _part(value, steps[0])
        if inner is None:
            break
        value = inner
        del steps[0]
    name = name_of(value)
    names = (name, *steps) if name else path
    keys = tuple(each for each in path if not isinstance(each, int))
    if value is not whole and keys and names != path:
        return path, ()  # whoever gets the result goes by the key, whatever the variable is called
    return names, path if keys and names != path else ()


def _part(value: ast.expr, step: Any) -> ast.expr | None:
    """The expression of a part, where the parts are written out."""
    if isinstance(value, ast.Tuple | ast.List) and isinstance(step, int) and step < len(value.elts):
        return None if any(isinstance(each, ast.Starred) for each in value.elts[: step + 1]) else value.elts[step]
    if isinstance(value, ast.Dict):
        for key, each in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == step:
                return each
    if isinstance(value, ast.Call):
        return next((each.value for each in value.keywords if each.arg == step), None)
    return None


def _returned(node: ast.FunctionDef | ast.Lambda | None) -> list[ast.expr]:
    if node is None:
        return []
    if isinstance(node, ast.Lambda):
        return [node.body]
    own = [each for each in _own_nodes(node) if isinstance(each, ast.Return) and each.value is not None]
    return [each.value for each in reversed(own) if each.value is not None]


def _own_nodes(node: ast.AST) -> list[ast.AST]:
    """The nodes of a function without those of the functions in it, in the order of the text."""
    found: list[ast.AST] = []
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            found += [each, *_own_nodes(each)]
    return found


def _makes_a_tuple(call: ast.Call) -> bool:
    """``Gradients(dW, db)``: a class by its name, not a function that computes."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.lstrip("_")[:1].isupper()


def name_of(node: ast.expr) -> str:
    """The name an expression goes by: of ``self.dW`` dW, of ``dW / n`` dW; "" if it is a computation."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr if node.attr != "T" else name_of(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.Add | ast.Sub):
        sides = [name_of(node.left)] if isinstance(node.op, ast.Div) else [name_of(node.left), name_of(node.right)]
        return next((each for each in sides if bases(each)), "")
    if isinstance(node, ast.UnaryOp):
        return name_of(node.operand)
    if isinstance(node, ast.Subscript):
        name, key = name_of(node.value), node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return f"d{key.value}" if is_container_of_gradients(name) else key.value
        return name
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if owner is not None and not (isinstance(owner, ast.Name) and owner.id in ("np", "numpy", "math", "scipy")):
            return name_of(owner)
        return name_of(node.args[0]) if name in _WRAPPERS and node.args else ""
    return ""
