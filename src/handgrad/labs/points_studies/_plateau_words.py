"""Tables and findings of the study ``plateau``, from its evidence alone."""

from handgrad.labs.points_studies._common import ORDER, hidden_text, percent
from handgrad.labs.points_studies._plateau_evidence import RESCUES, STARTS, Evidence, verdict_of
from handgrad.labs.points_studies._plateau_measure import SATURATED, SILENT, Witness
from handgrad.labs.published import PLATEAU, WIDTHS
from handgrad.labs.result import Table


def tables(evidence: Evidence) -> list[Table]:
    """All tables that the evidence allows."""
    made = [_run_table(evidence)]
    if evidence.start is not None and evidence.end is not None:
        made.append(_witness_table(evidence.start, evidence.end))
    made += [_same_start_table(evidence), _starts_table(evidence)]
    return made


def _run_table(evidence: Evidence) -> Table:
    run = evidence.runs["float32"]
    published = PLATEAU.last
    rows: list[tuple[str | int | float | None, ...]] = [
        ("loss at the end", f"{published.loss:.2f}", f"{run.last.loss:.2f}"),
        ("accuracy at the end", percent(published.accuracy), f"{100 * run.last.accuracy:.2f} %"),
        ("epochs", f"{published.epoch:,}", f"{run.last.epoch:,}"),
        ("learning rate", f"{PLATEAU.lr:g}", f"{run.plan.lr:g}"),
        ("hidden", "not stated", hidden_text(run.plan.hidden)),
        ("loss at the start", "not stated", f"{run.rows[0].loss:.6f}"),
        ("training time, seconds", "not stated", f"{run.train_seconds:.3g}"),
    ]
    return Table("plateau", "The run that does not learn, published / ours", ("", "published", "ours"), tuple(rows))


def _witness_table(start: Witness, end: Witness) -> Table:
    layers = [f"hidden layer {i + 1}" for i in range(len(start.saturation) - 1)] + ["the output"]
    entries = [
        ("loss (summed over the points)", start.loss, end.loss),
        ("largest output", start.largest_output, end.largest_output),
        ("gradient norm", start.gradient, end.gradient),
        ("gradient norm as float32 has it", start.gradient_float32, end.gradient_float32),
        ("relative error of the norm, numerically", start.gradient_check, end.gradient_check),
        ("gradient norm of the cross-entropy", start.cross_entropy_gradient, end.cross_entropy_gradient),
        ("its cosine with the squared error's", start.cosine, end.cosine),
        ("slope y (1 - y) of the output unit, mean", start.slope, end.slope),
        ("curvature along the gradient", start.curvature, end.curvature),
        ("smallest eigenvalue of the Hessian", start.smallest_eigenvalue, end.smallest_eigenvalue),
        ("largest eigenvalue of the Hessian", start.largest_eigenvalue, end.largest_eigenvalue),
        ("best step down the gradient, length", start.lowest[0], end.lowest[0]),
        ("loss after that step", start.lowest[1], end.lowest[1]),
        ("rise on the way there", start.barrier, end.barrier),
        ("norm of the parameters", start.norm, end.norm),
    ]
    entries += [
        (f"saturated units of {layer}, %", 100 * a, 100 * b)
        for layer, a, b in zip(layers, start.saturation, end.saturation, strict=True)
    ]
    return Table(
        "plateau-measured",
        "What the loss looks like where the run stands (float64)",
        ("", f"epoch {start.epoch}", f"epoch {end.epoch:,}"),
        tuple(entries),
        note=f"Saturated: y (1 - y) below {SATURATED:g} at a training point, share of units and points.",
    )


def _same_start_table(evidence: Evidence) -> Table:
    rows = []
    for name, run in evidence.runs.items():
        watch = evidence.watches[name]
        rows.append((name, run.plan.lr, run.last.epoch, run.last.loss, 100 * run.last.right_share, watch.gradients[0]))
    return Table(
        "plateau-same-start",
        "The same start, trained in several ways (loss: squared error, whatever was trained)",
        ("training", "learning rate", "epochs", "loss at the end", "right classes, %", "gradient norm at the start"),
        tuple(rows),
        note="rescaled output: weights and bias of the last layer divided by one number, so that the output's "
        "pre-activation begins within -1 and 1. larger rate: in float64, until the loss is halved.",
    )


def _starts_table(evidence: Evidence) -> Table:
    rows = tuple(
        (hidden_text(hidden), 100 * zero, 100 * one, WIDTHS[hidden].rows[0].loss if hidden in WIDTHS else None)
        for hidden, (zero, one) in evidence.starts.items()
    )
    return Table(
        "plateau-starts",
        f"How often an untrained network, N(0, 1), answers the same to every point ({STARTS} seeds)",
        ("hidden", "all 0, %", "all 1, %", "published loss at start"),
        rows,
        note="Counted where the loss differs by less than 0.005 from that of the constant answer.",
        digits=6,
    )


def findings(evidence: Evidence) -> list[str]:
    """The paragraphs; complete evidence is needed."""
    if evidence.start is None or evidence.end is None:
        return []
    return [
        _answer(evidence, evidence.end),
        _found(evidence),
        _not_a_minimum(evidence.end),
        _why(evidence, evidence.end),
        _how_long(evidence),
        _rounding(evidence),
        _how_often(evidence),
    ]


def _answer(evidence: Evidence, end: Witness) -> str:
    question = (
        f"The report asks of its run at a loss of {PLATEAU.last.loss:.2f}: a local minimum, or a gradient too small?"
    )
    verdict = verdict_of(end)
    left = [name for name in RESCUES if evidence.left(evidence.runs[name])]
    if verdict == "vanishing gradient":
        return (
            f"{question} The answer: a vanishing gradient, not a local minimum. After {end.epoch:,} epochs the "
            f"gradient is {end.gradient:.3g}, not 0; the loss bends downwards along it ({end.curvature:.3g}) and "
            f"falls to {end.lowest[1]:.4g} if one only walks on. The output unit is saturated at 0, and its slope, "
            f"{end.slope:.2g}, is a factor of every derivative of the squared error; without that factor the gradient "
            f"is {end.cross_entropy_gradient / end.gradient:.2g} times as large"
            + (f", and training leaves the same start ({', '.join(left)})." if left else ".")
        )
    if verdict == "local minimum":
        return f"{question} Here it is a local minimum: no negative curvature, and no way down along the gradient."
    return (
        f"{question} These measurements do not decide it: gradient {end.gradient:.3g}, curvature along it "
        f"{end.curvature:.3g}, smallest eigenvalue {end.smallest_eigenvalue:.3g}."
    )


def _found(evidence: Evidence) -> str:
    run, dataset = evidence.runs["float32"], evidence.dataset
    zeros, points = int((dataset.t == 0).sum()), len(dataset.t)
    stays = all(f"{row.loss:.2f}" == f"{points - zeros:.2f}" for row in run.rows)
    return (
        f"The setting, ours as the report states only rate and epochs: hidden {hidden_text(run.plan.hidden)}, seed "
        f"{run.plan.seed}, the first from {evidence.first_seed} up whose outputs all begin below {SILENT:g}; {ORDER}. "
        f"The loss {'is' if stays else 'is not always'} printed as {points - zeros:.2f} at all of {len(run.rows)} "
        f"measurements over {run.last.epoch:,} epochs, the accuracy ends at {100 * run.last.accuracy:.2f} %: the "
        f"network answers 0 to every point, and is right about {zeros} of {points}, {100 * zeros / points:.2f} %."
    )


def _not_a_minimum(end: Witness) -> str:
    length, loss = end.lowest
    return (
        "Not a minimum: at a local minimum the gradient is 0 and no direction bends downwards. Here the smallest "
        f"eigenvalue of the Hessian is {end.smallest_eigenvalue:.4g}, and the curvature along the gradient, "
        f"{end.curvature:.4g}, is {'nearly that' if end.curvature < 0.5 * end.smallest_eigenvalue else 'another'}. A "
        f"walk straight down the gradient lowers the loss to {loss:.4g} at a distance of {length:.3g}, "
        f"{percent(length / end.norm, 2)} of the parameters' norm, and on the way it rises by {end.barrier:.2g}. A "
        f"numerical derivative along the gradient agrees with its norm to {end.gradient_check:.1g}: the slope is "
        "small, but it is no rounding error."
    )


def _why(evidence: Evidence, end: Witness) -> str:
    rescaled, cross = evidence.watches["rescaled output"], evidence.watches["cross-entropy"]
    hidden = ", ".join(percent(share, 2) for share in end.saturation[:-1])
    ends = "; ".join(
        f"{name}: loss {evidence.runs[name].last.loss:.4g} after {evidence.runs[name].last.epoch:,} epochs"
        for name in RESCUES
    )
    return (
        f"Which factor vanishes: {percent(end.saturation[-1], 3)} of the output unit's answers are saturated, and "
        f"{hidden} of the hidden units' by layer. The hidden ones alone do no harm: with the same hidden layers, the "
        "cross-entropy, whose derivative by the output's pre-activation is y - t without y (1 - y), has a gradient "
        f"of {cross.gradients[0]:.3g} at the start, and the squared error behind a rescaled output layer one of "
        f"{rescaled.gradients[0]:.3g}, against {evidence.watches['float64'].gradients[0]:.3g}. At the same rate they "
        f"end so ({ends})."
    )


def _how_long(evidence: Evidence) -> str:
    gains, run = evidence.watches["float64"].gains, evidence.runs["float64"]
    text = (
        "The report, whose NumPy computes in float64: perhaps some ten thousand epochs more would help. In float64 "
        f"our run does creep down, by {gains[-1] - gains[0]:.2g} of loss in {run.last.epoch:,} epochs. One over the "
        "gain (the loss below that of the answer 0) falls along a straight line, "
    )
    if evidence.predicted == float("inf"):
        return text + "but by too little to be measured: no number of epochs that anybody would wait for will do."
    text += (
        f"which meets 0 at epoch {evidence.predicted:,.0f}, {evidence.predicted / PLATEAU.last.epoch:.3g} times the "
        f"report's {PLATEAU.last.epoch:,}: some ten thousand more would not have helped."
        if evidence.predicted > 2 * PLATEAU.last.epoch
        else f"which meets 0 at epoch {evidence.predicted:,.0f}."
    )
    if evidence.escaped is None:
        return text
    faster, every = evidence.runs["larger rate"], evidence.watches["larger rate"].epochs[1]
    off = abs(evidence.predicted / evidence.escaped - 1)
    close = "as predicted, to within a measurement" if off * faster.last.epoch <= every else f"{percent(off, 2)} off"
    return (
        f"{text} The prediction checked: at {evidence.factor:.4g} times the rate the loss is halved at epoch "
        f"{faster.last.epoch:,} (looked at every {every}), which is {evidence.escaped:,.0f} at the report's rate: "
        f"{close}."
    )


def _rounding(evidence: Evidence) -> str:
    end = evidence.end
    assert end is not None
    gains = [evidence.watches[name].gains for name in ("float32", "float64")]
    grown32, grown64 = (percent(gain[-1] / gain[0] - 1, 2) for gain in gains)
    same = f"The gradient is the same in float32 and in float64 ({end.gradient_float32:.4g} and {end.gradient:.4g})"
    if evidence.unchanged <= 0.5:
        return f"{same}, and so is the course: the gain grew by {grown32} and by {grown64}."
    return (
        f"{same}, but not its effect: rate times gradient is below half a unit in the last place of most float32 "
        f"weights. {percent(evidence.unchanged)} of them kept every bit over the whole run, and the gain grew by "
        f"{grown32} where float64 has {grown64}. In float32 the steps of a vanishing gradient are rounded away, and "
        "waiting does not help."
    )


def _how_often(evidence: Evidence) -> str:
    shares = ", ".join(f"{percent(sum(pair), 3)} at {hidden_text(hidden)}" for hidden, pair in evidence.starts.items())
    return (
        f"The report: it happens sometimes. Of {STARTS} untrained networks of each width, so many answer the same 0 "
        f"or 1 to every point: {shares}. The output's pre-activation sums over the last hidden layer, so that with "
        "weights from N(0, 1) it grows with the root of the width. Glorot's initialization, the default of Dense, "
        "divides by that root."
    )
