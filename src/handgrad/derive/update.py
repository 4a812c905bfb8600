"""The update of the parameters, from the source of an optimizer's equation."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from handgrad.check.numerical import numerical_gradient
from handgrad.derive.document import Check
from handgrad.derive.execute import Values, objective, run
from handgrad.derive.names import derivative
from handgrad.derive.source import Origin, Statement, rename
from handgrad.derive.verify import Verified
from handgrad.errors import InputError

STEP = "tau"  # the number of the step, which the optimizers call t, as the losses call the targets
MEANINGS = {
    "theta": "all parameters, one vector",
    "g": "the gradient, one vector",
    "lr": "learning rate",
    "momentum": "momentum",
    "beta1": "share of the mean gradient kept at a step",
    "beta2": "share of the mean squared gradient kept at a step",
    "rho": "share of the means kept at a step",
    "alpha": "share of the mean squared gradient kept at a step",
    "epsilon": "keeps the divisor from 0",
    "weight_decay": "the optimizer's weight decay",
    STEP: "number of the step, from 1",
}


@dataclass(frozen=True)
class Update:
    """An optimizer's lines, the branch that its numbers choose."""

    lines: tuple[Statement, ...]
    state: tuple[str, ...]  # names of the state vectors
    numbers: Mapping[str, float]  # the other arguments: learning rate, momentum, ...

    @property
    def plain(self) -> bool:
        """Whether it is one line without state, so that it can be written for each parameter by itself."""
        return len(self.lines) == 1 and not self.state

    def step(self, theta: Any, g: Any, lr: Any) -> Values:
        """All values of the first step from ``theta`` along ``g``."""
        values: Values = {**self.numbers, "theta": theta, "g": g, "lr": lr, STEP: 1}
        values |= {name: np.zeros_like(g) for name in self.state}
        run(self.lines, values)
        return values


def read_update(optimizer: Any, folder: Traversable | None = None) -> Update:
    """The equation of ``optimizer``, from ``<its kind>.py`` in ``folder`` (the package's own optimizers if not given).

    Raises InputError where the file has something that is neither an assignment nor a choice between branches.
    """
    kind = str(optimizer.kind)
    path = (folder or resources.files("handgrad.training.optimizers")).joinpath(f"{kind}.py")
    source = path.read_text(encoding="utf-8")
    function = next(
        node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == f"{kind}_update"
    )
    given = {field.name: getattr(optimizer, field.name) for field in fields(optimizer)}
    numbers = {a.arg: float(given[a.arg]) for a in function.args.args if a.arg in given}
    lines: list[Statement] = []
    state: dict[int, str] = {}
    for node in _branch(function.body, numbers):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Name(id="state")):
                state |= enumerate(map(ast.unparse, parts))
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Subscript(ast.Name(id="state"), ast.Constant(int(i)))
            ):
                state[i] = name
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                code = ast.get_source_segment(source, node) or ""
                value = rename(value, {"t": STEP})
                lines.append(Statement(name, value, (Origin(f"{kind}.py:{node.lineno}", code),), {"np": np}))
            case ast.Return():
                break
            case _:
                raise InputError(f"{kind}.py, line {node.lineno}: `{ast.unparse(node)}`: expected an assignment")
    return Update(tuple(lines), tuple(state.values()), numbers)


def _branch(body: Sequence[ast.stmt], numbers: Mapping[str, Any]) -> list[ast.stmt]:
    """The statements that are executed under these ``numbers``, up to the return, without the docstring."""
    chosen: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Return):
            return [*chosen, node]
        if isinstance(node, ast.If):
            test = compile(ast.Expression(node.test), "<a branch>", "eval")
            chosen += _branch(node.body if eval(test, dict(numbers)) else node.orelse, numbers)
            if chosen and isinstance(chosen[-1], ast.Return):
                return chosen
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            chosen.append(node)
    return chosen


def for_parameter(update: Update, parameter: str) -> Statement:
    """The only line of a plain update, for one parameter."""
    (line,) = update.lines
    value = rename(line.value, {"theta": parameter, "g": derivative(parameter)})
    return replace(line, target=parameter, value=value)


def slope(verified: Verified, update: Update, parameters: Sequence[str]) -> Check:
    """The derivative of the loss by the learning rate, at 0, when a step moves ``parameters``: it must fall."""
    program, values = verified.program, verified.values
    inputs = {name: values[name] for name in program.inputs}

    def loss(lr: Any) -> Any:
        moved = {p: update.step(values[p], values[derivative(p)], lr)["theta"] for p in parameters}
        trial = {**inputs, **moved}
        run(program.forward, trial)
        return objective(program, trial, {})

    numerical = numerical_gradient(loss, 0.0)
    return Check(float(numerical.gradient), numerical.method, slope=True)
