"""Study ``initialization``: all parameters zero, all equal, normal, and Xavier's; why the first two cannot learn.

Report 002, part 2, question 1: with zeros "our outputs will always be exactly the same for each neuron"; Xavier's
(Glorot and Bengio 2010) is its choice. Here what it speaks of is counted: hidden units that differ from each other, and
the rank of the hidden states, before training and after every epoch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.labs.poems import PoemsSettings
from handgrad.labs.poems_studies._common import Kind, Study, curves_picture, ends, epochs_table, study_result, train_kinds
from handgrad.labs.poems_training import Material, perplexity
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.network.recurrent import LSTM
from handgrad.network.sequential import Sequential
from handgrad.training.history import Epoch
from handgrad.training.initializers import GlorotUniform, Initializer, Normal, Zeros

SHARE, EPOCHS, BATCH = 0.1, 8, 64
_EQUAL = 0.05  # the number that all weights are
_SAME = 1e-3  # times the largest state: closer than that, in every state, are two units the same
_POEMS = 32  # whose states are looked at
INITIALIZERS: dict[str, Initializer] = {
    "zeros": Zeros(),
    "all equal": Normal(_EQUAL, 0.0),
    "normal, deviation 1": Normal(0.0, 1.0),
    "normal, deviation 0.05": Normal(0.0, 0.05),
    "Xavier": GlorotUniform(),
}


@dataclass
class Units:
    """Before training and after every epoch: how many hidden units differ, and the rank of their states."""

    distinct: list[int] = field(default_factory=list)
    rank: list[float] = field(default_factory=list)


class _Watch:
    """Looks at the hidden states after every epoch."""

    every = 1

    def __init__(self, material: Material, engine: Any, units: Units) -> None:
        self.material, self.engine, self.units = material, engine, units

    def look(self, network: Sequential) -> None:
        states = hidden_states(network, self.material, self.engine)
        self.units.distinct.append(distinct_units(states))
        self.units.rank.append(effective_rank(states))

    def __call__(self, network: Sequential, epoch: Epoch) -> None:
        if len(self.units.distinct) == epoch.epoch:
            self.look(network)


def initialization(settings: PoemsSettings, reporter: Reporter) -> LabResult:
    """Train from each beginning."""
    plan = settings.plan(share=SHARE, epochs=EPOCHS, batch_size=BATCH)
    found = {name: Units() for name in INITIALIZERS}
    watches: dict[str, _Watch] = {}
    moved: dict[str, list[str]] = {}

    def begin(name: str, material: Material) -> Callable[[Sequential], None]:
        def prepare(network: Sequential) -> None:
            draw(network, INITIALIZERS[name], plan.seed)
            watches[name] = _Watch(material, plan.engine, found[name])
            watches[name].look(network)
            moved[name] = with_gradient(network, material, plan.engine)

        return prepare

    kinds = [Kind(name, plan, begin) for name in INITIALIZERS]  # type: ignore[arg-type]
    study = train_kinds(kinds, reporter)
    return _result(settings, study, found, moved)


def draw(network: Sequential, initializer: Initializer, seed: int) -> None:
    """Begin all weights of ``network`` by ``initializer``, and all biases with 0."""
    random = np.random.default_rng(seed)
    for name in network.parameters:
        view = network.parameters[name]
        view[...] = initializer(view.shape, random) if view.ndim > 1 else 0.0


def hidden_states(network: Sequential, material: Material, engine: Any) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """States (real steps, units) of the last LSTM layer over some test poems."""
    part = [each[:_POEMS] for each in material.test]
    layer = max(i for i, each in enumerate(network.layers) if isinstance(each, LSTM))
    states = network.activations(part[0], lengths=part[2], engine=engine)[layer]
    real = np.arange(states.shape[1]) < part[2][:, None]
    return np.asarray(states[real], np.float64)


def distinct_units(states: "np.ndarray[Any, np.dtype[np.float64]]") -> int:
    """How many columns of ``states`` differ from each other."""
    near = _SAME * np.abs(states).max(initial=0.0)
    leaders: list[int] = []
    for unit in range(states.shape[1]):
        if not leaders or np.abs(states[:, leaders] - states[:, unit, None]).max(axis=0).min() > near:
            leaders.append(unit)
    return len(leaders)


def effective_rank(states: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """exp of the entropy of the squared singular values' shares; 0 where all states are 0.

    Source: Roy and Vetterli (2007), The effective rank, with squared values.
    """
    energy = np.linalg.svd(states, compute_uv=False) ** 2
    total = energy.sum()
    if total == 0:
        return 0.0
    shares = energy[energy > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def with_gradient(network: Sequential, material: Material, engine: Any) -> list[str]:
    """The parameters whose gradient is not 0 everywhere, of the first training poems."""
    x, t, lengths = (part[:_POEMS] for part in material.train)
    gradients = network.gradients(x, t, lengths=lengths, engine=engine)
    return [name for name, gradient in gradients.items() if np.any(gradient)]


def _result(settings: PoemsSettings, study: Study, found: dict[str, Units], moved: dict[str, list[str]]) -> LabResult:
    result = study_result(settings, study)
    done = {name: found[name] for name in study.trainings}
    result.document["units"] = {
        name: {"distinct": units.distinct, "effective_rank": units.rank} for name, units in done.items()
    }
    result.document["parameters_with_gradient"] = {name: moved[name] for name in done}
    if done:
        plan = study.plan
        title = f"Beginnings: {100 * plan.share:.3g} % of the poems, batches of {plan.batch_size}, {plan.optimizer!r}"
        result.tables = [epochs_table(study, "beginning", title), _units_table(done, plan.hidden)]
        result.pictures = [
            _units_picture(done, plan.hidden),
            curves_picture(study, "Test cross-entropy and perplexity by epoch, from each beginning."),
        ]
    if not study.interrupted:
        result.findings += findings(study, done, moved)
    return result


def _units_table(found: dict[str, Units], hidden: int) -> Table:
    columns = ("beginning", "distinct at first", "distinct in the end", "rank at first", "rank in the end")
    rows = [(n, u.distinct[0], u.distinct[-1], u.rank[0], u.rank[-1]) for n, u in found.items()]
    note = (
        f"distinct: of {hidden} units, those whose states differ by more than {_SAME:g} of the largest, over {_POEMS} "
        "test poems; rank: effective rank of these states (exp of the entropy of the squared singular values)."
    )
    return Table("units", "Hidden units", columns, tuple(rows), note, digits=3)


def _units_picture(found: dict[str, Units], hidden: int) -> Picture:
    from handgrad.figures.poems import units_figure

    caption = "Hidden units that differ from each other, and the effective rank of their states; epoch 0: before training."
    figure = units_figure({n: u.distinct for n, u in found.items()}, {n: u.rank for n, u in found.items()}, hidden)
    return Picture("units", caption, figure)


def findings(study: Study, found: dict[str, Units], moved: dict[str, list[str]]) -> list[str]:
    """What the numbers say of each beginning."""
    last = {name: perplexity(ends(each)) for name, each in study.trainings.items()}
    zeros, equal = found["zeros"], found["all equal"]
    counted = perplexity(study.counted.unigram)
    best = min(last, key=last.__getitem__)
    return [
        f"Zeros: of all parameters only {_listed(moved['zeros'])} has a gradient. The state is 0 at every step, so no weight "
        f"behind it has one; the weights behind the state are 0, so nothing before them has one. {zeros.distinct[-1]} "
        f"distinct unit, rank {zeros.rank[-1]:.3g} in the end. What is learned is how frequent characters are: perplexity "
        f"{last['zeros']:.0f}, counting them gives {counted:.0f}.",
        f"All equal ({_EQUAL:g}): every parameter can move, but all units move alike, as the report says: "
        f"{equal.distinct[0]} distinct at first, {equal.distinct[-1]} in the end, rank {equal.rank[-1]:.3g}. A network of "
        f"one unit in effect: perplexity {last['all equal']:.0f}.",
        "Drawn at random: " + ", ".join(f"{name} {value:.0f}" for name, value in last.items() if name not in _STUCK)
        + f"; the best is {best}. "
        "The distinct units are all of them from the beginning; what the scale decides is how far gates and states are "
        "saturated at first.",
    ]


_STUCK = ("zeros", "all equal")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if names else "nothing"
