"""Texts of the user's own: a line of a UTF-8 file is a text, or an entry of JSON lines.

JSON lines: in every line a string, or an object with ``text``, a string, or ``paragraphs``, a list of strings. A file
is taken as such if its name ends in .jsonl or .ndjson, or if its first line is a JSON object. A file that is one JSON
array is taken as its entries; a file .json must be one of these.
"""

import json
import os
from pathlib import Path
from typing import Any

from handgrad.data._files import reading
from handgrad.data.tang import body_of, kind_of
from handgrad.errors import InputError

_EXPECTED = "a UTF-8 text with a line for each poem, or JSON lines"
_JSON_LINES = (".jsonl", ".ndjson")


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """The texts of ``path``, in their order, white space in them made one blank each; empty ones too.

    Raises ``InputError``, in one sentence with the line: not there, not UTF-8, a zero byte, JSON lines of which one is
    not JSON or has another form.
    """
    name = os.fspath(path)
    with reading(name, _EXPECTED):
        data = Path(name).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name} is not UTF-8 text (byte 0x{data[error.start]:02x} in line {line}), expected {_EXPECTED}"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{name} is not a text file (a zero byte in line {line}), expected {_EXPECTED}")
    return [" ".join(each.split()) for each in _texts(name, text)]


def _texts(name: str, text: str) -> list[str]:
    lines = text.splitlines()
    if (array := _array(text)) is not None:
        return [_text_of(entry, f"{name}, entry {i}") for i, entry in enumerate(array, start=1)]
    first = next((line for line in lines if line.strip()), "")
    if name.lower().endswith(".json") and not _is_object(first):
        raise InputError(f"{name} is not a JSON array of texts, nor JSON lines; rename it if it is plain text")
    if not (name.lower().endswith(_JSON_LINES) or _is_object(first)):
        return lines
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            raise InputError(f"{name}, line {number} is not JSON ({reason}), expected JSON lines") from None
        found.append(_text_of(entry, f"{name}, line {number}"))
    return found


def _text_of(entry: Any, where: str) -> str:
    if isinstance(entry, dict) and "paragraphs" not in entry:
        if not isinstance(entry.get("text"), str):
            raise InputError(f"{where} is an object without text or paragraphs, expected one of them")
        entry = entry["text"]
    if not isinstance(entry, str):
        if not isinstance(entry, dict):
            raise InputError(f"{where} is {kind_of(entry)}, expected a string, or an object with text or paragraphs")
        entry = body_of(entry, where)
    return str(entry).encode("utf-8", "replace").decode("utf-8")  # an escape can be half of a surrogate pair


def _array(text: str) -> list[Any] | None:
    """The entries of a text that is one JSON array of strings or objects; else None."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return found if all(isinstance(each, str | dict) for each in found) else None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (json.JSONDecodeError, RecursionError):
        return False
