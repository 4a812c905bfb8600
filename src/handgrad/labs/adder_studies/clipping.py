"""Study ``clipping``: learning rates at which plain SGD fails, with and without a bound on the gradient."""

from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.data.sums import random_sums
from handgrad.labs.adder import AdderPlan, AdderSettings
from handgrad.labs.adder_studies._common import Group, counted, study_result, train_groups
from handgrad.labs.adder_training import EpochRow
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.labs.words import several, whole_or
from handgrad.layers._types import Array
from handgrad.network.sequential import Sequential
from handgrad.training.checkpoints import Training

RATES = (0.01, 0.03, 0.1, 0.3, 1.0)
NORM, VALUE = 1.0, 0.1
"""Bounds: on the length of a step's whole gradient, and on each of its entries."""

WATCHED = 0.1
"""The rate at which the gradients themselves are measured."""

_EPOCHS, _SUMS, _STREAM = 6, 100, 7
_BOUNDS: dict[str, dict[str, Any]] = {
    "not clipped": {},
    f"norm at most {NORM:g}": {"clip_norm": NORM},
    f"entries at most {VALUE:g}": {"clip_value": VALUE},
}


def clipping(settings: AdderSettings, reporter: Reporter) -> LabResult:
    """Train at every rate, without a bound, with one on the norm, and with one on the entries."""
    settings.refuse("rate", "stop_when_perfect")
    plan = settings.plan(epochs=_EPOCHS)
    plans = {
        f"rate {rate:g}, {name}": replace(plan, rate=rate, **bound) for rate in RATES for name, bound in _BOUNDS.items()
    }
    sums = random_sums(_SUMS, plan.bits, np.random.default_rng([plan.seed, _STREAM]))
    norms: dict[str, list[Array]] = {}

    def look(name: str, network: Sequential, row: EpochRow) -> None:
        if plans[name].rate == WATCHED:
            norms.setdefault(name.split(", ", 1)[1], []).append(gradient_norms(network, sums.x, sums.t, plan.engine))

    def also(training: Training) -> None:
        training.attach("norms", lambda: {"norms": norms}, lambda saved: norms.update(saved["norms"]))

    groups, interrupted = train_groups(plans, reporter, look, also)
    measured = [
        {
            "name": name,
            "largest": [float(each.max()) for each in each_epoch],
            "median": [float(np.median(each)) for each in each_epoch],
        }
        for name, each_epoch in norms.items()
    ]
    chosen: dict[str, Any] = {"rate": list(RATES), "clip_norm": NORM, "clip_value": VALUE}
    result = study_result("clipping", plan, groups, interrupted, chosen, gradient_norms=measured)
    result.tables = [_table(groups, plan)]
    if not interrupted:
        result.findings = _findings(groups, norms, plan)
    if norms:
        result.pictures = [_picture(groups, norms)]
    return result


def gradient_norms(network: Sequential, x: Any, t: Any, engine: Any = "compiled") -> Array:
    """The norm of the gradient by all parameters, of each sum for itself (n,)."""
    found = []
    for k in range(len(x)):
        gradients = network.gradients(x[k : k + 1], t[k : k + 1], engine=engine).values()
        found.append(np.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients)))
    return np.array(found)


def _table(groups: list[Group], plan: AdderPlan) -> Table:
    columns = ("rate", "bound", "seeds perfect", "median epoch", "accuracy % in the end", "diverged")
    rows = tuple(
        (
            group.plan.rate,
            group.name.split(", ", 1)[1],
            f"{len(group.learned)} of {len(group.runs)}",
            group.median_epoch,
            whole_or(100 * group.accuracy),
            group.diverged,
        )
        for group in groups
    )
    note = (
        f"{plan.bits} bits, {several(plan.hidden, 'unit')}, at most {several(plan.epochs, 'epoch')} of "
        f"{several(plan.sequences, 'sum')}. median "
        "epoch: the first without a wrong sum; accuracy: of the last, mean over the seeds; diverged: no longer finite."
    )
    return Table("rates", "Rates with and without clipping", columns, rows, note, digits=3)


def _findings(groups: list[Group], norms: dict[str, list[Array]], plan: AdderPlan) -> list[str]:
    texts = []
    for name in _BOUNDS:
        chosen = [group for group in groups if group.name.endswith(f", {name}")]
        all_learn = [group.plan.rate for group in chosen if len(group.learned) == len(group.runs)]
        rest = [group for group in chosen if group.plan.rate not in all_learn]
        text = f"{name[0].upper()}{name[1:]}: "
        text += f"every seed adds perfectly at the rate{'s' if len(all_learn) > 1 else ''} " if all_learn else ""
        text += (
            ", ".join(f"{rate:g}" for rate in all_learn) if all_learn else "no rate at which every seed adds perfectly"
        )
        text += "".join(f"; at {g.plan.rate:g} {counted(len(g.learned), len(g.runs))}" for g in rest)
        texts.append(f"{text}, within {several(plan.epochs, 'epoch')}.")
    texts += _widest(groups)
    texts += _watched(norms)
    return texts


def _widest(groups: list[Group]) -> list[str]:
    """Which bound bears the widest range of rates."""
    counts = {
        name: sum(len(g.learned) == len(g.runs) for g in groups if g.name.endswith(f", {name}")) for name in _BOUNDS
    }
    free, bounded = counts["not clipped"], {k: v for k, v in counts.items() if k != "not clipped"}
    best = max(bounded, key=lambda name: bounded[name])
    if bounded[best] > free:
        return [
            f"A bound widens the range of rates: {bounded[best]} of {len(RATES)} ({best}) against {free} without one."
        ]
    return [
        f"No bound widens the range of rates here: {free} of {len(RATES)} without one, {bounded[best]} with {best}."
    ]


def _watched(norms: dict[str, list[Array]]) -> list[str]:
    parts = [
        f"{name}: the largest of {len(epochs[-1])} gradients has the norm {max(float(e.max()) for e in epochs):.3g} "
        f"over the epochs, the median after the last is {float(np.median(epochs[-1])):.2g}"
        for name, epochs in norms.items()
    ]
    return [f"Before any bound is applied, at rate {WATCHED:g}: {'; '.join(parts)}."] if parts else []


def _picture(groups: list[Group], norms: dict[str, list[Array]]) -> Picture:
    from handgrad.figures.adder_studies import clipping_figure

    accuracies = {name: [(g.plan.rate, g.accuracy) for g in groups if g.name.endswith(f", {name}")] for name in _BOUNDS}
    largest = {name: [float(each.max()) for each in epochs] for name, epochs in norms.items()}
    caption = (
        f"Left: right sums in the last epoch by learning rate, mean over the seeds. Right: the largest gradient norm "
        f"of {_SUMS} sums after every epoch, before any bound is applied, at rate {WATCHED:g}."
    )
    return Picture("clipping", caption, clipping_figure, accuracies, largest, NORM)
