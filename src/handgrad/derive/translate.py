"""From a line of NumPy to an equation: the abstract syntax of Python becomes an expression.

Which product is a matrix product, what is a number and what an array, which axis a sum runs over: the line has been
run, so every part of it has a shape to look at.
"""

import ast
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handgrad.derive import expression as ex
from handgrad.derive.algebra import (
    REWRITTEN,
    Index,
    Shape,
    apart,
    chain,
    free,
    products_of,
    quotient,
    rank,
    sign_of,
    sign_of_first,
    within,
    without_ones,
)
from handgrad.derive.names import size_expression, symbol

_FUNCTIONS = {"exp": "exp", "log": "log", "tanh": "tanh", "sin": "sin", "cos": "cos", "sign": "sgn"}
_FUNCTIONS |= {"maximum": "max", "minimum": "min"}
_SIGNS = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
_NOWHERE: Index = {}


@dataclass
class Translation:
    """Translates the lines of one scope, and remembers which symbols it met."""

    values: Mapping[str, Any]  # every name the line can read, with its value
    letters: Callable[[Shape], tuple[str, ...]]  # a shape in letters
    forward: Container[str]  # names of the forward pass: d + one of them is a derivative
    symbols: dict[ex.Symbol, tuple[str, ...]] = field(default_factory=dict)  # met so far, with shapes in letters
    repeated: dict[ex.Expression, tuple[str, ...]] = field(default_factory=dict)  # what NumPy repeats, and along what
    bound: list[str] = field(default_factory=list)  # indices of the sums around the part at hand
    named: Mapping[str, ex.Symbol] = field(default_factory=dict)  # symbols that do not follow from the name
    spelled: Mapping[str, str] = field(default_factory=dict)  # other letters for some names

    def target(self, name: str, value: Any) -> ex.Symbol:
        """The symbol on the left of a line, whose value is ``value``."""
        return self._met(name, np.shape(value), _NOWHERE)

    def shape(self, node: ast.expr) -> Shape:
        """Shape of what ``node`` evaluates to."""
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "<part of an equation>", "eval")
        return np.shape(eval(code, dict(self.values)))

    def expression(self, node: ast.expr, index: Index = _NOWHERE) -> ex.Expression:
        """``node`` as an expression; ``index`` picks elements of it, as inside a sum."""
        index = within(index, self.shape(node)) if index else index
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        translated: ex.Expression | None = method(node, index) if method else None
        if translated is None:
            translated = self._indexed(ex.Code(ast.unparse(node)), index)
        return translated

    # The methods below are named for the syntax they translate; None means that mathematics has no sign for it.

    def _constant(self, node: ast.Constant, index: Index) -> ex.Expression | None:
        return ex.Number(repr(node.value)) if type(node.value) in (int, float) else None

    def _name(self, node: ast.Name, index: Index) -> ex.Expression:
        return self._met(node.id, self.shape(node), index)

    def _unaryop(self, node: ast.UnaryOp, index: Index) -> ex.Expression | None:
        if isinstance(node.op, ast.USub):
            return ex.negative(self.expression(node.operand, index))
        return self.expression(node.operand, index) if isinstance(node.op, ast.UAdd) else None

    def _binop(self, node: ast.BinOp, index: Index) -> ex.Expression | None:
        match node.op:
            case ast.Add() | ast.Sub():
                return self._sum(node, index)
            case ast.Mult():
                return self._product(node, index)
            case ast.MatMult():
                return self._matrix_product([node.left, node.right], index)
            case ast.Div():
                above, below = self._beside([node.left, node.right], index)
                return quotient(above, below, by_number=self.shape(node.right) == ())
            case ast.Pow():
                return ex.Power(self.expression(node.left, index), self.expression(node.right, index))
        return None

    def _sum(self, node: ast.BinOp, index: Index) -> ex.Expression:
        left, right = self._beside([node.left, node.right], index)
        added = (ex.Term(True, right),) if isinstance(node.op, ast.Sub) else ex.terms_of(right)
        return ex.Sum(ex.terms_of(left) + added)

    def _product(self, node: ast.BinOp, index: Index) -> ex.Expression:
        factors = chain(node, ast.Mult)
        if rows := self._scaled_rows(factors, index):
            return rows
        minus = sign_of_first(factors)
        shapes = [self.shape(factor) for factor in factors]
        outer = apart(shapes)
        arrays = [sum(n != 1 for n in s) > len(within(index, s)) for s in shapes]
        translated = [self.expression(f) for f in factors] if outer else self._beside(factors, index)
        parts = without_ones(list(zip(translated, arrays, strict=True)), shapes)
        parts.sort(key=lambda part: rank(*part))  # numbers first, as one writes them; they commute with everything
        product = ex.Product(tuple(body for body, _ in parts), tuple(array for _, array in parts), outer)
        whole = product if len(parts) > 1 else parts[0][0]
        if outer:
            whole = self._indexed(whole, index)
        return ex.negative(whole) if minus else whole

    def _scaled_rows(self, factors: list[ast.expr], index: Index) -> ex.Expression | None:
        """``v.T[:, :, None] * M``: the rows of M times the entries of v, for each sample of v: diag(v) M."""
        match factors:
            case [ast.Subscript(ast.Attribute(v, "T"), ast.Tuple([*_, ast.Constant(None)])), matrix] if (
                self.shape(v)[:1] == self.shape(matrix)[-2:-1]
            ):
                diagonal = ex.Call("diag", (self.expression(v),))
                return self._indexed(ex.MatrixProduct((diagonal, self.expression(matrix))), index)
        return None

    def _einsum(self, arguments: list[ast.expr], index: Index) -> ex.Expression | None:
        """A product of two matrices, or of a matrix and a vector, for every sample: ``nij,in->jn`` is A^T v, and
        ``nij,ln->nijl`` the outer product of A and v."""
        if len(arguments) != 3 or not isinstance(arguments[0], ast.Constant):
            return None
        found = products_of(str(arguments[0].value))
        if found is None:
            return None
        first, second = (self.expression(part) for part in arguments[1:])
        if found.outer:
            return self._indexed(ex.Product((first, second), (True, True), found.outer), index)
        first = ex.Transpose(first) if found.first_transposed else first
        second = ex.Transpose(second) if found.second_transposed else second
        return self._indexed(ex.MatrixProduct((first, second)), index)

    def _matrix_product(self, factors: list[ast.expr], index: Index) -> ex.Expression:
        parts = [part for factor in factors for part in chain(factor, ast.MatMult)]
        minus = sign_of_first(parts)
        product = self._indexed(ex.MatrixProduct(tuple(self.expression(part) for part in parts)), index)
        return ex.negative(product) if minus else product

    def _compare(self, node: ast.Compare, index: Index) -> ex.Expression | None:
        condition = self._condition(node, index)
        return ex.Indicator(condition) if isinstance(condition, ex.Comparison) else None

    def _condition(self, node: ast.expr, index: Index) -> ex.Expression:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _SIGNS:
            left, right = self.expression(node.left, index), self.expression(node.comparators[0], index)
            return ex.Comparison(left, _SIGNS[type(node.ops[0])], right)
        return self.expression(node, index)

    def _ifexp(self, node: ast.IfExp, index: Index) -> ex.Expression:
        return self._where([node.test, node.body, node.orelse], index)

    def _where(self, parts: list[ast.expr], index: Index) -> ex.Expression:
        chosen, otherwise = self._beside(parts[1:], index)
        return ex.Cases(self._condition(parts[0], index), chosen, otherwise)

    def _attribute(self, node: ast.Attribute, index: Index) -> ex.Expression | None:
        if node.attr == "T" and (rows := self._rows(node.value)):
            return self._indexed(ex.MatrixProduct((ex.Transpose(rows[1]), rows[0])), index)
        if node.attr == "T":
            return self._indexed(ex.Transpose(self.expression(node.value)), index)
        return self._count(node.value) if node.attr == "size" else None

    def _subscript(self, node: ast.Subscript, index: Index) -> ex.Expression | None:
        """Only ``E[tokens]``, rows that whole numbers pick, and ``b[:, None]`` and its like, where an axis is added: b,
        which is repeated along that axis."""
        if rows := self._rows(node):
            return self._indexed(ex.MatrixProduct((ex.Transpose(rows[0]), rows[1])), index)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kept = [i for i, part in enumerate(parts) if isinstance(part, ast.Slice)]
        whole = all(isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None for p in (parts[i] for i in kept))
        added = all(isinstance(p, ast.Constant) and p.value is None for p in parts if not isinstance(p, ast.Slice))
        if not whole or not added or len(kept) != len(self.shape(node.value)):
            return None
        moved = {i - len(parts): k - len(kept) for k, i in enumerate(kept)}
        return self.expression(node.value, {moved[axis]: letter for axis, letter in index.items()})

    def _rows(self, node: ast.expr) -> tuple[ex.Expression, ex.Expression] | None:
        """Of ``E[tokens]``, onehot(tokens) and E."""
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Name):
            return None
        picked = self.values.get(node.slice.id)
        if not isinstance(picked, np.ndarray) or picked.dtype.kind != "i":
            return None
        return ex.Call("onehot", (self.expression(node.slice),)), self.expression(node.value)

    def _call(self, node: ast.Call, index: Index) -> ex.Expression | None:
        if ast.unparse(node.func) == "np.add.at":
            _, rows, added = map(self.expression, node.args)
            return ex.MatrixProduct((ex.Call("onehot", (rows,)), added))
        if isinstance(node.func, ast.Name):
            name = node.func.id
            meant = self.values.get(name, abs if name == "abs" else None)
            if (sign := sign_of(meant)) and len(node.args) == 1:
                return self._indexed(ex.Call(sign, (self.expression(node.args[0]),)), index)
            return self._function(name, node, index) if meant in (abs, getattr(np, name, abs)) else None
        if not isinstance(node.func, ast.Attribute):
            return None
        of = node.func.value
        if isinstance(of, ast.Name) and self.values.get(of.id) is np:
            return self._function(node.func.attr, node, index)
        return self._reduction(node.func.attr, of, node, index)

    def _function(self, name: str, node: ast.Call, index: Index) -> ex.Expression | None:
        """``np.name(...)``, or Python's own of the same name."""
        first = node.args[0] if node.args else None
        if first is None:
            return None
        if name in ("sum", "max", "min", "mean"):
            return self._reduction(name, first, ast.Call(node.func, node.args[1:], node.keywords), index)
        if node.keywords:
            return None
        match name:
            case "concatenate" if isinstance(first, ast.List) and len(node.args) == 1:
                return self._indexed(ex.Stack(tuple(map(self.expression, first.elts))), index)
            case "where" if len(node.args) == 3:
                return self._where(node.args, index)
            case "einsum":
                return self._einsum(node.args, index)
            case "dot" | "matmul":
                return self._matrix_product(node.args, index)
            case "transpose" if len(node.args) == 1:
                return self._indexed(ex.Transpose(self.expression(first)), index)
            case "ones_like" | "zeros_like":
                return ex.Constant("1" if name == "ones_like" else "0")
            case _ if name not in _FUNCTIONS and name not in REWRITTEN:
                return None
        arguments = tuple(self._beside(node.args, index))
        return REWRITTEN[name](arguments[0]) if name in REWRITTEN else ex.Call(_FUNCTIONS[name], arguments)

    def _reduction(self, name: str, of: ast.expr, node: ast.Call, index: Index) -> ex.Expression | None:
        """``of.sum(axis=0)`` and its like."""
        options = {keyword.arg: keyword.value for keyword in node.keywords}
        options |= dict(zip(("axis",), node.args, strict=False))
        shape = self.shape(of)
        try:
            given = ast.literal_eval(options.pop("axis", ast.Constant(None)))
            keepdims = bool(ast.literal_eval(options.pop("keepdims", ast.Constant(False))))
        except ValueError:
            return None
        if name not in ("sum", "max", "min", "mean") or options or not shape:
            return None
        axes = range(len(shape)) if given is None else given if isinstance(given, tuple) else (given,)
        reduced = sorted(axis % len(shape) - len(shape) for axis in axes)
        left = [axis for axis in range(-len(shape), 0) if keepdims or axis not in reduced]
        inner = {left[axis]: letter for axis, letter in index.items()}
        letters = self.letters(shape)
        bounds = []
        outer = list(self.bound)
        for axis in reduced:
            inner[axis] = free(letters[axis], [*outer, *inner.values()])
            bounds.append(ex.Bound(inner[axis], size_expression(letters[axis])))
        self.bound += [inner[axis] for axis in reduced]
        over = ex.Over("sum" if name == "mean" else name, tuple(bounds), self.expression(of, inner))
        self.bound = outer
        if name != "mean":
            return over
        sizes = tuple(bound.size for bound in bounds)
        count = sizes[0] if len(sizes) == 1 else ex.Product(sizes, (False,) * len(sizes))
        return quotient(over, count, by_number=True)

    def _count(self, of: ast.expr) -> ex.Expression:
        sizes = tuple(size_expression(letter) for letter in self.letters(self.shape(of))) or (ex.Number("1"),)
        return sizes[0] if len(sizes) == 1 else ex.Product(sizes, (False,) * len(sizes))

    def _met(self, name: str, shape: Shape, index: Index) -> ex.Symbol:
        plain = self.named.get(name) or symbol(name, self.forward, self.spelled)
        self.symbols.setdefault(plain, self.letters(shape))
        chosen = tuple(index[axis] for axis in sorted(index))
        if plain.partial and plain.of[0] != "L":  # the elements of a Jacobian are those of what is differentiated
            letter, subscript = plain.of
            return replace(plain, of=(letter, ",".join(filter(None, (subscript, *chosen)))))
        return replace(plain, index=chosen)

    def _beside(self, parts: list[ast.expr], index: Index) -> list[ex.Expression]:
        """``parts`` that NumPy combines element by element; what it has to repeat for that is remembered."""
        translated = [self.expression(part, index) for part in parts]
        shapes = [self.shape(part) for part in parts]
        whole = np.broadcast_shapes(*shapes)
        for part, shape in zip(parts, shapes, strict=True):
            if shape and shape != whole:
                padded = (1,) * (len(whole) - len(shape)) + shape
                missing = tuple(n for n, own in zip(whole, padded, strict=True) if n != own)
                self.repeated.setdefault(self.expression(part), self.letters(missing))
        return translated

    @staticmethod
    def _indexed(body: ex.Expression, index: Index) -> ex.Expression:
        return ex.Indexed(body, tuple(index[axis] for axis in sorted(index))) if index else body
