"""Statements that are missing: a placeholder at each place where one may belong."""

import ast
import re
from collections.abc import Iterator

from handgrad.check.source.instrument import Instrumented
from handgrad.check.source.statements import StatementEdit, targets_of
from handgrad.check.source.text import SourceText


def holes(
    watched: Instrumented, functions: list[str], wrong: list[tuple[str, ...]], right: list[tuple[str, ...]]
) -> Iterator[StatementEdit]:
    """A missing statement: a carry that is never updated, a gradient that is never written.

    ``wrong`` and ``right`` are the words of the parameters' names, by whether their gradients are right.
    """
    source = watched.source
    yield from _copies(watched, functions, wrong, right)
    yield from _siblings(watched, functions, wrong, right)
    for name in functions:
        yield from carries(watched, name)
        body = watched.statements.get(name, [])
        for target, statement in targets_of(source, body).items():
            if not _is_buffer(statement):
                continue
            written_again = [each for each in body if each is not statement and _writes(source, each, target)]
            if written_again:
                continue
            places = [each for each in body if each.lineno > statement.lineno and not isinstance(each, ast.Return)]
            places = [each for each in places if isinstance(each, ast.Assign | ast.AugAssign | ast.Expr | ast.Pass)]
            # where nothing is done yet; then beside lines of its kind, if there are
            places.sort(key=lambda each: (not isinstance(each, ast.Pass), not isinstance(each, ast.AugAssign)))
            for place in places:
                yield from _hole(source, place, place.col_offset, f"{target} += 0 * {target}", "never-written", target)


def carries(watched: Instrumented, function: str) -> Iterator[StatementEdit]:
    """``delta = delta`` at the end of a loop that reads it and only adds to it: what flows back may be left out."""
    source, body = watched.source, watched.statements.get(function, [])
    assigned = targets_of(source, body)
    for loop in [each for each in body if isinstance(each, ast.For)]:
        inside = [each for each in body if loop.lineno < each.lineno <= (loop.end_lineno or 0)]
        indent = loop.body[0].col_offset
        for target in assigned:
            writing = [each for each in inside if target in targets_of(source, [each])]
            read = {name for each in inside if each not in writing for name in _read(each)}
            if target.isidentifier() and target in read and all(target in _read(each) for each in writing):
                yield from _hole(source, inside[-1], indent, f"{target} = {target}", "recurrent-term", target)


def _read(node: ast.AST) -> set[str]:
    """The variables that a statement reads; ``+=`` reads what it changes."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    if isinstance(node, ast.AugAssign):
        names |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    return names


def _copies(
    watched: Instrumented, functions: list[str], wrong: list[tuple[str, ...]], right: list[tuple[str, ...]]
) -> Iterator[StatementEdit]:
    """A line once more, with the names of another parameter: ``sum_b = ...`` after ``sum_W = ...``."""
    source = watched.source
    pairs = {(_last_name(one), _last_name(other)) for one in right for other in wrong}
    pairs |= {(one[:1], other[:1]) for one, other in pairs if len(one) > 2 and len(other) > 2}  # weights, biases: w, b
    for name in functions:
        body = [each for each in watched.statements.get(name, []) if isinstance(each, ast.Assign | ast.AugAssign)]
        known = {source.segment(each) for each in body}
        for statement in body:
            text = source.segment(statement)
            for theirs, mine in sorted(pairs):
                new = re.sub(rf"(?<![^\W_]){re.escape(theirs)}|{re.escape(theirs)}(?![^\W_])", mine, text)
                if theirs and mine and theirs != mine and new not in known and "\n" not in new:
                    for edit in _hole(source, statement, statement.col_offset, new, "never-written", ""):
                        yield edit._replace(hole=0)


def identities(watched: Instrumented, functions: list[str], lines: list[int]) -> Iterator[StatementEdit]:
    """``x = x`` after each line that assigns x or changes it: a line like ``x /= n`` may be missing there."""
    source = watched.source
    wanted = set(lines)
    for name in functions:
        for statement in watched.statements.get(name, []):
            if statement.lineno not in wanted:
                continue
            for target in targets_of(source, [statement]):
                whole = re.split(r"[\[(]", target)[0]
                if re.fullmatch(r"[^\W\d][\w.]*", whole):
                    yield from _hole(source, statement, statement.col_offset, f"{whole} = {whole}", "other", whole)


def indexed(watched: Instrumented, functions: list[str]) -> Iterator[StatementEdit]:
    """``d[rows, labels] -= ...`` after each line that assigns d: forward picks entries so, and backward does not."""
    source = watched.source
    texts = _picks(watched)
    for name in functions:
        body = watched.statements.get(name, [])
        own = {source.segment(each) for part in body for each in ast.walk(part) if isinstance(each, ast.Subscript)}
        for target, statement in targets_of(source, body).items():
            if not target.isidentifier() or not isinstance(statement, ast.Assign) or _is_buffer(statement):
                continue
            for index in texts:
                if f"{target}[{index}]" not in own:
                    for operator, value in (("-=", "0"), ("=", "0.0")):
                        line = f"{target}[{index}] {operator} {value}"
                        yield from _hole(
                            source, statement, statement.col_offset, line, "missing-term", f"{target}[{index}]"
                        )


def _picks(watched: Instrumented) -> list[str]:
    """Indices with which the file picks entries, one of each row: ``np.arange(n), labels``."""
    found: dict[str, None] = {}
    for node in watched.functions.values():
        for each in ast.walk(node):
            if isinstance(each, ast.Subscript) and _is_pick(each.slice):
                base = watched.source.segment(each.value)
                index = watched.source.segment(each)[len(base) :].strip()[1:-1]
                found[index] = None
                for part in ast.walk(each.slice):  # a method has the labels in self, where forward was given them
                    if isinstance(part, ast.Name) and f"self.{part.id}" in watched.source.text:
                        found[re.sub(rf"(?<![\w.]){part.id}\b", f"self.{part.id}", index)] = None
    return list(found)[:8]


def _is_pick(index: ast.expr) -> bool:
    if isinstance(index, ast.Tuple):
        return any(isinstance(each, ast.Call) for each in index.elts) and len(index.elts) == 2
    return isinstance(index, ast.Subscript | ast.Call)


def _siblings(
    watched: Instrumented, functions: list[str], wrong: list[tuple[str, ...]], right: list[tuple[str, ...]]
) -> Iterator[StatementEdit]:
    """``grads["b1"] = ...`` after lines like ``grads["W1"] = ...``, for a gradient that no line writes."""
    source = watched.source
    for name in functions:
        body = watched.statements.get(name, [])
        targets = targets_of(source, body)
        made: dict[str, tuple[str, list[ast.stmt]]] = {}  # the parameter, and lines like the one that is missing
        for words in wrong:
            for mine, theirs in dict.fromkeys((_last_name(words), _last_name(other)) for other in right):
                for target, statement in targets.items():
                    new = mine.join(target.rsplit(theirs, 1)) if theirs and mine and theirs in target else ""
                    if new and new not in targets and not new.isidentifier():
                        made.setdefault(new, (".".join(words), []))[1].append(statement)
        places = [each for each in body if isinstance(each, ast.Assign | ast.AugAssign | ast.Pass)]
        for target, (words_of_it, beside) in made.items():
            summed = any(isinstance(each, ast.AugAssign) for each in beside)
            usual, other = ("+=", "=") if summed else ("=", "+=")
            tried = [(each, usual) for each in beside]  # beside lines of its kind; what is written once, at the end
            tried += [(each, operator) for each in reversed(places) for operator in (usual, other)]
            for place, operator in dict.fromkeys(tried):
                line = f"{target} {operator} 0.0"
                yield from _hole(source, place, place.col_offset, line, "never-written", words_of_it)


def _last_name(words: tuple[str, ...]) -> str:
    """The last of a parameter's words that is no index."""
    return next((each for each in reversed(words) if not each.isdigit()), "")


def _hole(
    source: SourceText, after: ast.stmt, indent: int, line: str, fault: str, target: str
) -> Iterator[StatementEdit]:
    assert after.end_lineno is not None  # noqa: S101
    at = source.line_start(after.end_lineno + 1)
    head = source.text[:at]
    if not head.endswith("\n"):
        head += "\n"
    text = f"{head}{' ' * indent}{line}\n{source.text[at:]}"
    yield StatementEdit(text, after.end_lineno, fault, 1.5, after.end_lineno + 1, target)


def _is_buffer(statement: ast.stmt) -> bool:
    text = ast.unparse(statement)
    return "zeros" in text or "empty" in text or text.rstrip().endswith(("= 0", "= 0.0"))


def _writes(source: SourceText, node: ast.stmt, target: str) -> bool:
    found = targets_of(source, [node])
    return any(each == target or each.startswith(f"{target}[") for each in found)
