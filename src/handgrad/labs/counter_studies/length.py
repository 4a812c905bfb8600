"""Study ``length``: why the report's counter learns five steps and struggles with ten, and a setting that learns fifty.

Every length is trained from many seeds, by the report's setting and by the robust one, and by the robust one without
each of its parts; beside it stand the loss over the two weights, the size of the product terms, and the largest rate at
which the answer attracts.
"""

from typing import Any

import numpy as np

from handgrad.labs.counter import (
    METHODS,
    RULES,
    STUDY_LENGTHS,
    STUDY_SEEDS,
    CounterPlan,
    CounterSettings,
    settings_of,
)
from handgrad.labs.counter_directions import Floats, build_network, set_weights
from handgrad.labs.counter_studies._measures import RECURRENT, Stability, sensitivities, slices, stability, term_maps
from handgrad.labs.counter_studies._outcomes import VARIANTS, Outcome, Outcomes, train_all
from handgrad.labs.counter_studies._words import findings
from handgrad.labs.counter_surface import landscape
from handgrad.labs.counter_training import first_weights
from handgrad.labs.result import LabResult, Picture, Reporter, Table

_MAP_STEPS = 20  # of the maps of product terms, at most
_CHOSEN = ("length", "data", "rate", "scale", "clip", "momentum", "start")


def length(settings: CounterSettings, reporter: Reporter) -> LabResult:
    """Train all lengths, measure, tell. Raises UsageError where a setting was given that the study chooses."""
    settings.refuse(*_CHOSEN)
    lengths = tuple(dict.fromkeys(settings.lengths or STUDY_LENGTHS))
    seeds = settings.seeds or STUDY_SEEDS
    plan = settings.plan()
    outcomes = train_all(plan, lengths, seeds, reporter)
    measured = [_stability(plan, seeds, *outcomes.sequences[steps]) for steps in outcomes.sequences]
    terms = {steps: sensitivities(x) for steps, (x, _) in outcomes.sequences.items()}
    chosen = next((each for each in reversed(outcomes.all) if _is_chosen(plan, each)), None)
    network = None
    if chosen is not None:
        network = build_network(chosen.length)
        set_weights(network, chosen.weights[:, :1])
    shown = settings_of(plan, length=list(lengths), lengths=list(lengths), seeds=seeds)
    result = LabResult(
        _document(plan, outcomes, measured, terms, chosen, shown),
        tables=[
            _outcome_table(outcomes, seeds),
            _error_table(outcomes),
            _stability_table(measured),
            _term_table(terms),
        ],
        network=network,
        interrupted=outcomes.interrupted,
    )
    if outcomes.interrupted:
        result.findings = ["The study was interrupted; the tables show what was trained until then."]
        return result
    result.findings = findings(plan, outcomes, measured, terms)
    result.pictures = _pictures(outcomes, measured)
    return result


def _is_chosen(plan: CounterPlan, each: Outcome) -> bool:
    return (each.variant, each.method) == (plan.setting, plan.method)


def _stability(plan: CounterPlan, seeds: int, x: Floats, t: Floats) -> Stability:
    rule = RULES["published"]
    starts = [first_weights(CounterPlan(rule=rule, seed=plan.seed + i)) for i in range(seeds)]
    return stability(plan, np.stack(starts, axis=1), x, t)


def _document(
    plan: CounterPlan,
    outcomes: Outcomes,
    measured: list[Stability],
    terms: dict[int, dict[float, float]],
    chosen: Outcome | None,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The JSON document. ``length``, ``max_error``, ``w_rec`` and ``w_x`` are those of the last length, with the
    setting and the method that were asked for: the largest error of all seeds, and the weights of the first."""
    ending: dict[str, Any] = {"length": None, "max_error": None, "w_rec": None, "w_x": None}
    if chosen is not None:
        w_rec, w_x = (float(w) for w in chosen.weights[:, 0])
        ending = {"length": chosen.length, "max_error": float(chosen.errors.max()), "w_rec": w_rec, "w_x": w_x}
    return {
        "lab": "counter",
        "study": "length",
        "method": plan.method,
        "setting": plan.setting,
        "engine": plan.engine,
        "seed": plan.seed,
        **ending,
        "train_seconds": outcomes.seconds,
        "settings": settings,
        "outcomes": [each.document() for each in outcomes.all],
        "stability": [each.document() for each in measured],
        "terms": {steps: {f"{w:g}": value for w, value in each.items()} for steps, each in terms.items()},
    }


def _rows_of(outcomes: Outcomes) -> list[tuple[str, str, list[Outcome]]]:
    rows = [(variant, m, outcomes.by_length(variant, m)) for variant, (_, methods) in VARIANTS.items() for m in methods]
    return [row for row in rows if row[2]]


def _outcome_table(outcomes: Outcomes, seeds: int) -> Table:
    lengths = list(outcomes.sequences)
    rows = []
    for variant, method, each in _rows_of(outcomes):
        cells: list[str | None] = [None] * len(lengths)
        for one in each:
            lost = one.count("dead", "diverged")
            cells[lengths.index(one.length)] = f"{one.count('learned')} / {lost}"
        rows.append((variant, method, *cells))
    return Table(
        "outcomes",
        f"Of {seeds} seeds, how many learned / how many died or diverged, by length",
        ("setting", "method", *(f"{steps} steps" for steps in lengths)),
        tuple(rows),
        note="Learned: no output on new sequences is further than 0.001 from the count. Dead: every output is 0.",
    )


def _error_table(outcomes: Outcomes) -> Table:
    lengths = list(outcomes.sequences)
    rows = []
    for variant, method, each in _rows_of(outcomes):
        cells: list[float | None] = [None] * (2 * len(lengths))
        for one in each:
            at = 2 * lengths.index(one.length)
            cells[at], cells[at + 1] = float(np.median(one.errors)), float(one.errors.max())
        rows.append((variant, method, *cells))
    heads = [f"{steps} {which}" for steps in lengths for which in ("median", "worst")]
    title = "Largest error on new sequences, median and worst seed, by length"
    return Table("errors", title, ("setting", "method", *heads), tuple(rows), digits=3)


def _stability_table(measured: list[Stability]) -> Table:
    rate = RULES["published"].rate
    rows = []
    for each in measured:
        limits = [each.limits[method] for method in METHODS]
        stable = [each.stable[method] for method in METHODS]
        rows.append(
            (
                each.length,
                each.curvature,
                *limits,
                *stable,
                each.condition,
                each.own_condition,
                each.first_step,
                each.wall,
            )
        )
    return Table(
        "stability",
        "Around the answer (1, 1): curvature, and the largest rate at which steps come closer; medians over the seeds",
        (
            "length",
            "curvature",
            *(f"limit {method}" for method in METHODS),
            *(f"{rate:g} below it" if method == "exact" else method for method in METHODS),
            "condition",
            "own rates",
            "first step",
            "wall",
        ),
        tuple(rows),
        note=(
            "Curvature: larger eigenvalue of the Hessian. Limit 0: the answer repels at any rate. Then for how many "
            f"seeds the rate {rate:g} is below the limit, by method. Condition: larger over smaller eigenvalue, with "
            "one rate for both weights, and with each weight's own. First step: length of the exact gradient's, in the "
            "published setting. Wall: loss at w_rec = 1.1 over that at 0.9."
        ),
        digits=3,
    )


def _term_table(terms: dict[int, dict[float, float]]) -> Table:
    rows: list[tuple[str | float, ...]] = [(f"{w:g}", *(each[w] for each in terms.values())) for w in RECURRENT]
    return Table(
        "terms",
        "How the last output depends on w_rec, ds_T/dw_rec: the sum of its product terms, by w_rec and length",
        ("w_rec", *(f"{steps} steps" for steps in terms)),
        tuple(rows),
        note="Median over the training sequences of all seeds, at w_x = 1.",
        digits=3,
    )


def _settings() -> list[str]:
    """The two settings, in the order of the tables."""
    return [variant for variant in VARIANTS if variant in RULES]


def _pictures(outcomes: Outcomes, measured: list[Stability]) -> list[Picture]:
    from handgrad.figures.counter_studies import cliff_figure, limits_figure, outcomes_figure, terms_figure

    first = {steps: (x[:, 0], t[:, 0]) for steps, (x, t) in outcomes.sequences.items()}
    shares: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for variant in _settings():
        for method in METHODS:
            by_length = outcomes.by_length(variant, method)
            shares[variant, method] = [(e.length, 100 * e.count("learned") / len(e.fates)) for e in by_length]
    maps = term_maps(max((x for x, _ in first.values()), key=len)[:_MAP_STEPS])
    pictures = [Picture("outcomes", "Share of the seeds that learn to count, by length.", outcomes_figure, shares)]
    pictures += [_surface(variant, outcomes) for variant in _settings()]
    return [
        *pictures,
        Picture(
            "cliff",
            "The loss along w_rec at w_x = 1, and its derivative: the wall beyond w_rec = 1.",
            cliff_figure,
            {steps: slices(x, t) for steps, (x, t) in first.items()},
        ),  # fmt: skip
        Picture(
            "limits",
            "The largest rate at which steps come closer to the answer, by length (median over the seeds); "
            "a method that is missing at a length repels. Dotted: the rates of the report's text and code.",
            limits_figure,
            {m: [(e.length, e.limits[m]) for e in measured] for m in METHODS},
        ),  # fmt: skip
        Picture(
            "terms",
            "The product terms of the recurrent weight's gradient: how much the output of step n depends on "
            "w_rec through step k, mean over the sequences, w_x = 1.",
            terms_figure,
            maps,
        ),  # fmt: skip
    ]


def _surface(variant: str, outcomes: Outcomes) -> Picture:
    """The loss at every length, and the ways of the first seed over it."""
    from handgrad.figures.counter import paths_figure

    panels = []
    for steps, (x, t) in outcomes.sequences.items():
        paths = {m: each.path for m in METHODS if (each := outcomes.of(variant, m, steps)) is not None}
        panels.append(landscape(f"{steps} steps", x[:, 0], t[:, 0], paths))
    caption = (
        f"The loss over the two weights and the ways of the three methods, setting {variant}, first seed: from the "
        "ring to the filled marker; what leaves a picture runs along its edge."
    )
    return Picture(f"surface-{variant}", caption, paths_figure, panels)
