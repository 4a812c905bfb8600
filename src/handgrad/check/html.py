"""A report as HTML, for notebooks: small, self-contained, everything escaped."""

import re
from html import escape

from handgrad.check.faults import FAULTS
from handgrad.check.result import Finding, ParameterVerdict, Report
from handgrad.check.words import because_of, headline, listed, ranges, title
from handgrad.errors import shape_text

_COLORS = {"right": "#1a7f37", "wrong": "#cf222e", "inconclusive": "#9a6700"}
_DIFF = {"+": "background:#dafbe1;color:#1f2328", "-": "background:#ffebe9;color:#1f2328", "@": "color:#6e7781"}
_PRE = "margin:.3em 0;padding:.4em .6em;border-left:3px solid #d0d7de;overflow-x:auto;line-height:1.35"


def report_html(report: Report) -> str:
    """The report as one ``div``."""
    parts = [f'<div style="color:{_COLORS[report.verdict]};font-weight:bold">{escape(headline(report))}</div>']
    parts += [_finding(each, report) for each in report.findings]
    if report.parameters:
        parts.append(_table(report))
    parts += [f'<div style="opacity:.75">note: {escape(each)}</div>' for each in report.notes]
    return '<div style="max-width:60em">' + "".join(parts) + "</div>"


def _finding(finding: Finding, report: Report) -> str:
    parts = [f'<div style="margin-top:.8em;font-weight:bold">{escape(title(finding))}</div>']
    if finding.source:
        parts.append(f'<pre style="{_PRE}">{finding.line} | {escape(finding.source)}</pre>')
    if finding.value:
        parts.append(
            f"<div>is <code>{escape(finding.value)}</code>, should be <code>{escape(finding.expected)}</code></div>"
        )
    parts.append(f"<div>{_with_code(finding.explanation)}</div>")
    if finding.also:
        others = listed([FAULTS[each].title if each in FAULTS else each for each in finding.also])
        parts.append(f"<div>This explains the numbers as well: {escape(others)}.</div>")
    for too, below in because_of(finding, report.findings).items():
        cause = f"lines {listed(sorted([*too, finding.line or 0]))}" if too else "this line"
        parts.append(f"<div>Wrong only because of {cause}: {ranges(below)}.</div>")
    if finding.fix:
        lines = [f'<span style="{_DIFF.get(each[:1], "")}">{escape(each)}</span>' for each in finding.fix.splitlines()]
        parts.append(f'<pre style="{_PRE}">' + "\n".join(lines) + "</pre>")
    return "".join(parts)


def _with_code(text: str) -> str:
    """Escaped, with what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)).replace("\n", "<br>")


def _table(report: Report) -> str:
    heads = ("parameter", "shape", "verdict", "relative error", "worst entry", "given", "numerical", "why")
    head = "".join(f"<th>{each}</th>" for each in heads)
    rows = "".join(f"<tr>{_cells(each)}</tr>" for each in report.parameters)
    return f'<table style="margin-top:.8em"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cells(each: ParameterVerdict) -> str:
    finite = each.error == each.error and abs(each.error) != float("inf")
    shown = each.verdict != "right"
    worst = str(list(each.worst)) if shown and each.worst else ""
    numbers = [f"{value:.6g}" if shown and value is not None else "" for value in (each.given, each.numerical)]
    error = f"{each.error:.1e}" if finite else "-"
    texts = [each.name, shape_text(each.shape), each.verdict, error, worst, *numbers, each.why]
    cells = [f"<td>{escape(text)}</td>" for text in texts]
    cells[2] = f'<td style="color:{_COLORS[each.verdict]}">{each.verdict}</td>'
    return "".join(cells)
