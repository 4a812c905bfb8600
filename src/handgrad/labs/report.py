"""The report of a run: one HTML file that needs nothing from elsewhere, for screens light and dark, and for paper."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handgrad.figures import style
from handgrad.labs.console import cell_text, is_numeric
from handgrad.labs.result import LabResult, Table

_KEY_FIGURES = (  # entries of the document that stand at the top, their names, and how they are shown
    ("loss", "loss", "{:.4g}"),
    ("accuracy", "accuracy", "{:.2%}"),
    ("test_accuracy", "test accuracy", "{:.2%}"),
    ("best_test_perplexity", "test perplexity", "{:.1f}"),
    ("test_right_share", "right in test", "{:.1%}"),
    ("max_error", "largest error", "{:.2g}"),
    ("w_rec", "w_rec", "{:.6g}"),
    ("w_x", "w_x", "{:.6g}"),
    ("train_seconds", "training", "{:.3g} s"),
    ("images_per_second", "images a second", "{:,.0f}"),
    ("tokens_per_second", "tokens a second", "{:,.0f}"),
    ("epochs", "epochs", "{:,}"),
)
# The colours of the figures become the page's own, which are lighter on a dark screen.
_COLORS = {
    style.INK: "var(--ink)",
    style.PAPER: "var(--card)",
    style.RULE: "var(--rule)",
    style.BLUE: "var(--blue)",
    style.VERMILLION: "var(--vermillion)",
    style.GREEN: "var(--green)",
    style.PURPLE: "var(--purple)",
}
_SIZE = re.compile(r'(<svg\b[^>]*?) width="([\d.]+)pt" height="[^"]*"')
_ID = re.compile(r'(\bid="|url\(#|xlink:href="#)')


@dataclass(frozen=True)
class Drawing:
    """A figure as it was saved, and the sentence below it."""

    name: str
    caption: str
    svg: bytes


@dataclass(frozen=True)
class Heading:
    """What stands above a report, and at its end. ``command`` is what was typed, ``files`` the names in the folder."""

    lab: str
    description: str
    command: str
    finished: str
    environment: Mapping[str, Any]
    files: Sequence[str] = ()


def report_html(heading: Heading, result: LabResult, drawings: Sequence[Drawing]) -> str:
    """The report as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("handgrad.labs", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    fragment = getattr(result.derivation, "to_html_fragment", None)
    return environment.get_template("report.html.j2").render(
        heading=heading,
        study=result.document.get("study"),
        status=_status(result),
        key_figures=_key_figures(result.document),
        settings=_settings(result.document),
        drawings=[(d, Markup(inline_svg(d))) for d in drawings],
        tables=[_table(table) for table in result.tables],
        findings=result.findings,
        layers=_layers(result),
        derivation=Markup(fragment()) if fragment is not None else None,
    )


def inline_svg(drawing: Drawing) -> str:
    """The figure as an element of the page: its own names for what it refers to, the page's colours, and any width."""
    text = drawing.svg.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style\b.*?</style>", "", text, flags=re.DOTALL)
    text = _SIZE.sub(_relative_size, text, count=1)
    text = _ID.sub(lambda match: f"{match[1]}{drawing.name}-", text)
    return re.sub("|".join(_COLORS), lambda match: _COLORS[match[0]], text)


def _relative_size(match: re.Match[str]) -> str:
    """A figure as wide as it was drawn, beside the widest: the letters of all are of one size on the page."""
    share = min(1.0, float(match[2]) / (72 * style.WIDTH))
    return f'{match[1]} role="img" style="max-width: {100 * share:.4g}%"'


def _status(result: LabResult) -> str:
    """A sentence where the run did not come to its end."""
    if result.error:
        return f"The run failed: {result.error}. What was done until then is reported here."
    if result.interrupted:
        return "The run was interrupted. What was done until then is reported here."
    return ""


def _key_figures(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = []
    for key, name, form in _KEY_FIGURES:
        value = document.get(key)
        if isinstance(value, int | float) and value == value:
            shown.append((name, form.format(value).replace("%", " %")))
    return shown


def _settings(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), setting_text(value)) for key, value in document.get("settings", {}).items()]


def setting_text(value: Any) -> str:
    """A setting as a person writes it: 64, 64 and 0.05, yes and no, a dash for what was not given."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(setting_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(table: Table) -> dict[str, Any]:
    numeric = [is_numeric(table, k) for k in range(len(table.columns))]
    return {
        "name": table.name,
        "title": table.title,
        "note": table.note,
        "columns": list(zip(table.columns, numeric, strict=True)),
        "rows": [
            [(cell_text(cell, table.digits), right) for cell, right in zip(row, numeric, strict=True)]
            for row in table.rows
        ],
    }


def _layers(result: LabResult) -> dict[str, Any] | None:
    """The rows of the network's summary."""
    network = result.network
    if network is None:
        return None
    from handgrad.network.summary import summary_rows

    rows = summary_rows(network)
    return {
        "rows": [(name, shape, f"{count:,}" if count else "") for name, shape, count in rows],
        "parameters": f"{sum(count for _, _, count in rows):,}",
        "loss": repr(network.loss),
        "dtype": network.dtype.name,
    }
