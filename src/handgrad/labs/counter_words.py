"""What a basic run of the lab ``counter`` found, in sentences; every one follows from the run's numbers."""

from typing import TYPE_CHECKING

import numpy as np

from handgrad.labs.counter import LEARNED, METHODS, RULES
from handgrad.labs.counter_forms import STEPS, disagreement
from handgrad.labs.counter_stability import rate_limits, response
from handgrad.labs.words import several

if TYPE_CHECKING:
    from handgrad.labs.counter_basic import CounterRun

SAME = 1e-9
"""Forms of a gradient that differ by less than this, relatively, are the same but for rounding."""

_PUBLISHED_LENGTH, _HARD_LENGTH = 5, 10  # the report: correct results at the one, struggles at the other


def findings(run: "CounterRun") -> list[str]:
    """Paragraphs for the terminal and the report."""
    texts = [_interrupted(run), _result(run), _unknown(run), _others(run), *_angles(run), _limits(run), _forms(run)]
    return [text for text in [*texts, _claims(run), _settings(run)] if text]


def _interrupted(run: "CounterRun") -> str:
    if not run.trained.interrupted:
        return ""
    return f"Training was interrupted after iteration {run.trained.iterations} of {run.plan.iterations}."


def _result(run: "CounterRun") -> str:
    plan, k = run.plan, run.chosen
    (w_rec, w_x), error, fate = run.weights, run.errors[k], run.fates[k]
    ending = {
        "learned": f"below {LEARNED:g}: it counts",
        "dead": f"not below {LEARNED:g}: it is dead, answers 0 to every training sequence, and no gradient moves it",
        "diverged": f"not below {LEARNED:g}: it diverged after iteration {run.trained.last_finite[k]}",
        "not learned": f"not below {LEARNED:g}: it has not learned to count",
    }[fate]
    return (
        f"{plan.method}, setting {plan.setting}: w_rec = {w_rec:.6g}, w_x = {w_x:.6g} after "
        f"{several(run.trained.iterations, 'iteration')} ({run.trained.seconds:.2g} s for the three methods). The "
        f"largest error over {several(run.new.x.shape[1], 'new sequence')} of {several(plan.length, 'step')} is "
        f"{error:.3g}, {ending}."
    )


def _unknown(run: "CounterRun") -> str:
    """What the training sequences cannot teach."""
    x = run.sequences.x
    if not x.any():
        return "No training sequence holds a one: every output is 0, as it should be, and no gradient moves a weight."
    if not x[:-1].any():
        where = "There is one step" if len(x) == 1 else "No training sequence holds a one before its last step"
        tail = "; nor does any output of so short a sequence" if len(x) == 1 else ""
        return f"{where}, so the training loss does not depend on w_rec{tail}."
    return ""


def _others(run: "CounterRun") -> str:
    parts = []
    for i, method in enumerate(METHODS):
        if i != run.chosen:
            w_rec, w_x = run.trained.final[:, i]
            parts.append(
                f"{method} ends at ({w_rec:.6g}, {w_x:.6g}), largest error {run.errors[i]:.3g}: {run.fates[i]}"
            )
    return f"From the same start, by the same rule: {'; '.join(parts)}."


def _angles(run: "CounterRun") -> list[str]:
    from handgrad.labs.counter_basic import own_angles

    texts = []
    for i, method in enumerate(METHODS):
        angles = own_angles(run.trained, i)
        known = np.flatnonzero(np.isfinite(angles))
        if method == "exact" or not known.size:
            continue
        values = angles[known]
        uphill = int((values > 90).sum())
        counted = f"{several(len(values), 'iteration')} {'has' if len(values) == 1 else 'have'} an angle"
        texts.append(
            f"{method} points {values[0]:.3g} degrees away from the exact gradient at the start, "
            f"{np.median(values):.3g} in the median of the iterations on its own way ({counted}), "
            f"and {values.max():.3g} at most; above 90, uphill, at {uphill or 'none'} of them."
        )
    return texts


def _limits(run: "CounterRun") -> str:
    """Whether the answer attracts, for plain steps of one rate."""
    rule, group = run.plan.rule, run.trained.group
    if rule.scale != "none" or rule.momentum or not run.sequences.x.any():
        return ""
    x, t = group.x[:, :1], group.t[:, :1]
    parts = []
    for i, method in enumerate(METHODS):
        limit = float(rate_limits(response(method, x, t))[0])
        side = "is above every such rate" if limit == 0 else f"is {'below' if rule.rate < limit else 'above'} it"
        parts.append(f"{limit:.3g} for {method} ({rule.rate:g} {side}; outcome: {run.fates[i]})")
    return (
        "Close to the answer (1, 1), steps come closer only if the rate is below what the curvature there allows, on "
        f"these sequences {', '.join(parts)}."
    )


def _forms(run: "CounterRun") -> str:
    if not run.forms:
        return ""
    first, *others = (form for form in run.forms if form.compared)
    worst = max(others, key=lambda form: disagreement(form, first))
    off = disagreement(worst, first)
    steps = f", over the first {STEPS} steps" if run.plan.length > STEPS else ""
    if off == 0:
        verdict = "they agree in every digit" if any(first.gradient) else "all of them are 0"
    else:
        verdict = f"they {'agree' if off < SAME else 'do NOT agree'}, the largest relative difference from the "
        verdict += f"{first.name} is {off:.1g} ({worst.name})"
    text = f"The exact gradient at the first weights, in {len(others) + 1} forms{steps}: {verdict}."
    if len(others) + 1 < len(run.forms):
        text += (
            " Central differences are left out of the comparison: at these weights, or right beside them, a "
            "pre-activation is 0, the ReLU has a kink, and a difference mixes the slopes of its two sides. The other "
            "forms take the slope 0 at the kink."
        )
    return text


def _claims(run: "CounterRun") -> str:
    """The report's sentences about the first version, where this run is of the published setting."""
    plan, first = run.plan, METHODS.index("published-1")
    rule = RULES["published"]
    if plan.rule != rule or plan.length not in (_PUBLISHED_LENGTH, _HARD_LENGTH):
        return ""
    right = run.errors[first] < 0.5
    claim, holds = ("always outputs correct results", right)
    if plan.length == _HARD_LENGTH:
        claim, holds = "struggles", run.fates[first] != "learned"
    rounded = "rounded, every output is right" if right else "even rounded, outputs are wrong"
    return (
        f"The report: with the rate {rule.rate:g}, 1000 iterations and the length {plan.length} the first version "
        f"{claim}. {'That holds' if holds else 'That does not hold'} for this seed: its largest error is "
        f"{run.errors[first]:.3g} ({rounded}). --study length asks it of many seeds."
    )


def _settings(run: "CounterRun") -> str:
    reconstructed = (
        "The code of published-2 is a picture that is lost; here it is the first version's summand in a double sum, "
        "divided by the length, as the text says."
    )
    if run.plan.rule == RULES["published"]:
        drawn = "the sequences and the first weights" if run.plan.data is None else "the first weights"
        return f"Ours, because the report does not state them: {drawn}. {reconstructed}"
    ours = "The rule is ours; --setting published has the report's rate, and neither clipping nor momentum."
    return f"{ours} {reconstructed}"
