"""Writes an expression in a notation: this file decides where brackets stand, a notation how a sign looks."""

from collections.abc import Callable
from typing import Any, Protocol

from handgrad.derive import expression as ex

# How tightly a written expression holds together; a place that needs more than an expression has puts it in brackets.
SUM, BIG, ELEMENTWISE, MATRIX, FRACTION, POWER, RAISED, ATOM = range(8)


class Notation(Protocol):
    """A way to write mathematics. Arguments are already written; results are strings of the same kind."""

    two_dimensional: bool  # fractions have a bar and cases a brace, and need no brackets

    def equation(self, left: str, relation: str, right: str) -> str: ...
    def number(self, text: str) -> str: ...
    def symbol(self, symbol: ex.Symbol, transposed: bool = False) -> str: ...
    def brackets(self, body: str) -> str: ...
    def sign(self, minus: bool, first: bool) -> str: ...
    def times(self) -> str: ...
    def elementwise(self) -> str: ...
    def outer(self) -> str: ...
    def slide(self, wide: bool) -> str: ...
    def beside(self, left: ex.Expression, right: ex.Expression) -> str: ...
    def quotient(self, numerator: str, denominator: str) -> str: ...
    def power(self, base: str, exponent: str) -> str: ...
    def transpose(self, body: str) -> str: ...
    def call(self, function: str, arguments: list[str]) -> str: ...
    def absolute(self, body: str) -> str: ...
    def root(self, body: str) -> str: ...
    def over(self, operation: str, bounds: list[tuple[str, str, str]], body: str) -> str: ...
    def comparison(self, left: str, sign: str, right: str) -> str: ...
    def indicator(self, condition: str) -> str: ...
    def cases(self, condition: str, chosen: str, otherwise: str) -> str: ...
    def indexed(self, body: str, index: tuple[str, ...]) -> str: ...
    def stack(self, parts: list[str]) -> str: ...
    def constant(self, text: str) -> str: ...
    def code(self, text: str) -> str: ...


def equation(line: ex.Equation, notation: Notation) -> str:
    """A whole line."""
    return notation.equation(write(line.left, notation), line.relation, write(line.right, notation))


def write(body: ex.Expression, notation: Notation, least: int = SUM) -> str:
    """``body`` in ``notation``, in brackets where it holds together less than ``least``."""
    text, level = _WRITERS[type(body)](body, notation)
    return notation.brackets(text) if level < least else text


def _number(body: ex.Number, notation: Notation) -> tuple[str, int]:
    return notation.number(body.text), ATOM


def symbol_level(symbol: ex.Symbol) -> int:
    """A derivative is a fraction, ``log y`` a call, a letter with a raised mark bears no second one."""
    if symbol.partial or symbol.operator:
        return FRACTION
    return RAISED if symbol.superscript else ATOM


def _symbol(body: ex.Symbol, notation: Notation) -> tuple[str, int]:
    return notation.symbol(body), symbol_level(body)


def _sum(body: ex.Sum, notation: Notation) -> tuple[str, int]:
    parts = []
    for i, term in enumerate(body.terms):
        parts.append(notation.sign(term.minus, i == 0) + write(term.body, notation, BIG))
    return "".join(parts), SUM


def _product(body: ex.Product, notation: Notation) -> tuple[str, int]:
    last = len(body.factors) - 1
    circled = any(body.elementwise(i) for i in range(1, last + 1))
    parts = []
    for i, factor in enumerate(body.factors):
        least = BIG if i == last else ELEMENTWISE
        if circled and isinstance(factor, ex.MatrixProduct):
            least = FRACTION  # A B ⊙ C leaves open which goes first
        if isinstance(factor, ex.Fraction) and i < last and body.elementwise(i + 1):
            least = FRACTION  # a / b ⊙ c reads as a / (b ⊙ c); a bar leaves no doubt
        if i and body.elementwise(i):
            parts.append(notation.outer() if body.outer else notation.elementwise())
        elif i and isinstance(factor, ex.Number):
            parts.append(notation.times())
        elif i:
            parts.append(notation.beside(body.factors[i - 1], factor))
        parts.append(write(factor, notation, least))
    if isinstance(body.factors[-1], ex.Over):
        return "".join(parts), BIG
    return "".join(parts), ELEMENTWISE if circled else MATRIX


def _matrix_product(body: ex.MatrixProduct, notation: Notation) -> tuple[str, int]:
    parts = [write(body.factors[0], notation, MATRIX)]
    for left, right in zip(body.factors, body.factors[1:], strict=False):
        parts += [notation.beside(left, right), write(right, notation, MATRIX)]
    return "".join(parts), MATRIX


def _slide(body: ex.Slide, notation: Notation) -> tuple[str, int]:
    kernel, over = (write(part, notation, FRACTION) for part in (body.kernel, body.over))
    return f"{kernel}{notation.slide(body.wide)}{over}", ELEMENTWISE


def _fraction(body: ex.Fraction, notation: Notation) -> tuple[str, int]:
    barred = notation.two_dimensional
    numerator = write(body.numerator, notation, SUM if barred else ELEMENTWISE)
    denominator = write(body.denominator, notation, SUM if barred else POWER)
    return notation.quotient(numerator, denominator), FRACTION if barred else ELEMENTWISE


def _power(body: ex.Power, notation: Notation) -> tuple[str, int]:
    return notation.power(write(body.base, notation, ATOM), write(body.exponent, notation)), POWER


def _transpose(body: ex.Transpose, notation: Notation) -> tuple[str, int]:
    inner = body.body
    if isinstance(inner, ex.Symbol) and symbol_level(inner) >= RAISED:
        return notation.symbol(inner, transposed=True), RAISED
    return notation.transpose(write(inner, notation, ATOM)), RAISED


def _call(body: ex.Call, notation: Notation) -> tuple[str, int]:
    return notation.call(body.function, [write(argument, notation) for argument in body.arguments]), RAISED


def _absolute(body: ex.Absolute, notation: Notation) -> tuple[str, int]:
    return notation.absolute(write(body.body, notation)), ATOM


def _root(body: ex.Root, notation: Notation) -> tuple[str, int]:
    return notation.root(write(body.body, notation)), RAISED


def _over(body: ex.Over, notation: Notation) -> tuple[str, int]:
    bounds = []
    for bound in body.bounds:
        if isinstance(bound, ex.Where):  # no first element tells a condition
            bounds.append((bound.index, "", write(bound.condition, notation)))
        else:
            bounds.append((bound.index, bound.first, write(bound.size, notation)))
    return notation.over(body.operation, bounds, write(body.body, notation, BIG)), BIG


def _comparison(body: ex.Comparison, notation: Notation) -> tuple[str, int]:
    return notation.comparison(write(body.left, notation), body.sign, write(body.right, notation)), SUM


def _indicator(body: ex.Indicator, notation: Notation) -> tuple[str, int]:
    return notation.indicator(write(body.condition, notation)), ATOM


def _cases(body: ex.Cases, notation: Notation) -> tuple[str, int]:
    parts = (write(part, notation) for part in (body.condition, body.chosen, body.otherwise))
    return notation.cases(*parts), FRACTION if notation.two_dimensional else SUM


def _indexed(body: ex.Indexed, notation: Notation) -> tuple[str, int]:
    return notation.indexed(write(body.body, notation, ATOM), body.index), ATOM


def _stack(body: ex.Stack, notation: Notation) -> tuple[str, int]:
    return notation.stack([write(part, notation) for part in body.parts]), ATOM


def _constant(body: ex.Constant, notation: Notation) -> tuple[str, int]:
    return notation.constant(body.text), ATOM


def _code(body: ex.Code, notation: Notation) -> tuple[str, int]:
    return notation.code(body.text), ATOM


_WRITERS: dict[type, Callable[[Any, Notation], tuple[str, int]]] = {
    ex.Number: _number,
    ex.Symbol: _symbol,
    ex.Sum: _sum,
    ex.Product: _product,
    ex.MatrixProduct: _matrix_product,
    ex.Slide: _slide,
    ex.Fraction: _fraction,
    ex.Power: _power,
    ex.Transpose: _transpose,
    ex.Call: _call,
    ex.Absolute: _absolute,
    ex.Root: _root,
    ex.Over: _over,
    ex.Comparison: _comparison,
    ex.Indicator: _indicator,
    ex.Cases: _cases,
    ex.Indexed: _indexed,
    ex.Stack: _stack,
    ex.Constant: _constant,
    ex.Code: _code,
}
