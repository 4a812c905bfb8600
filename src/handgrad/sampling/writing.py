"""Writing: several poems side by side, a step of the network for a character of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from handgrad.data.poem_cleaning import FINAL_MARKS
from handgrad.data.vocabulary import PAD, START, Vocabulary
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form, Kinds, Verse

_KEY = int.from_bytes(b"poems", "big")  # keeps this chance apart from that of the data and of the first parameters


class Steps(Protocol):
    """A language model that is fed a token of every stream at a time."""

    def step(self, tokens: Any) -> Any:
        """The logits (streams, V) of what follows ``tokens`` (streams,)."""
        ...


@dataclass(frozen=True)
class Poem:
    """``text``, which begins with ``start``; ``finished``: whether it came to its end and was not cut;
    ``perplexity``: the model's, by token of what it chose itself, NaN where that is nothing."""

    start: str
    text: str
    finished: bool
    perplexity: float

    def layout(self) -> str:
        """The text with a line for each sentence."""
        lines = [""]
        for character in self.text:
            lines[-1] += character
            if character in FINAL_MARKS:
                lines.append("")
        return "\n".join(line for line in lines if line)


def write(
    steps: Steps, vocabulary: Vocabulary, starts: Sequence[str], choice: Choice, form: Form, seed: int
) -> list[Poem]:
    """A poem for each of ``starts``, in their order; ``steps`` must stand at the beginning, with as many streams.

    The characters of starts and acrostic are known. Poem k depends on ``seed``, k and its start alone. Raises
    UsageError for a start that the form has no room for, InputError where the vocabulary has no marks for the form.
    """
    kinds = Kinds(vocabulary)
    kinds.check(form)
    for start in starts:
        form.check_start(start)
    verses = [Verse(form, kinds, vocabulary.tokens(start)) for start in starts]
    chances = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_KEY, k))) for k in range(len(starts))]
    surprise, chosen = np.zeros(len(verses)), np.zeros(len(verses), np.int64)
    tokens = np.full(len(verses), START, np.int64)
    while writing := [k for k, verse in enumerate(verses) if not verse.over]:
        logits = np.asarray(steps.step(tokens))
        tokens = np.full(len(verses), PAD, np.int64)
        forced = {k: token for k in writing if (token := verses[k].forced()) is not None}
        tokens[list(forced)] = list(forced.values())
        free = [k for k in writing if k not in forced]
        if free:
            chance = np.array([chances[k].random() for k in free])
            tokens[free] = choice.pick(logits[free], np.stack([verses[k].allowed() for k in free]), chance)
            surprise[free] += _surprise(logits[free], tokens[free])
            chosen[free] += 1
        for k in writing:
            verses[k].add(int(tokens[k]))
    return [
        Poem(
            start,
            vocabulary.text(verse.tokens),
            verse.finished,
            float(np.exp(surprise[k] / chosen[k])) if chosen[k] else float("nan"),
        )
        for k, (start, verse) in enumerate(zip(starts, verses, strict=True))
    ]


def _surprise(logits: Any, tokens: Any) -> Any:
    """-log p of ``tokens`` (n,) under ``logits`` (n, V), whatever the choice made of these."""
    a = logits.astype(np.float64)
    a -= a.max(axis=1, keepdims=True)
    return np.log(np.exp(a).sum(axis=1)) - a[np.arange(len(tokens)), tokens]
