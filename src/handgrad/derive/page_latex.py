"""A derivation as a complete LaTeX document."""

import re
from collections.abc import Iterable

from handgrad.derive.document import Derivation, Line, Preparation, Section, Shape
from handgrad.derive.expression import Expression, Symbol
from handgrad.derive.latex import LatexNotation, escape
from handgrad.derive.names import size_expression
from handgrad.derive.words import (
    Prose,
    difference,
    forms_heading,
    forms_note,
    grouped,
    legend,
    mark,
    number,
    prepared,
    size_value,
    sizes,
    verdict,
    verification,
)
from handgrad.derive.write import equation, write

_NOTATION = LatexNotation()
_NUMBER = r"\d+(?:\.\d+)?e[+-]?\d+"
_FORMULA = re.compile(rf"({_NUMBER}|\b[a-z] = \w \.\.\. \w\b|\b[A-Z] = \d+\b)")
_HEAD = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage[margin=2.3cm]{geometry}
\usepackage{amsmath,amssymb,longtable}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\setlength{\emergencystretch}{3em}
\postdisplaypenalty=10000
% under an equation: the shape of every symbol, and the check
\newcommand{\behind}[2]{{\footnotesize\hspace*{2em}#1\hfill#2\par}}
\begin{document}
"""


def page(derivation: Derivation) -> str:
    """The whole derivation; needs amsmath, amssymb, geometry and longtable, which every TeX installation has."""
    parts = [
        _HEAD + rf"\section*{{{escape(derivation.title.rstrip('.'))}}}",
        escape(f"Source: {derivation.reference}") if derivation.reference else "",
        _notation_table(derivation),
        *(_section(section) for section in derivation.sections),
        _forms(derivation) if derivation.forms else "",
        r"\bigskip",
        *(_prose(note) for note in legend(derivation)),
        *(_words(remark) for remark in derivation.remarks),
        *map(_preparation, derivation.preparations),
        _words(verification(derivation)),
        rf"\textbf{{{_words(verdict(derivation))}}}",
        r"\end{document}",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _words(text: str) -> str:
    """Prose with its numbers, its ranges and what it says of sizes as mathematics: 3.1e-16, t = 1 ... T, T = 3."""
    parts = []
    for i, part in enumerate(_FORMULA.split(text)):
        parts.append(f"${_formula(part)}$" if i % 2 else escape(part))
    return "".join(parts)


def _formula(text: str) -> str:
    if re.fullmatch(_NUMBER, text):
        return _NOTATION.number(text)
    return text.replace(" ... ", r", \dots, ")


def _prose(prose: Prose) -> str:
    return "".join(escape(part) if isinstance(part, str) else _inline(part) for part in prose)


def _shape(shape: Shape) -> str:
    sizes = r" \times ".join(write(size_expression(size), _NOTATION) for size in shape)
    return f"${sizes}$" if sizes else "number"


def _notation_table(derivation: Derivation) -> str:
    if all(entry.shape is None for entry in derivation.notation):
        return _prose(sizes(derivation))
    rows = []
    for entry in derivation.notation:
        last = size_value(entry) if entry.shape is None else _shape(entry.shape)
        rows.append(rf"${write(entry.symbol, _NOTATION)}$ & {escape(entry.meaning)} & {last} \\")
    table = "\n".join(rows)
    return rf"""\subsection*{{Notation}}
\begin{{longtable}}[l]{{@{{}}lll@{{}}}}
{table}
\end{{longtable}}"""


def _shapes(shapes: tuple[tuple[Symbol, Shape], ...]) -> str:
    groups = []
    for symbols, shape in grouped(shapes):
        groups.append(f"{', '.join(map(_inline, symbols))}: {_shape(shape)}")
    return r"\quad ".join(groups)


def _inline(body: Expression) -> str:
    """Inside a line of words, where a derivative is read more easily with a slanted bar."""
    if isinstance(body, Symbol) and body.partial:
        return rf"$\partial {_NOTATION.above(body)} / \partial {_NOTATION.letter(body)}$"
    return f"${write(body, _NOTATION)}$"


def _section(section: Section) -> str:
    given = f", given {_shapes(section.given)}" if section.given else ""
    lines = (_line(line, section.backward) for line in section.lines)
    return "\n".join([rf"\subsection*{{{_words(section.heading)}{given}}}", *lines])


def _forms(derivation: Derivation) -> str:
    """The forms side by side."""
    rows = []
    for form in derivation.forms:
        cost = _cost(form.cost, derivation.sizes)
        first, *rest = (rf"$\displaystyle {equation(each, _NOTATION)}$" for each in form.equations)
        rows.append(
            rf"\multicolumn{{3}}{{@{{}}p{{0.95\textwidth}}@{{}}}}{{\textbf{{{escape(form.name)}}}: {cost}}} \\*[4pt]"
        )
        rows.append(rf"\quad & {first} & {_words(difference(form))} \\*[6pt]")
        rows += [rf"& {formula} & \\*[6pt]" for formula in rest]
    table = "\n".join(rows)
    return rf"""\subsection*{{{escape(forms_heading(derivation))}}}
\begin{{longtable}}[l]{{@{{}}lll@{{}}}}
& & difference \\[6pt]
{table}
\end{{longtable}}

{_words(forms_note(derivation))}"""


def _cost(text: str, sizes: Iterable[str]) -> str:
    """A cost in words, products of sizes as mathematics."""
    size = rf"(?:{'|'.join(map(re.escape, sizes))})(?:\^\d+)?"
    parts = re.split(rf"(?<!\w)({size}(?: {size})*)(?!\w)", text)
    for i in range(1, len(parts), 2):
        product = re.sub(r"\^(\d+)", r"^{\1}", parts[i]).replace(" ", r" \, ")
        parts[i] = f"${product}$"
    return "".join(part if i % 2 else escape(part) for i, part in enumerate(parts))


def _preparation(preparation: Preparation) -> str:
    """Code as it stands in the file, line by line."""
    lines = []
    for code in preparation.code:
        own = len(code) - len(code.lstrip())
        lines.append(rf"\hspace*{{{2 + 0.5 * own:g}em}}{escape(code.strip())}\par")
    body = "\n".join(lines)
    return f"{escape(prepared(preparation))}\n\n{{\\footnotesize\\ttfamily\\raggedright\n{body}\n}}"


def _line(line: Line, backward: bool) -> str:
    tag = ""
    if line.number:  # of a backward line it is the number of another equation
        tag = rf" \tag*{{from ({escape(line.number)})}}" if backward else rf" \tag{{{line.number}}}"
    check = ""
    if line.check is not None:
        slope = r"$\mathrm{d}L/\mathrm{d}\eta =$ " if line.check.slope else ""
        value = _NOTATION.number(number(line.check))
        marked = escape(mark(line.check))
        boxed = marked if line.check.passed else rf"\fbox{{\textbf{{{marked}}}}}"
        check = f"{slope}${value}$ {boxed}"
    note = rf"\behind{{\textit{{{escape(line.note)}}}}}{{}}" if line.note else ""
    parts = [
        rf"\[ {equation(line.equation, _NOTATION)}{tag} \]",
        rf"\behind{{{_shapes(line.shapes)}}}{{{check}}}",
        note,
    ]
    return "\n".join(filter(None, parts))
