"""A vocabulary of characters: four tags, and characters by how often they are used."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from handgrad.errors import InputError

TAGS = ("<pad>", "<start>", "<end>", "<unknown>")
PAD, START, END, UNKNOWN = range(len(TAGS))
Tokens = np.ndarray[Any, np.dtype[np.int32]]


class Sequences(NamedTuple):
    """Texts as a language model takes them. ``x`` (n, T): the start tag and the characters; ``t`` (n, T): at every
    step the token that comes next, the end tag last; ``lengths`` (n,): how many steps are real. The rest is PAD."""

    x: Tokens
    t: Tokens
    lengths: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def tokens(self) -> int:
        """Real steps of all texts."""
        return int(self.lengths.sum())

    def some(self, rows: "Sequence[int] | slice") -> "Sequences":
        """The texts in ``rows``."""
        return Sequences(self.x[rows], self.t[rows], self.lengths[rows])


@dataclass(frozen=True)
class Vocabulary:
    """``characters``: those that are known, the most frequent first. Token k is tag k, or character k - 4."""

    characters: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str], entries: int, without: str = "") -> "Vocabulary":
        """The most frequent characters of ``texts``, so many that with the tags there are at most ``entries``; of
        equally frequent ones the first by code. One that stands there only once is not known: of it nothing is to be
        learned, but of the unknown there is. ``without``: characters that are never known."""
        counts = Counter[str]()
        for text in texts:
            counts.update(text)
        for character in without:
            counts.pop(character, None)
        several = [character for character in counts if counts[character] > 1]
        order = sorted(several, key=lambda character: (-counts[character], character))
        return cls(tuple(order[: entries - len(TAGS)]))

    def __len__(self) -> int:
        return len(TAGS) + len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self.index

    @cached_property
    def index(self) -> dict[str, int]:
        """The token of every character."""
        return {character: token for token, character in enumerate(self.characters, start=len(TAGS))}

    def tokens(self, text: str) -> list[int]:
        """The token of each character of ``text``; UNKNOWN for one that is not known."""
        return [self.index.get(character, UNKNOWN) for character in text]

    def text(self, tokens: Iterable[int]) -> str:
        """Characters of ``tokens``; tags are shown by their names, but start, end and padding are left out."""
        return "".join(self.name(token) for token in tokens if token not in (PAD, START, END))

    def name(self, token: int) -> str:
        """A character, or the name of a tag."""
        return TAGS[token] if token < len(TAGS) else self.characters[token - len(TAGS)]

    def sequences(self, texts: Sequence[str], steps: int | None = None) -> Sequences:
        """``texts`` as arrays of ``steps`` steps; by default as many as the longest has, its end tag included."""
        lengths = np.array([len(text) + 1 for text in texts], np.int64)
        T = int(lengths.max(initial=1)) if steps is None else steps
        x, t = np.full((2, len(texts), T), PAD, np.int32)
        for row, text in enumerate(texts):
            tokens = self.tokens(text)
            x[row, : len(tokens) + 1] = [START, *tokens]
            t[row, : len(tokens) + 1] = [*tokens, END]
        return Sequences(x, t, lengths)

    def to_json(self) -> str:
        """For a file beside a trained network."""
        return json.dumps({"tags": list(TAGS), "characters": list(self.characters)}, ensure_ascii=False, indent=0)

    @classmethod
    def from_json(cls, text: str, where: str) -> "Vocabulary":
        """What ``to_json`` wrote. Raises InputError that names ``where`` for anything else."""
        try:
            document = json.loads(text)
            characters = document["characters"]
            whole = document["tags"] == list(TAGS) and all(isinstance(c, str) and len(c) == 1 for c in characters)
        except (json.JSONDecodeError, KeyError, TypeError, RecursionError):
            whole, characters = False, []
        if not whole or len(set(characters)) < len(characters):
            raise InputError(f"{where} is not a vocabulary that handgrad has saved")
        return cls(tuple(characters))
