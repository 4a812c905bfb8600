"""Writes out the functions that a line calls: what they return stands in their place."""

import ast
import copy
from collections.abc import Mapping
from typing import Any

from handgrad.derive.loop_lines import STEP
from handgrad.derive.reader import read_named

_PASSES = {"activation": "forward", "activation_backward": "backward"}  # of the layer that ``f`` names


def unfolded(
    value: ast.expr,
    functions: Mapping[str, ast.FunctionDef],
    f: Any = None,
) -> ast.expr:
    """A copy of ``value`` with the equations of what it calls: of the file's own ``functions``, and of the activation
    ``f`` where it calls ``activation(f, a)``. A function that is more than assignments and a return stays a call."""
    node: ast.expr = _Unfold(functions, f).visit(copy.deepcopy(value))
    return ast.fix_missing_locations(node)


def substituted(value: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """A copy of ``value`` with an expression for each of ``names``."""
    node: ast.expr = _Substitute(names).visit(copy.deepcopy(value))
    return node


class _Substitute(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.names.get(node.id, node))


class _Unfold(ast.NodeTransformer):
    def __init__(self, functions: Mapping[str, ast.FunctionDef], f: Any) -> None:
        self.functions, self.f = functions, f

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _PASSES and isinstance(self.f, str) and not node.keywords:
            layer = read_named(self.f)
            (line,) = layer.forward if _PASSES[name] == "forward" else layer.backward
            letters = ("a",) if _PASSES[name] == "forward" else ("y", "dy")
            return substituted(line.value, dict(zip(letters, node.args[1:], strict=True)))
        if name in self.functions and not node.keywords:
            return self._written_out(self.functions[name], node) or node
        return node

    def _written_out(self, function: ast.FunctionDef, call: ast.Call) -> ast.AST | None:
        known = dict(zip((each.arg for each in function.args.args), call.args, strict=False))
        if len(known) != len(function.args.args):
            return None
        for line in function.body[ast.get_docstring(function) is not None :]:
            match line:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    known[name] = substituted(value, known)
                case ast.Return(value=ast.expr() as value):
                    written: ast.AST = self.visit(substituted(value, known))
                    return written
                case _:
                    return None
        return None


def in_one_step(value: ast.expr, per_step: set[str]) -> ast.expr:
    """``value`` in the names of one step: ``c[t - 1]`` is c_t-1, and a name in ``per_step``, ``a``, is a_t."""
    node: ast.expr = ast.fix_missing_locations(_InOneStep(per_step).visit(copy.deepcopy(value)))
    return node


class _InOneStep(ast.NodeTransformer):
    def __init__(self, per_step: set[str]) -> None:
        self.per_step = per_step

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(f"{node.id}_{STEP}" if node.id in self.per_step else node.id, ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and ast.unparse(node.slice) in (STEP, f"{STEP} - 1"):
            return ast.Name(f"{node.value.id}_{ast.unparse(node.slice)}".replace(" ", ""), ast.Load())
        return self.generic_visit(node)
