"""What an edit of a file changes, as a person would say it."""

import ast
import difflib
from typing import NamedTuple

_AUGMENTED = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/=", ast.MatMult: "@="}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}
_LONG = 60  # characters of code in a sentence; what is longer stands in the diff


class Change(NamedTuple):
    """An edit, seen as a person sees it."""

    phrase: str  # what is wrong with the old text, a clause
    kind: str  # "missing factor", "negated", ...


def difference(before: str, after: str) -> Change:
    """What an edit of a file changes."""
    removed, added = changed_lines(before, after)
    if sorted(removed) == sorted(added) and removed:
        return Change(f"the line {_code(removed[0])} stands in the wrong place", "moved")
    if not removed and len(added) == 1:
        return Change(f"a line is missing: {_code(added[0])}", "missing line")
    if len(removed) == 1 and added in ([], ["pass"]):
        return Change("this line does not belong here", "surplus line")
    if len(removed) != 1 or len(added) != 1:
        return Change("", "")
    old, new = parsed(removed[0]), parsed(added[0])
    if old is None or new is None:
        return Change("", "")
    return _Words(old, new).change()


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that an edit takes away and those that it puts in, without indentation."""
    one, two = before.splitlines(), after.splitlines()
    removed, added = [], []
    for tag, start, stop, first, last in difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += [each.strip() for each in one[start:stop] if each.strip()]
            added += [each.strip() for each in two[first:last] if each.strip()]
    return removed, added


def parsed(line: str) -> ast.stmt | None:
    """A line as a statement, also where a block follows it; None if it is none by itself."""
    for text in (line, f"{line} pass"):
        try:
            body = ast.parse(text).body
        except SyntaxError:
            continue
        for each in ast.walk(body[0]) if len(body) == 1 else ():
            each.text = ast.get_source_segment(text, each)  # type: ignore[attr-defined]
        return body[0] if len(body) == 1 else None
    return None


class _Words:
    """The change from one statement to another, in words."""

    def __init__(self, old: ast.stmt, new: ast.stmt) -> None:
        self.old, self.new = old, new

    def change(self) -> Change:
        old, new = self.old, self.new
        if isinstance(old, ast.Assign) and isinstance(new, ast.Assign) and len(old.targets) > len(new.targets):
            names = ", ".join(f"`{_text(each)}`" for each in old.targets)
            return Change(f"{names} are names of one and the same array", "one array")
        if isinstance(old, ast.Assign | ast.AugAssign) and isinstance(new, ast.Assign | ast.AugAssign):
            signs = operator_of(old), operator_of(new)
            if signs[0] != signs[1]:
                return Change(f"`{signs[0]}` stands where `{signs[1]}` belongs", signs[0])
        if isinstance(old, ast.For) and isinstance(new, ast.For) and _dump(old.iter) != _dump(new.iter):
            return Change(f"the loop runs over {_code(old.iter)}, and has to run over {_code(new.iter)}", "loop")
        renamed = _renamed(old, new)
        if renamed is not None and isinstance(renamed[0], ast.expr):
            return _exchanged(*renamed)
        one, two = _smallest(old, new)
        return _described(one, two)


def _described(one: ast.AST, two: ast.AST) -> Change:
    """What is wrong with ``one``, where ``two`` is right."""
    if isinstance(two, ast.UnaryOp) and isinstance(two.op, ast.USub) and _dump(two.operand) == _dump(one):
        return Change(f"the minus before {_code(one)} is missing", "negated")
    if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub) and _dump(one.operand) == _dump(two):
        return Change(f"the minus before {_code(two)} does not belong here", "negated")
    found = _part(two, one, missing=True) or _part(one, two, missing=False)
    if found is not None:
        return found
    if isinstance(one, ast.BinOp) and isinstance(two, ast.BinOp):
        return _operators(one, two)
    if _is_transpose(two, one):
        return Change(f"{_code(one)} has to be transposed here", "transpose")
    if _is_transpose(one, two):
        return Change(f"{_code(two)} must not be transposed here", "transpose")
    if isinstance(two, ast.Call) and _holds(two, one):
        return Change(f"{_code(one)} stands where {_code(two)} belongs", "call")
    return _exchanged(one, two)


def _part(whole: ast.AST, rest: ast.AST, *, missing: bool) -> Change | None:
    """``whole`` is ``rest`` and one operand more."""
    if not isinstance(whole, ast.BinOp):
        return None
    for side, other in ((whole.left, whole.right), (whole.right, whole.left)):
        if _dump(side) != _dump(rest):
            continue
        tail = "is left out" if missing else "does not belong here"
        state = "missing" if missing else "surplus"
        if isinstance(whole.op, ast.Add | ast.Sub):
            sign = "- " if isinstance(whole.op, ast.Sub) and side is whole.left else ""
            return Change(f"the term {_code(other, sign)} {tail}", f"{state} term")
        if isinstance(whole.op, ast.Div) and side is whole.left:
            return Change(f"the division by {_code(other)} {tail}", f"{state} divisor")
        if isinstance(whole.op, ast.Pow):
            return Change(f"the exponent {_code(other)} {tail}", f"{state} exponent")
        if isinstance(other, ast.BinOp) and isinstance(other.op, ast.Div) and isinstance(other.left, ast.Constant):
            return Change(f"the factor {_code(other)} {tail}", f"{state} divisor")
        return Change(f"the factor {_code(other)} {tail}", f"{state} factor")
    return None


def _operators(one: ast.BinOp, two: ast.BinOp) -> Change:
    same = _dump(one.left) == _dump(two.left) and _dump(one.right) == _dump(two.right)
    if same and type(one.op) is not type(two.op):
        signs = [_SIGNS.get(type(each.op), "the operator") for each in (one, two)]
        between = f" between {_code(one.left)} and {_code(one.right)}"
        between = between if len(between) < 2 * _LONG else ""
        return Change(f"`{signs[0]}` stands where `{signs[1]}` belongs{between}", "operator")
    if isinstance(one.op, ast.Add) and _factors(two) == _factors(one.left) + _factors(one.right):
        return Change(f"{_code(one.left)} and {_code(one.right)} are added, and have to be multiplied", "operator")
    if type(one.op) is type(two.op) and _dump(one.left) == _dump(two.right) and _dump(one.right) == _dump(two.left):
        return Change(f"the operands {_code(one.left)} and {_code(one.right)} stand in the wrong order", "order")
    return _exchanged(one, two)


def _factors(node: ast.AST) -> list[str]:
    return [_dump(each) for each in factors(node)]


def factors(node: ast.AST) -> list[ast.AST]:
    """The factors of a product, without its parentheses."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return factors(node.left) + factors(node.right)
    return [node]


def _exchanged(one: ast.AST, two: ast.AST) -> Change:
    if isinstance(one, ast.keyword) and isinstance(two, ast.keyword) and one.arg == two.arg:
        return Change(f"`{one.arg}={_text(one.value)}` stands where `{two.arg}={_text(two.value)}` belongs", "axis")
    old, new = _text(one), _text(two)
    kind = "mean for sum" if "mean" in old and "mean" not in new else "exchanged"
    if not isinstance(one, ast.expr) or not isinstance(two, ast.expr) or max(len(old), len(new)) > _LONG:
        return Change("", kind)
    return Change(f"{_code(one)} stands where {_code(two)} belongs", kind)


def _smallest(old: ast.AST, new: ast.AST) -> tuple[ast.AST, ast.AST]:
    """The smallest parts in which two trees differ."""
    while type(old) is type(new):
        pairs = _differing(old, new)
        if isinstance(old, ast.keyword):
            return old, new  # `axis=0`, not `0`
        if pairs is None or len(pairs) != 1:
            return old, new
        if isinstance(pairs[0][0], ast.operator | ast.expr_context):
            return old, new
        if isinstance(old, ast.BinOp) and (_part(new, old, missing=True) or _part(old, new, missing=False)):
            return old, new
        if isinstance(old, ast.Subscript) and pairs[0][0] is old.slice:
            return old, new  # `h[t + 1]` says more than `t + 1`
        old, new = pairs[0]
    return old, new


def _differing(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]] | None:
    """Children that differ, in pairs; None if what differs is no pair of children."""
    pairs: list[tuple[ast.AST, ast.AST]] = []
    for name in old._fields:
        one, two = getattr(old, name, None), getattr(new, name, None)
        ones, twos = (one, two) if isinstance(one, list) and isinstance(two, list) else ([one], [two])
        if len(ones) != len(twos):
            return None
        for each, other in zip(ones, twos, strict=True):
            if isinstance(each, ast.AST) and isinstance(other, ast.AST):
                if _dump(each) != _dump(other):
                    pairs.append((each, other))
            elif each != other:
                return None
    return pairs


def _renamed(old: ast.AST, new: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    """One part that is exchanged for another in two or more places, with all else the same."""
    found: list[tuple[ast.AST, ast.AST]] = []

    def walk(one: ast.AST, two: ast.AST) -> bool:
        if _dump(one) == _dump(two):
            return True
        leaf = ast.Name | ast.Attribute | ast.Subscript | ast.Constant
        pairs = _differing(one, two) if type(one) is type(two) else None
        if pairs and not isinstance(one, ast.Attribute | ast.Subscript):
            return all(walk(*each) for each in pairs)
        if isinstance(one, leaf) and isinstance(two, leaf):
            found.append((one, two))
            return True
        return False

    if not walk(old, new) or len(found) < 2 or len({(_dump(a), _dump(b)) for a, b in found}) != 1:
        return None
    return found[0]


def operator_of(node: ast.stmt) -> str:
    """``=``, or ``+=`` and its like."""
    return _AUGMENTED.get(type(node.op), "another operator") if isinstance(node, ast.AugAssign) else "="


def _is_transpose(one: ast.AST, of: ast.AST) -> bool:
    return isinstance(one, ast.Attribute) and one.attr == "T" and _dump(one.value) == _dump(of)


def _holds(call: ast.Call, part: ast.AST) -> bool:
    wanted = _dump(part)
    return any(_dump(each) == wanted for each in ast.walk(call) if each is not call)


def _code(node: ast.AST | str, sign: str = "") -> str:
    text = sign + (node if isinstance(node, str) else _text(node))
    return f"`{text}`" if len(text) <= _LONG + 20 else "in this line"


def _text(node: ast.AST) -> str:
    """As the user wrote it."""
    return getattr(node, "text", None) or ast.unparse(node)


def _dump(node: ast.AST) -> str:
    return ast.dump(node)
