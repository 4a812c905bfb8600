"""Which activation a derivative in a line belongs to, as far as its form tells."""

import ast

from handgrad.check.source.difference import changed_lines, factors, parsed

_ANY = "The derivative of an activation is written in terms of its input or of its output, and has to be given that one"
_OF = {
    "sigmoid": "for y = sigmoid(z) it is y * (1 - y)",
    "tanh": "for y = tanh(z) it is 1 - y**2",
    "relu": "for ReLU it is 1 where the input is positive, and 0 elsewhere",
}


def about_derivative(before: str, after: str) -> str:
    """How the derivative is written that an edit has put in: of its activation, where its form tells which one that is;
    else of any. "" where the edit is of a condition, which is the derivative of nothing."""
    removed, added = (parsed(lines[0]) if len(lines) == 1 else None for lines in changed_lines(before, after))
    if isinstance(added, ast.If | ast.While):
        return ""
    known = _derivatives(removed) if removed is not None else set()
    kinds = {kind for kind, _ in _derivatives(added) - known} if added is not None else set()
    return f"{_ANY}: {_OF[kinds.pop()]}." if len(kinds) == 1 else f"{_ANY}."


def _derivatives(statement: ast.AST) -> set[tuple[str, str]]:
    """What looks like the derivative of an activation in a statement: (which one, its text)."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Compare) and any(_is(each, 0) for each in (node.left, *node.comparators)):
            found.add(("relu", ast.dump(node)))
        parts = factors(node)
        dumps = [ast.dump(each) for each in parts]
        for each in parts:
            if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub) and _is(each.left, 1):
                if _is_square(each.right):
                    found.add(("tanh", ast.dump(each)))
                elif ast.dump(each.right) in dumps:
                    found.add(("sigmoid", ast.dump(each)))
    return found


def _is(node: ast.AST, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number and not isinstance(node.value, bool)


def _is_square(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return _is(node.right, 2)
    parts = factors(node)
    if len(parts) == 2:
        return ast.dump(parts[0]) == ast.dump(parts[1])
    name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    return name == "square"
