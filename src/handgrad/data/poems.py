"""Poems, or texts of one's own, to train a language model on: cleaned, each once, divided, with a vocabulary.

The Complete Tang Poems (``data/tang.py``) go through the rules of ``data/poem_cleaning.py``, and then

    duplicates       of poems that say the same, but for their marks, the first stays
    too_long         poems of more than ``length`` characters, marks included, go
    versions         of poems that share two lines or more, which are half of the lines of the shorter one, the first
                     stays: the collection has many a poem twice, under two names and with other characters here and
                     there, and with one of them to train on the other would test nothing

Texts of the user's own are taken as they are, each once.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.data import tang, text_lines
from handgrad.data.poem_cleaning import CHANGED, LEFT_OUT, MARKS, UNREADABLE, clean, without_marks
from handgrad.data.split import data_stream
from handgrad.data.vocabulary import Vocabulary
from handgrad.errors import InputError

LENGTH = 50
ENTRIES = 3500
TEST_SHARE = 0.1
_SPLIT_STREAM, _SHARE_STREAM = 0, 1  # of the seed
_LINE = re.compile(f"[^{MARKS}]+")
_LEAST_CHARACTERS = 2  # with one there is nothing to predict


@dataclass(frozen=True)
class Cleaning:
    """What became of the poems that were read. ``changed``: poems by the rule that changed them (a poem can be changed
    by several); ``left_out``: poems by the reason; ``kept``: how many are left."""

    read: int
    changed: dict[str, int]
    left_out: dict[str, int]
    kept: int

    def document(self) -> dict[str, Any]:
        """For the JSON document."""
        return {"read": self.read, "changed": self.changed, "left_out": self.left_out, "kept": self.kept}


@dataclass(frozen=True)
class Corpus:
    """``train`` and ``test``: the poems. ``used``: how many of the ``cleaning.kept`` ones these are. ``unknown``: the
    share of their characters that the vocabulary does not have, by part; ``rare``: how many different ones these are.
    ``is_verse``: whether these are poems in Chinese with their marks, and not a text of the user's."""

    name: str
    source: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    vocabulary: Vocabulary
    cleaning: Cleaning
    unknown: dict[str, float] = field(default_factory=dict)
    rare: int = 0
    is_verse: bool = True


def load_corpus(
    data_dir: str | os.PathLike[str] | None = None,
    text: str | os.PathLike[str] | None = None,
    *,
    length: int = LENGTH,
    entries: int = ENTRIES,
    share: float = 1.0,
    seed: int = 0,
    announce: Callable[[str], None] | None = None,
) -> Corpus:
    """The poems of ``data_dir`` (where else they are looked for: ``tang.tang_files``), or the lines of ``text``.

    Poems of at most ``length`` characters, marks included; of them ``share``, drawn by ``seed``; of these a tenth,
    drawn by ``seed``, to test. The vocabulary holds the most frequent characters of the training poems; with the four
    tags these are at most ``entries``.

    Raises ``InputError``: files that cannot be read or have another form, no poem left (with the reasons), all too
    long, fewer than two poems, fewer than two different characters.
    """
    bodies, name, source = _read(data_dir, text, announce)
    cleaned, changed, left_out = _cleaned(bodies, is_text=text is not None)
    once = _each_once(cleaned, left_out, without_marks if text is None else str)
    kept = _short(once, length, left_out, source)
    if text is None:
        kept = _one_version(kept, left_out)
    cleaning = Cleaning(len(bodies), changed, left_out, len(kept))
    if not kept:
        raise InputError(f"{source} holds nothing to learn from ({_reasons(cleaning)}), expected poems")
    train, test = _divided(_part(kept, share, seed), seed, source)
    vocabulary = Vocabulary.of(train, entries, without=UNREADABLE)
    if len(vocabulary.characters) < _LEAST_CHARACTERS:
        known = ", ".join(repr(character) for character in vocabulary.characters)
        occurs = f"no character but {known}" if known else "no character"
        raise InputError(
            f"in {source} {occurs} occurs more than once; expected at least {_LEAST_CHARACTERS} that do, with fewer "
            "there is nothing to predict"
        )
    unknown = {part: _unknown(texts, vocabulary) for part, texts in (("train", train), ("test", test))}
    shares = {part: unknown[part].total() / sum(map(len, texts)) for part, texts in (("train", train), ("test", test))}
    rare = len(unknown["train"] | unknown["test"])
    return Corpus(name, source, train, test, vocabulary, cleaning, shares, rare, text is None)


def _read(
    data_dir: str | os.PathLike[str] | None,
    text: str | os.PathLike[str] | None,
    announce: Callable[[str], None] | None,
) -> tuple[list[str], str, str]:
    """The bodies, a name for them, and where they come from."""
    if text is not None:
        return text_lines.read_lines(text), os.path.basename(os.fspath(text)), os.fspath(text)
    files = tang.tang_files(data_dir, announce=announce)
    return [body for path in files for body in tang.read_tang(path)], "tang", str(files[0].parent)


def _cleaned(bodies: list[str], *, is_text: bool) -> tuple[list[str], dict[str, int], dict[str, int]]:
    """What the rules leave of ``bodies``, and how many poems each of them met."""
    if is_text:
        return [body for body in bodies if body], {}, {"empty": sum(not body for body in bodies)}
    changed, left_out = dict.fromkeys(CHANGED, 0), dict.fromkeys(LEFT_OUT, 0)
    texts = []
    for body in bodies:
        found = clean(body)
        for rule in found.changes:
            changed[rule] += 1
        if found.reason:
            left_out[found.reason] += 1
        else:
            texts.append(found.text)
    return texts, changed, left_out


def _each_once(texts: list[str], left_out: dict[str, int], said: Callable[[str], str]) -> list[str]:
    """The first of all of which ``said`` gives the same; the others are counted."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(said(text), text)
    left_out["duplicates"] = len(texts) - len(first)
    return list(first.values())


def _one_version(texts: list[str], left_out: dict[str, int]) -> list[str]:
    """Those that are no other version of an earlier one."""
    kept: list[str] = []
    sizes: list[int] = []
    holders: defaultdict[str, list[int]] = defaultdict(list)  # of a line: the poems kept so far that have it
    for text in texts:
        lines = set(_LINE.findall(text))
        shared = Counter(poem for line in lines for poem in holders.get(line, ()))
        if any(n >= 2 and 2 * n >= min(len(lines), sizes[poem]) for poem, n in shared.items()):
            continue
        for line in lines:
            holders[line].append(len(kept))
        kept.append(text)
        sizes.append(len(lines))
    left_out["versions"] = len(texts) - len(kept)
    return kept


def _short(texts: list[str], length: int, left_out: dict[str, int], source: str) -> list[str]:
    kept = [text for text in texts if len(text) <= length]
    left_out["too_long"] = len(texts) - len(kept)
    if texts and not kept:
        shortest = min(map(len, texts))
        raise InputError(
            f"all {len(texts):,} poems of {source} are longer than {length} characters; the shortest has {shortest}, "
            f"so --length must be at least {shortest}"
        )
    return kept


def _reasons(cleaning: Cleaning) -> str:
    found = [f"{count:,} {reason.replace('_', ' ')}" for reason, count in cleaning.left_out.items() if count]
    return ", ".join([f"{cleaning.read:,} read", *found])


def _part(texts: list[str], share: float, seed: int) -> list[str]:
    """The ``share`` of ``texts``, at least two, in their order."""
    if share >= 1:
        return texts
    count = max(2, round(share * len(texts)))
    chosen = np.sort(data_stream(seed, _SHARE_STREAM).permutation(len(texts))[:count])
    return [texts[i] for i in chosen]


def _divided(texts: list[str], seed: int, source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Nine tenths to train on and one to test on, both in their order."""
    n = len(texts)
    if n < 2:
        raise InputError(f"{source} holds 1 poem, expected at least 2, one to train on and one to test on")
    held = min(max(1, round(TEST_SHARE * n)), n - 1)
    in_test = np.zeros(n, bool)
    in_test[data_stream(seed, _SPLIT_STREAM).permutation(n)[:held]] = True
    return (
        tuple(text for text, out in zip(texts, in_test, strict=True) if not out),
        tuple(text for text, out in zip(texts, in_test, strict=True) if out),
    )


def _unknown(texts: Iterable[str], vocabulary: Vocabulary) -> Counter[str]:
    """How often each character stands in ``texts`` that is not known."""
    counts = Counter[str]()
    for text in texts:
        counts.update(text)
    for character in [each for each in counts if each in vocabulary]:
        del counts[character]
    return counts
