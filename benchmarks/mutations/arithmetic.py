"""Operators on terms, factors, signs, exponents and constants."""

import ast
from collections.abc import Iterator

from .edits import Edit, Site, name_of, names_in, operator

_DERIVATIVE_WORDS = ("prime", "deriv", "grad", "dsig", "dtanh", "drelu", "d_", "back")


@operator(ast.BinOp)
def exchange_sign(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """+ and -, * and +, / and *."""
    if not _is_numeric(site, node):
        return
    sign = site.source.halves(node).sign
    if isinstance(node.op, ast.Add):
        yield site.edit(sign, "-", "plus to minus", "sign", "other")
        yield site.edit(sign, "*", "plus to times", "sum-for-product", "other")
    elif isinstance(node.op, ast.Sub):
        yield site.edit(sign, "+", "minus to plus", "sign", "other")
    elif isinstance(node.op, ast.Mult):
        yield site.edit(sign, "+", "times to plus", "sum-for-product")
    elif isinstance(node.op, ast.Div):
        yield site.edit(sign, "*", "divide to times", "mean", "factor", "data-factor")
    elif isinstance(node.op, ast.MatMult):
        yield site.edit(sign, "*", "matmul to times", "other", "sum-for-product", "sum-missing")


@operator(ast.BinOp)
def drop_term(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """a + b -> a, and b."""
    if not isinstance(node.op, ast.Add | ast.Sub) or not _is_numeric(site, node):
        return
    left, _, right = site.source.halves(node)
    yield site.edit(node, left, "drop term", *_term_classes(site, node.right))
    if not (isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add | ast.Sub)):
        kept = right if isinstance(node.op, ast.Add) else f"-{right}"
        yield site.edit(node, kept, "drop term", *_term_classes(site, node.left))


@operator(ast.BinOp)
def drop_factor(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """a * b -> a, and b; a / b -> a; a * y * (1 - y) -> a."""
    left, _, right = site.source.halves(node)
    if isinstance(node.op, ast.Mult):
        yield site.edit(node, left, "drop factor", *_factor_classes(site, node.right))
        if not (isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult)):
            yield site.edit(node, right, "drop factor", *_factor_classes(site, node.left))
        elif _is_one_minus(node.right, site) == site.source.of(node.left.right):
            first = site.source.halves(node.left).left
            yield site.edit(node, first, "drop activation derivative", "derivative-missing", "missing-factor")
    elif isinstance(node.op, ast.Div):
        scalar = site.value(node.right)
        mean = scalar is None or scalar.shape == ()
        classes = ("mean", "factor", "missing-factor") if mean else ("missing-factor", "data-factor")
        yield site.edit(node, left, "drop divisor", *classes)
        if mean:
            yield site.edit(node, f"{left} / {right} / {right}", "mean twice", "mean", "factor", "surplus-factor")


@operator(ast.BinOp)
def exponent(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """a ** 2 -> a, a ** 3."""
    if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
        left, _, _ = site.source.halves(node)
        places = ("data-factor", "derivative-place", "other")
        yield site.edit(node, left, "drop exponent", *places)
        yield site.edit(node.right, str(node.right.value + 1), "change exponent", *places)


@operator(ast.Constant)
def change_constant(site: Site, node: ast.Constant) -> Iterator[Edit]:
    """1 -> 2, 2 -> 1, 0.5 -> 1, x -> 2 x; not indices, axes and shapes."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not node.value:
        return
    parent = site.source.parents[node]
    if isinstance(parent, ast.Tuple | ast.Compare | ast.For) or isinstance(parent, ast.Call) and not _is_where(parent):
        return
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow):
        return
    for above in site.source.ancestors(node):
        if isinstance(above, ast.Subscript | ast.keyword | ast.For):
            return
        if isinstance(above, ast.stmt):
            break
    classes = ("factor", "data-factor", "derivative-place", "other")
    for value in {1: (2,), 2: (1, 4), 0.5: (1,)}.get(node.value, (2 * node.value, node.value / 2)):
        yield site.edit(node, repr(type(node.value)(value)), "change constant", *classes)


@operator(ast.UnaryOp)
def drop_minus(site: Site, node: ast.UnaryOp) -> Iterator[Edit]:
    """-a -> a."""
    if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        start, end = site.source.span(node)
        yield site.edit((start, end), site.source.of((start + 1, end)).lstrip(), "drop minus", "sign", "other")


@operator(ast.Compare)
def comparison(site: Site, node: ast.Compare) -> Iterator[Edit]:
    """> -> <, and a boundary moved by one."""
    start, end = site.source.span(node.left)[1], site.source.span(node.comparators[0])[0]
    between = site.source.of((start, end))
    flipped = {">=": "<=", "<=": ">=", "==": "!=", "!=": "==", ">": "<", "<": ">"}
    sign = next((each for each in flipped if each in between), None)
    if sign is None or len(node.ops) > 1:
        return
    classes = ("derivative-place", "boundary-step", "other", "derivative-missing")
    yield site.edit((start, end), between.replace(sign, flipped[sign]), "flip comparison", *classes)
    bound = node.comparators[0]
    if isinstance(bound, ast.Constant) and isinstance(bound.value, int):
        yield site.edit(bound, str(bound.value + 1), "move comparison", "boundary-step", "derivative-place", "other")


@operator(ast.If)
def condition(site: Site, node: ast.If) -> Iterator[Edit]:
    """if c -> if True, if False."""
    for text in ("True", "False"):
        yield site.edit(
            node.test, text, "drop condition", "boundary-step", "derivative-place", "other", "recurrent-term"
        )


@operator(ast.expr)
def whole_side(site: Site, node: ast.expr) -> Iterator[Edit]:
    """-(a), 2 * (a), a + 1, (a).T of what is assigned or returned."""
    if node not in sides(site.statement) or _is_empty(node):
        return
    text, atom = site.source.of(node), site.source.atom(node)
    summand = text if isinstance(node, ast.BinOp) else atom
    if isinstance(node, ast.Starred | ast.Tuple | ast.List | ast.Dict | ast.ListComp | ast.DictComp | ast.Lambda):
        return
    yield site.edit(node, f"-{atom}", "negate", "sign")
    for factor in ("2",) if isinstance(site.statement, ast.Return) else ("2", "0.5", "4"):
        yield site.edit(node, f"{factor} * {atom}", f"times {factor}", "factor", "mean", "surplus-factor")
    yield site.edit(node, f"{summand} + 1", "add one", "surplus-term", "accumulator-seed", "other")
    yield site.edit(node, f"{atom}.T", "transpose side", "transpose")
    for divisor in _divisors(site)[:1]:
        if divisor != text and f"/ {divisor}" not in text:
            yield site.edit(node, f"{atom} / {divisor}", "extra mean", "mean", "factor", "surplus-factor")


def sides(statement: ast.stmt) -> list[ast.expr]:
    """The expressions whose values a statement hands on: right side, returned values, entries of a dict or tuple."""
    if not isinstance(statement, ast.Assign | ast.AugAssign | ast.Return | ast.AnnAssign) or statement.value is None:
        return []
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple | ast.List):
        return list(statement.value.elts) if isinstance(statement.value, ast.Tuple | ast.List) else []
    found, open_ones = [], [statement.value]
    while open_ones:
        node = open_ones.pop(0)
        if isinstance(node, ast.Tuple | ast.List):
            open_ones += node.elts
        elif isinstance(node, ast.Dict):
            open_ones += [each for each in node.values if each is not None]
        elif isinstance(node, ast.ListComp | ast.DictComp):
            open_ones.append(node.elt if isinstance(node, ast.ListComp) else node.value)
        else:
            found.append(node)
    return found


def _is_where(node: ast.Call) -> bool:
    return name_of(node.func) in {"where", "clip", "maximum", "minimum", "full_like"}


def _divisors(site: Site) -> list[str]:
    """Whole numbers in the function that are sizes: not the variables of loops."""
    found = []
    function = site.source.function(site.statement)
    loops = {name for each in ast.walk(function) if isinstance(each, ast.For) for name in names_in(each.target)}
    for node in ast.walk(function):
        plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        if plain and not isinstance(node.ctx, ast.Store) and not names_in(node) & loops:
            value = site.value(node)
            if value is not None and value.whole and value.shape == () and (value.number or 0) > 1:
                found.append(site.source.of(node))
    return list(dict.fromkeys(found))


def _is_numeric(site: Site, node: ast.BinOp) -> bool:
    """Not an index or a text: those have operators of their own."""
    texts = any(
        isinstance(each, ast.Constant | ast.JoinedStr) and not _number(each) for each in (node.left, node.right)
    )
    inside = [each for each in site.source.ancestors(node) if isinstance(each, ast.Subscript)]
    return not texts and not any(_within(node, each.slice) for each in inside)


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _within(node: ast.AST, tree: ast.AST) -> bool:
    return any(each is node for each in ast.walk(tree))


def _is_empty(node: ast.expr) -> bool:
    """Zeros, empty containers, texts: nothing to multiply."""
    if isinstance(node, ast.Call):
        return name_of(node.func) in {"zeros", "zeros_like", "empty", "empty_like", "len", "range", "list", "dict"}
    return isinstance(node, ast.Constant)


def _is_one_minus(node: ast.expr, site: Site) -> str:
    """The text of y in 1 - y; empty otherwise."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _number(node.left) and node.left.value == 1:
        return site.source.of(node.right)
    return ""


def _term_classes(site: Site, dropped: ast.expr) -> tuple[str, ...]:
    words = names_in(dropped)
    if any(word in name.lower() for name in words for word in ("next", "carry", "rec", "later", "future")):
        return ("recurrent-term", "missing-term", "path-lost")
    return ("missing-term", "path-lost", "recurrent-term", "other")


def _factor_classes(site: Site, dropped: ast.expr) -> tuple[str, ...]:
    if any(isinstance(each, ast.BinOp) and isinstance(each.op, ast.Div) for each in ast.walk(dropped)):
        return ("mean", "factor", "missing-factor")
    if _number(dropped):
        return ("factor", "missing-factor")
    called = [name_of(each.func).lower() for each in ast.walk(dropped) if isinstance(each, ast.Call)]
    compared = any(isinstance(each, ast.Compare) for each in ast.walk(dropped))
    subtracted = any(isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub) for each in ast.walk(dropped))
    if compared or subtracted or any(word in name for name in called for word in _DERIVATIVE_WORDS):
        return ("derivative-missing", "missing-factor", "data-factor")
    return ("missing-factor", "derivative-missing", "data-factor", "cotangent-ignored")
