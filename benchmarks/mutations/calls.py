"""Operators on sums, axes, transposes, products of matrices, rotations and copies."""

import ast
from collections.abc import Iterator

from .edits import Edit, Site, name_of, operator

_PRODUCTS = {"dot", "matmul", "outer", "inner", "tensordot", "kron"}
_SUMS = {"sum", "mean"}
_EXCHANGES = {
    "maximum": "minimum",
    "minimum": "maximum",
    "tanh": "cosh",
    "cosh": "tanh",
    "exp": "tanh",
    "outer": "multiply",
    "multiply": "add",
    "add": "multiply",
    "argmax": "argmin",
    "sqrt": "square",
    "square": "abs",
    "triu": "tril",
    "tril": "triu",
    "repeat": "tile",
    "hstack": "vstack",
    "cumsum": "cumprod",
    "sign": "abs",
}


@operator(ast.BinOp)
def matrix_product(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """A @ B -> B @ A, A.T @ B, A @ B.T, (A @ B).T."""
    if isinstance(node.op, ast.MatMult):
        left, _, right = site.source.halves(node)
        for text, operator_name in _products(_operand(left, node.left), _operand(right, node.right)):
            yield site.edit(node, " @ ".join(text), operator_name, "transpose")


@operator(ast.Call)
def product_call(site: Site, node: ast.Call) -> Iterator[Edit]:
    """The same for np.dot(A, B) and its relatives, and for A.dot(B)."""
    if name_of(node.func) not in _PRODUCTS or node.keywords:
        return
    method = len(node.args) == 1 and isinstance(node.func, ast.Attribute)
    pair = [node.func.value, node.args[0]] if method else node.args
    if len(pair) != 2 or any(isinstance(each, ast.Starred) for each in pair):
        return
    function = name_of(node.func) if method else site.source.of(node.func)
    left, right = (site.source.atom(each) for each in pair)
    for text, operator_name in _products(left, right):
        new = f"{text[0]}.{function}({text[1]})" if method else f"{function}({text[0]}, {text[1]})"
        yield site.edit(node, new, operator_name, "transpose")


def _operand(text: str, node: ast.expr) -> str:
    """An operand that may be followed by .T and may stand on either side."""
    return f"({text})" if isinstance(node, ast.BinOp | ast.UnaryOp) and not text.startswith("(") else text


def _products(left: str, right: str) -> Iterator[tuple[tuple[str, str], str]]:
    yield (right, left), "swap operands"
    yield (_turned(left), right), "transpose left"
    yield (left, _turned(right)), "transpose right"
    yield (_turned(left), _turned(right)), "transpose both"


def _turned(text: str) -> str:
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"


@operator(ast.Attribute)
def drop_transpose(site: Site, node: ast.Attribute) -> Iterator[Edit]:
    """A.T -> A, outside products too."""
    if node.attr == "T":
        start, end = site.source.span(node)
        text = site.source.of((start, end))
        yield site.edit(node, text[: text.rindex(".")], "drop transpose", "transpose")


@operator(ast.Call)
def change_call(site: Site, node: ast.Call) -> Iterator[Edit]:
    """Transposes, rotations and copies dropped; a function exchanged; the order of arguments swapped."""
    name, texts = name_of(node.func), [site.source.of(each) for each in node.args]
    method = isinstance(node.func, ast.Attribute) and not _is_module(node.func.value)
    inner = site.source.of(node.func.value) if method else f"({texts[0]})" if texts else ""
    if name in {"transpose", "swapaxes", "moveaxis"} and inner:
        yield site.edit(node, inner, "drop transpose", "transpose", "wrong-axis")
    if name in {"rot90", "flip", "flipud", "fliplr"} and inner:
        yield site.edit(node, inner, "drop rotation", "rotation")
        if name == "rot90" and len(texts) > 1:
            yield site.edit(node.args[1], "1", "half rotation", "rotation")
    if name in {"copy", "array", "asarray"} and inner:
        yield site.edit(node, inner, "drop copy", "mutation", "buffer-not-cleared", "wrong-variable", "other")
    if name in _EXCHANGES and not method and isinstance(node.func, ast.Attribute):
        place = site.source.span(node.func)
        new = f"{site.source.of(node.func.value)}.{_EXCHANGES[name]}"
        yield site.edit(place, new, "exchange function", "other", "derivative-place", "sum-for-product", "wrong-axis")
    if name not in _PRODUCTS:
        for first, second in zip(node.args, node.args[1:], strict=False):
            place = site.source.span(first)[0], site.source.span(second)[1]
            swapped = f"{site.source.of(second)}, {site.source.of(first)}"
            yield site.edit(place, swapped, "swap arguments", "wrong-variable", "wrong-axis", "transpose", "other")


@operator(ast.Call)
def change_sum(site: Site, node: ast.Call) -> Iterator[Edit]:
    """np.sum(a, axis=0) -> a, its mean, its first row; its axis another one; keepdims dropped."""
    name = name_of(node.func)
    if name not in _SUMS:
        return
    method = isinstance(node.func, ast.Attribute) and not _is_module(node.func.value)
    if not method and not node.args:
        return
    summed = site.source.atom(node.func.value if method else node.args[0])
    other = "mean" if name == "sum" else "sum"
    function = site.source.span(node.func)
    yield site.edit((function[1] - len(name), function[1]), other, f"{name} to {other}", "mean", "factor")
    yield site.edit(node, summed, "drop sum", "sum-missing")
    axis = _argument(node, "axis", 0 if method else 1)
    keeps = _argument(node, "keepdims", 9)
    if isinstance(axis, ast.Constant) and isinstance(axis.value, int):
        first = f"{', '.join([':'] * axis.value + [':1' if keeps else '0'])}" if axis.value >= 0 else "..., 0"
        yield site.edit(node, f"{summed}[{first}]", "first item for sum", "sum-missing", "rows-dropped")


@operator(ast.keyword, ast.Call)
def change_axis(site: Site, node: ast.keyword | ast.Call) -> Iterator[Edit]:
    """axis=0 -> axis=1; keepdims dropped; an axis of several left out; axes of a transpose exchanged."""
    if isinstance(node, ast.keyword):
        if node.arg == "keepdims":
            start = site.source.data.rindex(b",", 0, site.source.span(node)[0])
            yield site.edit((start, site.source.span(node)[1]), "", "drop keepdims", "wrong-axis", "sum-missing")
        if node.arg in {"axis", "axes"}:
            yield from _other_axes(site, node.value)
    elif name_of(node.func) in {"sum", "mean", "transpose", "repeat", "concatenate", "flip", "squeeze", "expand_dims"}:
        for each in node.args:
            if isinstance(each, ast.Constant | ast.Tuple):
                yield from _other_axes(site, each)


def _other_axes(site: Site, node: ast.expr) -> Iterator[Edit]:
    classes = ("wrong-axis", "sum-missing", "transpose")
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield site.edit(node, "1" if node.value == 0 else "0", "change axis", *classes)
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        texts = [site.source.of(each) for each in node.elts]
        for place in range(len(texts)):
            rest = texts[:place] + texts[place + 1 :]
            yield site.edit(node, f"({', '.join(rest)},)", "drop an axis", *classes)
        for place in range(len(texts) - 1):
            swapped = [*texts[:place], texts[place + 1], texts[place], *texts[place + 2 :]]
            yield site.edit(node, f"({', '.join(swapped)})", "exchange axes", *classes)


@operator(ast.Call)
def change_einsum(site: Site, node: ast.Call) -> Iterator[Edit]:
    """The output transposed, two letters of an operand exchanged."""
    if name_of(node.func) != "einsum" or not isinstance(node.args[0], ast.Constant):
        return
    pattern = node.args[0].value
    for place, (first, second) in enumerate(zip(pattern, pattern[1:], strict=False)):
        if first.isalpha() and second.isalpha():
            new = f"{pattern[:place]}{second}{first}{pattern[place + 2 :]}"
            yield site.edit(node.args[0], f'"{new}"', "exchange einsum letters", "transpose", "wrong-axis")


@operator(ast.Subscript)
def drop_rotation(site: Site, node: ast.Subscript) -> Iterator[Edit]:
    """w[..., ::-1, ::-1] -> w; one axis reversed instead of two."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    reverses = [each for each in parts if site.source.of(each).replace(" ", "").endswith("::-1")]
    if reverses and isinstance(node.ctx, ast.Load):
        what = ("drop rotation", "rotation") if len(reverses) > 1 else ("drop reversal", "time-shift", "wrong-axis")
        yield site.edit(node, site.source.of(node.value), *what)
        if len(reverses) > 1:
            for each in reverses:
                yield site.edit(each, ":", "rotate one axis", "rotation", "wrong-axis")


def _argument(node: ast.Call, name: str, place: int) -> ast.expr | None:
    found = [each.value for each in node.keywords if each.arg == name]
    return found[0] if found else node.args[place] if len(node.args) > place else None


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"np", "numpy", "math", "scipy", "signal"}
