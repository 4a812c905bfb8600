"""Functions that take all their training steps in one call: the first step is looked at, and the run ends there."""

import ast
from dataclasses import dataclass
from typing import Any

from handgrad.check.source.hooks import Watcher
from handgrad.check.source.module import UserModule
from handgrad.check.source.results import is_scalar
from handgrad.check.source.roles import bases, is_container_of_gradients, is_loss_in_backward
from handgrad.check.source.updates import Update, updates_in


class FirstStepDone(BaseException):
    """Raised out of the user's loop when it begins its second pass."""


@dataclass(frozen=True)
class Training:
    """A loop over training steps inside a function."""

    function: str
    begins: int  # a site that is passed once in each step
    losses: frozenset[int]  # sites where the loss of a step may be computed


class FirstStep:
    """Ends a run after the first training step, and keeps the loss of that step. Another watcher may look on."""

    def __init__(self, training: Training, inner: Watcher | None) -> None:
        self.training = training
        self.inner = inner
        self.passes = 0
        self.loss: Any = None

    def __call__(self, kind: str, number: int, value: Any) -> Any:
        """See a value."""
        if kind == "v" and number == self.training.begins:
            self.passes += 1
            if self.passes > 1:
                raise FirstStepDone
        if self.inner is not None:
            value = self.inner(kind, number, value)
        if number in self.training.losses and kind in "vr" and is_scalar(value) and self.loss is None:
            self.loss = value
        return value


def training_in(module: UserModule, function: str) -> Training | None:
    """The loop of a function that updates parameters again and again; None if it takes one step, or none."""
    node = module.watched.functions.get(function)
    mine = [each for each in updates_in(module.text) if each.function == function and _is_step(each)]
    if node is None or not mine:
        return None
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For | ast.While) and _holds(each, mine, node)]
    if not loops:
        return None
    loop = max(loops, key=lambda each: each.lineno)  # the innermost one that holds them all
    inside = range(loop.body[0].lineno, (loop.end_lineno or loop.lineno) + 1)
    sites = [each for each in module.sites if each.function == function and each.line in inside]
    depth = min((len(each.block) for each in sites), default=0)
    first = next(
        (each for each in sites if len(each.block) == depth and each.kind in ("assign", "augment", "argument")), None
    )
    if first is None:
        return None
    losses = [
        each.number
        for each in sites
        if (each.kind in ("assign", "after") and is_loss_in_backward(each.target.rpartition(".")[2]))
        or (each.kind == "argument" and each.target.endswith(".append") and is_loss_in_backward(each.target))
    ]
    return Training(function, first.number, frozenset(losses))


def _is_step(update: Update) -> bool:
    """A rate times a gradient, taken from something that is no gradient itself: not ``grads["b"] += 4 * da``."""
    target = update.target.rpartition(".")[2]
    accumulates = is_container_of_gradients(update.target) or bool(bases(target.partition("[")[0]))
    return update.has_rate and bool(update.gradient) and (update.sign < 0 or not accumulates)


def _holds(loop: ast.For | ast.While, updates: list[Update], function: ast.FunctionDef) -> bool:
    """Whether a loop goes around all updates, and around what they subtract: not one over the layers."""
    inside = range(loop.lineno, (loop.end_lineno or loop.lineno) + 1)
    if not all(each.line in inside for each in updates):
        return False
    assigned = [
        each.lineno
        for each in ast.walk(function)
        if isinstance(each, ast.Assign)
        for target in each.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name) and any(name.id == update.gradient for update in updates)
    ]
    return bool(assigned) and all(line in inside for line in assigned)
