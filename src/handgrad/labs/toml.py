"""Settings as TOML. The standard library reads it (``tomllib``) and does not write it."""

import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(document: Mapping[str, Any]) -> str:
    """``document`` as TOML: text, numbers, truth values, lists of them, and mappings of these as tables.

    ``tomllib.loads`` gives the same back; tuples come back as lists, paths as text, and what is None is left out, as
    TOML has no word for it. Raises TypeError for anything else.
    """
    return "\n".join(_table(document, ())).lstrip("\n") + "\n"


def _table(document: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """The lines of a table: first its own entries, then the tables in it."""
    lines = [f"{_key(key)} = {_value(value)}" for key, value in document.items() if _is_entry(value)]
    if path and (lines or not document):
        lines = ["", f"[{'.'.join(map(_key, path))}]", *lines]
    for key, value in document.items():
        if isinstance(value, Mapping):
            lines += _table(value, (*path, str(key)))
    return lines


def _is_entry(value: Any) -> bool:
    return value is not None and not isinstance(value, Mapping)


def _key(key: Any) -> str:
    return str(key) if _BARE_KEY.fullmatch(str(key)) else _text(str(key))


def _value(value: Any) -> str:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()  # a NumPy number
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | PurePath):
        return _text(str(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{value!r} has no form in TOML")


def _text(text: str) -> str:
    """A basic string. JSON's escapes are TOML's, but for DEL, and for halves of surrogate pairs, which it refuses."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007F")
