"""Study ``plateau``: the run that stays at a loss of 34.00 (report 001, part 2): local minimum or vanishing gradient?

69 points, 34 of class 1: who answers 0 to every point has a loss of 34 and an accuracy of 35 / 69 = 50.72 %. So the
report's run has its output unit saturated at 0. The study finds such a start, and lets measurements decide.
"""

from dataclasses import replace

from handgrad.data.points import load_points
from handgrad.labs.points import PointsSettings
from handgrad.labs.points_studies import _plateau_words as words
from handgrad.labs.points_studies._common import close, document, settings_of
from handgrad.labs.points_studies._plateau_evidence import RESCUES, Evidence, gather, verdict_of
from handgrad.labs.points_studies._plateau_measure import LENGTHS, silent_start
from handgrad.labs.published import PLATEAU
from handgrad.labs.result import LabResult, Picture, Reporter

_LOG_LINES = 20  # of a training of 40,000 epochs


def plateau(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Train as the report did (rate 0.0005, 40,000 epochs) from a start whose outputs are all 0; answer its question.

    Measured: norm of the gradient, saturated units, curvature along the gradient, the ends of the Hessian's spectrum,
    the loss down the gradient; and trained from the very same start: in float64, with the cross-entropy, with a
    rescaled output layer, and at a larger rate. Raises UsageError where no seed has such a start.
    """
    plan = settings.plan(data="xor", epochs=PLATEAU.last.epoch, lr=PLATEAU.lr or 0.0005)
    plan = replace(plan, log_every=max(plan.log_every, plan.epochs // _LOG_LINES))
    dataset = load_points(plan.data, plan.seed)
    evidence = Evidence(silent_start(plan, dataset, reporter), dataset, first_seed=plan.seed)
    gather(evidence, reporter)
    run = evidence.runs["float32"]
    result = LabResult(
        document("plateau", run, evidence.runs.items(), settings_of(evidence.plan), answer=_numbers(evidence)),
        tables=words.tables(evidence),
        pictures=_pictures(evidence),
        network=run.network,
        networks={name.replace(" ", "-"): evidence.runs[name].network for name in RESCUES if name in evidence.runs},
    )
    if not evidence.interrupted:
        result.findings = words.findings(evidence)
    return close(result, evidence.runs.values())


def _numbers(evidence: Evidence) -> dict[str, object]:
    """What the answer rests on, for the JSON document."""
    end, start = evidence.end, evidence.start
    finite = evidence.predicted < float("inf")
    return {
        "verdict": None if end is None else verdict_of(end),
        "start": None if start is None else start.numbers(),
        "end": None if end is None else end.numbers(),
        "unchanged_share_float32": evidence.unchanged,
        "predicted_epochs": evidence.predicted if finite else None,
        "escaped_epochs": evidence.escaped,
        "left": {name: evidence.left(evidence.runs[name]) for name in RESCUES if name in evidence.runs},
        "dead_starts": {f"{hidden[0]},{hidden[1]}": list(shares) for hidden, shares in evidence.starts.items()},
    }


def _pictures(evidence: Evidence) -> list[Picture]:
    from handgrad.figures.plateau import descent_figure, plateau_figure

    made = [
        Picture(
            "plateau",
            f"The same start, seed {evidence.plan.seed}, trained in four ways. Larger rate: its epochs are shown as "
            "those of the report's rate in which it would come as far. Middle: the norm of the gradient of the loss "
            "that each trains. Right: share of saturated units, dotted at the larger rate.",
            plateau_figure,
            evidence.watches,
            evidence.factor,
        )
    ]
    if evidence.end is not None:
        made.append(
            Picture(
                "plateau-descent",
                f"From where the run stands after {evidence.end.epoch:,} epochs straight down the gradient: left the "
                "loss, right by how much it lies below where it started, on logarithmic scales.",
                descent_figure,
                LENGTHS,
                evidence.end.line,
                evidence.end.loss,
                evidence.end.gradient,
            )
        )
    return made
