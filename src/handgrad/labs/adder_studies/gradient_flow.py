"""Study ``gradient-flow``: vanishing and exploding gradients on purpose, and what they do to learning."""

import math
from dataclasses import replace
from typing import Any

from handgrad.labs.adder import AdderPlan, AdderSettings
from handgrad.labs.adder_gradients import Flow
from handgrad.labs.adder_gradients import gradient_flow as measure
from handgrad.labs.adder_studies._common import Group, counted, study_result, train_groups
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.labs.words import plain, several, whole_or

GAINS = (0.25, 1.0, 2.0, 4.0)
"""Spectral radii of the first W, an orthogonal matrix times so much."""

TRUNCATED = (1, 2)
"""k of truncated BPTT(k): with 1 no gradient crosses a step, with 2 it crosses every second one."""

_BITS, _EPOCHS = 32, 8
_PANELS = 4  # heat maps side by side
_ENOUGH = 0.95  # of the accuracy with gradients through time: as good as that


def gradient_flow(settings: AdderSettings, reporter: Reporter) -> LabResult:
    """Train from starts of several spectral radii, and with truncated gradients; measure the flow before and after."""
    settings.refuse("stop_when_perfect")
    plan = settings.plan(bits=_BITS, epochs=_EPOCHS)
    plans = {f"radius {gain:g}": replace(plan, gain=gain) for gain in GAINS}
    plans |= {f"BPTT({k})": replace(plan, truncate=k) for k in TRUNCATED}
    groups, interrupted = train_groups(plans, reporter)
    starts = [group for group in groups if not group.plan.truncate]
    flows = {group.name: _flows(group, plan) for group in starts}
    chosen = {"gain": list(GAINS), "truncate": list(TRUNCATED)}
    more = {"gradient_flow": [_numbers(name, *pair) for name, pair in flows.items()]}
    result = study_result("gradient-flow", plan, groups, interrupted, chosen, **more)
    result.tables = [_table(groups, flows, plan)]
    if not interrupted:
        result.findings = _findings(groups, flows, plan)
    if flows:
        result.pictures = _pictures(flows)
    return result


def _flows(group: Group, plan: AdderPlan) -> tuple[Flow, Flow]:
    """Before and after the group's first training."""
    first = group.runs[0]
    return measure(first.at(0), plan.bits, plan.seed), measure(first.network, plan.bits, plan.seed)


def _numbers(name: str, before: Flow, after: Flow) -> dict[str, Any]:
    return {
        "start": name,
        "spectral_radius": [before.radius, after.radius],
        "factor_per_step": [before.factor, after.factor],
        "left_at_step_1": [before.reach[-1], after.reach[-1]],
    }


def _table(groups: list[Group], flows: dict[str, tuple[Flow, Flow]], plan: AdderPlan) -> Table:
    columns = (
        *("start", "radius before", "factor before", "left at step 1", "seeds perfect", "median epoch"),
        *("accuracy %", "radius after", "factor after"),
    )
    rows: list[tuple[Any, ...]] = []
    for group in groups:
        before, after = flows.get(group.name, (None, None))
        flow = (before.radius, before.factor, float(before.reach[-1])) if before else (None, None, None)
        ended = (after.radius, after.factor) if after else (None, None)
        learned = f"{len(group.learned)} of {len(group.runs)}"
        accuracy = whole_or(100 * group.accuracy)
        rows.append((group.name, *flow, learned, group.median_epoch, accuracy, *ended))
    note = (
        "radius: spectral radius of W; factor: by how much the norm of dL_t/dh_k changes on its way back over a step, "
        "geometric mean over the losses of all steps t and over k; left at step 1: of the norm of the last step's loss "
        f"alone, before training, so it is no power of the factor. Of the first seed. {plan.bits} bits, at most "
        f"{several(plan.epochs, 'epoch')}. median epoch: the first without a wrong sum; accuracy: of the last epoch, "
        "mean."
    )
    return Table("starts", "Vanishing and exploding on purpose", columns, tuple(rows), note, digits=3)


def _findings(groups: list[Group], flows: dict[str, tuple[Flow, Flow]], plan: AdderPlan) -> list[str]:
    texts = []
    for group in groups:
        if group.name not in flows:
            continue
        before, _ = flows[group.name]
        seen = group.median_epoch
        when = f"; the first perfect epoch is number {seen:g} (median)" if seen is not None else ""
        texts.append(
            f"Start with spectral {group.name}: {_way_back(before, plan.bits - 1)}. Of the trainings "
            f"{counted(len(group.learned), len(group.runs))} come to add perfectly within "
            f"{several(plan.epochs, 'epoch')}{when}."
        )
    texts += _verdict([group for group in groups if group.name in flows], flows)
    texts += _truncated({group.plan.truncate: group for group in groups if group.plan.truncate})
    return texts


def _left(flow: Flow) -> float:
    """What is left at step 1 of the gradient of the last step's loss, over its norm there; 0 where nothing is."""
    left = float(flow.reach[-1])
    return 0.0 if math.isnan(left) else left


def _way_back(flow: Flow, steps: int) -> str:
    left = _left(flow)
    if not left:
        return f"of the gradient of the last step's loss nothing is left {several(steps, 'step')} before; it vanishes"
    each = f", {left ** (1 / steps):.3g} for each" if steps > 1 else ""
    return (
        f"on its way back over {several(steps, 'step')} the norm of the gradient of the last step's loss changes by a "
        f"factor {plain(left)}{each}; it {'explodes' if left > 1 else 'vanishes'}"
    )


def _verdict(starts: list[Group], flows: dict[str, tuple[Flow, Flow]]) -> list[str]:
    """Does vanishing hinder, does exploding?"""
    texts = []
    for fate, chosen in (
        ("vanishes", [group for group in starts if _left(flows[group.name][0]) <= 1]),
        ("explodes", [group for group in starts if _left(flows[group.name][0]) > 1]),
    ):
        if chosen:
            learned, runs = sum(len(group.learned) for group in chosen), sum(len(group.runs) for group in chosen)
            texts.append(f"Where the first gradient {fate}, {counted(learned, runs)} trainings come to add perfectly.")
    return [" ".join(texts)] if texts else []


def _truncated(groups: dict[int, Group]) -> list[str]:
    if set(groups) != set(TRUNCATED):
        return []
    none, one = (groups[k] for k in TRUNCATED)
    text = (
        f"With no gradient across a step, BPTT(1), {counted(len(none.learned), len(none.runs))} trainings learn it "
        f"(accuracy {100 * none.accuracy:.3g} %); with gradients across every second step alone, BPTT(2), "
        f"{counted(len(one.learned), len(one.runs))} do ({100 * one.accuracy:.3g} %)."
    )
    if none.accuracy >= _ENOUGH * one.accuracy > 0:
        text += (
            " So what later steps say of a state is hardly needed to learn this task, and a gradient that vanishes "
            "takes little away."
        )
    elif one.accuracy >= _ENOUGH:
        text += " So gradients across one step are needed, and those across more are not; vanishing takes little away."
    return [text]


def _pictures(flows: dict[str, tuple[Flow, Flow]]) -> list[Picture]:
    from handgrad.figures.adder_gradients import flow_figure, reach_figure

    return [
        Picture(
            "flows",
            "The norm of dL_t/dh_k before training, by the spectral radius ρ of the first W: it fades, or grows, with "
            "the distance between the loss of step t and the state of step k.",
            flow_figure,
            {name: before for name, (before, _) in list(flows.items())[:_PANELS]},
            named=False,
        ),
        Picture(
            "reach",
            "What is left of the gradient by distance, by the spectral radius of the first W. Geometric mean over the "
            "steps; where a line ends, nothing is left in float64.",
            reach_figure,
            {name.removeprefix("radius "): pair for name, pair in flows.items()},
            "first ρ(W)",
        ),
    ]
