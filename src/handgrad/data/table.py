"""Points from a text file: two features and a label in every line (CSV and its relatives).

What is found out by looking: the delimiter (comma, semicolon, tab, ``|`` or space), whether the first line is a header,
decimal commas (where the delimiter is not a comma), and the two labels. UTF-8 with or without a byte-order mark, any
line ends, quoted fields, blank lines. Lines are counted from 1, as an editor counts them, header and blanks included.
"""

import csv
import os
import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from math import isfinite
from typing import Any, TextIO

import numpy as np

from handgrad.data._files import reading
from handgrad.data.dataset import Dataset
from handgrad.data.split import hold_out
from handgrad.errors import InputError

_DELIMITERS = ",;\t| "
_SNIFFED_LINES = 50
_LINE_LIMIT = 65_536  # characters; what is longer is no line of three fields, and must not be held in memory
_LABELS_SHOWN = 5
_MIN_POINTS = 4  # two of each class: one to train on, one to test on
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")


def load_table(path: str | os.PathLike[str], seed: int, test_share: float = 0.3) -> Dataset:
    """The points of the file ``path``, of which ``test_share`` of each class, drawn by ``seed``, is held out as test.

    x (n, 2) and x_test (m, 2) float64, as they stand in the file (not scaled), in its order; t (n, 1) and t_test (m, 1)
    float64. Of the two labels, any two numbers or words, the second in sorted order is 1.0, numbers before words.

    Raises ``InputError``, in one sentence with line and column: a file that is not there, cannot be read or is not
    text, no points or fewer than 4, another number of columns than 3, a feature that is not a finite number, a missing
    label, other than two labels, or a class with a single point. ``UsageError``: a wrong seed or share.
    """
    name = os.fspath(path)
    with (
        reading(name, "linear, xor or the path of a CSV file"),
        open(name, encoding="utf-8-sig", errors="surrogateescape", newline="") as file,
    ):
        features, x, labels = _read(name, file)
    classes, t = labels.targets(name)
    train, test = hold_out(t[:, 0], test_share, seed)
    source = f"{name}, {test_share:.0%} of each class held out by seed {seed}"
    return Dataset(x[train], t[train], x[test], t[test], features, classes, os.path.basename(name), source)


class _Labels:
    """The labels of the lines read so far: each different one once, and a code for every line."""

    def __init__(self) -> None:
        self._code_of_text: dict[str, int] = {}
        self._keys: list[tuple[int, float, str]] = []  # sorts numbers by value, before words; 1 and 1.0 are the same
        self._texts: list[str] = []
        self._lines: list[int] = []
        self.codes = array("b")

    def add(self, name: str, line: int, text: str, delimiter: str) -> None:
        """Take the label of the next point; ``name`` and ``line`` say where it stands."""
        code = self._code_of_text.get(text)
        if code is None:
            code = self._code_of_text[text] = self._new(name, line, text, delimiter)
        self.codes.append(code)

    def _new(self, name: str, line: int, text: str, delimiter: str) -> int:
        number = _number(text, delimiter)
        if not text or (number is not None and not isfinite(number)):
            given = f"is {text}" if text else "is missing"
            raise InputError(f"{name}, line {line}: the label {given}, expected a number or a word; remove the line")
        key = (1, 0.0, text) if number is None else (0, number, "")
        if key in self._keys:
            return self._keys.index(key)
        if len(self._keys) == _LABELS_SHOWN:
            raise self._too_many(name, "more than ")
        self._keys.append(key)
        self._texts.append(text)
        self._lines.append(line)
        return len(self._keys) - 1

    def targets(self, name: str) -> tuple[tuple[str, str], np.ndarray[Any, np.dtype[np.float64]]]:
        """The names of the two classes, and t (n, 1), 1.0 for the second of them."""
        n = len(self.codes)
        if n < _MIN_POINTS:
            points = "1 point" if n == 1 else f"{n} points" if n else "a header and no points"
            raise InputError(f"{name} holds {points}, expected at least {_MIN_POINTS}, two of each class")
        if len(self._keys) == 1:
            raise InputError(f"{name}: every point has the label {_shown(self._texts[0])}, expected two labels")
        if len(self._keys) > 2:
            raise self._too_many(name)
        counts = np.bincount(self.codes, minlength=2)
        if counts.min() < 2:
            rare = int(counts.argmin())
            raise InputError(
                f"{name}: only line {self._lines[rare]} has the label {_shown(self._texts[rare])}, expected at least "
                "two points of each class, one to train on and one to test on"
            )
        first, second = sorted((0, 1), key=self._keys.__getitem__)
        t = (np.array(self.codes) == second).astype(np.float64)[:, None]
        return (self._class(first), self._class(second)), t

    def _class(self, code: int) -> str:
        """The name of a class: a word as it is written, a number in its short form (``1`` for ``1.000e+00``)."""
        is_word, number, _ = self._keys[code]
        return self._texts[code] if is_word else f"{number:.15g}"

    def _too_many(self, name: str, more: str = "") -> InputError:
        first_seen = ", ".join(f"{_shown(t)} (line {i})" for t, i in zip(self._texts, self._lines, strict=True))
        return InputError(
            f"{name} holds {more}{len(self._texts)} labels, expected two in its third column; first seen: {first_seen}"
        )


def _read(name: str, file: TextIO) -> tuple[tuple[str, str], np.ndarray[Any, np.dtype[np.float64]], _Labels]:
    """Names of the features, x (n, 2) and the labels, in one pass, so that a pipe can be read too."""
    lines = _lines(name, file)
    head = list(islice(lines, _SNIFFED_LINES))
    delimiter = _sniff(head)
    rows = _rows(name, chain(head, lines), delimiter)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{name} is empty, expected lines of two features and a label")
    features, columns = ("x0", "x1"), ("column 1", "column 2")
    if _is_header(first[1], delimiter):
        features = (first[1][0] or "x0", first[1][1] or "x1")
        columns = (f"column 1 ({_shown(features[0])})", f"column 2 ({_shown(features[1])})")
    else:
        rows = chain([first], rows)
    values, labels = array("d"), _Labels()
    for line, (x0, x1, label) in rows:
        for column, text in zip(columns, (x0, x1), strict=True):
            number = _number(text, delimiter)
            if number is None or not isfinite(number):
                raise _not_a_feature(name, line, column, text, number)
            values.append(number)
        labels.add(name, line, label, delimiter)
    return features, np.array(values).reshape(-1, 2), labels


def _lines(name: str, file: TextIO) -> Iterator[str]:
    """The lines of the file, refused where they are not text or too long to be held."""
    number = 0
    while line := file.readline(_LINE_LIMIT + 1):
        number += 1
        if "\0" in line:
            raise InputError(f"{name} is not a text file (a zero byte in line {number}), expected CSV in UTF-8")
        if not line.isascii():
            try:
                line.encode()
            except UnicodeEncodeError as error:
                byte = ord(line[error.start]) & 0xFF  # what surrogateescape made of a byte that is not UTF-8
                raise InputError(
                    f"{name} is not UTF-8 text (byte 0x{byte:02x} in line {number}); save it as CSV in UTF-8"
                ) from None
        if len(line) > _LINE_LIMIT:
            raise InputError(f"{name}, line {number} is longer than {_LINE_LIMIT} characters, expected three fields")
        yield line


def _rows(name: str, lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and the three fields of every line that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = _trimmed(next(reader), delimiter)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{name}, line {line}: a quoted field is not closed as it should be ({error})") from None
        if not any(fields):
            continue
        if len(fields) != 3:
            columns = "1 column" if len(fields) == 1 else f"{len(fields)} columns"
            raise InputError(f"{name}, line {line} has {columns}, expected 3: two features and a label")
        yield line, fields


def _trimmed(fields: list[str], delimiter: str) -> list[str]:
    """Fields without blanks around them; spaces at the end of a line are no delimiters."""
    trimmed = [field.strip() for field in fields]
    if delimiter == " " and trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed


def _sniff(lines: list[str]) -> str:
    """The delimiter by which most lines become two numbers and a label, or else three fields, or else many.

    The numbers decide first: ``0,5;0,25;1`` has three fields by comma too. (csv.Sniffer knows nothing of either.)
    """
    lines = [line for line in lines if not line.isspace()]

    def score(delimiter: str) -> tuple[int, int, int]:
        try:
            rows = [_trimmed(row, delimiter) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
        except csv.Error:
            return 0, 0, 0
        three = [row for row in rows if len(row) == 3]
        points = sum(all(_number(text, delimiter) is not None for text in row[:2]) for row in three)
        return points, len(three), min(map(len, rows), default=0)

    return max(_DELIMITERS, key=score)


def _is_header(fields: list[str], delimiter: str) -> bool:
    """Neither feature is a number, and at least one is a word: a line with one broken number is a broken line."""
    return any(fields[:2]) and all(_number(text, delimiter) is None for text in fields[:2])


def _number(text: str, delimiter: str) -> float | None:
    """The number that ``text`` is, NaN and infinity included, or None."""
    try:
        return None if "_" in text else float(text)  # float() takes 1_000, which is Python and not data
    except ValueError:
        if delimiter != "," and _DECIMAL_COMMA.fullmatch(text):
            return float(text.replace(",", "."))
        return None


def _not_a_feature(name: str, line: int, column: str, text: str, number: float | None) -> InputError:
    if number is not None:
        return InputError(
            f"{name}, line {line}, {column} is {text}, expected a finite number; remove the line or fill in the value"
        )
    given = _shown(text) if text else "empty"
    return InputError(f"{name}, line {line}, {column} is {given}, expected a number")


def _shown(text: str) -> str:
    """A field of the file for a message: quoted, on one line, and cut."""
    return repr(text if len(text) <= 40 else text[:40] + "...")
