"""Which maps of S2 each map of C3 sees: LeCun's table, all of them, a file, or chance.

A table is boolean, (6 inputs, 16 outputs). LeCun, Bottou, Bengio and Haffner (1998), table I: outputs 0 to 5 see three
neighbouring maps, 6 to 11 four, 12 to 14 four in two pairs, 15 all six. Their reasons, section II-B: fewer connections,
and no symmetry, since different maps are given different inputs.
"""

import re
from typing import Any

import numpy as np

from handgrad.data._files import reading
from handgrad.data.split import data_stream
from handgrad.errors import InputError

Links = np.ndarray[Any, np.dtype[np.bool_]]

INPUTS, OUTPUTS = 6, 16
NAMES = ("lecun", "full")

_STREAM = 3  # of a seed, for random tables
_EXPECTED = f"{' or '.join(NAMES)}, or a file with {INPUTS} rows of {OUTPUTS} zeros and ones"
_LARGEST = 65_536  # bytes; a table has some hundred
_SEPARATORS = re.compile(r"[\s,;|]+")


def table_of(links: str) -> Links:
    """The table that ``lecun``, ``full`` or the path of a file names. Raises InputError for a file that has none."""
    from handgrad.network.images import LECUN_C3

    if links == "lecun":
        return np.array(LECUN_C3, dtype=bool)
    if links == "full":
        return np.ones((INPUTS, OUTPUTS), dtype=bool)
    return read_table(links)


def read_table(path: str) -> Links:
    """A table from a text file: a row for each of the 6 inputs, with 16 zeros and ones, together or with spaces,
    commas, semicolons or tabs between; blank lines, and what follows #, are nothing.

    Raises ``InputError``, with the line: no such file, not text, other numbers of rows or columns, anything but 0 and
    1, an output that sees no input, or an input that no output sees.
    """
    with reading(path, _EXPECTED), open(path, "rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InputError(f"{path} is larger than {_LARGEST:,} bytes, expected {_EXPECTED}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text, expected {_EXPECTED}") from None
    rows = {k: row for k, line in enumerate(text.splitlines(), 1) if (row := _row(path, k, line))}
    widths = {len(row) for row in rows.values()}
    if len(rows) == OUTPUTS and widths == {INPUTS}:
        raise InputError(
            f"{path} has {OUTPUTS} rows of {INPUTS}, expected {INPUTS} rows of {OUTPUTS}: a row for each input; turn it"
        )
    for k, row in rows.items():
        if len(row) != OUTPUTS:
            raise InputError(f"{path}, line {k}: {len(row)} entries, expected {OUTPUTS}, one for each output")
    if len(rows) != INPUTS:
        raise InputError(f"{path} has {len(rows)} rows, expected {_EXPECTED}")
    return _checked(path, np.array(list(rows.values()), dtype=bool))


def _row(path: str, line: int, text: str) -> list[int]:
    """The entries of a line; none where it is blank."""
    words = [word for word in _SEPARATORS.split(text.partition("#")[0].strip()) if word]
    if len(words) == 1 and set(words[0]) <= {"0", "1"}:
        words = list(words[0])
    for word in words:
        if word not in ("0", "1"):
            raise InputError(f"{path}, line {line}: {word[:20]!r} is not 0 or 1")
    return [int(word) for word in words]


def _checked(path: str, table: Links) -> Links:
    alone = np.flatnonzero(~table.any(axis=0))
    if alone.size:
        raise InputError(f"{path}: output {alone[0]} (column {alone[0] + 1}) sees no input; give it one at least")
    unseen = np.flatnonzero(~table.any(axis=1))
    if unseen.size:
        raise InputError(f"{path}: input {unseen[0]} (row {unseen[0] + 1}) is seen by no output; give it one at least")
    return table


def random_table(count: int, seed: int) -> Links:
    """A table with ``count`` links, all such tables equally likely in which every output sees an input and every input
    is seen; drawn by ``seed``."""
    random = data_stream(seed, _STREAM)
    while True:
        table: Links = np.zeros((INPUTS, OUTPUTS), dtype=bool)
        table.flat[random.permutation(table.size)[:count]] = True
        if table.any(axis=0).all() and table.any(axis=1).all():
            return table
