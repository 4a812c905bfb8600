"""What a run says: progress and log on stderr while it goes on, tables and findings on stdout when it is done."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from handgrad.errors import HandgradError
from handgrad.labs.result import LabResult, Table
from handgrad.labs.run_folder import RunFolder
from handgrad.terminal import write_stdout

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from handgrad.training.checkpoints import Checkpoints

_WIDEST = 100  # characters, for paragraphs: longer lines are hard to read
_MISSING = "-"


class ConsoleReporter:
    """The Reporter of the command line. On a terminal a bar shows how far training is, with the log above it; anywhere
    else the log is plain lines. ``quiet``: nothing at all, but ``metrics.jsonl`` is written.

    ``write_error``: the sentence, where ``metrics.jsonl`` could not be written; training goes on without it.
    ``records``: how many measurements there were. ``checkpoints``: those of the run, if it has any.
    """

    def __init__(
        self, folder: RunFolder | None = None, *, quiet: bool = False, checkpoints: "Checkpoints | None" = None
    ) -> None:
        self.folder = folder
        self.checkpoints = checkpoints
        self.write_error = ""
        self.records = 0
        self._console: Console | None = None if quiet else _stderr()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """A line on stderr. Where nobody reads it any more, training goes on in silence."""
        if self._console is None:
            return
        try:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        except OSError:
            self._console = self._progress = None

    def metrics(self, record: dict[str, Any], line: str | None = None) -> None:
        """A line of ``metrics.jsonl`` and of the log, there as ``line`` if that is given."""
        self.records += 1
        if self.folder is not None and not self.write_error:
            try:
                if not self.folder.append_metrics(record):
                    return  # it was told before
            except HandgradError as error:
                self.write_error = str(error)
                self.say(f"{error}; training goes on without it")
        self.say(metrics_line(record) if line is None else line)

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Move the bar; it goes away when ``done == total``."""
        if self._console is None or not self._console.is_terminal or self._console.is_dumb_terminal:
            return
        if self._progress is None:
            self._start(total, text)
        assert self._progress is not None
        assert self._task is not None
        self._progress.update(self._task, completed=done, total=total, description=text or "training")
        if done >= total:
            self.close()

    def ask(self, prompt: str) -> str | None:
        """A line from stdin, without its end; None where there is no more. The prompt stands on stderr, and so does the
        line, where no terminal shows what is typed."""
        self.close()
        print(prompt, end="", file=sys.stderr, flush=True)
        try:
            line = sys.stdin.readline() if sys.stdin is not None else ""
        except UnicodeDecodeError:
            line = "\ufffd\n"
        if not line or not sys.stdin.isatty():
            print(line.rstrip("\r\n"), file=sys.stderr, flush=True)
        return line.rstrip("\r\n") if line else None

    def answer(self, text: str) -> None:
        """Lines on stderr, with ``quiet`` too."""
        print(text, file=sys.stderr, flush=True)

    def _start(self, total: int, text: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._task = self._progress.add_task(text or "training", total=total)
        self._progress.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._task = None


def _stderr() -> "Console":
    from rich.console import Console

    class Patient(Console):
        """Goes on in silence where its reader has gone; Rich would end the process, and with it the training."""

        def on_broken_pipe(self) -> None:
            self.quiet = True

    return Patient(stderr=True)


def metrics_line(record: Mapping[str, Any]) -> str:
    """A measurement as a line of the log: shares in percent, columns that stay where they are, no test figures."""
    parts = []
    for key, value in record.items():
        name = key.replace("_", " ")
        if key.startswith("test_"):
            continue
        if key == "label":
            parts.append(str(value))
        elif key == "seconds" and value is not None:
            parts.append(f"{value:7.2f} s")
        elif isinstance(value, float) and key.endswith(("accuracy", "share")):
            parts.append(f"{name.removesuffix(' share')} {100 * value:6.2f} %")
        elif isinstance(value, float):
            parts.append(f"{name} {value:<9.4g}")
        elif isinstance(value, int):
            parts.append(f"{name} {value:>6}")
        else:
            parts.append(f"{name} {_MISSING if value is None else value}")
    return "  ".join(parts).rstrip()


def cell_text(cell: str | int | float | None, digits: int) -> str:
    """A cell of a table: numbers with ``digits`` significant digits, whole numbers whole, a dash for None."""
    if cell is None or cell != cell:
        return _MISSING
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}" if abs(cell) >= 10_000 else str(cell)
    text = f"{cell:#.{digits}g}"
    return text.rstrip(".") if "e" not in text else f"{cell:.{digits}g}"


def columns_of(text: str) -> int:
    """Columns of a terminal that ``text`` takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def is_numeric(table: Table, column: int) -> bool:
    """Whether a column holds numbers alone, and is set flush right."""
    return all(not isinstance(row[column], str) for row in table.rows)


def table_text(table: Table) -> str:
    """A table as plain text: title, heads, a rule, rows, and its note."""
    rows = [[cell_text(cell, table.digits) for cell in row] for row in table.rows]
    right = [is_numeric(table, k) for k in range(len(table.columns))]
    widths = [max(columns_of(line[k]) for line in [list(table.columns), *rows]) for k in range(len(table.columns))]

    def line(cells: Iterable[str]) -> str:
        placed = []
        for cell, width, flush_right in zip(cells, widths, right, strict=True):
            gap = " " * (width - columns_of(cell))
            placed.append(gap + cell if flush_right else cell + gap)
        return "  ".join(placed).rstrip()

    lines = [table.title, "", line(table.columns), "  ".join("-" * width for width in widths), *map(line, rows)]
    if table.note:
        lines += ["", paragraph(table.note)]
    return "\n".join(lines)


def paragraph(text: str) -> str:
    """A paragraph, broken to the width of the terminal, but not wider than is easy to read."""
    width = min(_WIDEST, max(40, shutil.get_terminal_size((_WIDEST, 24)).columns))
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def print_result(result: LabResult) -> None:
    """Tables and findings on stdout."""
    parts = [table_text(table) for table in result.tables] + [paragraph(text) for text in result.findings]
    write_stdout("\n\n".join(parts) + "\n")
