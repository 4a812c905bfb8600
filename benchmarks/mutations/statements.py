"""Operators on whole statements: assignments, loops, buffers, returned values, what is deleted or moved."""

import ast
from collections.abc import Iterator

from .edits import Edit, Site, name_of, names_in, operator

_SEEDS = {"zeros": "ones", "zeros_like": "ones_like"}


@operator(ast.Assign, ast.AugAssign, ast.Expr)
def delete(site: Site, node: ast.stmt) -> Iterator[Edit]:
    """The statement left out."""
    source, block = site.source, site.source.siblings(node)
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call):
        return
    alone = len(block) == 1 or any(each is not node and each.lineno == node.lineno for each in block)
    alone = alone or any(each is not node and each.end_lineno == node.lineno for each in block)
    if alone:
        yield site.edit(node, "pass", "delete statement", *_deletion_classes(site, node))
    else:
        lines = source.line_span(node.lineno, node.end_lineno or node.lineno)
        yield site.edit(lines, "", "delete statement", *_deletion_classes(site, node))


@operator(ast.AugAssign)
def plain_assignment(site: Site, node: ast.AugAssign) -> Iterator[Edit]:
    """a += b -> a = b, a -= b."""
    target, value = site.source.of(node.target), site.source.of(node.value)
    sign = {ast.Add: "-", ast.Sub: "+"}.get(type(node.op))
    classes = ("path-lost", "sum-missing", "missing-term", "recurrent-term", "rows-dropped", "missing-factor")
    yield site.edit(node, f"{target} = {value}", "augmented to plain", *classes)
    if sign:
        yield site.edit(node, f"{target} {sign}= {value}", "flip augmented sign", "sign")
    if isinstance(node.op, ast.Mult):
        yield site.edit(node, f"{target} += {value}", "times to plus", "sum-for-product")
    if isinstance(node.op, ast.Div):
        yield site.edit(node, f"{target} *= {value}", "divide to times", "mean", "factor")


@operator(ast.Assign)
def augmented_assignment(site: Site, node: ast.Assign) -> Iterator[Edit]:
    """a = b -> a += b; a = a * b -> a *= b."""
    if len(node.targets) > 1 or isinstance(node.targets[0], ast.Tuple | ast.List):
        return
    target, value = site.source.of(node.targets[0]), site.source.of(node.value)
    classes = ("buffer-not-cleared", "surplus-term", "accumulator-seed", "mutation")
    yield site.edit(node, f"{target} += {value}", "plain to augmented", *classes)
    if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Mult | ast.Add):
        left, sign, right = site.source.halves(node.value)
        if left == target:
            yield site.edit(node, f"{target} {site.source.of(sign)}= {right}", "in place", "mutation", "other")


@operator(ast.Call)
def seed(site: Site, node: ast.Call) -> Iterator[Edit]:
    """zeros_like(W) -> ones_like(W), W.copy(); np.zeros(shape) -> np.ones(shape)."""
    name = name_of(node.func)
    if name not in _SEEDS or not node.args:
        return
    classes = ("accumulator-seed", "surplus-term")
    place = site.source.span(node.func)
    yield site.edit((place[1] - len(name), place[1]), _SEEDS[name], "ones for zeros", *classes)
    inner = node.args[0]
    if name == "zeros" and isinstance(inner, ast.Attribute) and inner.attr == "shape":
        inner = inner.value
    elif name == "zeros":
        return
    yield site.edit(node, f"{site.source.of(inner)}.copy()", "parameter for zeros", *classes)


@operator(ast.For, ast.comprehension)
def loop(site: Site, node: ast.For | ast.comprehension) -> Iterator[Edit]:
    """The first or the last step left out; the order of the loop turned round."""
    steps, turned = node.iter, False
    if isinstance(steps, ast.Call) and name_of(steps.func) == "reversed" and len(steps.args) == 1:
        yield site.edit(steps, site.source.of(steps.args[0]), "turn loop", *_ORDER)
        steps, turned = steps.args[0], True
    if isinstance(steps, ast.Call) and name_of(steps.func) == "range":
        yield from _ranges(site, steps, turned)
    elif isinstance(steps, ast.Call) and name_of(steps.func) in {"zip", "enumerate"}:
        for each in steps.args[:1]:
            yield site.edit(each, f"{site.source.atom(each)}[1:]", "skip first step", *_BOUNDARY)
            yield site.edit(each, f"{site.source.atom(each)}[:-1]", "skip last step", *_BOUNDARY)
    else:
        yield site.edit(steps, f"list({site.source.of(steps)})[1:]", "skip first step", *_BOUNDARY)
        yield site.edit(steps, f"list({site.source.of(steps)})[:-1]", "skip last step", *_BOUNDARY)


_ORDER = ("time-shift", "recurrent-term", "boundary-step", "other")
_BOUNDARY = ("boundary-step", "rows-dropped", "never-written")


def _ranges(site: Site, node: ast.Call, turned: bool) -> Iterator[Edit]:
    texts = [site.source.of(each) for each in node.args]
    if len(texts) == 1:
        yield site.edit(node, f"range(1, {texts[0]})", "skip first step", *_BOUNDARY)
        yield site.edit(node, f"range({texts[0]} - 1)", "skip last step", *_BOUNDARY)
    elif len(texts) == 2:
        yield site.edit(node, f"range({texts[0]} + 1, {texts[1]})", "skip first step", *_BOUNDARY)
        yield site.edit(node, f"range({texts[0]}, {texts[1]} - 1)", "skip last step", *_BOUNDARY)
        if texts[0] == "1":
            yield site.edit(node, f"range({texts[1]})", "one step more", *_BOUNDARY, "time-shift")
    elif texts[2] == "-1":
        yield site.edit(node, f"range({texts[0]} - 1, {texts[1]}, -1)", "skip last step", *_BOUNDARY)
        yield site.edit(node, f"range({texts[0]}, {texts[1]} + 1, -1)", "skip first step", *_BOUNDARY)
        yield site.edit(node, f"range({texts[1]} + 1, {texts[0]} + 1)", "turn loop", *_ORDER)
        return
    if not turned and len(texts) < 3:
        yield site.edit(node, f"reversed({site.source.of(node)})", "turn loop", *_ORDER)


@operator(ast.Return, ast.Assign)
def exchange_results(site: Site, node: ast.Return | ast.Assign) -> Iterator[Edit]:
    """return dW, dU -> dU, dW; two targets, or two entries of a dict, exchanged."""
    groups = [node.value] + (node.targets if isinstance(node, ast.Assign) else [])
    for group in groups:
        items = group.elts if isinstance(group, ast.Tuple | ast.List) else getattr(group, "values", [])
        for first, second in zip(items, items[1:], strict=False):
            between = site.source.of((site.source.span(first)[1], site.source.span(second)[0]))
            place = site.source.span(first)[0], site.source.span(second)[1]
            text = f"{site.source.of(second)}{between}{site.source.of(first)}"
            yield site.edit(place, text, "exchange results", "wrong-variable", "wrong-axis")


@operator(ast.AugAssign, ast.Assign, ast.For, ast.Expr)
def move_up(site: Site, node: ast.stmt) -> Iterator[Edit]:
    """An update of a weight, put before the statement that uses it; a carry handed on before its last use."""
    block = site.source.siblings(node)
    place = block.index(node)
    before = block[place - 1] if place else None
    if before is None or not _simple(node, before) or not _touches(node, before):
        return
    lines = before.lineno, node.end_lineno or node.lineno
    start, end = site.source.line_span(*lines)
    middle = site.source.line_span(node.lineno, lines[1])[0]
    text = site.source.of((middle, end)) + site.source.of((start, middle))
    classes = ("updated-early", "recurrent-term", "time-shift", "missing-term", "wrong-variable", "other")
    yield site.edit((start, end), text, "move statement up", *classes)


@operator(ast.Expr)
def add_at(site: Site, node: ast.Expr) -> Iterator[Edit]:
    """np.add.at(a, i, b) -> a[i] += b, which drops what comes twice."""
    call = node.value
    if isinstance(call, ast.Call) and name_of(call.func) == "at" and len(call.args) == 3:
        array, index, value = (site.source.of(each) for each in call.args)
        yield site.edit(node, f"{array}[{index}] += {value}", "plain for add.at", "path-lost", "sum-missing")


def _simple(node: ast.stmt, before: ast.stmt) -> bool:
    """Both on lines of their own, side by side."""
    kinds = ast.Assign | ast.AugAssign
    return isinstance(node, kinds) and isinstance(before, kinds) and before.end_lineno == node.lineno - 1


def _touches(node: ast.stmt, before: ast.stmt) -> bool:
    """Whether the first statement reads what the second one stores."""
    stored = {each for target in getattr(node, "targets", [getattr(node, "target", None)]) for each in names_in(target)}
    return bool((stored - {"self"}) & names_in(before.value))


def _deletion_classes(site: Site, node: ast.stmt) -> tuple[str, ...]:
    value = getattr(node, "value", None)
    calls = (
        {name_of(each.func) for each in ast.walk(value) if isinstance(each, ast.Call)} if value is not None else set()
    )
    if calls & {"zeros", "zeros_like", "fill"} or isinstance(node, ast.Assign) and isinstance(value, ast.Constant):
        return ("buffer-not-cleared", "accumulator-seed", "never-written")
    general = ("never-written", "path-lost", "missing-term", "missing-factor", "recurrent-term", "derivative-missing")
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div):
        return ("missing-factor", "derivative-missing", "mean", "factor")
    return (*general, "sum-missing", "other")
