"""What the code around a call says about its result: ``dW, db = backward(...)`` and then ``W -= rate * dW``.

The names in a return statement may be wrong; the caller's use of what is returned decides what it is.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from handgrad.check.source.calls import Call
from handgrad.check.source.loops import container, gone_over, loop_parts, with_parts
from handgrad.check.source.module import UserModule
from handgrad.check.source.state import Path
from handgrad.check.source.updates import is_rate, updates_of

Words = tuple[Any, ...]


@dataclass(frozen=True)
class Step:
    """A parameter, or what holds several, and the part of a result that it is updated with."""

    words: Words
    path: Path
    all: bool = True  # every parameter below is updated, not only those that have a gradient


@dataclass
class Evidence:
    """What one call's result is used for."""

    names: dict[Path, str] = field(default_factory=dict)  # what the caller calls a part of the result
    steps: list["Step"] = field(default_factory=list)


def evidence(module: UserModule, call: Call) -> Evidence:
    """What the function that made a call does with the result."""
    found = Evidence()
    tree = ast.parse(module.watched.source.text)
    body = _body(tree, call.driver)
    statement = next((each for each in body if _makes(each, call)), None)
    if statement is None:
        return found
    bound: dict[str, Path] = {}
    if isinstance(statement, ast.Assign) and _is_call(statement.value, call):
        _bind(statement.targets[0], (), bound)
    for each in ast.walk(statement):
        if isinstance(each, ast.Call) and _is_call(each, call):
            bound[ast.unparse(each)] = ()
    later = body[body.index(statement) :]
    for each in later[1:]:
        if isinstance(each, ast.Assign):
            path = _resolved(each.value, bound)
            for name in [ast.unparse(target) for target in each.targets]:
                bound.pop(name, None)  # from here on it is something else
            if path is not None:
                _bind(each.targets[0], path, bound)
    found.names = {path: name for name, path in bound.items() if name.isidentifier() and name != "_"}
    found.steps = _all_steps(later, bound)
    for each in later:
        found.steps += _in_functions(module, each, bound)
    return found


def _all_steps(body: list[ast.stmt], bound: dict[str, Path]) -> list[Step]:
    """The updates of these statements, in which loop variables stand for parts of what is gone over."""
    loops = [each for each in body if isinstance(each, ast.For)]
    inside = {id(loop): {id(each) for each in _statements(loop)} | {id(loop)} for loop in loops}
    found = []
    for each in body:
        around = [loop for loop in loops if id(each) in inside[id(loop)]]
        known = {name: part for loop in around for name, part in loop_parts(loop.target, loop.iter).items()}
        over = {ast.unparse(gone_over(loop.iter)) for loop in around}
        for words, path, gradient in _steps(each, bound, known):
            found.append(Step(words, path, all=gradient not in over))
    return found


def _in_functions(module: UserModule, statement: ast.stmt, bound: dict[str, Path]) -> Iterator[Step]:
    """The updates of a function of the file that is given a part of the result: ``update(params, grads, rate)``."""
    for call in [each for each in ast.walk(statement) if isinstance(each, ast.Call) and each.args]:
        paths = [_resolved(each, bound) for each in call.args]
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        named = [each for each in module.watched.functions if each.rpartition(".")[2] == name]
        if len(named) != 1 or not any(path is not None for path in paths):
            continue
        node = module.watched.functions[named[0]]
        given = [each.arg for each in node.args.args]
        own = given[1:] if given[:1] == ["self"] else given
        inner = {each: path for each, path in zip(own, paths, strict=False) if path is not None}
        outer = {each: _words(value) for each, value in zip(own, call.args, strict=False)}
        for step in _all_steps(list(_statements(node)), inner):
            words = outer.get(str(step.words[0]), step.words[:1])
            if words is not None:
                yield Step((*words, *step.words[1:]), step.path, step.all)


def _body(tree: ast.Module, driver: str) -> list[ast.stmt]:
    """All statements of the function that made the call, without those of functions in it."""
    node: Any = tree
    for name in driver.replace("<locals>.", "").split(".") if driver else ():
        node = next((each for each in ast.walk(node) if getattr(each, "name", None) == name), node)
    return list(_statements(node))


def _statements(node: Any) -> Iterator[ast.stmt]:
    for part in ("body", "orelse", "finalbody"):
        for each in getattr(node, part, []):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            yield each
            yield from _statements(each)


def _makes(statement: ast.stmt, call: Call) -> bool:
    """Whether a statement, not one inside it, holds the call."""
    if not statement.lineno <= call.line <= (statement.end_lineno or statement.lineno):
        return False
    parts = [statement.iter] if isinstance(statement, ast.For) else [statement]
    if isinstance(statement, ast.While | ast.If | ast.With | ast.Try):
        return False
    return any(isinstance(each, ast.Call) and _is_call(each, call) for part in parts for each in ast.walk(part))


def _is_call(node: ast.expr, call: Call) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name == call.name.rpartition(".")[2]


def _bind(target: ast.expr, path: Path, bound: dict[str, Path]) -> None:
    if isinstance(target, ast.Tuple | ast.List):
        for place, each in enumerate(target.elts):
            if isinstance(each, ast.Starred):
                return  # what comes after it stands at no fixed place
            _bind(each, (*path, place), bound)
    elif isinstance(target, ast.Name | ast.Attribute):
        bound[ast.unparse(target)] = path


def _resolved(node: ast.expr, bound: dict[str, Path]) -> Path | None:
    """The part of the result that an expression is, if it is one."""
    known = bound.get(ast.unparse(node))
    if known is not None:
        return known
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        inner = _resolved(node.value, bound)
        return (*inner, node.slice.value) if inner is not None else None
    return None


def _words(node: ast.expr) -> Words | None:
    """The names on the way to a parameter: ``net.W[0]`` as net, W, 0."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        inner = _words(node.value)
        return (*inner, node.attr) if inner is not None else None
    if isinstance(node, ast.Subscript):
        inner = _words(node.value)
        if inner is None or (isinstance(node.slice, ast.Slice) or ast.unparse(node.slice) in ("...", ":")):
            return inner
        return (*inner, node.slice.value) if isinstance(node.slice, ast.Constant) else None
    return None


def words_in(text: str) -> Words | None:
    """The same of an expression as it is written."""
    return _words(ast.parse(text, mode="eval").body)


Found = tuple[Words, Path, str]  # parameter, part of the result, text of the gradient


def _steps(statement: ast.stmt, bound: dict[str, Path], known: dict[str, ast.expr]) -> Iterator[Found]:
    """The updates of one statement, and of what a loop over pairs does to each pair."""
    for target, _, sign, value in updates_of(statement):
        node = ast.parse(target, mode="eval").body
        if (gradient := _gradient(value, sign)) is not None:
            yield from _pair(with_parts(node, known), with_parts(gradient, known), bound)
    loops: list[tuple[ast.expr, ast.expr, list[ast.AST]]] = []
    if isinstance(statement, ast.For):
        loops.append((statement.target, statement.iter, [each for part in statement.body for each in ast.walk(part)]))
    for each in ast.walk(statement):
        if isinstance(each, ast.ListComp | ast.GeneratorExp | ast.DictComp) and not isinstance(statement, ast.For):
            value = each.value if isinstance(each, ast.DictComp) else each.elt
            names, values = each.generators[0].target, each.generators[0].iter
            loops.append((names, values, [value]))
            inner = {**known, **loop_parts(names, values)}
            yield from (pair for one, other in _both(value) for pair in _pair(*_parts(one, other, inner), bound))
    for names, values, body in loops:
        yield from _zipped(names, values, body, bound)


def _parts(one: ast.expr, other: ast.expr, known: dict[str, ast.expr]) -> tuple[ast.expr, ast.expr]:
    return with_parts(one, known), with_parts(other, known)


def _gradient(value: ast.expr, sign: int) -> ast.expr | None:
    """What is multiplied with a rate, or subtracted: what is only added is being summed up."""
    factors = [value]
    while any(isinstance(each, ast.BinOp | ast.UnaryOp) for each in factors):
        each = next(each for each in factors if isinstance(each, ast.BinOp | ast.UnaryOp))
        factors.remove(each)
        if isinstance(each, ast.UnaryOp):
            factors.append(each.operand)
        elif isinstance(each.op, ast.Mult | ast.Div):
            factors += [each.left] if isinstance(each.op, ast.Div) else [each.left, each.right]
        else:
            return None
    left = [each for each in factors if not is_rate(each)]
    return left[0] if len(left) == 1 and (len(factors) > 1 or sign < 0) else None


def _pair(target: ast.expr, gradient: ast.expr, bound: dict[str, Path]) -> Iterator[Found]:
    """Without the indices that both have in common: ``params[k] -= rate * grads[k]``."""
    while isinstance(target, ast.Subscript) and isinstance(gradient, ast.Subscript):
        if ast.unparse(target.slice) != ast.unparse(gradient.slice) or _resolved(gradient, bound) is not None:
            break
        target, gradient = target.value, gradient.value
    words, path = _words(target), _resolved(gradient, bound)
    if words is not None and path is not None:
        yield words, path, ast.unparse(gradient)


def _zipped(names: ast.expr, values: ast.expr, body: list[ast.AST], bound: dict[str, Path]) -> Iterator[Found]:
    """``for p, g in zip(params, grads): p -= rate * g``."""
    if not (isinstance(names, ast.Tuple) and isinstance(values, ast.Call) and ast.unparse(values.func) == "zip"):
        return
    variables = [ast.unparse(each) for each in names.elts]
    for each in body:
        left, right = _both_sides(each)
        if left in variables and right in variables:
            one, other = values.args[variables.index(left)], values.args[variables.index(right)]
            yield from _elementwise(one, other, bound)
            return


def _both_sides(node: ast.AST) -> tuple[str, str]:
    """The same as text, without an index that both have in common."""
    for target, gradient in _both(node):
        if not isinstance(target, ast.Subscript):
            return ast.unparse(target), ast.unparse(gradient)
        alike = isinstance(gradient, ast.Subscript) and ast.unparse(gradient.slice) == ast.unparse(target.slice)
        return ast.unparse(target.value), ast.unparse(gradient.value if alike else gradient)  # type: ignore[attr-defined]
    return "", ""


def _both(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(parameter, gradient) of ``p -= rate * g`` and of ``p - rate * g``."""
    target: ast.expr
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        target, value = node.target, node.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        target, value = node.left, node.right
    else:
        return
    gradient = _gradient(value, 1 if isinstance(node.op, ast.Add) else -1)
    if gradient is not None:
        yield target, gradient


def _elementwise(one: ast.expr, other: ast.expr, bound: dict[str, Path]) -> Iterator[Found]:
    """Two things that are gone through side by side."""
    one, other = container(one), container(other)
    mine = one.elts if isinstance(one, ast.Tuple | ast.List) else None
    theirs = other.elts if isinstance(other, ast.Tuple | ast.List) else None
    if mine is None and theirs is None:
        yield from _pair(one, other, bound)
        return
    whole, path = _words(one), _resolved(other, bound)
    for place in range(len(mine or theirs or ())):
        words = _words(mine[place]) if mine is not None else (*whole, place) if whole is not None else None
        where = (
            _resolved(theirs[place], bound)
            if theirs is not None and place < len(theirs)
            else (*path, place)
            if path is not None and theirs is None
            else None
        )
        if words is not None and where is not None:
            yield words, where, ""
