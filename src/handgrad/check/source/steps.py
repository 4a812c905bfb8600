"""Optimizers that are wrong although the gradients are right: what their source shows."""

import ast
import re

from handgrad.check.result import Finding
from handgrad.check.source.text import SourceText, unified_diff

_SQUARES = re.compile(r"(\w+)\s*\*\s*\1|\*\*\s*2(\.0)?\b|square\(")


def step_findings(text: str, name: str) -> tuple[Finding, ...]:
    """Adam's bias correction multiplied instead of divided (Kingma and Ba 2015, algorithm 1), Adagrad's root multiplied
    instead of divided (Duchi et al. 2011, figure 1)."""
    source = SourceText(text, name)
    squares = _accumulators(source)
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
            continue
        left, right = source.segment(node.left), source.segment(node.right)
        words = ""
        if _is_correction(node.right) and _is_moment(left):
            words = (
                f"The gradients are right, but the bias correction multiplies {left} by {right}; a moment that started "
                "from 0 is too small and has to be divided by it."
            )
            new = f"{left} / ({right})"
        elif (moment := _rooted(node.right, squares)) is not None:
            words = (
                f"The gradients are right, but the step multiplies by {right}; {squares[moment]} "
                f"divides the gradient by "
                "the root of the squares that it has added up, so that a large gradient makes a smaller step."
            )
            new = f"{left} / {right}"
        if words:
            start, end = source.span(node)
            diff = unified_diff(text, text[:start] + new + text[end:], name)
            found.append(
                Finding("optimizer", words, file=name, line=node.lineno, source=source.line(node.lineno), fix=diff)
            )
    return tuple(found)


def _is_correction(node: ast.expr) -> bool:
    """``1 - beta ** t``."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.left, ast.Constant)
        and node.left.value == 1
        and isinstance(node.right, ast.BinOp)
        and isinstance(node.right.op, ast.Pow)
        and not isinstance(node.right.right, ast.Constant)
    )


def _is_moment(text: str) -> bool:
    return bool(re.search(r"(^|\.|_)(m|v|s|r|moment\w*|mom|first|second|exp_avg\w*|velocity)\b|\[", text))


def _accumulators(source: SourceText) -> dict[str, str]:
    """What squares of gradients are added up in, and the optimizer that does so."""
    found = {}
    for node in ast.walk(ast.parse(source.text)):
        if (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.Add)
            and _SQUARES.search(source.segment(node.value))
        ):
            found[source.segment(node.target)] = "Adagrad"
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.BinOp):
            target, value = source.segment(node.targets[0]), source.segment(node.value)
            if isinstance(node.value.op, ast.Add) and _SQUARES.search(value) and target in value:
                found[target] = "RMSProp" if "*" in value.split("+")[0] else "Adagrad"
    return found


def _rooted(node: ast.expr, squares: dict[str, str]) -> str | None:
    """The accumulator in ``np.sqrt(mem + 1e-8)``, with or without the small number, inside the root or outside."""
    text = ast.unparse(node)
    if "sqrt" not in text and "** 0.5" not in text:
        return None
    return next((each for each in squares if re.search(rf"(?<![\w.]){re.escape(each)}(?!\w)", text)), None)
