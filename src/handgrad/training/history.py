"""What happened in training, epoch by epoch: prints as a table, plots as curves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Stop = Literal["finished", "early", "callback", "interrupted", "diverged"]


@dataclass(frozen=True)
class Epoch:
    """One epoch. ``epoch`` counts from 1.

    ``loss``: mean over the samples of the loss that each had when it was its turn (so while the parameters moved),
    plus the weight decay's penalty. ``validation_loss``: mean loss of the validation data after the epoch, without the
    penalty. ``learning_rate``: that of the epoch's last step. ``seconds``: training alone, since training began.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    validation_loss: float | None = None


@dataclass(repr=False)
class History:
    """The epochs of one call of ``fit``, why it stopped, and which epoch's parameters the network holds.

    ``history.epochs`` is a list of Epoch; ``history["loss"]`` is a list of one column.
    """

    epochs: list[Epoch] = field(default_factory=list)
    stopped: Stop = "finished"
    message: str = ""
    best_epoch: int | None = None

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, column: str) -> list[float]:
        """One column as a list, for the epochs that have it: ``history["validation_loss"]``."""
        if column not in Epoch.__dataclass_fields__:
            raise KeyError(f"no column {column!r}; there are {', '.join(Epoch.__dataclass_fields__)}")
        values = [getattr(epoch, column) for epoch in self.epochs]
        return [value for value in values if value is not None]

    @property
    def seconds(self) -> float:
        """Training time in seconds, without validation and callbacks."""
        return self.epochs[-1].seconds if self.epochs else 0.0

    def table(self, rows: int = 20) -> str:
        """At most about ``rows`` epochs, evenly spread, as text; the last one always."""
        if not self.epochs:
            return "no epoch was finished"
        every = max(1, -(-len(self.epochs) // rows))
        chosen = self.epochs[::every]
        if chosen[-1] is not self.epochs[-1]:
            chosen = [*chosen, self.epochs[-1]]
        validated = any(e.validation_loss is not None for e in chosen)
        head = f"{'validation':>14}" if validated else ""
        lines = [f"{'epoch':>7}{'loss':>14}{head}{'rate':>12}{'seconds':>10}"]
        for e in chosen:
            value = "-" if e.validation_loss is None else f"{e.validation_loss:.6g}"
            middle = f"{value:>14}" if validated else ""
            lines.append(f"{e.epoch:>7}{e.loss:>14.6g}{middle}{e.learning_rate:>12.4g}{e.seconds:>10.3f}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        last = f", loss {self.epochs[-1].loss:.6g}" if self.epochs else ""
        return f"<History of {len(self.epochs)} epochs{last}, stopped: {self.stopped}>"

    def __str__(self) -> str:
        tail = f"\nstopped: {self.stopped}" + (f" ({self.message})" if self.message else "")
        return self.table() + (tail if self.stopped != "finished" else "")

    def plot(self, path: str | Path | None = None) -> object:
        """Learning curves; returns the Matplotlib figure, and writes it to ``path`` if one is given."""
        from handgrad.figures.curves import history_figure

        figure = history_figure(self)
        if path is not None:
            figure.savefig(path)
        return figure
