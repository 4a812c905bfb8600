"""What the variables of the backward pass hold while it runs, so that one is exchanged for another that fits."""

import ast
import sys
from typing import Any, NamedTuple

import numpy as np

from .source import Source
from .subject import Overtime, Session, Subject, quiet

_VISITS = 4  # of a statement: enough to see a loop's first steps
_SECONDS = 20.0


class Value(NamedTuple):
    """What an expression was, at every visit alike."""

    shape: tuple[int, ...] | None  # None: not a number or an array
    whole: bool  # a Python or NumPy integer, or an integer array
    number: float | None  # of a single number


class Runtime:
    """Values of plain expressions (names, attributes, subscripts) at the statements of the backward pass."""

    def __init__(self, source: Source, subject: Subject) -> None:
        self._pools = {each: _pool(source, each) for each in {source.function(s) for s in source.statements}}
        self._by_line = {}
        for statement in source.statements:
            for line in range(source.extent(statement)[0], source.extent(statement)[1] + 1):
                self._by_line[line] = statement
        self._functions = {each: source.function(each) for each in source.statements}
        self._visits: dict[ast.stmt, list[dict[str, Value]]] = {}
        self._run(source, subject)

    def value(self, statement: ast.stmt, text: str) -> Value | None:
        """What an expression is at a statement; None if that is not known, or differs in shape between visits."""
        visits = self._visits.get(statement, [])
        found = [each.get(text) for each in visits]
        if not found or any(each is None or each[:2] != found[0][:2] for each in found):
            return None
        return found[0]

    def fitting(self, statement: ast.stmt, text: str) -> list[str]:
        """Other expressions of the same shape and kind at a statement, in the order of the file."""
        value = self.value(statement, text)
        if value is None or value.shape is None:
            return []
        others = self._pools[self._functions[statement]]
        return [each for each in others if each != text and self._fits(statement, each, value)]

    def _fits(self, statement: ast.stmt, text: str, value: Value) -> bool:
        other = self.value(statement, text)
        return other is not None and other[:2] == value[:2] and (value.number is None or other.number != value.number)

    def _run(self, source: Source, subject: Subject) -> None:
        name = "<traced subject>"

        def trace(frame: Any, event: str, argument: object) -> Any:
            if frame.f_code.co_filename != name:
                return None
            if event == "line":
                self._visit(self._by_line.get(frame.f_lineno), frame)
            return trace

        before = sys.gettrace()
        try:
            with quiet(_SECONDS):
                sys.settrace(trace)
                session = Session(subject, source.text, name)
                session.loss()
                session.gradients()
        except Overtime:
            pass  # what was seen by then is enough
        finally:
            sys.settrace(before)

    def _visit(self, statement: ast.stmt | None, frame: Any) -> None:
        visits = self._visits.setdefault(statement, []) if statement is not None else None
        if visits is None or len(visits) >= _VISITS:
            return
        seen = {}
        for text, code in self._pools[self._functions[statement]].items():
            try:
                seen[text] = _described(eval(code, frame.f_globals, frame.f_locals))
            except Exception:  # not assigned yet, or an index that is not there
                continue
        visits.append(seen)


def _described(value: Any) -> Value:
    if isinstance(value, bool) or not isinstance(value, np.ndarray | np.generic | int | float | complex):
        return Value(None, False, None)
    array = np.asarray(value)
    whole = array.dtype.kind in "iub"
    return Value(array.shape, whole, None if array.size != 1 or array.ndim else float(array.real))


def _pool(source: Source, function: ast.AST) -> dict[str, Any]:
    """Plain expressions of a function, and each of its bases under each of its indices."""
    plain, bases, indices = [], [], []
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            plain.append(node.arg)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and is_plain(node):
            plain.append(source.of(node))
            if isinstance(node, ast.Subscript):
                bases.append(source.of(node.value))
                indices.append(source.of(node.slice))
    crossed = [f"{base}[{index}]" for base in dict.fromkeys(bases) for index in dict.fromkeys(indices)]
    pool = {}
    for text in [*dict.fromkeys(plain), *crossed[:400]]:
        try:
            pool.setdefault(text, compile(text, "<pool>", "eval"))
        except SyntaxError:
            continue
    return pool


def is_plain(node: ast.AST) -> bool:
    """Whether an expression only reads: no call, no assignment, no comprehension in it."""
    allowed = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Slice, ast.Tuple, ast.BinOp, ast.UnaryOp)
    parts = (ast.operator, ast.unaryop, ast.expr_context)
    return all(isinstance(each, allowed + parts) for each in ast.walk(node))
