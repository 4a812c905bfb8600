"""Optimizers on the flat parameter vector: the equation of each as a pure function, and its numbers as a dataclass.

The compiled twins stand in ``kernels/`` under the same file and function names.
"""

from dataclasses import replace

from handgrad.options import named
from handgrad.training.optimizers._base import Optimizer
from handgrad.training.optimizers.adadelta import Adadelta
from handgrad.training.optimizers.adagrad import AdaGrad
from handgrad.training.optimizers.adam import Adam
from handgrad.training.optimizers.adamw import AdamW
from handgrad.training.optimizers.rmsprop import RMSProp
from handgrad.training.optimizers.sgd import SGD

__all__ = ["OPTIMIZERS", "SGD", "AdaGrad", "Adadelta", "Adam", "AdamW", "Optimizer", "RMSProp", "optimizer"]

OPTIMIZERS: dict[str, type[Optimizer]] = {each.kind: each for each in (SGD, AdaGrad, Adadelta, RMSProp, Adam, AdamW)}


def optimizer(choice: str | Optimizer, lr: float | None = None) -> Optimizer:
    """The optimizer that ``choice`` names (any case), with its default numbers, or ``choice`` itself.

    ``lr``, where given, replaces its learning rate. UsageError for an unknown name or a rate that is not above 0.
    """
    made = choice if isinstance(choice, Optimizer) else named("optimizer", choice, OPTIMIZERS, "SGD(lr=0.05)")()
    return made if lr is None else replace(made, lr=lr)
