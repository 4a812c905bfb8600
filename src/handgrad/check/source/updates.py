"""The steps that a file takes: ``W -= rate * dW`` and its like, as they stand in the text."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handgrad.check.source.roles import bases

_RATES = re.compile(r"lr|rate|eta|η|alpha|α|step|学习率|學習率|学習率|l_r|ε|步长|步長|速率|速度|0\.\d", re.I)
_RATE = re.compile(
    r"(self\.)?(lr\w*|\w*_lr|l_r|eta\w?|η\w?|alpha\w?|α|ε|\w*rate\w*|step_?size|step|学习率|學習率|步长|步長|速率)",
    re.I,
)
_MOMENTS = re.compile(
    r"^(v|m|s|vel|mom|exp_avg|cache|mem|velocity|prev|last)(_|\d|[A-Z]|$)|veloc|moment|update|change|step", re.I
)
_SIZES = re.compile(
    r"\b(m|n|N|B|size|batch_?size|n_?samples|num_\w+|count|样本数|樣本數)\b|len\(|\.shape|\.size|size", re.I
)


@dataclass(frozen=True)
class Update:
    """One statement that changes a parameter by a rate times something."""

    function: str  # qualified name; "" at module level
    line: int
    target: str  # as it is written
    words: frozenset[str]  # names and attributes in the target
    sign: int  # -1 where it subtracts
    value: ast.expr  # what is subtracted or added

    @property
    def gradient(self) -> str:
        """The text of the one thing that is multiplied with a rate; "" if there are several, or none."""
        factors = _factors(self.value)
        arrays = [each for each in factors if not is_rate(each)]
        if len(arrays) != 1 or len(factors) < 2 or not isinstance(arrays[0], ast.Name | ast.Attribute | ast.Subscript):
            return ""
        return "" if _MOMENTS.search(_last(arrays[0])) else ast.unparse(arrays[0])

    @property
    def has_rate(self) -> bool:
        """Whether one factor bears the name of a learning rate, or is a number that is subtracted."""
        named = any(is_rate(each) and not isinstance(each, ast.Constant) for each in _factors(self.value))
        return named or (self.sign < 0 and any(isinstance(each, ast.Constant) for each in _factors(self.value)))

    @property
    def divides(self) -> bool:
        """Whether it divides by a number of samples."""
        divisors = [
            each.right for each in ast.walk(self.value) if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Div)
        ]
        return any(_SIZES.search(ast.unparse(each)) and "sqrt" not in ast.unparse(each) for each in divisors)


def is_rate(node: ast.expr) -> bool:
    """A learning rate, by its name, or a number; also inside a call that converts it."""
    if isinstance(node, ast.Call) and len(node.args) == 1:
        node = node.args[0]
    return isinstance(node, ast.Constant) or bool(_RATE.fullmatch(_last(node)))


def updates_in(text: str) -> list[Update]:
    """Every such statement of a file."""
    found: list[Update] = []
    _visit(ast.parse(text), "", found)
    return found


def _visit(node: ast.AST, function: str, found: list[Update]) -> None:
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            _visit(each, f"{function}.{each.name}" if function else each.name, found)
            continue
        if isinstance(each, ast.stmt):
            found += [Update(function, each.lineno, *parts) for parts in updates_of(each)]
        _visit(each, function, found)


Parts = tuple[str, frozenset[str], int, ast.expr]


def updates_of(node: ast.AST) -> Iterator[Parts]:
    """(target, words, sign, value) of each update that a statement makes."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        yield _made(node.target, node.op, node.value)
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return
    target, value = node.targets[0], node.value
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = list(zip(target.elts, value.elts, strict=True))
    for one, other in pairs:
        made = _assigned(one, other)
        if made is not None:
            yield made


def _assigned(target: ast.expr, value: ast.expr) -> Parts | None:
    if isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.args[0], ast.GeneratorExp):
        value = value.args[0]
    if isinstance(value, ast.ListComp | ast.DictComp | ast.GeneratorExp):
        inner = value.value if isinstance(value, ast.DictComp) else value.elt
        if (
            isinstance(inner, ast.BinOp)
            and isinstance(inner.op, ast.Add | ast.Sub)
            and _loops_over(value, target, inner.left)
        ):
            return _made(target, inner.op, inner.right)
        return None
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub)):
        return None
    return _made(target, value.op, value.right) if ast.unparse(value.left) == ast.unparse(target) else None


def _loops_over(value: Any, target: ast.expr, left: ast.expr) -> bool:
    """``w`` in ``[w - ... for w, dw in zip(weights, dws)]`` that is assigned to ``weights``."""
    text = ast.unparse(target)
    return isinstance(left, ast.Name | ast.Subscript) and any(
        text in ast.unparse(each.iter) for each in value.generators
    )


def _made(target: ast.expr, op: ast.operator, value: ast.expr) -> Parts:
    names = {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
    names |= {each.attr for each in ast.walk(target) if isinstance(each, ast.Attribute)}
    sign = 1 if isinstance(op, ast.Add) else -1
    if any(isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.USub) for each in _factors(value, signs=True)):
        sign = -sign
    return ast.unparse(target), frozenset(names), sign, value


def _factors(node: ast.expr, *, signs: bool = False) -> list[ast.expr]:
    """What is multiplied in a product; divisors are left out."""
    if isinstance(node, ast.UnaryOp):
        inner = _factors(node.operand, signs=signs)
        return [node, *inner] if signs else inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _factors(node.left, signs=signs) + _factors(node.right, signs=signs)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _factors(node.left, signs=signs)
    return [node]


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last(node.value)
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)


def step_sign(text: str, words: set[str]) -> tuple[int, int]:
    """(sign, line) of the steps in the file: -1 where a gradient is subtracted from its parameter, 1 where it is
    added, 0 where no step is found."""
    votes = [(each.sign, each.line) for each in updates_in(text) if takes_step(each, words)]
    if not votes or len({sign for sign, _ in votes}) > 1:
        return 0, 0
    return votes[0]


def takes_step(update: Update, words: set[str]) -> bool:
    """Whether it adds a rate times a gradient to a parameter."""
    if not isinstance(update.value, ast.BinOp | ast.UnaryOp) or not _RATES.search(ast.unparse(update.value)):
        return False
    others = {each.id for each in ast.walk(update.value) if isinstance(each, ast.Name)}
    others |= {each.attr for each in ast.walk(update.value) if isinstance(each, ast.Attribute)}
    gradient = [each for each in others if bases(each) or not _RATES.search(each)]
    return bool(update.words & words) and bool(gradient)
