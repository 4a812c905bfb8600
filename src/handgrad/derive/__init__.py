"""Typesets the equations in ``layers/`` from their source, and checks every backward line numerically.

    derivation = derive("dense")
    print(derivation.to_text())

There is no second copy of an equation: what is printed is what the file says, right or wrong, and the measured
relative error of each line stands beside it.
"""

from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from handgrad.derive.compose import LayerSpec
from handgrad.derive.document import Check, Derivation, Line, Section
from handgrad.derive.kinds import MAPS, TIME, all_names, loop_names, map_names, title_of
from handgrad.derive.layer import derive_layer
from handgrad.derive.lenet5 import LENET5, derive_lenet5
from handgrad.derive.lenet5 import TITLE as LENET5_TITLE
from handgrad.derive.loop import derive_loop
from handgrad.derive.loop_source import loop_layer, read_loop
from handgrad.derive.maps import derive_maps
from handgrad.derive.maps_source import map_layer
from handgrad.derive.mlp import TITLE, derive_mlp
from handgrad.derive.network import derive_network
from handgrad.derive.reader import module_reader, read_file, read_named
from handgrad.errors import UsageError, unknown_choice

__all__ = [
    "Check",
    "Derivable",
    "Derivation",
    "LayerSpec",
    "Line",
    "Section",
    "derive",
    "derive_mlp",
    "derive_module",
    "derive_network",
    "names",
]

MLP = "mlp"


class Derivable(NamedTuple):
    """What ``derive`` can be asked for."""

    name: str
    summary: str  # one line


def names(folder: Traversable | None = None) -> list[Derivable]:
    """All that ``derive`` knows: a layer for each file of ``folder`` (default: ``layers/``), and the networks."""
    layers = [Derivable(name, title_of(name, folder)) for name in all_names(folder)]
    networks = [
        Derivable(LENET5, f"{LENET5_TITLE}: notation, forward, backward."),
        Derivable(MLP, f"{TITLE}: notation, loss, forward, backward, update."),
    ]
    return [*layers, *networks]


def derive(name: str, *, seed: int = 0, folder: Traversable | None = None, **choices: Any) -> Derivation:
    """The derivation of the layer or network called ``name``.

    ``seed`` draws the numbers that the lines are checked with; ``folder`` holds the layers' files (default: the
    package's own). ``choices``, of mlp only: loss, hidden_activation (of lenet5 too), output_activation, weight_decay;
    see ``derive_mlp``. Raises UsageError for a name or a choice that does not exist.
    """
    if name == MLP:
        return derive_mlp(seed=seed, folder=folder, **choices)
    if name == LENET5:
        return _lenet5(seed, folder, **choices)
    layers = all_names(folder)
    if name not in layers:
        raise unknown_choice("what to derive", name, [*layers, LENET5, MLP])
    if choices:
        raise _refused(next(iter(choices)), name)
    if name in loop_names(folder):
        return derive_loop(read_loop(name, folder), seed, folder)
    if name in map_names(folder):
        return derive_maps(map_layer(read_file(name, folder)), seed, folder)
    return derive_layer(read_named(name, folder), seed)


def _refused(choice: str, name: str) -> UsageError:
    """The error where ``choice`` was given for what does not take it."""
    said, takers = ("the activation", f"{MLP} and {LENET5}") if choice == "hidden_activation" else (choice, MLP)
    return UsageError(f"{said} was given for {name}, expected for {takers} only; leave it out")


def _lenet5(seed: int, folder: Traversable | None, **choices: Any) -> Derivation:
    if unknown := sorted(set(choices) - {"hidden_activation"}):
        raise _refused(unknown[0], LENET5)
    return derive_lenet5(seed=seed, folder=folder, **choices)


def derive_module(module: str | Path | ModuleType, *, seed: int = 0) -> Derivation:
    """The derivation of a layer of your own: a module, or the path of a file.

    It holds ``<base name>_forward`` and ``<base name>_backward`` in the form of the files in ``layers/``. Raises
    InputError where the form is another, or the Shapes block is not what comes out.
    """
    reader = module_reader(module)
    if reader.kind == TIME:
        return derive_loop(loop_layer(reader), seed, forms=False)
    if reader.kind == MAPS:
        return derive_maps(map_layer(reader), seed, forms=False)
    return derive_layer(reader.layer(), seed)
