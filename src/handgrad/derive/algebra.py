"""Small rules by which a line of NumPy becomes an equation: signs, factors, indices, functions by other names."""

import ast
from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple

import numpy as np

from handgrad.derive import expression as ex

Shape = tuple[int, ...]
Index = Mapping[int, str]  # axis, counted from the end (-1 is the last), to the index written there


def log1p(body: ex.Expression) -> ex.Expression:
    return ex.Call("log", (ex.Sum((ex.Term(False, ex.Number("1")), *ex.terms_of(body))),))


def expm1(body: ex.Expression) -> ex.Expression:
    return ex.Sum((ex.Term(False, ex.Call("exp", (body,))), ex.Term(True, ex.Number("1"))))


_OURS = {"handgrad.layers._activations.sigmoid": "σ", "handgrad.layers._matrices.diag": "diag"}
REWRITTEN: dict[str, Callable[[ex.Expression], ex.Expression]] = {
    "abs": ex.Absolute,
    "absolute": ex.Absolute,
    "sqrt": ex.Root,
    "square": lambda body: ex.Power(body, ex.Number("2")),
    "log1p": log1p,
    "expm1": expm1,
}


def sign_of(function: Any) -> str:
    """What stands for one of the package's own functions of an array; nothing for any other."""
    return _OURS.get(f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}", "")


def quotient(numerator: ex.Expression, denominator: ex.Expression, by_number: bool) -> ex.Expression:
    """A fraction; a sum over elements that a number divides stands behind it: 1/B Σ, not Σ / B."""
    if by_number and isinstance(numerator, ex.Over):
        return ex.Product((ex.Fraction(ex.Number("1"), denominator), numerator), (False, False))
    if isinstance(numerator, ex.Sum) and len(numerator.terms) == 1 and numerator.terms[0].minus:
        return ex.negative(quotient(numerator.terms[0].body, denominator, by_number))  # -a / b is -(a / b)
    return ex.Fraction(numerator, denominator)


class Products(NamedTuple):
    """What ``einsum`` computes for every sample: a product of two matrices, or of a matrix and a vector; or, with the
    axes of both factors in the result, their outer product."""

    first_transposed: bool = False
    second_transposed: bool = False
    outer: tuple[tuple[int, ...], ...] = ()


def products_of(subscripts: str) -> Products | None:
    """The product that ``nij,in->jn``, or ``nij,ln->nijl``, stands for; None for any other."""
    operands, _, out = subscripts.replace(" ", "").partition("->")
    left, _, right = operands.partition(",")
    samples = set(left) & set(right) & set(out)
    if len(samples) == 1 and out == left + "".join(c for c in right if c not in samples):
        return Products(outer=tuple(tuple(map(out.index, operand)) for operand in (left, right)))
    left, right, out = ("".join(c for c in part if c not in samples) for part in (left, right, out))
    summed = set(left) & set(right)
    rest = "".join(c for c in left + right if c not in summed)
    if len(summed) != 1 or len(left) != 2 or len(right) not in (1, 2) or rest != out:
        return None
    return Products(left[0] in summed, len(right) == 2 and right[1] in summed)


def apart(shapes: list[Shape]) -> tuple[tuple[int, ...], ...]:
    """The axes of two arrays without a common one, and with more axes than a matrix: of an outer product; else ()."""
    length = max(map(len, shapes))
    axes = [{i - len(shape) + length for i, n in enumerate(shape) if n != 1} for shape in shapes]
    outer = len(axes) == 2 and length > 2 and all(axes) and not axes[0] & axes[1]
    return tuple(tuple(sorted(each)) for each in axes) if outer else ()


def without_ones(parts: list[tuple[ex.Expression, bool]], shapes: list[Shape]) -> list[tuple[ex.Expression, bool]]:
    """The factors but an array of ones, where another has the shape of the whole product without it."""
    ones = [body == ex.Constant("1") for body, _ in parts]
    whole = np.broadcast_shapes(*shapes)
    if not any(not one and shape == whole for one, shape in zip(ones, shapes, strict=True)):
        return parts
    return [part for part, one in zip(parts, ones, strict=True) if not one]


def rank(body: ex.Expression, array: bool) -> int:
    if array:
        return 3
    return 0 if isinstance(body, ex.Number) else 2 if isinstance(body, ex.Over) else 1


def sign_of_first(factors: list[ast.expr]) -> bool:
    """Whether the first factor is negated, and so the product: -a * b is -(a * b). The sign is taken off."""
    match factors[0]:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            factors[0] = operand
            return True
    return False


def chain(node: ast.expr, operator: type[ast.operator]) -> list[ast.expr]:
    """The operands of a chain of one associative operator, from left to right."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, operator):
        return chain(node.left, operator) + chain(node.right, operator)
    return [node]


def within(index: Index, shape: Shape) -> Index:
    """The part of ``index`` that applies to something of this shape: it lacks the axes along which it is repeated."""
    return {axis: letter for axis, letter in index.items() if -axis <= len(shape) and shape[axis] != 1}


def free(letter: str, taken: Container[str]) -> str:
    """The index of an axis: n over the batch, t over time, j, k, i over anything else."""
    usual = {"B": "n", "T": "t"}.get(letter)
    candidates = ([usual] if usual else []) + list("jkipqr")
    return next(candidate for candidate in candidates if candidate not in taken)
