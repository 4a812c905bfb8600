"""From a line on maps to an equation: ``x[p, u : u + s * M : s, ...]`` is X of map p at s i + u, ...

The maps p and d stand above a letter, as in the report on LeNet-5, places below it. A line that shifts a map is written
for one place i, j; one that does not, for whole maps. The sample n is shown where a sum runs over the samples.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from handgrad.derive import expression as ex
from handgrad.derive.algebra import Index
from handgrad.derive.maps_source import MapLine, Range
from handgrad.derive.names import differentiated, size_expression, symbol
from handgrad.derive.translate import Translation

MAPS = {"p": "C", "d": "D"}  # what numbers maps, and how many there are
ONE_PLACE: Index = {-3: "i", -2: "j", -1: ""}  # of one sample, which is not told
EVERY_PLACE: Index = {-3: "i", -2: "j", -1: "n"}
_COLUMN: Index = {-1: ""}
_TARGET = ("k", "l")  # a place that is gathered into
_SLIDING = {"correlate": False, "wide": True}  # what slides a kernel over a map, and whether over a border of zeros


@dataclass
class MapTranslation(Translation):
    """Translates the lines of one pass of a layer on maps."""

    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of the Shapes block
    table: ex.Symbol = field(default_factory=lambda: ex.Symbol("T"))

    def equation(self, lines: Sequence[MapLine]) -> ex.Equation:
        """The lines that make one place, as one equation."""
        places = any(isinstance(n, ast.Slice) and n.upper for each in lines for n in _nodes(each))
        gathered = places and lines[-1].added and _shifted(lines[-1].target)
        index = (ONE_PLACE if places else {}) if self.rank(lines[0].target) == 3 else _COLUMN
        left = self._left(lines[-1].target, index, bool(gathered))
        terms: list[ex.Term] = []
        for line in lines:
            body = self.expression(line.value, index)
            terms += ex.terms_of(self._summed(line, body, bool(gathered)))
        return ex.Equation(left, terms[0].body if len(terms) == 1 and not terms[0].minus else ex.Sum(tuple(terms)))

    def rank(self, node: ast.expr) -> int:
        """How many axes what ``node`` stands for has."""
        return len(self.shape(_read(node)))

    def _left(self, target: ast.expr, index: Index, gathered: bool) -> ex.Expression:
        left = self.expression(_read(target), index)
        if gathered and isinstance(left, ex.Symbol):
            return replace(left, index=_TARGET)
        return left

    def _summed(self, line: MapLine, body: ex.Expression, gathered: bool) -> ex.Expression:
        """``body`` under the sums over the loops' indices that the target does not have."""
        if not line.added:
            return body
        if gathered:
            shifts = [part for part in _parts(line.target)[1] if isinstance(part, ast.Slice)]
            places = zip(shifts, ("i", "j"), _TARGET, strict=True)
            conditions = (ex.Comparison(_shifted_place(part, i), "==", ex.Symbol(k)) for part, i, k in places)
            body = ex.Over("sum", tuple(ex.Where("", condition) for condition in conditions), body)
        for loop in reversed(line.loops):
            bounds = self.bounds(loop, {n.id for n in ast.walk(line.target) if isinstance(n, ast.Name)})
            body = ex.Over("sum", bounds, body) if bounds else body
        return body

    def bounds(self, loop: Range, fixed: set[str]) -> tuple[ex.Bound | ex.Where, ...]:
        """What a sum over the indices of ``loop`` that are not ``fixed`` runs over."""
        free = [name for name in loop.names if name not in fixed]
        if loop.links:
            linked = ex.Comparison(replace(self.table, index=tuple(MAPS)), "==", ex.Number("1"))
            return (ex.Where(",".join(free), linked),) if free else ()
        if not loop.ends:  # over maps, which are counted from 1
            return tuple(ex.Bound(name, size_expression(MAPS[name])) for name in free)
        ends = dict(zip(loop.names, loop.ends, strict=True))
        return tuple(ex.Bound(name, _last(ends[name]), "0") for name in free)

    def _subscript(self, node: ast.Subscript, index: Index) -> ex.Expression | None:
        """An array at some maps and places."""
        name, parts = _parts(node)
        if not name:
            return super()._subscript(node, index)
        maps = [ast.unparse(part) for part in parts if isinstance(part, ast.Name) and part.id in MAPS]
        flattened = not maps or any(not isinstance(part, ast.Name) for part in parts[: len(maps)])
        marks, axis = [], -len(self.shape(node))
        for part in parts[0 if flattened else len(maps) :]:
            if isinstance(part, ast.Slice):
                marks.append(_shift(part, index.get(axis, "")) if index else "")
                axis += 1
            else:
                marks.append(_text(part))
        marks += [index.get(each, "") for each in range(axis, 0)] if index else []
        plain = self.of_map(name, [] if flattened else maps)
        marks = [mark for mark in marks if mark]
        together = tuple(marks) if all(len(mark) == 1 for mark in marks) else (",".join(marks),)
        return replace(plain, index=together)

    def of_map(self, name: str, maps: Sequence[str]) -> ex.Symbol:
        """The symbol of an array at some maps; it is remembered with the shape that is left."""
        plain = self.named.get(name) or symbol(name, self.forward)
        plain = replace(plain, superscript=",".join(filter(None, (plain.superscript, *maps))))
        whole = self.shapes.get(differentiated(name, self.forward) or name, ())
        self.symbols.setdefault(plain, whole[len(maps) :])
        return plain

    def _met(self, name: str, shape: tuple[int, ...], index: Index) -> ex.Symbol:
        plain = self.of_map(name, ())
        return replace(plain, index=tuple(filter(None, (index[axis] for axis in sorted(index)))))

    def _call(self, node: ast.Call, index: Index) -> ex.Expression | None:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[kernel, over]) if name in _SLIDING:
                return ex.Slide(self.expression(kernel), self.expression(over), _SLIDING[name])
            case ast.Call(func=ast.Name(id="rot180"), args=[kernel]):
                return ex.Call("rot180", (self.expression(kernel),))
            case ast.Call(func=ast.Attribute(attr=("max" | "argmax") as name), args=[ast.ListComp() as listed]):
                return self._over_window(name, listed, index)
        return super()._call(node, index)

    def _over_window(self, name: str, listed: ast.ListComp, index: Index) -> ex.Expression:
        """``np.max([... for u, v in np.ndindex(s, s)], axis=0)``: the largest over u and v."""
        (each,) = listed.generators
        names = tuple(ast.unparse(part) for part in each.target.elts) if isinstance(each.target, ast.Tuple) else ()
        self.values = {**self.values, **dict.fromkeys(names, 0)}
        return ex.Over(name, self.bounds(Range(names, each.iter), set()), self.expression(listed.elt, index))

    def _reduction(self, name: str, of: ast.expr, node: ast.Call, index: Index) -> ex.Expression | None:
        """``.sum()``: over all places and samples of a map."""
        if name != "sum" or node.args or node.keywords or len(self.shape(of)) != len(EVERY_PLACE):
            return super()._reduction(name, of, node, index)
        sizes = dict(zip("ijn", self._of_one_map(of), strict=True))
        bounds = [ex.Bound(letter, _last(ast.Name(sizes[letter])), "0") for letter in "ij"]
        bounds.append(ex.Bound("n", size_expression(sizes["n"])))
        return ex.Over("sum", tuple(bounds), self.expression(of, EVERY_PLACE))

    def _of_one_map(self, node: ast.expr) -> tuple[str, ...]:
        """The shape of a map in ``node``, in letters: of one that is not shifted, whose places are the sum's."""
        for each in ast.walk(node):
            name, parts = _parts(each) if isinstance(each, ast.Subscript) else ("", [])
            if name and all(isinstance(part, ast.Name) and part.id in MAPS for part in parts):
                return self.shapes.get(differentiated(name, self.forward) or name, ())[len(parts) :]
        return self.letters(self.shape(node))


def _nodes(line: MapLine) -> list[ast.AST]:
    return [*ast.walk(line.target), *ast.walk(line.value)]


def _read(node: ast.expr) -> ast.expr:
    """What is assigned, as something to read."""
    return ast.parse(ast.unparse(node), mode="eval").body


def _parts(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """``W[p, d][u, v]`` as W and p, d, u, v; a whole slice ``[:]`` says nothing. No name where it is none's."""
    parts: list[ast.expr] = []
    while isinstance(node, ast.Subscript):
        parts = [*(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]), *parts]
        node = node.value
    kept = [
        part for part in parts if not (isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None)
    ]
    return (node.id, kept) if isinstance(node, ast.Name) else ("", kept)


def _shifted(target: ast.expr) -> bool:
    return any(isinstance(part, ast.Slice) and part.lower for part in _parts(target)[1])


def _shift(part: ast.Slice, letter: str) -> str:
    """``u : u + s * M : s`` at i as si+u."""
    step = _text(part.step) if part.step else ""
    return f"{step}{letter}{f'+{_text(part.lower)}' if part.lower else ''}"


def _shifted_place(part: ast.Slice, letter: str) -> ex.Expression:
    """The place of ``_shift`` as an expression."""
    place: ex.Expression = ex.Symbol(letter)
    if part.step:
        place = ex.Product((ex.Symbol(_text(part.step)), place), (False, False))
    return ex.Sum((ex.Term(False, place), ex.Term(False, ex.Symbol(_text(part.lower))))) if part.lower else place


def _text(node: ast.expr) -> str:
    """An index as one writes it: ``(d * H + i) * V + j`` as (dH+i)V+j."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return "".join(f"({_text(each)})" if _is_sum(each) else _text(each) for each in (left, right))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{_text(left)}+{_text(right)}"
    return ast.unparse(node)


def _is_sum(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))


def _last(end: ast.expr) -> ex.Expression:
    """The last index of a loop that ends before ``end``."""
    return ex.Sum((ex.Term(False, size_expression(ast.unparse(end))), ex.Term(True, ex.Number("1"))))
