"""What a lab hands back, and what it may say while it runs: the contract between the labs and the runner.

A lab is a frozen dataclass of its settings (its fields are its command line) and a function
``run(settings, reporter) -> LabResult``. It opens no files and prints nothing; the runner does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handgrad.network.sequential import Sequential


@dataclass(frozen=True)
class Table:
    """A table for the terminal, the report and the JSON document. Cells are numbers (shown with ``digits``
    significant digits) or text; every row has as many cells as there are columns."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    note: str = ""
    digits: int = 4


class Picture:
    """A Matplotlib figure under the name of its file, with the sentence that stands below it in the report.

    ``draw(*arguments, **options)`` makes it when it is wanted. All of them can best be pickled: then another process
    can draw it (``figures/drawing_process.py``).
    """

    def __init__(self, name: str, caption: str, draw: "Callable[..., Figure]", *arguments: Any, **options: Any) -> None:
        self.name, self.caption = name, caption
        self.draw: Callable[[], Figure] = partial(draw, *arguments, **options)

    @property
    def figure(self) -> "Figure":
        """The figure, drawn anew."""
        return self.draw()


@dataclass
class LabResult:
    """``document`` is the JSON document (without ``run``, which the runner adds); ``findings`` are paragraphs of plain
    text for terminal and report; ``network`` is saved as ``model.safetensors``; ``networks`` further ones by name;
    ``files``: texts that are saved beside them, by the names of their files."""

    document: dict[str, Any]
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    network: "Sequential | None" = None
    networks: dict[str, "Sequential"] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    derivation: Any = None  # a handgrad.derive Derivation of the network that was run, for the report
    interrupted: bool = False
    error: str = ""  # a sentence, where training could not go on (divergence): what was done is still reported


class Reporter(Protocol):
    """How a running lab tells what it is doing."""

    def say(self, text: str) -> None:
        """A line for the person who waits (stderr; silent with --quiet)."""
        ...

    def metrics(self, record: dict[str, Any], line: str | None = None) -> None:
        """A line of ``metrics.jsonl``, on disk when this returns; shown with the live progress, as ``line`` where that
        is given."""
        ...

    def progress(self, done: int, total: int, text: str = "") -> None:
        """How far the current training is; ``done == total`` closes the bar."""
        ...

    def ask(self, prompt: str) -> str | None:
        """A line that the person answers (stdin); None where there is no more."""
        ...

    def answer(self, text: str) -> None:
        """A reply in a conversation that was asked for: stderr, with --quiet too."""
        ...
