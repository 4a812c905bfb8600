"""What may happen between epochs: callbacks, and early stopping.

A callback is anything that can be called as ``callback(network, epoch)`` after an epoch; ``epoch`` is the ``Epoch`` of
the history. If it returns True, training stops. An attribute ``every`` (a whole number) has it called only after every
so many epochs and after the last: then the epochs between run at full speed in one compiled call. A method
``part(steps, of, seconds)`` is told, also within long epochs, how many steps of the whole training have been taken and
how many seconds of training that took.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handgrad.options import NOT_NEGATIVE, settle, whole
from handgrad.training.history import Epoch

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

Callback = Callable[["Sequential", Epoch], Any]


@dataclass(frozen=True)
class Every:
    """``Every(250, print_it)`` calls ``print_it(network, epoch)`` after epochs 250, 500, ... and after the last."""

    every: int
    callback: Callback

    def __post_init__(self) -> None:
        whole("every of Every", self.every)

    def __call__(self, network: "Sequential", epoch: Epoch) -> Any:
        return self.callback(network, epoch)


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss (or, without validation data, the training loss) no longer falls.

    ``patience``: epochs without an improvement by more than ``minimum_change`` after which training stops.
    ``keep_best``: put back the parameters of the best epoch at the end.

    Source: Prechelt (1998), Early stopping - but when?, criterion UP.
    """

    patience: int = 10
    minimum_change: float = 0.0
    keep_best: bool = True

    def __post_init__(self) -> None:
        whole("patience of EarlyStopping", self.patience)
        settle(self, minimum_change=NOT_NEGATIVE)
