"""Runs a layer that walks through time, and differentiates it by a value of any step."""

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handgrad.check.numerical import NumericalGradient, numerical_gradient, relative_error
from handgrad.derive import expression as ex
from handgrad.derive.document import Check
from handgrad.derive.execute import draw
from handgrad.derive.loop_source import STEP, Change, LoopSource, Shape, Use, Values
from handgrad.derive.names import differentiated
from handgrad.errors import InputError

_SHOWN = 1  # the step whose values tell the shapes
LOSS = "L"


@dataclass
class LoopRun:
    """Both passes, once, on random numbers."""

    source: LoopSource
    inputs: Values
    steps: int
    rng: np.random.Generator
    repeated: dict[ex.Expression, Shape] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], NumericalGradient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (y, cache), self.values, self.made = self.forward(self.inputs)
        self.output = y
        self.cotangent = draw(self.rng, np.shape(y))
        self.cotangents: Values = {}
        self.given = dict(zip(("params", "cache", "dy"), (self.parameters, cache, self.cotangent), strict=True))
        walk = self.source.backward
        if len(walk.arguments) - len(walk.defaults) != len(self.given):
            said = f"{self.source.name}_backward takes {', '.join(walk.arguments) or 'nothing'}"
            raise InputError(f"{said}, expected the parameters, the cache and the cotangent of the output")
        self.prepared_back = walk.prepared(self.given_back())
        self.returned, self.values_back, self.made_back = walk.run(self.given_back())

    def given_back(self) -> Values:
        """What backward is called with: copies, because it may write into them."""
        return copy.deepcopy(dict(zip(self.source.backward.arguments, self.given.values(), strict=False)))

    @property
    def parameters(self) -> Any:
        return self._packed(self.inputs)

    def _packed(self, inputs: Values) -> Any:
        return self.source.parameters(*(inputs[name] for name in self.source.parameters._fields))

    def forward(self, inputs: Values, change: Change | Use | None = None) -> Any:
        """The forward pass, in complex numbers where one that it is given is: the complex step then goes through."""
        if np.iscomplexobj(change.value if change else 0) or any(map(np.iscomplexobj, inputs.values())):
            inputs = {name: np.asarray(value, complex) for name, value in inputs.items()}
        arguments = self.source.forward.arguments
        found = self.source.forward.run({**inputs, arguments[0]: self._packed(inputs)}, change)
        if not isinstance(found[0], tuple) or len(found[0]) != 2 or not isinstance(found[0][0], np.ndarray):
            raise InputError(f"{self.source.name}_forward gives {type(found[0]).__name__}, expected `return y, cache`")
        return found

    def derivative(self, of: str, step: int | None, by: str, at: int | None = None) -> NumericalGradient:
        """The numerical derivative of the loss (of one step, or of all where ``step`` is None), or of ``of`` at
        ``step`` under a random cotangent, by an input or by what the forward pass calls ``by`` in the step ``at``."""
        if at == -1 and f"{by}0" in self.inputs:
            by, at = f"{by}0", None  # the state before the first step is an input
        key = (of, step, by, at)
        if key not in self._known:
            value = self.inputs[by] if at is None else self.value(by, at)

            def scalar(v: Any) -> Any:
                if at is None:
                    return self._scalar(of, step, self.forward({**self.inputs, by: v}))
                return self._scalar(of, step, self.forward(self.inputs, Change(by, at, v)))

            self._known[key] = numerical_gradient(scalar, value)
        return self._known[key]

    def used(self, name: str, index: str, lines: tuple[int, ...], step: int) -> NumericalGradient:
        """The numerical derivative of the loss by what some forward lines read in one step: the part of a derivative
        that comes through them."""
        key = (LOSS, name, index, lines, step)
        if key not in self._known:

            def scalar(v: Any) -> Any:
                return self._scalar(LOSS, None, self.forward(self.inputs, Use(name, index, lines, step, v)))

            whole = index == "" and name in self.inputs
            value = self.inputs[name] if whole else self.value(name, step - (index == f"{STEP} - 1"))
            self._known[key] = numerical_gradient(scalar, value)
        return self._known[key]

    def value(self, name: str, t: int) -> Any:
        """What the forward pass calls ``name`` in step ``t``."""
        return self.made[name][t] if name in self.made else self.values[name][t]

    def cotangent_of(self, name: str) -> Any:
        """Random weights for a value of one step: what a Jacobian is checked under."""
        return self.cotangents.setdefault(name, draw(np.random.default_rng(len(name)), np.shape(self.value(name, 0))))

    def _scalar(self, of: str, step: int | None, found: Any) -> Any:
        (y, _), values, made = found
        if of == LOSS:
            return (y * self.cotangent).sum() if step is None else (y[step] * self.cotangent[step]).sum()
        value = made[of][step] if of in made else values[of][step]
        return (value * self.cotangent_of(of)).sum()

    def check(self, target: str) -> Check | None:
        """What the backward pass says of ``target``, beside numerical derivatives, the worst of all steps; None where
        it is not a derivative by a value of the forward pass."""
        of = target[1:]
        if differentiated(target, {*self.inputs, *self.made, *self.values}) is None:
            return None
        if of in self.inputs:
            numeric = self.derivative(LOSS, None, of)
            return Check(relative_error(self.values_back[target], numeric.gradient), numeric.method)
        errors, method = [], ""
        for t in range(self.steps):
            found = self.made_back[target][t] if target in self.made_back else self.values_back[target][t]
            numeric = self.derivative(LOSS, None, of, t)
            errors.append(relative_error(found, numeric.gradient))
            method = numeric.method
        return Check(max(errors), method)

    @cached_property
    def shown(self) -> Values:
        """Every name that a typeset line may read, with its value in one step."""
        shown: Values = {**self.values, **self.values_back}
        for name, value in {**self.values, **self.values_back}.items():
            if isinstance(value, np.ndarray) and value.ndim > 1 and len(value) in (self.steps, self.steps + 1):
                shown |= {f"{name}_{STEP}": value[_SHOWN], f"{name}_{STEP}-1": value[_SHOWN - 1]}
        for name, steps in {**self.made, **self.made_back}.items():
            shown[f"{name}_{STEP}"] = steps[_SHOWN]
        return shown
