"""Writes expressions as MathML (MathML Core: what browsers show without help)."""

import re
from html import escape

from handgrad.derive import expression as ex

_SIGNS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _operator(sign: str, attributes: str = "") -> str:
    return f"<mo{attributes}>{escape(sign)}</mo>"


def _upright(text: str) -> str:
    return f'<mi mathvariant="normal">{escape(text)}</mi>'


def _index(text: str) -> str:
    """An index such as ``j`` or ``si+u,sj+v``, sign by sign."""
    if text.isalpha() and len(text) > 1:
        return _upright(text)
    parts = re.findall(r"\d+|.", text)
    marks = (f"<mn>{p}</mn>" if p.isdigit() else f"<mi>{p}</mi>" if p.isalpha() else _operator(p) for p in parts)
    return "".join(marks)


_APPLY = "<mo>&#x2061;</mo>"  # function application: invisible
_THIN = '<mspace width="0.167em"/>'
_TRANSPOSED = '<mo lspace="0" rspace="0">⊤</mo>'
_TALL = ("<mfrac", "<munder", "<mtable")


def _fence(opening: str, body: str, closing: str) -> str:
    """Brackets that grow with a tall body only: many fonts have no middle sizes, and jump from small to huge."""
    stretchy = "true" if any(tag in body for tag in _TALL) else "false"
    first, last = (_operator(sign, f' stretchy="{stretchy}"') for sign in (opening, closing))
    return _row(first, body, last)


def math(body: str, spoken: str, display: bool = True) -> str:
    """A whole formula; ``spoken`` is the same as one line of text, for readers without MathML."""
    style = ' displaystyle="true"' if display else ""
    return f'<math{style} alttext="{escape(spoken)}">{body}</math>'


class MathMLNotation:
    """Presentation markup."""

    two_dimensional = True

    def equation(self, left: str, relation: str, right: str) -> str:
        return _row(left, _operator(relation), right)

    def number(self, text: str) -> str:
        mantissa, e, exponent = text.partition("e")
        if not e:
            return f"<mn>{text}</mn>"
        power = str(int(exponent))
        raised = f"<mn>{power}</mn>" if not power.startswith("-") else _row(_operator("−"), f"<mn>{power[1:]}</mn>")
        ten = f"<msup><mn>10</mn>{raised}</msup>"
        return ten if mantissa == "1" else _row(f"<mn>{mantissa}</mn>", self.times(), ten)

    def symbol(self, symbol: ex.Symbol, transposed: bool = False) -> str:
        letter = self.letter(symbol, transposed)
        if not symbol.partial:
            return letter
        return f"<mfrac>{_row('<mi>∂</mi>', self._above(symbol))}{_row('<mi>∂</mi>', letter)}</mfrac>"

    def _above(self, symbol: ex.Symbol) -> str:
        """What a derivative is of: L, or L_t."""
        letter, subscript = symbol.of
        return self.letter(ex.Symbol(letter, subscript=subscript))

    def slanted(self, symbol: ex.Symbol) -> str:
        """A symbol inside a line of words: a derivative without the height of a fraction."""
        letter = self.letter(symbol)
        if not symbol.partial:
            return letter
        return _row("<mi>∂</mi>", self._above(symbol), '<mo lspace="0" rspace="0">/</mo>', "<mi>∂</mi>", letter)

    def letter(self, symbol: ex.Symbol, transposed: bool = False) -> str:
        """A symbol with its marks, without the derivative by it."""
        letter = f"<mi>{symbol.letter}</mi>" if len(symbol.letter) == 1 else _upright(symbol.letter)
        if symbol.hat:
            letter = f'<mover accent="true">{letter}<mo>^</mo></mover>'
        if symbol.tilde:
            letter = f'<mover accent="true">{letter}<mo>~</mo></mover>'
        below = [self._subscript(part) for part in symbol.subscript.split(",") if part]
        below += map(_index, symbol.index)
        above = [_fence("(", _index(symbol.superscript), ")")] if symbol.superscript else []
        above += [_TRANSPOSED] if transposed else []
        if above and below:
            letter = f"<msubsup>{letter}{_row(*below)}{_row(*above)}</msubsup>"
        elif above or below:
            tag = "msup" if above else "msub"
            letter = f"<{tag}>{letter}{_row(*above, *below)}</{tag}>"
        if symbol.operator:
            letter = _row(*(_upright(name) + _APPLY + _THIN for name in symbol.operator.split()), letter)
        return letter

    @staticmethod
    def _subscript(part: str) -> str:
        if part.isdigit():
            return f"<mn>{part}</mn>"
        before, minus, number = part.partition("-")
        if minus:  # the step before
            return f"<mi>{before}</mi>{_operator('−')}<mn>{number}</mn>"
        return f"<mi>{part}</mi>" if len(part) == 1 else _upright(part)

    def brackets(self, body: str) -> str:
        return _fence("(", body, ")")

    def sign(self, minus: bool, first: bool) -> str:
        if first:
            return _operator("−", ' form="prefix"') if minus else ""
        return _operator("−" if minus else "+")

    def times(self) -> str:
        return _operator("⋅")

    def elementwise(self) -> str:
        return _operator("⊙")

    def outer(self) -> str:
        return _operator("⊗")

    def slide(self, wide: bool) -> str:
        return '<mover accent="true"><mo>⊗</mo><mo>~</mo></mover>' if wide else _operator("⊗")

    def beside(self, left: ex.Expression, right: ex.Expression) -> str:
        return _THIN

    def quotient(self, numerator: str, denominator: str) -> str:
        return f"<mfrac>{_row(numerator)}{_row(denominator)}</mfrac>"

    def power(self, base: str, exponent: str) -> str:
        return f"<msup>{_row(base)}{_row(exponent)}</msup>"

    def transpose(self, body: str) -> str:
        return f"<msup>{_row(body)}{_TRANSPOSED}</msup>"

    def call(self, function: str, arguments: list[str]) -> str:
        return _row(_upright(function), _APPLY, _fence("(", "<mo>,</mo>".join(arguments), ")"))

    def absolute(self, body: str) -> str:
        bar = '<mo fence="true" form="{}" stretchy="false">|</mo>'
        return _row(bar.format("prefix"), body, bar.format("postfix"))

    def root(self, body: str) -> str:
        return f"<msqrt>{body}</msqrt>"

    def over(self, operation: str, bounds: list[tuple[str, str, str]], body: str) -> str:
        conditions = [_row(f"<mi>{index}</mi><mo>:</mo>" if index else "", what) for index, f, what in bounds if not f]
        if conditions:
            below = _row("<mo>,</mo>".join(conditions))
            return _row(f'<munder><mo movablelimits="false">∑</mo>{below}</munder>', body)
        if operation != "sum":
            names = "<mo>,</mo>".join(f"<mi>{index}</mi>" for index, *_ in bounds)
            limits = f'<munder><mo movablelimits="false" rspace="0.167em">{operation}</mo>{_row(names)}</munder>'
            return _row(limits, body)
        sums = []
        for index, first, size in bounds:
            start = f"<mn>{first}</mn>" if first.isdigit() else f"<mi>{first}</mi>"
            below = _row(f"<mi>{index}</mi>", "<mo>=</mo>", start)
            sums.append(f'<munderover><mo movablelimits="false">∑</mo>{below}{size}</munderover>')
        return _row(*sums, body)

    def comparison(self, left: str, sign: str, right: str) -> str:
        return _row(left, _operator(_SIGNS.get(sign, sign)), right)

    def indicator(self, condition: str) -> str:
        return _fence("[", condition, "]")

    def cases(self, condition: str, chosen: str, otherwise: str) -> str:
        cell = '<mtd style="text-align:left;padding-right:1em">{}</mtd>'
        first = cell.format(chosen) + cell.format(_row("<mtext>where&#xA0;</mtext>", condition))
        second = cell.format(otherwise) + cell.format("<mtext>else</mtext>")
        return _row(
            '<mo fence="true" form="prefix">{</mo>',
            f'<mtable displaystyle="true"><mtr>{first}</mtr><mtr>{second}</mtr></mtable>',
        )

    def indexed(self, body: str, index: tuple[str, ...]) -> str:
        return f"<msub>{_row(body)}{_row(*(f'<mi>{letter}</mi>' for letter in index))}</msub>"

    def stack(self, parts: list[str]) -> str:
        rows = "".join(f"<mtr><mtd>{part}</mtd></mtr>" for part in parts)
        return _fence("[", f"<mtable>{rows}</mtable>", "]")

    def constant(self, text: str) -> str:
        return f'<mn style="font-weight:bold">{text}</mn>'

    def code(self, text: str) -> str:
        return f"<mtext><code>{escape(text)}</code></mtext>"
