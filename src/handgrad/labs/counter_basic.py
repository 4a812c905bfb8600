"""The basic run of the lab ``counter``: the three methods from one start, matrices, angles, what each learns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.data.counting import Sequences, random_sequences
from handgrad.labs.counter import LEARNED, METHODS, CounterPlan, CounterSettings, settings_of, training_sequences
from handgrad.labs.counter_directions import Floats, build_network, count, set_weights
from handgrad.labs.counter_forms import Form, disagreement, gradient_forms
from handgrad.labs.counter_surface import landscape
from handgrad.labs.counter_training import TOO_LARGE, Group, Trained, first_weights, max_errors, telling, train
from handgrad.labs.counter_words import findings
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.labs.resuming import training_of
from handgrad.labs.words import several
from handgrad.network.sequential import Sequential

_COLUMNS, _ROWS = 4, 60  # of a matrix, that are printed


@dataclass(frozen=True)
class CounterRun:
    """A basic run: the three methods, in the order of METHODS, from one start on the same sequences; ``errors`` and
    ``training_errors`` are the largest |s_n - t_n| of each; ``forms`` the gradients at the start."""

    plan: CounterPlan
    sequences: Sequences
    new: Sequences
    trained: Trained
    errors: Floats
    training_errors: Floats
    fates: list[str]
    forms: list[Form]
    network: Sequential

    @property
    def chosen(self) -> int:
        """The method that the run is about, as an index."""
        return METHODS.index(self.plan.method)

    @property
    def weights(self) -> tuple[float, float]:
        """w_rec and w_x that it ended with."""
        w_rec, w_x = self.trained.final[:, self.chosen]
        return float(w_rec), float(w_x)


def run_basic(settings: CounterSettings, reporter: Reporter) -> LabResult:
    """Train, test, and put what came of it together. Raises InputError for sequences that cannot be used."""
    plan, sequences = training_sequences(settings)
    run = _train(plan, sequences, reporter)
    trained = run.trained
    error = ""
    if trained.diverged[run.chosen]:
        at = int(np.isfinite(trained.loss[:, run.chosen]).sum())
        error = (
            f"training diverged at iteration {at}: the states of {plan.method} became larger than {TOO_LARGE:g}; lower "
            "--rate, give --clip, or use --setting robust"
        )
    result = LabResult(
        _document(run),
        tables=[*_matrices(run), _methods_table(run), *_forms_tables(run)],
        findings=findings(run),
        network=run.network,
        interrupted=trained.interrupted,
        error=error,
    )
    try:
        result.pictures = _pictures(run)
    except KeyboardInterrupt:  # what was learned is there, and is saved
        result.interrupted = True
    return result


def _train(plan: CounterPlan, sequences: Sequences, reporter: Reporter) -> CounterRun:
    start = first_weights(plan)
    finite = np.abs(count(start[:, None], sequences.x[:, None]).s).max() < TOO_LARGE
    forms = gradient_forms(start, sequences) if finite else []
    group = Group.of([(method, sequences, start) for method in METHODS])
    tell = telling(reporter, METHODS, plan.iterations, plan.log_every)
    kept = training_of(reporter)
    trained = train(group, plan.rule, plan.iterations, engine=plan.engine, on_iteration=tell, training=kept)
    new = random_sequences(plan.length, plan.test_sequences, plan.seed, part=1)
    errors, training_errors = max_errors(trained.final, new), max_errors(trained.final, sequences)
    fates = trained.fates(errors)
    network = build_network(plan.length)
    set_weights(network, trained.final[:, [METHODS.index(plan.method)]])
    return CounterRun(plan, sequences, new, trained, errors, training_errors, fates, forms, network)


def _document(run: CounterRun) -> dict[str, Any]:
    """The JSON document. ``loss`` is E on the training sequences; angles are in degrees, null where there is none."""
    plan, trained, k = run.plan, run.trained, run.chosen
    w_rec, w_x = run.weights
    shown = {name: _part(each) for name, each in (("training", run.sequences), ("new", run.new))}
    return {
        "lab": "counter",
        "length": plan.length,
        "method": plan.method,
        "setting": plan.setting,
        "engine": plan.engine,
        "seed": plan.seed,
        "iterations": trained.iterations,
        "loss": float(trained.loss[trained.last_finite[k], k]),
        "max_error": float(run.errors[k]),
        "training_max_error": float(run.training_errors[k]),
        "learned": run.fates[k] == "learned",
        "w_rec": w_rec,
        "w_x": w_x,
        "train_seconds": trained.seconds,
        "settings": settings_of(plan, start=[float(w) for w in trained.group.start[:, k]]),
        "methods": {method: _method(run, i) for i, method in enumerate(METHODS)},
        "gradient_forms": {
            form.name: {"gradient": form.gradient, "difference": _difference(run, form)} for form in run.forms
        },
        "matrices": {
            name: {"output": outputs(run, each), "input": each.x, "target": each.t} for name, each in shown.items()
        },
    }


def _method(run: CounterRun, i: int) -> dict[str, Any]:
    """What one method learned, and its angle to the exact gradient at every iteration on its way."""
    trained = run.trained
    w_rec, w_x = (float(w) for w in trained.final[:, i])
    return {
        "w_rec": w_rec,
        "w_x": w_x,
        "loss": float(trained.loss[trained.last_finite[i], i]),
        "max_error": float(run.errors[i]),
        "training_max_error": float(run.training_errors[i]),
        "fate": run.fates[i],
        "iterations": int(trained.last_finite[i]),
        "angles": own_angles(trained, i),
    }


def own_angles(trained: Trained, i: int) -> Floats:
    """Degrees (I + 1,) from the exact gradient to the direction of method ``i``, where it stands itself."""
    if METHODS[i] == "exact":
        return np.where(np.isnan(trained.angles[:, 0, i]), np.nan, 0.0)
    return trained.angles[:, i - 1, i]


def outputs(run: CounterRun, sequences: Sequences) -> Floats:
    """What the trained network says of ``sequences``: (T, N)."""
    y = run.network.predict(sequences.x.T[:, :, None], engine=run.plan.engine)
    return np.asarray(y[:, :, 0].T, dtype=np.float64)


def _part(sequences: Sequences) -> Sequences:
    """As many sequences as are printed."""
    return Sequences(sequences.x[:, :_COLUMNS], sequences.t[:, :_COLUMNS])


def _matrices(run: CounterRun) -> list[Table]:
    """Output, input and target beside each other, as in the report: a row is a step, a column a sequence."""
    tables = []
    for name, whole in (("training", run.sequences), ("new", run.new)):
        part = _part(whole)
        y, n = outputs(run, part), part.x.shape[1]
        heads = [f"{kind} {i}" if i == 1 else str(i) for kind in ("output", "input", "target") for i in range(1, n + 1)]
        rows = [
            (step + 1, *(float(v) for v in y[step]), *(int(v) for v in part.x[step]), *(int(v) for v in part.t[step]))
            for step in range(min(len(part.x), _ROWS))
        ]
        left_out = []
        if whole.x.shape[1] > n:
            left_out.append(f"the first {n} of {whole.x.shape[1]:,} sequences")
        if len(part.x) > _ROWS:
            left_out.append(f"the first {_ROWS} of {len(part.x):,} steps")
        title = f"Output, input and target: {name} sequences, {run.plan.method}, a column is a sequence"
        note = f"Shown are {' and '.join(left_out)}." if left_out else ""
        tables.append(Table(f"matrices-{name}", title, ("step", *heads), tuple(rows), note))
    return tables


def _methods_table(run: CounterRun) -> Table:
    trained = run.trained
    rows = []
    for i, method in enumerate(METHODS):
        angles = own_angles(trained, i)
        known = angles[np.isfinite(angles)]
        median, largest = (float(np.median(known)), float(known.max())) if known.size else (None, None)
        uphill = float(100 * (known > 90).mean()) if known.size else None
        w_rec, w_x = (float(w) for w in trained.final[:, i])
        rows.append((method, w_rec, w_x, float(run.errors[i]), run.fates[i], median, largest, uphill))
    return Table(
        "methods",
        f"What each method learns in {several(trained.iterations, 'iteration')} from the same start, setting "
        f"{run.plan.setting}",
        ("method", "w_rec", "w_x", "largest error", "outcome", "angle median", "angle largest", "uphill %"),
        tuple(rows),
        note=(
            f"Largest error: |output - count| over all steps of {several(run.new.x.shape[1], 'new sequence')}; "
            f"learned: below {LEARNED:g}. Angle: degrees from the exact gradient to the method's direction, over the "
            "iterations of its own way until its training outputs are right to 1e-9; uphill: share of them above 90 "
            "degrees."
        ),
        digits=6,
    )


def _forms_tables(run: CounterRun) -> list[Table]:
    if not run.forms:
        return []
    rows = [(form.name, form.where, *form.gradient, _difference(run, form)) for form in run.forms]
    columns = ("form", "in", "dE/dw_rec", "dE/dw_x", "difference")
    title = "The exact gradient at the first weights, in several forms"
    note = "Difference: relative, to the recursion."
    left_out = [form.name for form in run.forms if not form.compared]
    if left_out:
        note += f" Not compared, next to a kink of the ReLU: {', '.join(left_out)}."
    return [Table("gradient-forms", title, columns, tuple(rows), note, digits=6)]


def _difference(run: CounterRun, form: Form) -> float | None:
    """From the recursion; None for a form that cannot be compared with it here."""
    return disagreement(form, run.forms[0]) if form.compared else None


def _pictures(run: CounterRun) -> list[Picture]:
    from handgrad.figures.counter import counts_figure, learning_figure, paths_figure

    trained, part = run.trained, _part(run.new)
    x, t = run.sequences
    paths = {method: trained.weights[:, :, i] for i, method in enumerate(METHODS)}
    panel = landscape(f"{several(run.plan.length, 'step')}, setting {run.plan.setting}", x, t, paths)
    loss = {method: trained.loss[:, i] for i, method in enumerate(METHODS)}
    angles = {method: own_angles(trained, i) for i, method in enumerate(METHODS) if method != "exact"}
    return [
        Picture(
            "counts",
            "New sequences: ones so far, and what the counter says.",
            counts_figure,
            part.x,
            part.t,
            outputs(run, part),
        ),  # fmt: skip
        Picture(
            "learning",
            "Loss of the three methods, and the angle between each published direction and the exact "
            "gradient at the same place, at every iteration of its own way.",
            learning_figure,
            loss,
            angles,
        ),  # fmt: skip
        Picture(
            "paths",
            "The loss over the two weights, and the ways of the three methods from the ring to the filled "
            "marker; what leaves the picture runs along its edge.",
            paths_figure,
            [panel],
        ),  # fmt: skip
    ]
