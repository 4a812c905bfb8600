"""Typesets and checks other forms of a recurrent layer's gradient, and holds them against the recursion.

What a line gives is told by its name: ``delta`` in step k of the loop over t is the derivative of the loss of step t
by the pre-activation of step k, ``dh`` that by the state; ``dp_dq`` is the derivative of p by q, p of the step of the
outer loop and q of that of the inner.
"""

import ast
import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handgrad.check.numerical import relative_error
from handgrad.derive import expression as ex
from handgrad.derive.document import Check, Form, Line, Section
from handgrad.derive.execute import Program
from handgrad.derive.form_source import BEFORE, FormLine, FormSource, Record
from handgrad.derive.loop_lines import STEP, LoopLine, reads
from handgrad.derive.loop_run import LOSS, LoopRun
from handgrad.derive.loop_source import Values
from handgrad.derive.names import size_expression, symbol
from handgrad.derive.translate import Translation
from handgrad.derive.unfold import unfolded
from handgrad.errors import InputError

_JACOBIAN = re.compile(r"d([A-Za-z]+)_d([A-Za-z]+\d*)")
_ERRORS = {"delta": "a"}  # the field's letter for the derivative of a loss by a pre-activation
FORWARD = "forward pass"  # what a forward line inside a form is compared with


def recursion(run: LoopRun, begun: tuple[Line, ...], backward: tuple[Line, ...]) -> Form:
    """The layer's own backward pass, which the others are compared with."""
    source = run.source
    way = (*(line.equation for line in begun), *_way(run, source.backward.lines, backward))
    return Form("recursion", f"{source.name}.py", way, None, source.cost)


def _way(run: LoopRun, lines: Sequence[LoopLine], typeset: Sequence[Line]) -> tuple[ex.Equation, ...]:
    """The equations that lead to the derivative by the first parameter, without those of the forward pass."""
    forward = {*run.inputs, *run.values, *run.made}
    wanted = {f"d{run.source.parameters._fields[0]}"}
    for _ in lines:  # the longest way has as many lines as there are
        wanted |= {name for line in lines if line.target in wanted for name in reads(line) - forward}
    return tuple(each.equation for line, each in zip(lines, typeset, strict=True) if line.target in wanted)


def typeset_form(form: FormSource, run: LoopRun, program: Program) -> tuple[Section, Form]:
    """The lines of ``form``, each checked, and its place beside the recursion."""
    given = {**run.given, **run.inputs}
    values, records = form.run({name: given[name] for name in form.arguments if name in given})
    typesetter = _Typesetter(form, run, program, values, records)
    lines = tuple(typesetter.line(each, record) for each, record in zip(form.lines, records, strict=True))
    walk = f"{STEP} = 1 ... T" + (f", {BEFORE} = {STEP} ... 1" if form.nested else "")
    heading = f"{form.name.capitalize()}, {walk}"
    way = _way(run, [each.line for each in form.lines], lines)
    compared = Form(form.name, form.path, way, _difference(form, run, values), form.cost)
    return Section(heading, lines, backward=True), compared


def _difference(form: FormSource, run: LoopRun, values: Values) -> float:
    """The largest relative difference of a gradient that ``form`` returns from what the recursion returns."""
    arrays = [name for name in run.inputs if name not in run.source.parameters._fields]
    *others, parameters = run.returned
    right = {**dict(zip(arrays, others, strict=True)), **parameters._asdict()}
    returned = {node.id for node in ast.walk(form.result) if isinstance(node, ast.Name)}
    if missing := [f"d{name}" for name in parameters._fields if f"d{name}" not in returned]:
        raise InputError(f"{form.path} returns no {', '.join(missing)}, expected the gradients of all parameters")
    found = (name for name in right if f"d{name}" in returned)
    return max(relative_error(values[f"d{name}"], right[name]) for name in found)


@dataclass
class _Typesetter:
    """The lines of one form."""

    form: FormSource
    run: LoopRun
    program: Program
    values: Values
    records: list[list[Record]]
    shown: Values = field(default_factory=dict)
    named: dict[str, ex.Symbol] = field(default_factory=dict)

    def line(self, each: FormLine, record: list[Record]) -> Line:
        """One line, typeset and checked."""
        line = each.line
        self.shown = {**self.form.namespace, **self.values}
        f = self.values.get("f")
        value: ast.expr = _Places(self, each).visit(copy.deepcopy(unfolded(line.value, self.form.functions, f)))
        known = {*self.run.inputs, *self.run.values, *self.run.made}
        translation = Translation(self.shown, self.program.letters, known, repeated=self.run.repeated, named=self.named)
        name = self.occurrence(line.target, line.index, each, target=True)
        left = translation.target(name, self.shown[name])
        right = translation.expression(value)
        for bound in reversed(self._bounds(each)):
            right = ex.Over("sum", (bound,), right)
        symbols = tuple(translation.symbols.items())
        check = self._check(each, record)
        return Line(ex.Equation(left, right), symbols, (line.origin,), line.number, line.note, check)

    def _bounds(self, each: FormLine) -> list[ex.Bound]:
        """What a line with += sums over, from the outermost sum to the innermost."""
        last = size_expression("T")
        if not each.line.added:
            return []
        if each.line.index:
            return [ex.Bound(STEP, last, first=each.line.index)]
        inner = [ex.Bound(BEFORE, ex.Symbol(STEP))] if each.stage == "inner" else []
        return [ex.Bound(STEP, last), *inner]

    def occurrence(self, name: str, index: str, at: FormLine, target: bool = False) -> str:
        """The name, made for this place, under which the translation finds the value and the symbol."""
        if index:
            step = index.replace(" ", "")
            value = self.values[name][0]
        elif self.form.made(name):
            step = self.form.index(name, at, target)
            value = self.values[name]
        else:
            return name
        made = f"{name}@{step}"
        self.shown[made] = value
        self.named[made] = self._symbol(name, step, bool(index))
        return made

    def _symbol(self, name: str, step: str, array: bool) -> ex.Symbol:
        """The symbol of a value that belongs to ``step``."""
        if jacobian := _JACOBIAN.fullmatch(name):
            above, below = jacobian.groups()
            by = replace(symbol(below), partial=True, of=(above, STEP if self.form.nested else step))
            return replace(by, subscript=step) if self.form.nested else by
        if name in _ERRORS and self.form.nested:
            return replace(symbol(name), subscript=f"{STEP},{step}")
        known = {*self.run.inputs, *self.run.values, *self.run.made, "y"}
        found = replace(symbol(name, known), subscript=step)
        return replace(found, of=(LOSS, STEP)) if found.partial and self.form.nested and not array else found

    def _check(self, each: FormLine, record: list[Record]) -> Check | None:
        """What a line gave, beside numerical derivatives, the worst of all steps."""
        name = each.line.target
        if each.line.added:
            numeric = self.run.derivative(LOSS, None, name[1:])
            return Check(relative_error(self.values[name], numeric.gradient), numeric.method)
        if name in self.run.made or name in self.run.values:
            return Check(max(relative_error(v, self.run.value(name, t)) for t, _, v in record), FORWARD)
        errors, method = [], ""
        for t, k, value in record:
            at = k - 1 if self.form.index(name, each, target=True).endswith("-1") else k
            if jacobian := _JACOBIAN.fullmatch(name):
                of, by = jacobian.groups()
                numeric = self.run.derivative(of, t, by, at if self.form.nested else None)
                found = _pulled(value, self.run.cotangent_of(of), numeric.gradient.shape)
            else:
                numeric = self.run.derivative(LOSS, t, _ERRORS.get(name, name[1:]), at)
                found = value
            errors.append(relative_error(found, numeric.gradient))
            method = numeric.method
        return Check(max(errors), method)


def _pulled(jacobian: Any, cotangent: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent (H, B) through a Jacobian: (B, H, H), samples first, or (..., H, B), the axes of q first."""
    if jacobian.shape[-2:] != cotangent.shape:
        return np.einsum("nij,in->jn", jacobian, cotangent)
    products = jacobian * cotangent
    summed = products.sum(axis=(-2, -1))
    return summed if summed.shape == shape else products.sum(axis=-2)


class _Places(ast.NodeTransformer):
    """Gives every name of a line the step that it belongs to there."""

    def __init__(self, typesetter: _Typesetter, at: FormLine) -> None:
        self.typesetter, self.at = typesetter, at

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.typesetter.occurrence(node.id, "", self.at), ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        steps = {f"{step}{before}" for step in (STEP, BEFORE) for before in ("", " - 1")}
        if isinstance(node.value, ast.Name) and ast.unparse(node.slice) in steps:
            return ast.Name(self.typesetter.occurrence(node.value.id, ast.unparse(node.slice), self.at), ast.Load())
        return self.generic_visit(node)
