"""Texts of expressions: compiled once, evaluated where they stand, compared by their form."""

import re
from types import CodeType
from typing import Any

import numpy as np

from handgrad.check.source.pool import evaluate


def template_of(text: str) -> str:
    """An expression without what distinguishes the lines of different layers: digits in names, keys, spaces."""
    text = re.sub(r"\d+|\s|[\"'()]", "", text)
    if "**" not in text and not re.search(r"[-+/@]", text):
        return "*".join(sorted(text.split("*")))  # factors in any order
    return text


def form_of(text: str) -> str:
    """An expression with one name for all variables in it."""
    return re.sub(r"[^\W\d][\w.]*", "x", template_of(text)) if "." not in text else template_of(text)


_CODES: dict[str, CodeType | None] = {}


def compiled(text: str) -> CodeType | None:
    if len(_CODES) > 50_000:
        _CODES.clear()
    if text not in _CODES:
        try:
            _CODES[text] = compile(f"({text}\n)", "<expression>", "eval")
        except (SyntaxError, ValueError, MemoryError):
            _CODES[text] = None
    return _CODES[text]


def value_of(code: CodeType | None, environment: dict[str, Any]) -> Any:
    value = evaluate(code, environment)
    if isinstance(value, range):
        return list(value)
    if value is not None and not isinstance(
        value, np.ndarray | np.generic | float | int | list | tuple | bool | dict | str
    ):
        try:
            return list(value)
        except Exception:  # whatever an iterator of the user's may raise
            return None
    return value
