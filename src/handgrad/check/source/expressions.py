"""Texts of expressions: compiled once, evaluated where they stand, compared by their form."""

import ast
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


def names_called(node: ast.AST) -> set[str]:
    """The last names of the functions that an expression calls."""
    called = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
    return {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in called}


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


def pieces(value: Any, most: int = 64) -> list[Any]:
    """The float arrays and numbers in a value: itself, or the parts of a tuple, a list, a dict, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, tuple | list):
        return (
            [value] if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f") else []
        )
    found: list[Any] = []
    for each in value[:most]:
        found += pieces(each, most)
    return found[:most]
