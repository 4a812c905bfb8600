"""The labs there are. A new lab is one line here; nothing is imported until one is used."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from handgrad.errors import unknown_choice
from handgrad.labs.result import LabResult, Reporter


@dataclass(frozen=True)
class Lab:
    """``module`` has the dataclass ``settings`` and ``run(settings, reporter) -> LabResult``."""

    name: str
    module: str
    settings: str
    description: str

    @property
    def sentence(self) -> str:
        """The description as a sentence."""
        return f"{self.description[0].upper()}{self.description[1:]}."

    def settings_class(self) -> type[Any]:
        """The dataclass whose fields are the lab's command line."""
        found: type[Any] = getattr(import_module(self.module), self.settings)
        return found

    def run(self, settings: Any, reporter: Reporter) -> LabResult:
        """Run the lab."""
        function: Callable[[Any, Reporter], LabResult] = import_module(self.module).run
        return function(settings, reporter)


_LABS = (
    Lab("points", "handgrad.labs.points", "PointsSettings", "two classes of points, by a two-hidden-layer network"),
    Lab("digits", "handgrad.labs.digits", "DigitsSettings", "handwritten digits, by a one-hidden-layer network"),
    Lab("lenet", "handgrad.labs.lenet", "LenetSettings", "handwritten digits, by LeNet-5 as it was published"),
    Lab("adder", "handgrad.labs.adder", "AdderSettings", "sums of binary numbers, by a recurrent network"),
    Lab("poems", "handgrad.labs.poems", "PoemsSettings", "Tang poems, character by character, by an LSTM"),
    Lab("counter", "handgrad.labs.counter", "CounterSettings", "the ones of a sequence, by one recurrent neuron"),
)
LABS: dict[str, Lab] = {lab.name: lab for lab in _LABS}


def find_lab(name: str) -> Lab:
    """The lab called ``name``. Raises UsageError for another name."""
    if name not in LABS:
        raise unknown_choice("the lab", name, tuple(LABS))
    return LABS[name]
