"""A derivation as plain text."""

import re
import textwrap
import unicodedata

from handgrad.derive.document import Derivation, Line, Preparation, Section, Shape
from handgrad.derive.expression import Symbol
from handgrad.derive.names import size_expression
from handgrad.derive.text import TextNotation, to_ascii
from handgrad.derive.words import (
    Prose,
    difference,
    forms_heading,
    forms_note,
    grouped,
    legend,
    mark,
    number,
    powers,
    prepared,
    size_value,
    sizes,
    verdict,
    verification,
)
from handgrad.derive.write import equation, write

_INDENT = "  "
_GAP = "   "


def _columns(text: str) -> int:
    """How many columns a text takes: a tilde over a letter takes none of its own."""
    return sum(not unicodedata.combining(sign) for sign in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def page(derivation: Derivation, width: int = 100, unicode: bool = True) -> str:
    """The whole derivation in at most ``width`` columns (40 at least)."""
    return _Page(derivation, max(width, 40), unicode).text()


class _Page:
    """One derivation at one width."""

    def __init__(self, derivation: Derivation, width: int, unicode: bool) -> None:
        self.derivation, self.width, self.unicode = derivation, width, unicode
        self.notation = TextNotation(unicode)

    def text(self) -> str:
        derivation = self.derivation
        parts = [self._head(), self._notation_table()]
        parts += [self._section(section) for section in derivation.sections]
        if derivation.forms:
            parts.append(self._forms())
        notes = [self._prose(note) for note in legend(derivation)]
        parts.append("\n".join([*notes, *map(self._wrapped, derivation.remarks)]))
        parts += [self._preparation(each) for each in derivation.preparations]
        parts.append(self._wrapped(verification(derivation)) + "\n" + self._wrapped(verdict(derivation)))
        return "\n\n".join(part for part in parts if part) + "\n"

    def _glyphs(self, text: str) -> str:
        return text if self.unicode else to_ascii(text)

    def _wrapped(self, text: str, indent: str = "") -> str:
        return textwrap.fill(self._glyphs(text), self.width, subsequent_indent=indent, break_on_hyphens=False)

    def _prose(self, prose: Prose) -> str:
        return self._wrapped("".join(part if isinstance(part, str) else write(part, self.notation) for part in prose))

    def _head(self) -> str:
        derivation = self.derivation
        title = self._wrapped(f"{derivation.name}: {derivation.title.rstrip('.')}")
        rule = self._glyphs("─" if self.unicode else "-") * min(self.width, max(map(len, title.splitlines())))
        reference = self._wrapped(f"Source: {derivation.reference}") if derivation.reference else ""
        return "\n".join(filter(None, (title, rule, reference)))

    def _notation_table(self) -> str:
        if all(entry.shape is None for entry in self.derivation.notation):
            return self._prose(sizes(self.derivation))
        rows = []
        for entry in self.derivation.notation:
            shape = size_value(entry) if entry.shape is None else self._shape(entry.shape)
            rows.append((write(entry.symbol, self.notation), entry.meaning, shape))
        first, second, third = (max(_columns(row[i]) for row in rows) for i in range(3))
        second = min(second, self.width - len(_INDENT) - first - third - 2 * len(_GAP))
        table = ["Notation"]
        for symbol, meaning, shape in rows:
            start, *rest = textwrap.wrap(meaning, second)
            table.append(f"{_INDENT}{_padded(symbol, first)}{_GAP}{start:{second}}{_GAP}{shape}".rstrip())
            table += [" " * (len(_INDENT) + first + len(_GAP)) + line for line in rest]
        return "\n".join(table)

    def _shape(self, shape: Shape) -> str:
        return self._glyphs(" × ").join(write(size_expression(size), self.notation) for size in shape) or "number"

    def _shapes(self, shapes: tuple[tuple[Symbol, Shape], ...]) -> str:
        groups = (
            f"{', '.join(write(symbol, self.notation) for symbol in symbols)}: {self._shape(shape)}"
            for symbols, shape in grouped(shapes)
        )
        return "   ".join(groups)

    def _check(self, line: Line) -> str:
        if line.check is None:
            return ""
        slope = "dL/dη = " if line.check.slope else ""
        return self._glyphs(f"{slope}{number(line.check)} {mark(line.check)}")

    def _section(self, section: Section) -> str:
        given = f", given {self._shapes(section.given)}" if section.given else ""
        title = f"{section.heading}{given}"
        if section.backward:
            title += "\n" if _columns(title) > self.width - 15 else ""
            last = title.rpartition("\n")[2]
            title += f"{'relative error':>{self.width - _columns(last)}}"
        rows = []
        for line in section.lines:
            number = self._glyphs(f"({line.number})") if line.number else ""
            rows.append((number, equation(line.equation, self.notation), self._shapes(line.shapes), self._check(line)))
        widths = [max(_columns(row[i]) for row in rows) for i in range(4)]
        beside = len(_INDENT) + sum(widths) + len(_GAP) * 3 <= self.width
        lines = [title]
        for (number, formula, shapes, check), note in zip(rows, (line.note for line in section.lines), strict=True):
            start = f"{_INDENT}{number:{widths[0]}}{_GAP if widths[0] else ''}"
            if beside:
                body = f"{start}{_padded(formula, widths[1])}{_GAP}{shapes}"
                lines.append(f"{body}{check:>{self.width - _columns(body)}}".rstrip())
            else:
                lines += self._stacked(start, formula, shapes, check)
            if note:
                margin = " " * (len(start) + (0 if beside else 4))
                lines += textwrap.wrap(self._glyphs(note), self.width, initial_indent=margin, subsequent_indent=margin)
        return "\n".join(lines)

    def _preparation(self, preparation: Preparation) -> str:
        """Code as it stands in the file."""
        lines = [self._wrapped(prepared(preparation))]
        for code in preparation.code:
            own = " " * (len(_INDENT) + len(code) - len(code.lstrip()))
            under = own + " " * 4
            lines += textwrap.wrap(code.strip(), self.width, initial_indent=own, subsequent_indent=under)
        return "\n".join(lines)

    def _forms(self) -> str:
        """The forms side by side: equation and difference, and under them the cost."""
        derivation = self.derivation
        lines = [f"{forms_heading(derivation):{self.width - 10}}difference"]
        first = max(len(form.name) for form in derivation.forms)
        for form in derivation.forms:
            start = f"{_INDENT}{form.name:{first}}{_GAP}"
            cost = "".join(words + self.notation.raised(power) for words, power in powers(form.cost))
            formula, *rest = (equation(each, self.notation) for each in form.equations)
            lines += self._stacked(start, formula, "", self._glyphs(difference(form)))
            lines += [line for each in rest for line in self._stacked(" " * len(start), each, "", "")]
            cost = self._glyphs(f"{cost} ({form.place})")
            margin = " " * (len(start) + 4)
            lines += textwrap.wrap(cost, self.width, initial_indent=margin, subsequent_indent=margin)
        return "\n".join([*lines, self._wrapped(forms_note(derivation))])

    def _stacked(self, start: str, formula: str, shapes: str, check: str) -> list[str]:
        """The formula with its check, and the shapes under it."""
        room = self.width - len(start) - (len(check) + len(_GAP) if check else 0)
        behind = len(re.split("=|←|<-", formula, maxsplit=1)[0]) + 2
        first, *rest = textwrap.wrap(formula, max(room, 20), subsequent_indent=" " * behind, break_long_words=False)
        body = f"{start}{first}"
        margin = " " * len(start)
        under = textwrap.wrap(shapes, self.width - len(start) - 4, break_long_words=False)
        return [
            f"{body}{check:>{max(self.width - _columns(body), len(check) + 1)}}".rstrip(),
            *(margin + line for line in rest),
            *(f"{margin}    {line}" for line in under),
        ]
