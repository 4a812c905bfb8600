"""Functions, their arguments, conditions, and what loops run over."""

import ast
from collections.abc import Iterator

from handgrad.check.source.edits.node import Edit, Node, replaced
from handgrad.check.source.edits.shapes import permuted
from handgrad.check.source.pool import Pool
from handgrad.check.source.text import SourceText

_EXCHANGES = {
    "outer": ("multiply", "dot"),
    "dot": ("multiply", "outer"),
    "multiply": ("outer", "dot", "add"),
    "sum": ("mean",),
    "mean": ("sum",),
    "tanh": ("exp",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "zeros_like": ("ones_like",),
    "empty_like": ("zeros_like",),
    "empty": ("zeros",),
    "ones_like": ("zeros_like",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "add": ("subtract",),
    "subtract": ("add",),
    "max": ("min", "sum"),
    "argmax": ("argmin",),
    "sin": ("cos",),
    "cos": ("sin",),
}


_JOINED = ("concatenate", "stack", "vstack", "hstack", "column_stack", "row_stack", "dstack")
_UNARY = ("sqrt", "square", "exp", "log", "tanh", "sin", "cos", "abs", "sign", "cosh", "sinh")


def calls(source: SourceText, node: Node) -> Iterator[Edit]:
    """Another function, its arguments in another order, or what it is called with in place of the call."""
    call = node.node
    if not isinstance(call, ast.Call) or node.in_index:
        return
    args = [source.segment(each) for each in call.args]
    keywords = [f"{each.arg}={source.segment(each.value)}" for each in call.keywords if each.arg]
    name = source.segment(call.func)

    def made(function: str, new: list[str]) -> str:
        return f"{function}({', '.join(new + keywords)})"

    if isinstance(call.func, ast.Attribute):
        others = _EXCHANGES.get(call.func.attr, ())
        if call.func.attr in _UNARY:
            others = (*others, *(each for each in _UNARY if each != call.func.attr))
        for other in dict.fromkeys(others):
            fault = "accumulator-seed" if "zeros" in other else "other"
            cost = 1.2 if call.func.attr.startswith("empty") else 1.4
            yield replaced(node, made(name[: -len(call.func.attr)] + other, args), fault, cost, compound=False)
    if len(args) >= 2:
        swapped = [args[1], args[0], *args[2:]]
        yield replaced(node, made(name, swapped), "transpose", 1.2, compound=False)
    for place in range(1, min(len(args), 8) - 1):
        swapped = [*args[:place], args[place + 1], args[place], *args[place + 2 :]]
        yield replaced(node, made(name, swapped), "wrong-variable", 1.4, compound=False)
    if args and name.rpartition(".")[2] in _JOINED and isinstance(call.args[0], ast.List | ast.Tuple):
        for parts in exchanged([source.segment(each) for each in call.args[0].elts]):
            joined = f"[{parts}]" if isinstance(call.args[0], ast.List) else f"({parts})"
            yield replaced(node, made(name, [joined, *args[1:]]), "wrong-variable", 1.3, compound=False)
    if name in ("reversed", "list", "range") and args:
        yield from ranges(node, name, args)
    yield from _uncalled(source, node, call, name, args)


def exchanged(parts: list[str]) -> Iterator[str]:
    """The parts of a stack with two of them exchanged, such as the blocks of an LSTM's gates; neighbours first."""
    for apart in range(1, min(len(parts), 8)):
        for one in range(min(len(parts), 8) - apart):
            new = list(parts)
            new[one], new[one + apart] = new[one + apart], new[one]
            yield ", ".join(new)


def other_helpers(node: Node, pool: Pool) -> Iterator[Edit]:
    """Another function of the file that takes as many values: ``full(d, K)`` for ``valid(d, K)``."""
    call = node.node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords or node.in_index:
        return
    for name, count in pool.helpers.items():
        if name != call.func.id and count == len(call.args) and call.func.id in pool.helpers:
            yield replaced(node, f"{name}{node.text[len(call.func.id) :]}", "other", 1.5, compound=False)


def _uncalled(source: SourceText, node: Node, call: ast.Call, name: str, args: list[str]) -> Iterator[Edit]:
    """What a function is called with, in place of the call."""
    one = len(args) == 1
    if one and isinstance(call.func, ast.Name):
        yield replaced(node, args[0], "other", 1.6)
    if one and name in ("np.tanh", "numpy.tanh"):
        yield replaced(node, args[0], "derivative-place", 1.2)
    if args and name.endswith("ones_like"):
        yield replaced(node, args[0], "cotangent-ignored", 1.5 if node.root else 1.0)  # a start is rather 0 than that
    if args and name.endswith((".flip", "rot90", ".fliplr", ".flipud")):
        yield replaced(node, args[0], "rotation", 0.9)
    if one and name.endswith("zeros_like"):
        yield replaced(node, args[0], "accumulator-seed", 2.5)
    if not isinstance(call.func, ast.Attribute):
        return
    base = source.segment(call.func.value)
    if one and name.endswith(".reshape") and args[0].endswith(".shape"):
        yield from permuted(node, base, args[0][: -len(".shape")])
    if name.endswith(".copy"):
        yield replaced(node, f"np.zeros_like({base})", "accumulator-seed", 1.5, compound=False)


def ranges(node: Node, name: str, args: list[str]) -> Iterator[Edit]:
    if name == "reversed":
        yield replaced(node, args[0], "boundary-step", 1.3)
        return
    if name != "range":
        return
    fault = "boundary-step"
    if len(args) == 1:
        for new in (f"{args[0]} - 1", f"{args[0]} + 1"):
            yield replaced(node, f"range({new})", fault, 1.1, compound=False)
        yield replaced(node, f"range(1, {args[0]})", fault, 1.1, compound=False)
        yield replaced(node, f"range(1, {args[0]} + 1)", fault, 1.5, compound=False)
        if node.root:
            yield replaced(node, f"reversed(range({args[0]}))", fault, 1.2, compound=False)
    if len(args) == 2:
        start, stop = args
        if start in ("0", "1", "2"):
            yield replaced(node, f"range({stop})", fault, 1.0, compound=False)
        yield replaced(node, f"range({stop} - 1, {start} - 1, -1)", fault, 1.2, compound=False)
        for one in (f"{start} - 1", f"{start} + 1"):
            yield replaced(node, f"range({one}, {stop})", fault, 1.2, compound=False)
        for one in (f"{stop} - 1", f"{stop} + 1"):
            yield replaced(node, f"range({start}, {one})", fault, 1.1, compound=False)
    if len(args) == 3:
        start, stop, step = args
        for one in (f"{start} - 1", f"{start} + 1"):
            yield replaced(node, f"range({one}, {stop}, {step})", fault, 1.1, compound=False)
        for one in ("-1", "0", "1", f"{stop} - 1", f"{stop} + 1"):
            if one != stop:
                yield replaced(node, f"range({start}, {one}, {step})", fault, 1.1, compound=False)


def other_loops(source: SourceText, node: Node, iterations: list[str], sizes: list[str]) -> Iterator[Edit]:
    """What other loops of the file run over."""
    yield Edit(node.span, f"reversed(list({node.text}))", "boundary-step", 1.4, root=True)
    yield Edit(node.span, f"list({node.text})[::-1]", "boundary-step", 1.6, root=True)
    call = node.node
    if isinstance(call, ast.Call):
        for each in call.args:
            yield Edit(source.span(each), f"{source.segment(each)}[::-1]", "boundary-step", 1.2)
            yield Edit(source.span(each), f"reversed({source.segment(each)})", "boundary-step", 1.3)
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range":
        for size in sizes:
            yield Edit(node.span, f"range({size})", "boundary-step", 1.5, root=True)
            for each in call.args:
                lost = source.segment(each).replace(" ", "").lstrip("-").isdigit()  # what stood before "- 1"
                if lost and len(call.args) > 1:
                    yield Edit(source.span(each), f"{size} - 1", "boundary-step", 1.4)
                    yield Edit(source.span(each), size, "boundary-step", 1.5)
    for text in iterations:
        if text != source.segment(node.node):
            yield Edit(node.span, text, "boundary-step", 1.7, root=True)


def other_tests(node: Node, tests: list[str], numbers: list[str]) -> Iterator[Edit]:
    """What another condition asks, the opposite, the first or the last round of a loop."""
    for text in (*tests, "True", "False", f"not {node.closed}"):
        yield Edit(node.span, text, "boundary-step", 1.6, root=True)
    for name in numbers:
        for text in (f"{name} == 0", f"{name} == 1", f"{name} > 0", f"{name} > 1"):
            yield Edit(node.span, text, "boundary-step", 1.7, root=True)


_COMPARISONS = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}


def comparisons(source: SourceText, node: Node) -> Iterator[Edit]:
    if isinstance(node.node, ast.Compare) and len(node.node.ops) == 1:
        left, right = source.segment(node.node.left), source.segment(node.node.comparators[0])
        now = _COMPARISONS.get(type(node.node.ops[0]), "")
        for sign in _COMPARISONS.values():
            if now and sign != now:
                mirrored = {sign, now} in ({"<", ">"}, {"<=", ">="})
                fault = "other" if now in ("==", "!=") else "derivative-place"  # of max(z, 0), say, by a comparison
                yield replaced(node, f"{left} {sign} {right}", fault, 1.1 if mirrored else 1.2)
    if isinstance(node.node, ast.IfExp):
        body, other = source.segment(node.node.body), source.segment(node.node.orelse)
        yield replaced(node, body, "other", 1.6)
        yield replaced(node, other, "other", 1.6)
        yield replaced(node, f"{other} if {source.segment(node.node.test)} else {body}", "other", 1.4)
