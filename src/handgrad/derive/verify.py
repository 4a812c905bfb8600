"""Runs a program and puts a numerical derivative beside every backward line."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.numerical import TOLERANCE, NumericalGradient, numerical_gradient, relative_error
from handgrad.derive.document import Check, Line, Shape
from handgrad.derive.execute import Program, Values, draw, objective, run, sample
from handgrad.derive.expression import Equation, Expression
from handgrad.derive.names import derivative, differentiated
from handgrad.derive.source import Statement
from handgrad.derive.translate import Translation
from handgrad.errors import out_of_range

_DRAWS = 5  # of the data, before a derivative that the numerical methods cannot tell is taken as it is


@dataclass(frozen=True)
class Verified:
    """A program that was run, with everything measured on the way."""

    program: Program
    values: Values  # inputs, cotangents, and what every line gave
    checks: dict[str, Check]  # name of a derivative to its check
    gradients: dict[str, NumericalGradient]  # name of a derivative to the numerical one
    repeated: dict[Expression, Shape]  # met while the lines were typeset

    def shape(self, name: str) -> Shape:
        """The shape that a value came out with, in letters."""
        return self.program.letters(np.shape(self.values[name]))

    def line(self, statement: Statement, number: str = "", relation: str = "=") -> Line:
        """One line, typeset, with its shapes and its check."""
        known = {**statement.namespace, **self.values}
        translation = Translation(known, self.program.letters, self.program.values, repeated=self.repeated)
        left = translation.target(statement.target, known[statement.target])
        right = translation.expression(statement.value)
        return Line(
            Equation(left, right, relation),
            tuple(translation.symbols.items()),
            statement.origins,
            number or statement.step,
            statement.note,
            self.checks.get(statement.target),
        )


def verify(program: Program, seed: int) -> Verified:
    """Run ``program`` on random data and differentiate its loss by every value that a backward line is about.

    Data near a kink, where a numerical derivative means nothing, are drawn again. UsageError for a negative seed.
    """
    if seed < 0:
        raise out_of_range("the seed", seed, "a whole number of at least 0")
    for attempt in range(_DRAWS):
        verified = _measured(program, np.random.default_rng((seed, attempt)))
        if all(_certain(gradient) for gradient in verified.gradients.values()):
            break
    return verified


def _measured(program: Program, rng: np.random.Generator) -> Verified:
    """One run on one draw.

    Where a line is wrong, the numerical derivative goes on in its place, so that those below are judged by themselves.
    """
    values = sample(program, rng)
    run(program.forward, values)
    cotangents = {name: draw(rng, np.shape(values[name])) for name in program.outputs}
    right = values | {derivative(name): value for name, value in cotangents.items()}
    checks: dict[str, Check] = {}
    gradients: dict[str, NumericalGradient] = {}
    for line in program.backward:
        run([line], right)
        found = values[line.target] = right[line.target]
        of = differentiated(line.target, program.values)
        if of is not None:
            numerical = gradients[line.target] = _derivative(program, values, cotangents, of)
            check = checks[line.target] = Check(relative_error(found, numerical.gradient), numerical.method)
            if not check.passed:
                right[line.target] = numerical.gradient
    return Verified(program, right | values, checks, gradients, {})


def _derivative(program: Program, values: Values, cotangents: Values, of: str) -> NumericalGradient:
    """The numerical derivative of the program's loss by one value, which is changed behind the line that makes it."""
    made = [i for i, line in enumerate(program.forward) if line.target == of]
    behind = program.forward[made[-1] + 1 :] if made else program.forward

    def loss(v: Any) -> Any:
        trial = {**values, of: v}
        run(behind, trial)
        return objective(program, trial, cotangents)

    return numerical_gradient(loss, values[of])


def _certain(gradient: NumericalGradient) -> bool:
    """Whether the numerical derivative is known to better than what a line is held to."""
    scale = np.max(np.abs(gradient.gradient), initial=0.0)
    return bool(np.max(gradient.error, initial=0.0) <= 0.1 * TOLERANCE * max(scale, 1e-3))
