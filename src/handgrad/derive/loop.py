"""The derivation of a layer that walks through time.

``x[t]`` is typeset as x_t, a value that every step makes for itself (``a``) gets the step too, and ``dW += ...``
becomes a sum over t. Each backward line is checked at every step: its value is compared with the numerical derivative
by the value that it is about, which is changed in that step alone.
"""

import ast
import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handgrad.check.numerical import numerical_gradient, relative_error
from handgrad.derive import expression as ex
from handgrad.derive.document import Check, Derivation, Entry, Line, Section
from handgrad.derive.execute import Program, draw, prime_sizes, sample
from handgrad.derive.layer import SIZES
from handgrad.derive.loop_source import STEP, Change, LoopLine, LoopSource, Shape, Values, Walk
from handgrad.derive.names import size_expression, symbol
from handgrad.derive.reader import read_named
from handgrad.derive.source import rename
from handgrad.derive.translate import Translation

_SHOWN = 1  # the step whose values tell the shapes
_PASSES = {"activation": "forward", "activation_backward": "backward"}  # of the layer that ``f`` names


@dataclass
class _Run:
    """Both passes, once, on random numbers."""

    source: LoopSource
    inputs: Values
    rng: np.random.Generator
    repeated: dict[ex.Expression, Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (y, cache), self.values, self.made = self._forward(self.inputs)
        self.cotangent = draw(self.rng, np.shape(y))
        given = (self._parameters(self.inputs), cache, self.cotangent)
        walk = self.source.backward
        _, self.values_back, self.made_back = walk.run(dict(zip(walk.arguments, given, strict=False)))

    def _parameters(self, inputs: Values) -> Any:
        return self.source.parameters(*(inputs[name] for name in self.source.parameters._fields))

    def _forward(self, inputs: Values, change: Change | None = None) -> Any:
        first = self.source.forward.arguments[0]
        return self.source.forward.run({**inputs, first: self._parameters(inputs)}, change)

    def _loss(self, inputs: Values, change: Change | None = None) -> Any:
        return (self._forward(inputs, change)[0][0] * self.cotangent).sum()

    def check(self, target: str) -> Check:
        """What the backward pass says of ``target``, beside numerical derivatives, the worst of all steps."""
        of = target[1:]
        if of in self.inputs:
            numeric = numerical_gradient(lambda v: self._loss({**self.inputs, of: v}), self.inputs[of])
            return Check(relative_error(self.values_back[target], numeric.gradient), numeric.method)
        errors, method = [], ""
        for t in range(len(self.cotangent)):
            value = self.made[of][t] if of in self.made else self.values[of][t]
            found = self.made_back[target][t] if target in self.made_back else self.values_back[target][t]

            def loss(v: Any, t: int = t) -> Any:
                return self._loss(self.inputs, Change(of, t, v))

            numeric = numerical_gradient(loss, value)
            errors.append(relative_error(found, numeric.gradient))
            method = numeric.method
        return Check(max(errors), method)

    @cached_property
    def shown(self) -> Values:
        """Every name that a typeset line may read, with its value in one step."""
        shown: Values = {**self.values, **self.values_back}
        for name, value in {**self.values, **self.values_back}.items():
            if (
                isinstance(value, np.ndarray)
                and value.ndim > 1
                and len(value) in (len(self.cotangent), len(self.cotangent) + 1)
            ):
                shown |= {f"{name}_{STEP}": value[_SHOWN], f"{name}_{STEP}-1": value[_SHOWN - 1]}
        for name, steps in {**self.made, **self.made_back}.items():
            shown[f"{name}_{STEP}"] = steps[_SHOWN]
        return shown

    def line(self, line: LoopLine, program: Program, check: Check | None) -> Line:
        """One line, typeset."""
        forward = {*self.inputs, *(name for name in self.shown if name[0] != "d")}
        translation = Translation(self.shown, program.letters, forward, repeated=self.repeated)
        name = f"{line.target}_{line.index or STEP}".replace(" ", "")
        summed = line.added and not line.index
        left = translation.target(line.target if summed else name, self.shown[line.target if summed else name])
        right = translation.expression(_typeset(line.value, {*self.made, *self.made_back}, self.values["f"]))
        relation = "="
        if summed:
            right = ex.Over("sum", (ex.Bound(STEP, size_expression("T")),), right)
        elif line.added:
            right, relation = ex.Sum((ex.Term(False, left), *ex.terms_of(right))), "←"
        equation = ex.Equation(left, right, relation)
        return Line(equation, tuple(translation.symbols.items()), (line.origin,), line.number, line.note, check)


def _typeset(value: ast.expr, per_step: set[str], f: str) -> ast.expr:
    """``value`` in the names of one step."""
    node: ast.expr = ast.fix_missing_locations(_InOneStep(per_step, f).visit(copy.deepcopy(value)))
    return node


class _InOneStep(ast.NodeTransformer):
    def __init__(self, per_step: set[str], f: str) -> None:
        self.per_step, self.f = per_step, f

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(f"{node.id}_{STEP}" if node.id in self.per_step else node.id, ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and ast.unparse(node.slice) in (STEP, f"{STEP} - 1"):
            return ast.Name(f"{node.value.id}_{ast.unparse(node.slice)}".replace(" ", ""), ast.Load())
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """``activation(f, a)`` is written as the equation of the layer that f names."""
        self.generic_visit(node)
        chosen = _PASSES.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if chosen is None:
            return node
        layer = read_named(self.f)
        (line,) = layer.forward if chosen == "forward" else layer.backward
        letters = ("a",) if chosen == "forward" else ("y", "dy")
        given = [ast.unparse(argument) for argument in node.args[1:]]
        return rename(line.value, dict(zip(letters, (name.replace(" ", "") for name in given), strict=True)))


def _with_three_steps(sizes: dict[str, int]) -> dict[str, int]:
    """The same primes, with three steps: a first one, a last one and one between them."""
    return sizes | {letter: sizes.get("T", 3) for letter, size in sizes.items() if size == 3} | {"T": 3}


def derive_loop(source: LoopSource, seed: int = 0) -> Derivation:
    """Typeset and check the equations of a layer that walks through time."""
    sizes = _with_three_steps(prime_sizes(sorted(source.shapes.values(), key=len, reverse=True)))
    program = Program(source.shapes, (), (), sizes)
    rng = np.random.default_rng(seed)
    run = _Run(source, sample(program, rng), rng)
    checks = {target: run.check(target) for target in dict.fromkeys(line.target for line in source.backward.lines)}

    def lines(walk: Walk, checked: bool) -> tuple[Line, ...]:
        return tuple(run.line(line, program, checks[line.target] if checked else None) for line in walk.lines)

    forward = Section(f"Forward, {STEP} = 1 ... T", lines(source.forward, False))
    output = symbol(f"dy_{STEP}", {f"y_{STEP}"})
    given = ((output, program.letters(np.shape(run.cotangent[0]))),)
    backward = Section(f"Backward, {STEP} = T ... 1", lines(source.backward, True), backward=True, given=given)
    return Derivation(
        source.name,
        source.title,
        source.reference,
        (forward, backward),
        tuple(Entry(size_expression(letter), SIZES.get(letter, "size"), None) for letter in sizes),
        tuple(run.repeated.items()),
        "L = ⟨output, random cotangent⟩",
        dict(sizes),
        seed,
        (
            f"Before its loop, {source.name}_forward does: {source.forward.preparation}.",
            f"Before its loop, {source.name}_backward does: {source.backward.preparation}.",
        ),
    )
