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
from handgrad.derive.loop_lines import STEP
from handgrad.derive.loop_source import Change, LoopSource, Shape, Use, Values
from handgrad.derive.names import differentiated
from handgrad.errors import InputError

_REQUIRED = 3  # arguments of a backward pass: the parameters, the cache and the cotangent of the output
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
        (outputs, cache), self.values, self.made = self.forward(self.inputs)
        self.output, *self.others = outputs if isinstance(outputs, tuple) else (outputs,)
        self.cotangent = draw(self.rng, np.shape(self.output))
        self.last_cotangents = [draw(self.rng, np.shape(other[-1])) for other in self.others]
        self.cotangents: Values = {}
        walk = self.source.backward
        given = (self.parameters, cache, self.cotangent, *self.last_cotangents)
        self.given = dict(zip(walk.arguments, given, strict=False))
        if len(walk.arguments) - len(walk.defaults) != _REQUIRED:
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
            whole = self.source.integers
            inputs = {name: v if name in whole else np.asarray(v, complex) for name, v in inputs.items()}
        arguments = self.source.forward.arguments
        found = self.source.forward.run({**inputs, arguments[0]: self._packed(inputs)}, change)
        if not isinstance(found[0], tuple) or len(found[0]) != 2 or not _arrays(found[0][0]):
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

    def used(
        self, name: str, index: str, lines: tuple[int, ...], step: int, of: str = LOSS, at: int | None = None
    ) -> NumericalGradient:
        """The numerical derivative of the loss, or of ``of`` in the step ``at``, by what some forward lines read in one
        step: the part of a derivative that comes through them."""
        key = (of, at, name, index, lines, step)
        if key not in self._known:

            def scalar(v: Any) -> Any:
                return self._scalar(of, at, self.forward(self.inputs, Use(name, index, lines, step, v)))

            whole = index == "" and name in self.inputs
            value = self.inputs[name] if whole else self.value(name, step - (index == f"{STEP} - 1"))
            self._known[key] = numerical_gradient(scalar, value)
        return self._known[key]

    def forward_steps(self, name: str) -> Any:
        """All that the forward pass calls ``name``, where that is an array with an entry for each step; else None."""
        value = self.values[name]
        indexed = any(line.target == name and line.index for line in self.source.forward.lines)
        return value[: self.steps] if indexed else None

    def value(self, name: str, t: int) -> Any:
        """What the forward pass calls ``name`` in step ``t``."""
        return self.made[name][t] if name in self.made else self.values[name][t]

    def cotangent_of(self, name: str) -> Any:
        """Random weights for a value of one step: what a Jacobian is checked under."""
        return self.cotangents.setdefault(name, draw(np.random.default_rng(len(name)), np.shape(self.value(name, 0))))

    def _scalar(self, of: str, step: int | None, found: Any) -> Any:
        (outputs, _), values, made = found
        if of == LOSS:
            y, *others = outputs if isinstance(outputs, tuple) else (outputs,)
            if step is not None:
                return (y[step] * self.cotangent[step]).sum()
            rest = zip(others, self.last_cotangents, strict=True)
            return (y * self.cotangent).sum() + sum((other[-1] * dother).sum() for other, dother in rest)
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


def _arrays(outputs: Any) -> bool:
    """Whether these are an array, or several: the first is the output, of the others the last entry is read."""
    return all(isinstance(each, np.ndarray) for each in (outputs if isinstance(outputs, tuple) else (outputs,)))
