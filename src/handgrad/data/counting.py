"""Sequences of bits and the running count of their ones: the data of the lab ``counter``.

Source: the report on one ReLU neuron that counts ones (2018): four sequences of five bits, a column a sequence and a
row a step, rounded from uniform numbers; the target of a step is how many ones there were until then.
"""

import os
from typing import Any, NamedTuple

import numpy as np

from handgrad.data._files import reading
from handgrad.data.split import data_stream
from handgrad.errors import InputError, wrong_shape
from handgrad.options import whole

Floats = np.ndarray[Any, np.dtype[np.float64]]

_SHOWN = 20  # characters of a field that a message repeats


class Sequences(NamedTuple):
    """``x`` (T, N): T steps of N sequences, 0 or 1. ``t`` (T, N): the running count of ones."""

    x: Floats
    t: Floats


def running_count(x: Any) -> Sequences:
    """The sequences ``x`` (T, N) with their targets. Raises InputError where ``x`` is no such array: another number of
    axes, no step, no sequence, or an entry that is not 0 or 1 (NaN among them)."""
    try:
        array = np.asarray(x, dtype=np.float64)
    except (ValueError, TypeError):
        raise InputError("the sequences are not an array of numbers, expected steps x sequences of 0 and 1") from None
    if array.ndim != 2 or 0 in array.shape:
        raise wrong_shape("the array of sequences", array.shape, ("steps", "sequences"), "at least one of each")
    wrong = np.argwhere((array != 0) & (array != 1))
    if len(wrong):
        step, sequence = (int(i) for i in wrong[0])
        given = array[step, sequence]
        raise InputError(f"sequence {sequence + 1} holds {given:g} in step {step + 1}, expected 0 or 1; correct it")
    return Sequences(array, array.cumsum(axis=0))


def random_sequences(length: int, n: int, seed: int, part: int = 0) -> Sequences:
    """``n`` sequences of ``length`` bits, each 0 or 1 with probability 1/2. Another ``part`` (0 training, 1 test, 2
    and up free) of the same seed gives new ones. Raises UsageError for a size or a seed that is none."""
    whole("length", length)
    whole("the number of sequences", n)
    return running_count(data_stream(seed, part).integers(0, 2, (length, n)))


def load_sequences(path: str | os.PathLike[str]) -> Sequences:
    """The sequences of a text file: a sequence in a line, its bits with commas, blanks, or nothing between; blank lines
    and what follows a ``#`` are passed over.

    Raises ``InputError``, in one sentence with line and place: a file that is not there, cannot be read or is not text,
    no sequence, an entry other than 0 or 1, or lines of different length.
    """
    name = os.fspath(path)
    try:
        with reading(name, "a text file with a sequence of 0 and 1 in each line"), open(name, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text, expected a sequence of 0 and 1 in each line") from None
    rows: list[list[int]] = []
    first = 0
    for number, line in enumerate(lines, start=1):
        bits = _bits(name, number, line.partition("#")[0])
        if not bits:
            continue
        if rows and len(bits) != len(rows[0]):
            raise InputError(
                f"{name}, line {number} has {len(bits)} bits and line {first} has {len(rows[0])}, expected as many in "
                "every line; make them equally long"
            )
        first = first or number
        rows.append(bits)
    if not rows:
        raise InputError(f"{name} holds no sequence, expected a sequence of 0 and 1 in each line")
    return running_count(np.array(rows).T)


def _bits(name: str, number: int, line: str) -> list[int]:
    fields = line.replace(",", " ").split()
    if len(fields) == 1 and set(fields[0]) <= {"0", "1"}:
        fields = list(fields[0])
    bits = []
    for place, text in enumerate(fields, start=1):
        if _value(text) not in (0, 1):
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            raise InputError(f"{name}, line {number} holds {shown!r} in place {place}, expected 0 or 1; correct it")
        bits.append(int(_value(text)))
    return bits


def _value(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
