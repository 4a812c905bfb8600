"""A report as text: first the verdict, then each fault as a reviewer would put it, then the parameters, then notes."""

import re
import textwrap
import unicodedata
from collections.abc import Sequence

from handgrad.check.faults import FAULTS
from handgrad.check.result import Finding, ParameterVerdict, Report
from handgrad.errors import shape_text

WIDTH = 96  # characters; longer lines are hard to read
_HEADINGS = ("parameter", "shape", "verdict", "rel. error", "worst entry", "given", "numerical")
_RIGHT_ALIGNED = (3, 5, 6)
_STYLES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2"}
_OF_VERDICT = {"right": "green", "wrong": "red", "inconclusive": "yellow"}


def report_text(report: Report, *, color: bool = False, width: int = WIDTH) -> str:
    """The report, its sentences wrapped at ``width`` characters; code, diffs and tables are not. ``color``: by ANSI."""
    painter = _Painter(color)
    parts = [painter(headline(report), "bold", _OF_VERDICT[report.verdict])]
    for number, finding in enumerate(report.findings, start=1):
        parts.append(_Item(finding, report, painter, max(width, 40)).text(number if len(report.findings) > 1 else 0))
    parts.append(_table(report.parameters, painter))
    if report.notes:
        notes = [line for each in report.notes for line in _wrapped(f"note: {each}", max(width, 40), "", "      ")]
        parts.append("\n".join(notes))
    return "\n\n".join(each for each in parts if each)


class _Painter:
    """Wraps text into ANSI codes, if that is wanted."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, *styles: str) -> str:
        if not self.on or not text:
            return text
        return f"\x1b[{';'.join(_STYLES[each] for each in styles)}m{text}\x1b[0m"


def headline(report: Report) -> str:
    """The verdict in a line."""
    start = f"{report.subject}: " if report.subject else ""
    count = len(report.parameters)
    named = {
        verdict: [each.name for each in report.parameters if each.verdict == verdict]
        for verdict in ("wrong", "inconclusive")
    }
    if report.verdict == "wrong":
        gradients = (
            f"the gradient of {listed(named['wrong'])}"
            if len(named["wrong"]) < 7
            else f"{len(named['wrong'])} gradients"
        )
        where = _where(report)
        everyone = "all" if len(named["wrong"]) == count else f"{len(named['wrong'])} of {count}"
        share = f" ({everyone} that were checked)" if count > 1 else ""
        return f"{start}WRONG: {gradients}{share}{where}"
    if report.verdict == "inconclusive":
        names = listed(named["inconclusive"]) if named["inconclusive"] else "any parameter"
        rest = "; the rest is right" if len(named["inconclusive"]) < count else ""
        return f"{start}INCONCLUSIVE: nothing can be said about the gradient of {names}{rest}"
    fault = any(_is_fault(each) for each in report.findings)
    gradients = "the gradient is" if count == 1 else f"all {count} gradients are"
    return f"{start}{'right' if not fault else 'RIGHT GRADIENTS, WRONG STEP'}: {gradients} right" + (
        ", but what is done with them is not" if fault else ""
    )


def _where(report: Report) -> str:
    """The lines at fault, by file or function."""
    lines: dict[str, list[int]] = {}
    for each in report.findings:
        if each.line is not None and _is_fault(each) and each.line not in lines.setdefault(each.file, []):
            lines[each.file].append(each.line)
    words = [
        f"line{'s' if len(numbers) > 1 else ''} {listed(sorted(numbers))}"
        + (f" of {file}" if file != report.subject else "")
        for file, numbers in lines.items()
    ]
    return f", because of {listed(words)}" if words else ""


class _Item:
    """One finding."""

    def __init__(self, finding: Finding, report: Report, painter: _Painter, width: int) -> None:
        self.finding, self.report, self.paint, self.width = finding, report, painter, width

    def text(self, number: int) -> str:
        """All that is known of it."""
        parts = [self._title(number), self._quoted(), self._paragraph(self.finding.explanation)]
        parts += [self._others(), self._downstream(), self._fix()]
        return "\n\n".join(each for each in parts if each)

    def _title(self, number: int) -> str:
        return self.paint((f"{number}. " if number else "") + title(self.finding), "bold")

    def _quoted(self) -> str:
        """The line, and the value that shows the fault."""
        finding = self.finding
        lines = []
        if finding.source:
            lines.append(f"    {finding.line} | {finding.source}")
        if finding.value:
            lines += ["", f"    is         {finding.value}", f"    should be  {finding.expected}"]
        return "\n".join(lines)

    def _others(self) -> str:
        titles = [FAULTS[each].title if each in FAULTS else each for each in self.finding.also]
        return self._paragraph(f"This explains the numbers as well: {listed(titles)}.") if titles else ""

    def _downstream(self) -> str:
        names = self.finding.parameters
        sentences = []
        for others, lines in because_of(self.finding, self.report.findings).items():
            many = len(lines) > 1
            cause = f"lines {listed(sorted([*others, self.finding.line or 0]))}" if others else "this one"
            which = f"Line{'s' if many else ''} {ranges(lines)} {'are' if many else 'is'} wrong only because of {cause}"
            sentences.append(f"{which}; leave {'them' if many else 'it'} as {'they are' if many else 'it is'}.")
        if names and _is_fault(self.finding) and len(self.report.findings) > 1:
            sentences.append(f"This line spoils the gradient of {listed(names)}.")
        return self._paragraph(" ".join(sentences))

    def _fix(self) -> str:
        finding = self.finding
        if not finding.fix:
            return ""
        lines = [each for each in finding.fix.rstrip().splitlines() if not each.startswith(("--- ", "+++ "))]
        head = [each for each in finding.fix.splitlines() if each.startswith(("--- ", "+++ "))]
        shown = [self.paint(each, "dim") for each in head]
        styles = {"-": "red", "+": "green", "@": "cyan"}
        shown += [self.paint(each, styles[each[0]]) if each[:1] in styles else each for each in lines]
        return self._paragraph(self._promise()) + "\n\n" + "\n".join(f"    {each}".rstrip() for each in shown)

    def _promise(self) -> str:
        """What was seen when the edit was run; no more than that."""
        fixes = [each for each in self.report.findings if each.fix]
        if self.report.verdict == "right":
            return "The edit that mends it:"
        complete = all(each.fix for each in self.report.findings if _is_fault(each))
        if len(fixes) == 1 and complete:
            return "The edit that mends it; applied to a copy and run, it makes every gradient right:"
        if complete:
            return "The edit that mends it; applied to a copy and run, the edits together make every gradient right:"
        return "An edit that helps; applied to a copy and run, it mends a part of the gradients, not all:"

    def _paragraph(self, text: str) -> str:
        return "\n".join(line for each in text.splitlines() for line in _wrapped(each, self.width, "  ", "  "))


def because_of(finding: Finding, findings: Sequence[Finding]) -> dict[tuple[int, ...], list[int]]:
    """The lines that are wrong because of a finding, by the lines of the other findings that spoil them as well."""
    found: dict[tuple[int, ...], list[int]] = {}
    others = [each for each in findings if each is not finding and each.file == finding.file and each.line is not None]
    for line in finding.downstream:
        too = {each.line for each in others if line in each.downstream and each.line != finding.line}
        found.setdefault(tuple(sorted(each for each in too if each is not None)), []).append(line)
    return dict(sorted(found.items()))


def _table(parameters: Sequence[ParameterVerdict], paint: _Painter) -> str:
    """Name, shape, verdict, relative error, worst entry, and why."""
    if not parameters:
        return ""
    rows = [_HEADINGS, *(_row(each) for each in parameters)]
    used = [column for column in range(len(_HEADINGS)) if any(row[column] for row in rows[1:])]
    widths = {column: max(columns(row[column]) for row in rows) for column in used}
    lines = []
    for number, row in enumerate(rows):
        cells = [_cell(row[column], widths[column], column in _RIGHT_ALIGNED) for column in used]
        if number:
            verdict = parameters[number - 1].verdict
            cells[used.index(2)] = paint(cells[used.index(2)], _OF_VERDICT[verdict])
        why = parameters[number - 1].why if number else ("why" if any(each.why for each in parameters) else "")
        lines.append("  ".join([*cells, why]).rstrip())
    rule = "  ".join("-" * widths[column] for column in used)
    return "\n".join([lines[0], rule, *lines[1:]])


def _row(each: ParameterVerdict) -> tuple[str, ...]:
    error = f"{each.error:.1e}" if each.error == each.error and abs(each.error) != float("inf") else "-"
    worst = f"[{', '.join(map(str, each.worst))}]" if each.worst and each.verdict != "right" else ""
    shown = each.verdict != "right"
    given, numerical = (f"{value:.6g}" if shown and value is not None else "" for value in (each.given, each.numerical))
    return each.name, shape_text(each.shape), each.verdict, error, worst, given, numerical


def title(finding: Finding) -> str:
    """File, line and class of a finding."""
    known = FAULTS.get(finding.fault)
    name = known.title if known is not None else finding.fault
    if finding.fault == "other" and not finding.fix:
        name = "the cause was not found; look here first"
    place = f"{finding.file}, line {finding.line}: " if finding.line is not None and finding.file else ""
    if finding.line is not None and not finding.file:
        place = f"line {finding.line}: "
    return f"{place}{name}{'' if _is_fault(finding) else ' (not a fault)'}"


def listed(words: Sequence[object]) -> str:
    """``W1, b1 and W2``."""
    texts = [str(each) for each in words]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else ""


def ranges(numbers: Sequence[int]) -> str:
    """``3, 5 to 8 and 12``."""
    found: list[list[int]] = []
    for each in sorted(numbers):
        if found and each == found[-1][-1] + 1:
            found[-1].append(each)
        else:
            found.append([each])
    words = []
    for group in found:
        words += [f"{group[0]} to {group[-1]}"] if len(group) > 2 else [str(each) for each in group]
    return listed(words)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: letters of East Asian scripts take two, combining marks none."""
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def _cell(text: str, width: int, right: bool) -> str:
    space = " " * (width - columns(text))
    return space + text if right else text + space


def _wrapped(text: str, width: int, first: str, later: str) -> list[str]:
    """Lines; what stands between backquotes is not broken."""
    text = re.sub(r"`[^`]+`", lambda code: code[0].replace(" ", "\xa0"), text)
    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
    return [each.replace("\xa0", " ") for each in lines]


def _is_fault(finding: Finding) -> bool:
    known = FAULTS.get(finding.fault)
    return known is None or known.is_fault
