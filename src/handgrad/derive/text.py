"""Writes expressions as one line of text: Unicode, or ASCII for terminals that lack it."""

import unicodedata

from handgrad.derive import expression as ex
from handgrad.derive.names import GREEK

_SUPERSCRIPTS = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_SUBSCRIPTS = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_SIGNS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}
_ASCII = {"ℓ": "l", "∂": "d", "←": "<-", "×": "x"} | {sign: name for name, sign in GREEK.items() if name != "eps"}
_ASCII |= {
    "λ": "lambda",
    "−": "-",
    "⊙": "*",
    "⊗": "(x)",
    "·": "*",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "✓": "ok",
    "✗": "X",
    "…": "...",
}
_ASCII |= {
    "–": "-",
    "—": "-",
    "ᵀ": "^T",
    "Σ": "sum",
    "√": "sqrt",
    "𝟏": "1",
    "𝟎": "0",
    "ŷ": "y^",
    "\u0303": "~",
    "Ỹ": "Y~",
    "⟨": "<",
    "⟩": ">",
}


def to_ascii(text: str) -> str:
    """``text`` with the signs of mathematics spelled in ASCII; letters of people's names stay."""
    return "".join(_ASCII.get(sign, sign) for sign in text)


class TextNotation:
    """One line. With ``unicode=False`` raised and lowered marks are spelled ^(1) and _j."""

    two_dimensional = False

    def __init__(self, unicode: bool = True) -> None:
        self.unicode = unicode

    def _glyph(self, text: str) -> str:
        return text if self.unicode else to_ascii(text)

    def _lowered(self, text: str) -> str:
        parts = text.split(",")
        joined = "".join(parts) if max(map(len, parts)) == 1 else text  # indices that are letters need no comma
        small = joined.translate(_SUBSCRIPTS)
        if not text or (self.unicode and not set(small) & set(joined)):
            return small
        return f"_{text}" if len(text) == 1 else f"_{{{self._glyph(text)}}}"

    def raised(self, text: str) -> str:
        """``text`` as an exponent; nothing for nothing."""
        if not text:
            return ""
        small = text.translate(_SUPERSCRIPTS)
        if self.unicode and not set(small) & set(text):
            return small
        return f"^{text}" if len(text) == 1 or text.startswith("(") else f"^({text})"

    def equation(self, left: str, relation: str, right: str) -> str:
        return f"{left} {self._glyph(relation)} {right}"

    def number(self, text: str) -> str:
        mantissa, e, exponent = text.partition("e")
        if not e:
            return text
        ten = f"10{self.raised(str(int(exponent)))}"
        return ten if mantissa == "1" else f"{mantissa}{self._glyph('·')}{ten}"

    def symbol(self, symbol: ex.Symbol, transposed: bool = False) -> str:
        letter = self._glyph(symbol.letter)
        if symbol.hat:
            letter = f"{letter}\u0302" if self.unicode else f"{letter}^"
        if symbol.tilde:
            letter = unicodedata.normalize("NFC", f"{letter}\u0303") if self.unicode else f"{letter}~"
        letter += self._lowered(symbol.subscript)
        letter += self.raised(f"({symbol.superscript})") if symbol.superscript else ""
        letter += self._lowered("".join(symbol.index))
        if symbol.operator:
            letter = f"{symbol.operator} {letter}"
        if symbol.partial:
            above, subscript = symbol.of
            letter = f"({letter})" if symbol.operator else letter
            letter = f"{self._glyph(f'∂{above}')}{self._lowered(subscript)}{self._glyph('/∂')}{letter}"
        return self.transpose(letter) if transposed else letter

    def brackets(self, body: str) -> str:
        return f"({body})"

    def sign(self, minus: bool, first: bool) -> str:
        if first:
            return self._glyph("−") if minus else ""
        return self._glyph(" − ") if minus else " + "

    def times(self) -> str:
        return self._glyph(" · ")

    def elementwise(self) -> str:
        return self._glyph(" ⊙ ")

    def outer(self) -> str:
        return self._glyph(" ⊗ ")

    def slide(self, wide: bool) -> str:
        if self.unicode:
            return " ⊗̃ " if wide else " ⊗ "
        return " (x)~ " if wide else " (x) "

    def beside(self, left: ex.Expression, right: ex.Expression) -> str:
        """A slanted bar would seem to reach on to what follows it, so a dot ends it."""
        slanted = isinstance(left, ex.Fraction) or (isinstance(left, ex.Symbol) and left.partial)
        return self.times() if slanted else " "

    def quotient(self, numerator: str, denominator: str) -> str:
        return f"{numerator} / {denominator}" if " " in numerator + denominator else f"{numerator}/{denominator}"

    def power(self, base: str, exponent: str) -> str:
        return base + self.raised(exponent)

    def transpose(self, body: str) -> str:
        return body + self._glyph("ᵀ")

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{self._glyph(function)}({', '.join(arguments)})"

    def absolute(self, body: str) -> str:
        return f"|{body}|"

    def root(self, body: str) -> str:
        return f"√{body}" if self.unicode and len(body) <= 2 else f"{self._glyph('√')}({body})"

    def over(self, operation: str, bounds: list[tuple[str, str, str]], body: str) -> str:
        """The index alone where it runs over an axis; where another index or a condition bounds it, that too."""
        name = self._glyph("Σ") if operation == "sum" else operation
        conditions = [f"{index}: {what}" if index else what for index, first, what in bounds if not first]
        if conditions:
            return f"{name}_{{{self._glyph(', '.join(conditions))}}} {body}"
        bounded = [f"{index}≥{first}" if first != "1" else f"{index}≤{size}" for index, first, size in bounds]
        free = [first == "0" or (first == "1" and not size.islower()) for _, first, size in bounds]
        shown = (index if alone else text for (index, *_), alone, text in zip(bounds, free, bounded, strict=True))
        return f"{name}{self._lowered(''.join(shown))} {body}"

    def comparison(self, left: str, sign: str, right: str) -> str:
        return f"{left} {self._glyph(_SIGNS.get(sign, sign))} {right}"

    def indicator(self, condition: str) -> str:
        return f"[{condition}]"

    def cases(self, condition: str, chosen: str, otherwise: str) -> str:
        return f"{chosen} where {condition}, else {otherwise}"

    def indexed(self, body: str, index: tuple[str, ...]) -> str:
        return body + self._lowered("".join(index))

    def stack(self, parts: list[str]) -> str:
        return f"[{'; '.join(parts)}]"

    def constant(self, text: str) -> str:
        return self._glyph({"1": "𝟏", "0": "𝟎"}[text])

    def code(self, text: str) -> str:
        return f"`{text}`"
