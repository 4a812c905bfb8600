"""The form of a poem, kept while it is written: how many lines, how many characters in each, and what they begin with.

A line ends with a mark. Two lines are a couplet: its first line ends with ， or another mark that goes on, its second
with 。 or another mark that ends a sentence, and so does the last line of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handgrad.data.poem_cleaning import FINAL_MARKS, MARKS
from handgrad.data.vocabulary import END, TAGS, Vocabulary
from handgrad.errors import InputError, UsageError
from handgrad.options import whole
from handgrad.sampling.choice import Mask

_GOES_ON, _CLOSES = "，；：、？！", "。？！；"
_CUT_AT = 100
_SHORTEST_LINE, _LONGEST_LINE = 2, 9  # of a first line whose length the model chooses


@dataclass(frozen=True)
class Form:
    """``lines``: how many; ``line_length``: characters in each, without the mark; None: the model's choice, but all
    lines are as long as the first, if ``lines`` is given. ``acrostic``: the character that each line begins with.
    ``length``: characters at which a poem is cut that finds no end, None: 100.

    Raises UsageError: a number below 1, an acrostic of another length than ``lines``, or a ``length`` where the number
    of lines is fixed.
    """

    lines: int | None = None
    line_length: int | None = None
    acrostic: str = ""
    length: int | None = None

    def __post_init__(self) -> None:
        for name in ("lines", "line_length", "length"):
            if getattr(self, name) is not None:
                whole("--" + name.replace("_", "-"), getattr(self, name))
        if self.acrostic and self.lines not in (None, len(self.acrostic)):
            raise UsageError(
                f"--acrostic has {len(self.acrostic)} characters, a line for each, but --lines is {self.lines}; "
                "leave --lines out"
            )
        if self.length is not None and self.count is not None:
            option = "--acrostic" if self.acrostic else "--lines"
            raise UsageError(
                f"--length is {self.length}, where a poem is cut that finds no end, but {option} says where this one "
                "ends; leave --length out"
            )

    @property
    def cut_at(self) -> int:
        """Characters at which a poem is cut that finds no end."""
        return _CUT_AT if self.length is None else self.length

    @property
    def count(self) -> int | None:
        """How many lines there will be, where that is fixed."""
        return len(self.acrostic) or self.lines

    @property
    def is_free(self) -> bool:
        """Whether the model decides everything."""
        return self.count is None and self.line_length is None

    def check_start(self, start: str) -> None:
        """Raises UsageError for a ``start`` that the form has no room for."""
        lines = _split(start)
        if self.line_length is not None:
            for i, line in enumerate(lines):
                if len(line) > self.line_length or (i < len(lines) - 1 and len(line) < self.line_length):
                    raise UsageError(
                        f"--start {start} has a line of length {len(line)}, but --line-length is {self.line_length}"
                    )
        if self.count is not None and len(lines) - (not lines[-1]) > self.count:
            raise UsageError(f"--start {start} has more lines than --lines, {self.count}")
        if self.acrostic and start:
            raise UsageError("both --start and --acrostic were given, and both say how the poem begins; leave one out")


def _split(text: str) -> list[str]:
    """The lines of ``text``; the last is what stands behind its last mark, so it can be empty."""
    lines = [""]
    for character in text:
        if character in MARKS:
            lines.append("")
        else:
            lines[-1] += character
    return lines


@dataclass(frozen=True)
class Kinds:
    """Which tokens of a vocabulary are what, as masks (V,)."""

    vocabulary: Vocabulary

    def of(self, characters: str) -> Mask:
        """The tokens of ``characters`` that are known."""
        mask = np.zeros(len(self.vocabulary), bool)
        mask[[self.vocabulary.index[each] for each in characters if each in self.vocabulary]] = True
        return mask

    @cached_property
    def marks(self) -> Mask:
        """All marks."""
        return self.of(MARKS)

    @cached_property
    def goes_on(self) -> Mask:
        """Marks behind the first line of a couplet."""
        return self.of(_GOES_ON)

    @cached_property
    def closes(self) -> Mask:
        """Marks behind the second."""
        return self.of(_CLOSES)

    @cached_property
    def final(self) -> Mask:
        """Marks behind the last line."""
        return self.of(FINAL_MARKS)

    @cached_property
    def end(self) -> Mask:
        """The end tag."""
        mask = np.zeros(len(self.vocabulary), bool)
        mask[END] = True
        return mask

    @cached_property
    def characters(self) -> Mask:
        """All characters but marks."""
        mask = np.ones(len(self.vocabulary), bool)
        mask[: len(TAGS)] = False
        return mask & ~self.marks

    @cached_property
    def anything(self) -> Mask:
        """What a text consists of: characters, marks, and its end."""
        return self.characters | self.marks | self.end

    def check(self, form: Form) -> None:
        """Raises InputError where ``form`` needs marks that the vocabulary does not have."""
        needed = (self.goes_on | self.closes, self.final, self.characters)
        if not form.is_free and not all(each.any() for each in needed):
            raise InputError(
                "lines end with marks such as ， and 。, which the vocabulary of this run does not have; "
                "leave --lines, --line-length and --acrostic out"
            )


class Verse:
    """A poem while it is written: what may come next."""

    def __init__(self, form: Form, kinds: Kinds, start: Sequence[int]) -> None:
        self.form, self.kinds = form, kinds
        self.tokens: list[int] = []
        self.finished = False
        """Whether it came to its end, and was not cut."""
        self._forced = list(start)
        self._line, self._column = 0, 0
        self._line_length = form.line_length

    @property
    def over(self) -> bool:
        """Whether nothing more is to be written."""
        return self.finished or (self._is_too_long and not self._forced)

    @property
    def _is_too_long(self) -> bool:
        fixed = self.form.count is not None
        return not fixed and len(self.tokens) >= self.form.cut_at

    def forced(self) -> int | None:
        """The token that must come next, if one must."""
        if self._forced:
            return self._forced[0]
        acrostic = self.form.acrostic
        if acrostic and self._column == 0 and self._line < len(acrostic):
            return self.kinds.vocabulary.index[acrostic[self._line]]
        return None

    def allowed(self) -> Mask:
        """The tokens (V,) of which one may come next, where none must."""
        kinds, form = self.kinds, self.form
        if form.is_free:
            return kinds.anything if self.tokens else kinds.characters | kinds.marks
        length = self._line_length
        if length is None:  # the first line, whose length all others will have
            if self._column < _SHORTEST_LINE:
                return kinds.characters
            return self._marks() if self._column >= _LONGEST_LINE else kinds.characters | self._marks()
        if self._column < length:
            couplet_is_over = self._column == 0 and self._line > 0 and self._line % 2 == 0
            return kinds.characters | kinds.end if form.count is None and couplet_is_over else kinds.characters
        return self._marks()

    def _marks(self) -> Mask:
        """Those that may end this line."""
        kinds = self.kinds
        if self._line + 1 == self.form.count:
            return kinds.final
        wanted = kinds.goes_on if self._line % 2 == 0 else kinds.closes
        return wanted if wanted.any() else kinds.marks

    def add(self, token: int) -> None:
        """Take the token that was chosen."""
        if self._forced:
            self._forced.pop(0)
        if token == END:
            self.finished = True
            return
        self.tokens.append(token)
        if not self.kinds.marks[token]:
            self._column += 1
            return
        if self._column and self._line_length is None:
            self._line_length = self._column
        self._line, self._column = self._line + 1, 0
        if self._line == self.form.count:
            self.finished = True
