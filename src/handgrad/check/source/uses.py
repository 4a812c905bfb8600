"""Hooks for the values that an expression reads."""

import ast
from typing import TYPE_CHECKING

from handgrad.check.source.watched import USE, Use

if TYPE_CHECKING:
    from handgrad.check.source.instrument import Transformer

_VIEWS = {"T", "shape", "ndim", "size", "dtype", "real", "imag", "flat"}  # of an array, not an attribute that holds one


class Uses(ast.NodeTransformer):
    """Wraps the longest chains of names, attributes and indices that are read."""

    def __init__(self, outer: "Transformer") -> None:
        self.outer = outer
        self.bound: list[set[str]] = []  # variables of comprehensions and lambdas

    def _wrap(self, node: ast.expr) -> ast.expr:
        result = self.outer.result
        use = Use(len(result.uses), ".".join(self.outer.path), node, node.lineno, result.source.segment(node))
        result.uses.append(use)
        call = ast.Call(ast.Name(USE, ast.Load()), [ast.Constant(use.number), node], [])
        return ast.copy_location(call, node)

    def _is_chain(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute) and node.attr in _VIEWS:
                return False
            node = node.value
        return isinstance(node, ast.Name) and node.id not in self.outer.module_names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._wrap(node) if self._is_chain(node) and isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if self._is_chain(node):
            return self._wrap(node)
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.outer.module_names:
            return node
        node.value = self.visit(node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if self._is_chain(node):
            return self._wrap(node)
        node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Attribute):
            root: ast.expr = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if not (isinstance(root, ast.Name) and root.id in self.outer.module_names):
                node.func.value = self.visit(node.func.value)
        node.args = [self._argument(each) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def _argument(self, node: ast.expr) -> ast.expr:
        """A compound argument is a value without a name: the pre-activation in ``np.tanh(W @ x + b)``."""
        if isinstance(node, ast.BinOp):
            return self._whole(node)
        return self.visit(node)  # type: ignore[no-any-return]

    def _whole(self, node: ast.expr) -> ast.expr:
        result = self.outer.result
        use = Use(len(result.uses), ".".join(self.outer.path), node, node.lineno, result.source.segment(node))
        result.uses.append(use)
        call = ast.Call(ast.Name(USE, ast.Load()), [ast.Constant(use.number), self.visit(node)], [])
        return ast.copy_location(call, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        for side in ("left", "right"):
            part = getattr(node, side)
            setattr(node, side, self._whole(part) if isinstance(part, ast.Call) else self.visit(part))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> ast.expr:
        for each in node.generators:
            each.iter = self.visit(each.iter)
        self.outer.depth_of_scope += 1
        node.elt = (
            self.outer.value(node.elt, "element", None)
            if isinstance(node, ast.ListComp | ast.GeneratorExp)
            else node.elt
        )
        self.outer.depth_of_scope -= 1
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        return node

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        for each in node.generators:
            each.iter = self.visit(each.iter)
        self.outer.depth_of_scope += 1
        node.value = self.outer.value(node.value, "element", None, self.outer.result.source.segment(node.key))
        self.outer.depth_of_scope -= 1
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.outer.value(node.value, "assign", node.target)
        return node
