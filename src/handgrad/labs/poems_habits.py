"""What a trained language model writes, and where it is sure: seven poems, habits of its writing, surprise by place."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from handgrad.data.poem_cleaning import FINAL_MARKS, MARKS
from handgrad.data.vocabulary import Sequences
from handgrad.labs.poems_training import TrainedPoems
from handgrad.labs.published import POEMS
from handgrad.labs.sample import write_with
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form
from handgrad.sampling.writing import Poem

_WRITTEN = 200  # poems, to tell habits from
_LEAST_LINE = 4  # characters: shorter lines are the same by chance
_READ = 512  # test poems at most, to tell surprise from
_AT_ONCE = 64  # poems whose probabilities are in memory together
_LINE = re.compile(f"[^{MARKS}]+")
_REGULAR = (5, 7)


class Habits(NamedTuple):
    """Of ``poems`` texts the shares: that end, with a mark that ends a sentence; whose lines are all of 5 or all of 7
    characters; and, of their lines of at least four characters, those that stand word for word in a training poem."""

    poems: int
    ended: float
    regular: float
    lines_known: float


class Surprise(NamedTuple):
    """Cross-entropy in nats at every place of the test poems of ``lines`` lines of ``line_length`` characters, marks
    and end tag included, mean over ``poems`` of them."""

    lines: int
    line_length: int
    poems: int
    nats: list[float]

    @property
    def by_column(self) -> list[float]:
        """Mean over the lines, for each place in a line; the last is the mark's."""
        places = np.reshape(self.nats[:-1], (self.lines, self.line_length + 1))
        return [float(value) for value in places.mean(axis=0)]


def seven_poems(trained: TrainedPoems) -> list[Poem]:
    """A poem for each start of the report that the vocabulary has; where it has none, as many without a start."""
    known = [start for start in POEMS.starts if start in trained.material.corpus.vocabulary]
    starts, plan = known or [""] * len(POEMS.starts), trained.plan
    return write_with(trained.writer, starts, Choice(), Form(length=plan.length), plan.seed, plan.engine)


def habits(trained: TrainedPoems) -> tuple[Habits, Habits]:
    """Of the test poems, and of poems that the network writes freely."""
    corpus, plan = trained.material.corpus, trained.plan
    known = {line for text in corpus.train for line in _LINE.findall(text)}
    form = Form(length=2 * plan.length)
    poems = write_with(trained.writer, [""] * _WRITTEN, Choice(temperature=1.0), form, plan.seed, plan.engine)
    return _habits(corpus.test, known), _habits([p.text if p.finished else "" for p in poems], known)


def _habits(texts: Sequence[str], known: set[str]) -> Habits:
    lines = [line for text in texts for line in _LINE.findall(text) if len(line) >= _LEAST_LINE]
    return Habits(
        len(texts),
        _share(text.endswith(tuple(FINAL_MARKS)) for text in texts),
        _share(regular_length(text) is not None for text in texts),
        _share(line in known for line in lines),
    )


def _share(answers: Iterable[bool]) -> float:
    found = list(answers)
    return sum(found) / len(found) if found else 0.0


def regular_length(text: str) -> int | None:
    """5 or 7, if all lines of ``text`` have so many characters, and there are at least two."""
    lengths = {len(line) for line in _LINE.findall(text)}
    whole = len(lengths) == 1 and text.endswith(tuple(FINAL_MARKS)) and len(_LINE.findall(text)) > 1
    length = next(iter(lengths)) if whole else 0
    return length if length in _REGULAR and len(text) % (length + 1) == 0 else None


def surprise(trained: TrainedPoems) -> Surprise | None:
    """For the regular form that most test poems have; None where none is regular."""
    texts = trained.material.corpus.test
    forms = Counter((len(text), length) for text in texts if (length := regular_length(text)) is not None)
    if not forms:
        return None
    (size, length), _ = forms.most_common(1)[0]
    rows = [i for i, text in enumerate(texts) if len(text) == size and regular_length(text) == length][:_READ]
    test = trained.material.test
    total = np.zeros(size + 1)
    for first in range(0, len(rows), _AT_ONCE):
        total += _nats(trained, test.some(rows[first : first + _AT_ONCE]), size + 1)
    return Surprise(size // (length + 1), length, len(rows), [float(value) for value in total / len(rows)])


def _nats(trained: TrainedPoems, part: Sequences, steps: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """-log p of the targets at the first ``steps`` places, summed over the poems of ``part``."""
    outputs = trained.network.outputs(part.x, lengths=part.lengths, engine=trained.plan.engine)
    logits = outputs[:, :steps].astype(np.float64)
    highest = logits.max(axis=2)
    right = np.take_along_axis(logits, part.t[:, :steps, None].astype(np.int64), axis=2)[..., 0]
    logits -= highest[..., None]
    nats: np.ndarray[tuple[int], np.dtype[np.float64]] = np.log(np.exp(logits).sum(axis=2)) + highest - right
    return nats.sum(axis=0)  # type: ignore[no-any-return]
