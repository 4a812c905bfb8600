"""Operators on which variable stands where: other variables, time indices, rows, cotangents, helpers."""

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from .edits import Edit, Site, name_of, operator
from .runtime import is_plain

OTHERS = 3  # other variables tried for each use

_READS = {"T", "shape", "size", "ndim", "real", "dtype"}
_NOT_VALUES = {
    "zeros",
    "zeros_like",
    "ones",
    "ones_like",
    "empty",
    "empty_like",
    "len",
    "range",
    "reversed",
    "enumerate",
    "zip",
}
_LATER = re.compile(r"prev|next|last|old|before")
_UPSTREAM = re.compile(r"^(d|grad|delta|g|err|up|δ|Δ|∂|梯)", re.IGNORECASE)


@operator(ast.Subscript)
def time_index(site: Site, node: ast.Subscript) -> Iterator[Edit]:
    """[t] -> [t - 1], [t + 1]; [t - 1] -> [t]; [0] -> [1]; slices moved by one."""
    loops = {each.id for above in site.source.ancestors(node) for each in _loop_names(above)}
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for part in parts:
        if isinstance(part, ast.Name) and part.id in loops:
            for shift in ("- 1", "+ 1"):
                yield site.edit(part, f"{part.id} {shift}", "shift index", "time-shift", "wrong-variable", "wrong-axis")
        elif isinstance(part, ast.BinOp) and isinstance(part.left, ast.Name) and isinstance(part.right, ast.Constant):
            yield site.edit(part, part.left.id, "shift index", "time-shift", "wrong-variable", "wrong-axis")
        elif isinstance(part, ast.Constant) and isinstance(part.value, int):
            other = str(part.value - 1 if part.value > 0 else part.value + 1)
            yield site.edit(part, other, "change index", "wrong-axis", "wrong-variable", "time-shift", "mean")
        elif isinstance(part, ast.Slice):
            yield from _slices(site, part)


def _slices(site: Site, node: ast.Slice) -> Iterator[Edit]:
    """a[1:] -> a[:-1], a[:]; a[:-1] -> a[1:], a[:]."""
    text = site.source.of(node).replace(" ", "")
    classes = ("time-shift", "boundary-step", "wrong-axis", "rows-dropped")
    for new in {"1:": (":-1", ":"), ":-1": ("1:", ":")}.get(text, ()):
        yield site.edit(node, new, "shift slice", *classes)


@operator(ast.Name, ast.Attribute, ast.Subscript)
def part_of_value(site: Site, node: ast.expr) -> Iterator[Edit]:
    """Rows dropped; a kernel rotated; a transpose added."""
    value = site.value(node) if _is_use(site, node) else None
    if value is None or not value.shape:
        return
    text, dims = site.source.of(node), len(value.shape)
    if not isinstance(site.statement, ast.Return):
        for rows in ("[:1]", "[1:]", "[:, :1]")[: 3 if dims > 1 else 2]:
            yield site.edit(node, text + rows, "drop rows", "rows-dropped", "sum-missing", "boundary-step")
    if dims == 2 and not isinstance(site.source.parents[node], ast.Attribute):
        yield site.edit(node, f"{text}.T", "add transpose", "transpose")
    if dims > 1 and text.split("[")[0] in site.subject.kernels:
        yield site.edit(node, f"{text}[..., ::-1, ::-1]", "add rotation", "rotation")
        yield site.edit(node, f"{text}[..., ::-1]", "rotate one axis", "rotation", "wrong-axis")


@operator(ast.Name)
def cotangent(site: Site, node: ast.Name) -> Iterator[Edit]:
    """What comes from above, replaced by ones."""
    function = site.source.function(node)
    given = {each.arg for each in function.args.args} if isinstance(function, ast.FunctionDef) else set()
    value = site.value(node)
    if node.id in given and _UPSTREAM.match(node.id) and _is_use(site, node) and value is not None and value.shape:
        yield site.edit(node, f"np.ones_like({node.id})", "ones for cotangent", "cotangent-ignored")


@operator(ast.Call)
def other_helper(site: Site, node: ast.Call) -> Iterator[Edit]:
    """Another function of the file that takes as many arguments."""
    if not isinstance(node.func, ast.Name) or node.keywords:
        return
    functions = [each for each in site.source.tree.body if isinstance(each, ast.FunctionDef)]
    counts = {each.name: len(each.args.args) for each in functions if not each.args.defaults}
    fitting = [each for each in counts if each != node.func.id and counts[each] == len(node.args)]
    if node.func.id in counts:
        for other in sorted(fitting, key=lambda each: -_likeness(node.func.id, each))[:2]:
            classes = ("derivative-place", "wrong-variable", "derivative-missing", "other")
            yield site.edit(node.func, other, "other helper", *classes)
        if len(node.args) == 1:
            inner = site.source.of(node.args[0])
            once_more = next((each for each in fitting if f"{node.func.id}".endswith(each)), None)
            if once_more:
                yield site.edit(node.args[0], f"{once_more}({inner})", "activation once more", "derivative-place")


@operator(ast.Name, ast.Attribute, ast.Subscript)
def other_variable(site: Site, node: ast.expr) -> Iterator[Edit]:
    """Another variable of the same shape, the most similar names first."""
    if not _is_use(site, node):
        return
    text = site.source.of(node)
    ranked = sorted(site.runtime.fitting(site.statement, text), key=lambda each: -_likeness(text, each))
    turned = isinstance(site.source.parents[node], ast.Attribute)
    for other in [each for each in ranked if not (turned and each.endswith(".T"))][:OTHERS]:
        yield site.edit(node, other, "other variable", *_exchange_classes(site, node, other))


def _is_use(site: Site, node: ast.expr) -> bool:
    """A value that is read, as large a plain expression as stands there, and not an index or an argument of zeros()."""
    if not is_plain(node) or not isinstance(getattr(node, "ctx", None), ast.Load):
        return False
    if isinstance(node, ast.Attribute) and node.attr in _READS:
        return False
    above = site.source.parents[node]
    if isinstance(above, ast.Attribute):
        read = above.attr in _READS or isinstance(site.source.parents[above], ast.Call)
        if (
            not read
            or above.attr in {"shape", "size", "ndim", "dtype"}
            or isinstance(node, ast.Name)
            and node.id == "np"
        ):
            return False
    if isinstance(above, ast.Subscript | ast.Slice) or isinstance(above, ast.Call) and above.func is node:
        return False
    for each in site.source.ancestors(node):
        if isinstance(each, ast.Subscript | ast.keyword) and not _in_value(node, each):
            return False
        if isinstance(each, ast.Call) and name_of(each.func) in _NOT_VALUES:
            return False
        if isinstance(each, ast.stmt):
            return True
    return True


def _in_value(node: ast.AST, above: ast.Subscript | ast.keyword) -> bool:
    return isinstance(above, ast.Subscript) and any(each is node for each in ast.walk(above.value))


def _likeness(text: str, other: str) -> float:
    return SequenceMatcher(None, text, other).ratio()


def _loop_names(node: ast.AST) -> list[ast.Name]:
    targets = [node.target] if isinstance(node, ast.For) else [each.target for each in getattr(node, "generators", [])]
    return [each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _exchange_classes(site: Site, node: ast.expr, other: str) -> tuple[str, ...]:
    text = site.source.of(node)
    classes = ["wrong-variable"]
    in_derivative = (ast.Compare, ast.Call, ast.BinOp)
    if isinstance(site.source.parents[node], in_derivative):
        classes.append("derivative-place")
    if bool(_LATER.search(text)) != bool(_LATER.search(other)) or text.split("[")[0] == other.split("[")[0]:
        classes.append("time-shift")
    if "[" in text and "[" in other:
        classes.append("wrong-axis")
    value = site.value(node)
    if value is not None and value.whole:
        classes += ["mean", "factor"]
    return tuple(classes)
