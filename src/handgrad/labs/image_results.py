"""What the results of the labs ``digits`` and ``lenet`` have in common: the test images by class, the pairs taken for
each other, and figures of curves, confusion and mistakes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.figures.confusion import Counts, confusion_counts
from handgrad.labs.result import Picture, Table
from handgrad.layers._types import Array

_MOST_MISTAKES = 24  # pictures of mistakes
_PAIRS = 3  # pairs of classes that are named in the findings


@dataclass(frozen=True)
class Answers:
    """What a network says of test images: ``names`` of the C classes, the ``true`` ones (n,), ``probabilities`` (n, C),
    and the images (n, height, width), where the samples are some. ``confusion`` (C, C) counts them, a row for each
    class that they are of, a column for each that they are called."""

    names: Sequence[str]
    true: Array
    probabilities: Array
    confusion: Counts
    images: Array | None = None

    @classmethod
    def counted(cls, names: Sequence[str], true: Array, probabilities: Array, images: Array | None = None) -> "Answers":
        """The answers, with their confusion."""
        confusion = confusion_counts(true, probabilities.argmax(axis=1), len(names))
        return cls(names, true, probabilities, confusion, images)

    @property
    def count(self) -> int:
        """How many images there are."""
        return int(self.confusion.sum())

    @property
    def wrong(self) -> int:
        """How many of them are called wrong."""
        return self.count - int(np.trace(self.confusion))


def percent(part: Any, whole: Any) -> float | None:
    """With two decimals; None of nothing."""
    return round(100 * float(part) / float(whole), 2) if whole else None


def class_table(answers: Answers) -> Table:
    """Recall, precision and the most frequent mistake of every class."""
    counts, names = answers.confusion, answers.names
    rows = []
    for k, name in enumerate(names):
        mistakes = counts[k].copy()
        mistakes[k] = 0
        other = int(mistakes.argmax())
        called = names[other] if mistakes[other] else "-"
        recall, precision = (percent(counts[k, k], total) for total in (counts[k].sum(), counts[:, k].sum()))
        rows.append((name, int(counts[k].sum()), recall, precision, called, int(mistakes[other])))
    columns = ("class", "test images", "recall [%]", "precision [%]", "most often called", "images")
    note = "Recall: share of the images of the class that are called so. Precision: share of those called so that are."
    return Table("classes", "Test images by class", columns, tuple(rows), note)


def error_findings(answers: Answers) -> list[str]:
    """How many are wrong, with the uncertainty of that, and what is taken for what."""
    share = answers.wrong / answers.count
    error = 100 * math.sqrt(share * (1 - share) / answers.count)
    said = [
        f"{answers.wrong:,} of {answers.count:,} test images are called wrong: {100 * share:.2f} %, with a standard "
        f"error of {error:.2f} points from the number of images alone."
    ]
    if pairs := _mistaken_pairs(answers):
        said.append(f"Most often taken for each other: {pairs}.")
    return said


def _mistaken_pairs(answers: Answers) -> str:
    """The pairs of classes with the most mistakes, both ways together: ``4 and 9 (12 images), ...``."""
    names = answers.names
    both = np.triu(answers.confusion + answers.confusion.T, 1)
    order = np.argsort(-both, axis=None, kind="stable")[:_PAIRS]
    pairs = [(*divmod(int(i), len(names)), int(both.flat[i])) for i in order]
    return ", ".join(f"{names[a]} and {names[b]} ({n} image{'s' if n > 1 else ''})" for a, b, n in pairs if n)


def curves_picture(records: Sequence[Mapping[str, float]], parts: Iterable[str], caption: str) -> Picture:
    """Loss and accuracy by epoch of the ``parts``: of "training" from the columns "loss" and "accuracy" of the records,
    of the others from "test_loss" and so on."""
    from handgrad.figures.curves import Curve, as_percent, overlay_figure
    from handgrad.figures.style import BLUE, GREEN, VERMILLION

    epochs = [record["epoch"] for record in records]
    colors = {"training": BLUE, "validation": GREEN, "test": VERMILLION}
    names = list(parts)

    def curve(name: str, quantity: str) -> Curve:
        column = quantity if name == "training" else f"{name}_{quantity}"
        values = [record[column] for record in records]
        return Curve(name, epochs, as_percent(values) if quantity == "accuracy" else values, color=colors[name])

    panels = {"loss, mean over the images": "loss", "accuracy [%]": "accuracy"}
    shown = {label: [curve(name, quantity) for name in names] for label, quantity in panels.items()}
    return Picture("curves", caption, overlay_figure, shown)


def confusion_picture(answers: Answers) -> Picture:
    """The confusion matrix."""
    from handgrad.figures.confusion import confusion_figure

    caption = (
        "Test images by the class that they are of and the class that they are called. Blue: right; orange: wrong, the "
        "stronger the larger the share of the true class."
    )
    return Picture("confusion", caption, confusion_figure, answers.confusion, answers.names)


def mistakes_picture(answers: Answers) -> Picture:
    """The wrong ones among the test images that the network was surest of."""
    from handgrad.figures.digits import Mistake, mistakes_figure

    assert answers.images is not None
    names, true, p, images = answers.names, answers.true, answers.probabilities, answers.images
    said = p.argmax(axis=1)
    wrong = np.flatnonzero(said != true)
    worst = wrong[np.argsort(-p[wrong, said[wrong]], kind="stable")][:_MOST_MISTAKES]
    mistakes = [Mistake(images[i], names[int(true[i])], names[int(said[i])], float(p[i, said[i]])) for i in worst]
    which = "The test images that are called wrong"
    if len(mistakes) < answers.wrong:
        which = f"Of the {answers.wrong} test images that are called wrong the {len(mistakes)} with the surest answers"
    caption = f"{which}: the true class, the class that the network said, and the probability it gave to that."
    return Picture("mistakes", caption, mistakes_figure, mistakes)
