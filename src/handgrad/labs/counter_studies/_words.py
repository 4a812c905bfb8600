"""What the study ``length`` found, in sentences; every one follows from the study's numbers."""

import numpy as np

from handgrad.labs.counter import LEARNED, RULES, CounterPlan
from handgrad.labs.counter_studies._measures import RECURRENT, SIDES, Stability
from handgrad.labs.counter_studies._outcomes import VARIANTS, Outcomes

_EASY, _HARD = 5, 10  # the report: always correct at the one length, struggles at the other
_ENOUGH = 0.95  # of the seeds

Terms = dict[int, dict[float, float]]


def findings(plan: CounterPlan, outcomes: Outcomes, measured: list[Stability], terms: Terms) -> list[str]:
    """Paragraphs for the terminal and the report."""
    texts = [_robust(outcomes), _report_says(outcomes), _second(outcomes), _limits(outcomes, measured)]
    texts += [_growth(measured), _terms(terms), _wall(measured), _parts(outcomes), _settings(plan)]
    return [text for text in texts if text]


def _each(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _robust(outcomes: Outcomes) -> str:
    each = outcomes.by_length("robust", "exact")
    parts = [
        f"{e.count('learned')} of {len(e.fates)} seeds at length {e.length} (worst {e.errors.max():.1g})" for e in each
    ]
    short = [str(e.length) for e in each if e.count("learned") < _ENOUGH * len(e.fates)]
    verdict = f"too few at {_each(short)}" if short else f"at least {100 * _ENOUGH:.0f} % at every length"
    return (
        f"The robust setting with the exact gradient learns to count (largest error on new sequences below "
        f"{LEARNED:g}) for {_each(parts)}: {verdict}."
    )


def _report_says(outcomes: Outcomes) -> str:
    """The report's sentences about its first version."""
    texts = []
    easy, hard = (outcomes.of("published", "published-1", steps) for steps in (_EASY, _HARD))
    if easy is not None:
        holds = "That holds" if easy.right == len(easy.fates) else "That does not hold here"
        texts.append(
            f"The report: with the rate {RULES['published'].rate:g}, for length {_EASY} the first version always "
            f"outputs correct results. {holds}: for {easy.right} of {len(easy.fates)} seeds its rounded outputs are "
            "right."
        )
    if hard is not None:
        limit = len(hard.fates) // 2
        holds = "That holds" if hard.count("learned") <= limit else "That does not hold here"
        texts.append(
            f"The report: at length {_HARD} it struggles. {holds}: {hard.count('learned')} of {len(hard.fates)} seeds "
            f"learn, {hard.count('dead')} end dead, {hard.count('diverged')} diverge."
        )
    return " ".join(texts)


def _second(outcomes: Outcomes) -> str:
    """The report's sentence about its second version."""
    pairs = list(zip(*(outcomes.by_length("published", m) for m in ("published-1", "published-2")), strict=False))
    if not pairs:
        return ""
    better = [two for one, two in pairs if np.median(two.errors) < np.median(one.errors)]
    parts = [
        f"{np.median(one.errors):.2g} against {np.median(two.errors):.2g} at length {one.length}" for one, two in pairs
    ]
    holds = {len(pairs): "That holds", 0: "That does not hold here"}.get(len(better), "That holds for some lengths")
    return (
        f"The report: the second version is more precise. {holds}: the median of the largest error is {_each(parts)}. "
        "(Its code is lost; what runs here is the first version's summand in a double sum, divided by the length.)"
    )


def _limits(outcomes: Outcomes, measured: list[Stability]) -> str:
    rate = RULES["published"].rate
    parts = []
    for each in measured:
        found = outcomes.of("published", "exact", each.length)
        fate = "" if found is None else f", and {found.count('learned')} learn, {found.count('dead')} die"
        parts.append(f"{each.limits['exact']:.2g} at length {each.length} ({each.stable['exact']} of {each.seeds} seeds"
                     f" allow {rate:g}{fate})")  # fmt: skip
    return (
        "At the answer (1, 1), even steps along the exact gradient come closer only if the rate is below 2 / "
        f"curvature, in the median {_each(parts)}."
    )


def _growth(measured: list[Stability]) -> str:
    if len(measured) < 2:
        return ""
    lengths = np.log([each.length for each in measured])
    power = float(np.polyfit(lengths, np.log([each.curvature for each in measured]), 1)[0])
    first, last = measured[0], measured[-1]
    ratio = first.limits["exact"] / last.limits["exact"]
    furthest = np.sqrt(2) * max(1.0, RULES["published"].reach - 1)
    return (
        f"From length {first.length} to {last.length} the curvature goes from {first.curvature:.3g} to "
        f"{last.curvature:.3g}, like the length to the power {power:.2g}; the largest rate of the one is {ratio:.3g} "
        f"times that of the other. The condition number goes from {first.condition:.3g} to {last.condition:.3g} with "
        f"one rate, and from {first.own_condition:.3g} to {last.own_condition:.3g} with a rate for each weight. In the "
        f"published setting the first step has a median length of {first.first_step:.2g} and {last.first_step:.2g}, "
        f"where the answer is at most {furthest:.2g} away."
    )


def _terms(terms: Terms) -> str:
    lengths = list(terms)
    first, last = lengths[0], lengths[-1]
    parts = [f"{terms[first][w]:.3g} to {terms[last][w]:.3g} for w_rec = {w:g}" for w in RECURRENT]
    return (
        f"By its product terms s_(k-1) w_rec^(n-k), from length {first} to {last}, the derivative of the "
        f"last output by w_rec goes from {_each(parts)}."
    )


def _wall(measured: list[Stability]) -> str:
    low, high = SIDES
    parts = [f"{each.wall:.3g} at length {each.length}" for each in measured if np.isfinite(each.wall)]
    if not parts:
        return ""
    return f"The wall beyond the answer: the loss at w_rec = {high:g} is, in times that at {low:g}, {_each(parts)}."


def _parts(outcomes: Outcomes) -> str:
    """What the robust setting loses without each of its parts."""
    texts = []
    for variant in VARIANTS:
        each = outcomes.by_length(variant, "exact")
        if variant not in RULES and each:
            counts = _each([f"{e.count('learned')}" for e in each])
            texts.append(f"{variant.removeprefix('robust, ')}, {counts}")
    whole = outcomes.by_length("robust", "exact")
    lengths, seeds = _each([str(e.length) for e in whole]), len(whole[0].fates)
    counts = _each([f"{e.count('learned')}" for e in whole])
    return (
        f"What the parts of the robust setting are for, by seeds of {seeds} that learn at length {lengths}: with all "
        f"of them, {counts}; {'; '.join(texts)}."
    )


def _settings(plan: CounterPlan) -> str:
    rule = RULES["robust"]
    return (
        f"Settings of ours: each weight's rate is {rule.rate:g} over a bound on its curvature that follows from the "
        f"length; a gradient asks for steps of at most {rule.clip:g}; momentum {rule.momentum:g}; both weights begin "
        f"uniform in [0, {rule.reach:g}), where no output is above its target, so that all terms of the gradient have "
        f"one sign, and both weights grow until they leave that square. {plan.iterations} iterations, seeds from "
        f"{plan.seed} on."
    )
