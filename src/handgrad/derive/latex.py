"""Writes expressions as LaTeX mathematics (amsmath)."""

import re

from handgrad.derive import expression as ex
from handgrad.derive.names import GREEK

_COMMANDS = {sign: "\\" + name for name, sign in GREEK.items()}
_COMMANDS |= {"λ": r"\lambda", "ε": r"\varepsilon", "φ": r"\varphi", "ℓ": r"\ell"}
_SIGNS = {">=": r"\ge", "<=": r"\le", "==": "=", "!=": r"\ne"}
_OPERATORS = {"exp", "log", "tanh", "sin", "cos", "max", "min"}  # LaTeX has a command of the same name
_TILDE = "\u0303"
_TEXT = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "–": "--",
    "^": r"\textasciicircum{}",
    "✓": r"\ensuremath{\checkmark}",
    "✗": r"\ensuremath{\times}",
    "ŷ": r"\ensuremath{\hat{y}}",
    "Ỹ": r"\ensuremath{\tilde{Y}}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    '"': "''",
} | {sign: "\\" + sign for sign in "&%$#_{}"}
_MATHEMATICS = {
    "∂": r"\partial ",
    "−": "-",
    "×": r"\times ",
    "·": r"\cdot ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "⊙": r"\odot ",
    "⊗": r"\otimes ",
    "←": r"\gets ",
    "⁻": "^{-}",
} | {sign: command + " " for sign, command in _COMMANDS.items()}


def escape(text: str) -> str:
    """Prose for LaTeX: its special characters escaped, signs of mathematics by their commands."""
    return "".join(map(_escaped, re.findall(f".{_TILDE}?", text, re.DOTALL)))


def _escaped(sign: str) -> str:
    if sign.endswith(_TILDE):  # over the letter before it
        return rf"\ensuremath{{\tilde{{{_MATHEMATICS.get(sign[0], sign[0]).strip()}}}}}"
    return _TEXT.get(sign) or (rf"\ensuremath{{{_MATHEMATICS[sign]}}}" if sign in _MATHEMATICS else sign)


class LatexNotation:
    """Mathematics mode."""

    two_dimensional = True

    def equation(self, left: str, relation: str, right: str) -> str:
        return f"{left} {_MATHEMATICS.get(relation, relation)} {right}"

    def number(self, text: str) -> str:
        mantissa, e, exponent = text.partition("e")
        if not e:
            return text
        ten = f"10^{{{int(exponent)}}}"
        return ten if mantissa == "1" else rf"{mantissa} \cdot {ten}"

    def symbol(self, symbol: ex.Symbol, transposed: bool = False) -> str:
        letter = self.letter(symbol, transposed)
        return rf"\frac{{\partial {self.above(symbol)}}}{{\partial {letter}}}" if symbol.partial else letter

    def above(self, symbol: ex.Symbol) -> str:
        """What a derivative is of: L, or L_t."""
        letter, subscript = symbol.of
        return f"{letter}_{{{self._subscript(subscript)}}}" if subscript else letter

    def letter(self, symbol: ex.Symbol, transposed: bool = False) -> str:
        """A symbol with its marks, without the derivative by it."""
        letter = self._letter(symbol.letter)
        if symbol.hat:
            letter = rf"\hat{{{letter}}}"
        if symbol.tilde:
            letter = rf"\tilde{{{letter}}}"
        below = self._subscript(symbol.subscript)
        if symbol.index:
            below = ",".join([below, *symbol.index]) if below else "".join(symbol.index)
        above = f"({symbol.superscript})" if symbol.superscript else ""
        above += r"\top" if transposed else ""
        letter += f"^{{{above}}}" if above else ""
        letter += f"_{{{below}}}" if below else ""
        if symbol.operator:
            letter = "".join(self._function(name) for name in symbol.operator.split()) + " " + letter
        return letter

    @staticmethod
    def _letter(letter: str) -> str:
        if letter in _COMMANDS:
            return _COMMANDS[letter]
        return letter if len(letter) == 1 else rf"\mathrm{{{letter}}}"

    @staticmethod
    def _subscript(text: str) -> str:
        parts = [
            part if len(part) == 1 or part.isdigit() or "-" in part else rf"\mathrm{{{part}}}"
            for part in text.split(",")
            if part
        ]
        return ",".join(parts)

    @staticmethod
    def _function(name: str) -> str:
        if name in _COMMANDS:
            return _COMMANDS[name]
        return f"\\{name}" if name in _OPERATORS else rf"\operatorname{{{name}}}"

    def brackets(self, body: str) -> str:
        return rf"\left( {body} \right)"

    def sign(self, minus: bool, first: bool) -> str:
        if first:
            return "-" if minus else ""
        return " - " if minus else " + "

    def times(self) -> str:
        return r" \cdot "

    def elementwise(self) -> str:
        return r" \odot "

    def outer(self) -> str:
        return r" \otimes "

    def slide(self, wide: bool) -> str:
        return r" \mathbin{\tilde{\otimes}} " if wide else r" \otimes "

    def beside(self, left: ex.Expression, right: ex.Expression) -> str:
        return r" \, "

    def quotient(self, numerator: str, denominator: str) -> str:
        return rf"\frac{{{numerator}}}{{{denominator}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def transpose(self, body: str) -> str:
        return rf"{body}^{{\top}}"

    def call(self, function: str, arguments: list[str]) -> str:
        return rf"{self._function(function)}\left( {', '.join(arguments)} \right)"

    def absolute(self, body: str) -> str:
        return rf"\left| {body} \right|"

    def root(self, body: str) -> str:
        return rf"\sqrt{{{body}}}"

    def over(self, operation: str, bounds: list[tuple[str, str, str]], body: str) -> str:
        conditions = [rf"{index}:\, {what}" if index else what for index, first, what in bounds if not first]
        if conditions:
            together = r",\; ".join(conditions)
            return rf"\sum_{{{together}}} {body}"
        if operation == "sum":
            return "".join(rf"\sum_{{{index}={first}}}^{{{size}}} " for index, first, size in bounds) + body
        name = r"\operatorname*{arg\,max}" if operation == "argmax" else f"\\{operation}"
        return rf"{name}_{{{', '.join(index for index, *_ in bounds)}}} {body}"

    def comparison(self, left: str, sign: str, right: str) -> str:
        return f"{left} {_SIGNS.get(sign, sign)} {right}"

    def indicator(self, condition: str) -> str:
        return rf"\left[ {condition} \right]"

    def cases(self, condition: str, chosen: str, otherwise: str) -> str:
        rows = rf"{chosen} & \text{{where }} {condition} \\ {otherwise} & \text{{else}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}"

    def indexed(self, body: str, index: tuple[str, ...]) -> str:
        return rf"{body}_{{{''.join(index)}}}"

    def stack(self, parts: list[str]) -> str:
        rows = r" \\ ".join(parts)
        return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"

    def constant(self, text: str) -> str:
        return rf"\mathbf{{{text}}}"

    def code(self, text: str) -> str:
        return rf"\texttt{{{escape(text)}}}"
