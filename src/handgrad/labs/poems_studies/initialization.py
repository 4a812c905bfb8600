"""Study ``initialization``: all parameters zero, all equal, normal, and Xavier's; why the first two cannot learn.

Report 002, part 2, question 1: with zeros "our outputs will always be exactly the same for each neuron"; Xavier's
(Glorot and Bengio 2010) is its choice. Here what it speaks of is counted: hidden units that differ from each other, and
the rank of the hidden states, before training and after every epoch.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.labs.poems import PoemsSettings
from handgrad.labs.poems_studies._common import (
    Kind,
    Study,
    curves_picture,
    ends,
    epochs_table,
    study_result,
    train_kinds,
)
from handgrad.labs.poems_training import Material, Watch, perplexity
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.labs.words import several
from handgrad.network.recurrent import LSTM
from handgrad.network.sequential import Sequential
from handgrad.training.initializers import GlorotUniform, Initializer, Normal, Zeros

SHARE, EPOCHS, BATCH = 0.1, 6, 64
_EQUAL = 0.05  # the number that all weights are
_SAME = 1e-3  # times the largest state: closer than that, in every state, are two units the same
_POEMS = 32  # whose states are looked at
INITIALIZERS: dict[str, Initializer] = {
    "zeros": Zeros(),
    "all equal": Normal(_EQUAL, 0.0),
    "normal (deviation 1)": Normal(0.0, 1.0),
    "normal (0.05)": Normal(0.0, 0.05),
    "Xavier": GlorotUniform(),
}


@dataclass(frozen=True)
class Units:
    """Before training and after every epoch: how many hidden units differ, and the rank of their states. ``moved``: the
    parameters that have a gradient at first."""

    distinct: list[int]
    rank: list[float]
    moved: list[str]


def initialization(settings: PoemsSettings, reporter: Reporter) -> LabResult:
    """Train from each beginning."""
    plan = settings.plan(share=SHARE, epochs=EPOCHS, batch_size=BATCH)
    plan = replace(plan, patience=plan.epochs)  # all curves to their end
    watches: dict[str, Watch] = {}
    moved: dict[str, list[str]] = {}

    def begin(name: str, network: Sequential, material: Material) -> Watch:
        def look(network: Sequential) -> tuple[int, float]:
            states = hidden_states(network, material, plan.engine)
            return distinct_units(states), effective_rank(states)

        draw(network, INITIALIZERS[name], plan.seed)
        moved[name] = with_gradient(network, material, plan.engine)
        watches[name] = Watch(look)
        watches[name].seen.append(look(network))
        return watches[name]

    study = train_kinds([Kind(name, plan) for name in INITIALIZERS], reporter, begin)
    found = {
        name: Units([seen[0] for seen in watches[name].seen], [seen[1] for seen in watches[name].seen], moved[name])
        for name in study.trainings
    }
    return _result(settings, study, found)


def draw(network: Sequential, initializer: Initializer, seed: int) -> None:
    """Begin all weights of ``network`` by ``initializer``, and all biases with 0."""
    random = np.random.default_rng(seed)
    for name in network.parameters:
        view = network.parameters[name]
        view[...] = initializer(view.shape, random) if view.ndim > 1 else 0.0


def hidden_states(network: Sequential, material: Material, engine: Any) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """States (real steps, units) of the last LSTM layer over some test poems."""
    x, _, lengths = material.test.some(slice(_POEMS))
    layer = max(i for i, each in enumerate(network.layers) if isinstance(each, LSTM))
    states = network.activations(x, lengths=lengths, engine=engine)[layer]
    real = np.arange(states.shape[1]) < lengths[:, None]
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
    shares = energy / total
    shares = shares[shares > 0]  # what is below the smallest number, too
    return float(np.exp(-(shares * np.log(shares)).sum()))


def with_gradient(network: Sequential, material: Material, engine: Any) -> list[str]:
    """The parameters whose gradient is not 0 everywhere, of the first training poems."""
    x, t, lengths = material.train.some(slice(_POEMS))
    gradients = network.gradients(x, t, lengths=lengths, engine=engine)
    return [name for name, gradient in gradients.items() if np.any(gradient)]


def _result(settings: PoemsSettings, study: Study, found: dict[str, Units]) -> LabResult:
    result = study_result(settings, study)
    result.document["units"] = {
        name: {
            "distinct": units.distinct,
            "effective_rank": units.rank,
            "parameters_with_gradient": units.moved,
        }
        for name, units in found.items()
    }
    if found:
        plan = study.plan
        title = f"Beginnings: {100 * plan.share:.3g} % of the poems, batches of {plan.batch_size}, {plan.optimizer!r}"
        result.tables = [epochs_table(study, "beginning", title), _units_table(found, plan.hidden)]
        result.pictures = [
            _units_picture(found, plan.hidden),
            curves_picture(study, "Test cross-entropy and perplexity by epoch, from each beginning."),
        ]
    if not study.interrupted:
        result.findings += findings(study, found)
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

    caption = "Hidden units that differ from each other, and the effective rank of their states; at epoch 0 untrained."
    distinct, rank = {n: u.distinct for n, u in found.items()}, {n: u.rank for n, u in found.items()}
    return Picture("units", caption, units_figure, distinct, rank, hidden)


def findings(study: Study, found: dict[str, Units]) -> list[str]:
    """What the numbers say of each beginning."""
    last = {name: perplexity(ends(each)) for name, each in study.trainings.items()}
    zeros, equal = found["zeros"], found["all equal"]
    counted = perplexity(study.counted.unigram)
    drawn = [name for name in last if name not in _STUCK]
    best = min(drawn, key=last.__getitem__)
    return [
        f"Zeros: of all parameters {' and '.join(zeros.moved)} alone has a gradient. The states are 0 at every step, "
        f"so no weight behind them has one; and the weights behind them are 0, so nothing before them has one. In the "
        f"end there is {several(zeros.distinct[-1], 'distinct unit')}, and the rank is {zeros.rank[-1]:.3g}. All "
        f"that it can learn is how frequent characters are: perplexity {last['zeros']:.0f}, where counting gives "
        f"{counted:.0f}.",
        f"All equal ({_EQUAL:g}): {len(equal.moved)} of {len(study.trainings['zeros'].network.parameters)} parameters "
        f"have a gradient, but all units have the same, as the report says: {equal.distinct[0]} distinct unit at "
        f"first, {equal.distinct[-1]} in the end, rank {equal.rank[-1]:.3g}."
        + (_ROUNDING if equal.distinct[-1] > 1 else "")
        + f" Perplexity {last['all equal']:.0f}.",
        "Drawn at random: "
        + ", ".join(f"{name} {last[name]:.0f} ({found[name].distinct[0]} distinct units at first)" for name in drawn)
        + f". The best of them is {best}.",
    ]


_STUCK = ("zeros", "all equal")
_ROUNDING = (
    " In exact arithmetic they would stay one. But sums are rounded differently in different places, training "
    "amplifies the difference, and some units part."
)
