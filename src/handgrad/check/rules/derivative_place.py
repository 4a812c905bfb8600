"""Derivative taken at the wrong place: a f'(right) = n f'(wrong), or f' applied twice."""

from collections.abc import Callable

import numpy as np

from handgrad.check.evidence import Evidence
from handgrad.check.pairs import sharing
from handgrad.check.result import Finding
from handgrad.check.rules._activations import DERIVATIVES, explained
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array

_Function = Callable[[Array], Array]

_AT = {"sigmoid": ("sigmoid at pre-activation {}", "sigmoid whose output is {}"),
       "tanh": ("tanh at pre-activation {}", "tanh whose output is {}")}  # fmt: skip


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        for kind, (at_input, at_output) in _AT.items():
            from_input, from_output = DERIVATIVES[at_input], DERIVATIVES[at_output]
            cases = (
                ("is taken with the formula for the output, of the pre-activation {}", from_input, from_output),
                ("is taken with the formula for the pre-activation, of the output {}", from_output, from_input),
                ("is applied twice, at pre-activation {}", _one, from_input),
                ("is applied twice, at output {}", _one, from_output),
            )
            for words, right, wrong in cases:
                value = explained(evidence, name, _exchanged(right, wrong))
                if value is not None:
                    text = f"In the gradient of {name} the derivative of the {kind} {words.format(value)}."
                    return finding("derivative-place", [name, *sharing(evidence, name)], text)
    return None


def _exchanged(right: _Function, wrong: _Function) -> Callable[[Array, Array], Array]:
    """a becomes a right(u) / wrong(u)."""
    return lambda a, u: a * right(u) / wrong(u)


def _one(u: Array) -> Array:
    return np.ones_like(u)
