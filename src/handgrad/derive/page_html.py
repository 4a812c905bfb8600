"""A derivation as HTML with MathML: a document of its own, or a fragment inside another."""

from html import escape
from importlib import resources

from handgrad.derive.document import Check, Derivation, Line, Section, Shape
from handgrad.derive.expression import Expression, Symbol
from handgrad.derive.mathml import MathMLNotation, math
from handgrad.derive.names import size_expression
from handgrad.derive.source import Origin
from handgrad.derive.text import TextNotation
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

_NOTATION, _SPOKEN = MathMLNotation(), TextNotation()
_BESIDE = 48  # signs of an equation beside which its shapes have room; behind a longer one they go below


def page(derivation: Derivation) -> str:
    """A complete document that needs nothing from elsewhere; light or dark as the reader's system is."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(derivation.name)}: derivation</title>
<style>
{_style("page.css")}</style>
</head>
<body>
<main>
{fragment(derivation, level=1)}
</main>
</body>
</html>
"""


def fragment(derivation: Derivation, level: int = 3) -> str:
    """The derivation with its style, in the colours of the page around it; ``level`` is that of its heading."""
    outcome = "d-passed" if derivation.passed else "d-failed"
    parts = [
        f'<section class="derivation">\n<style>\n{_style("derivation.css")}</style>',
        f'<h{level} class="d-title">{escape(derivation.title.rstrip("."))}</h{level}>',
        f'<p class="d-source">{escape(derivation.reference)}</p>' if derivation.reference else "",
        f'<p class="d-verdict {outcome}">{escape(verdict(derivation))}</p>',
        _notation_table(derivation, level + 1),
        *(_section(section, level + 1) for section in derivation.sections),
        _forms(derivation, level + 1) if derivation.forms else "",
        _footnotes(derivation),
        "</section>",
    ]
    return "\n".join(filter(None, parts))


def _style(name: str) -> str:
    return resources.files("handgrad.derive").joinpath(name).read_text(encoding="utf-8")


def _formula(body: Expression) -> str:
    """Inside a line of words."""
    written = _NOTATION.slanted(body) if isinstance(body, Symbol) else write(body, _NOTATION)
    return math(written, write(body, _SPOKEN), display=False)


def _prose(prose: Prose) -> str:
    return "".join(escape(part) if isinstance(part, str) else _formula(part) for part in prose)


def _shape(shape: Shape) -> str:
    if not shape:
        return "number"
    sizes = "<mo>×</mo>".join(write(size_expression(size), _NOTATION) for size in shape)
    spoken = " × ".join(write(size_expression(size), _SPOKEN) for size in shape)
    return math(f"<mrow>{sizes}</mrow>", spoken, display=False)


def _shapes(shapes: tuple[tuple[Symbol, Shape], ...]) -> str:
    groups = []
    for symbols, shape in grouped(shapes):
        names = ", ".join(map(_formula, symbols))
        groups.append(f'<span class="d-shape">{names}: <span class="d-size">{_shape(shape)}</span></span>')
    return " ".join(groups)


def _notation_table(derivation: Derivation, level: int) -> str:
    if all(entry.shape is None for entry in derivation.notation):
        return f'<p class="d-sizes">{_prose(sizes(derivation))}</p>'
    rows = []
    for entry in derivation.notation:
        last = size_value(entry) if entry.shape is None else _shape(entry.shape)
        rows.append(f"<tr><td>{_formula(entry.symbol)}</td><td>{escape(entry.meaning)}</td><td>{last}</td></tr>")
    table = "\n".join(rows)
    return f'{_heading("Notation", level)}\n<div class="d-notation"><table>\n{table}\n</table></div>'


def _heading(content: str, level: int) -> str:
    return f'<h{level} class="d-heading">{content}</h{level}>'


def _section(section: Section, level: int) -> str:
    given = f' <span class="d-given">given {_shapes(section.given)}</span>' if section.given else ""
    over = '<span class="d-over">relative error</span>' if section.backward else ""
    lines = "\n".join(map(_line, section.lines))
    heading = _heading(f"{escape(section.heading)}{given}{over}", level)
    return f'{heading}\n<div class="d-lines">\n{lines}\n</div>'


def _line(line: Line) -> str:
    spoken = equation(line.equation, _SPOKEN)
    note = f'<div class="d-note">{escape(line.note)}</div>' if line.note else ""
    return f"""<div class="d-line{" d-long" if len(spoken) > _BESIDE else ""}">
<div class="d-number">{f"({escape(line.number)})" if line.number else ""}</div>
<div class="d-formula">{math(equation(line.equation, _NOTATION), spoken)}{note}</div>
<div class="d-behind"><div class="d-shapes">{_shapes(line.shapes)}</div>
{"".join(map(_origin, line.origins))}</div>
<div class="d-check">{_check(line.check) if line.check else ""}</div>
</div>"""


def _forms(derivation: Derivation, level: int) -> str:
    """The forms side by side."""
    heads = ("form", "way to the gradient", "difference", "cost", "file")
    rows = []
    for form in derivation.forms:
        outcome = "d-passed" if form.passed else "d-failed"
        cost = "".join(escape(words) + (f"<sup>{power}</sup>" if power else "") for words, power in powers(form.cost))
        formulas = (math(equation(each, _NOTATION), equation(each, _SPOKEN), display=False) for each in form.equations)
        cells = (
            escape(form.name),
            "".join(f"<div>{formula}</div>" for formula in formulas),
            f'<span class="{outcome}">{escape(difference(form))}</span>',
            cost,
            f"<code>{escape(form.place)}</code>",
        )
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in heads) + "</tr>"
    table = "\n".join([head, *rows])
    note = f'<p class="d-sizes">{escape(forms_note(derivation))}</p>'
    heading = _heading(escape(forms_heading(derivation)), level)
    return f'{heading}\n<div class="d-forms"><table>\n{table}\n</table></div>\n{note}'


def _origin(origin: Origin) -> str:
    place = f'<span class="d-place">{escape(origin.place)}</span> ' if origin.place else ""
    return f"<code>{place}{escape(origin.code)}</code>"


def _check(check: Check) -> str:
    outcome = "d-passed" if check.passed else "d-failed"
    slope = "d<i>L</i>/d<i>η</i> = " if check.slope else ""
    mantissa, e, exponent = number(check).replace("-", "−").partition("e")
    power = f" · 10<sup>{exponent.replace('−0', '−').removeprefix('+').lstrip('0') or '0'}</sup>" if e else ""
    return f'<span class="{outcome}">{slope}{mantissa}{power} {escape(mark(check))}</span>'


def _footnotes(derivation: Derivation) -> str:
    notes = [*map(_prose, legend(derivation)), *map(escape, derivation.remarks)]
    parts = [f"<p>{note}</p>" for note in notes]
    for each in derivation.preparations:
        code = escape("\n".join(each.code))
        parts.append(f'<p>{escape(prepared(each))}</p>\n<pre class="d-code">{code}</pre>')
    parts.append(f"<p>{escape(verification(derivation))}</p>")
    return '<div class="d-notes">\n' + "\n".join(parts) + "\n</div>"
