"""Study ``optimizers``: SGD, momentum, AdaGrad, Adadelta, RMSProp and Adam on the same poems.

Report 002, question 3, says of its curves: AdaGrad "almost learned nothing" in the second half; Adadelta's
cross-entropy "is still large"; Adam is the best. It does not give its rates. Here each has a rate that is good for it,
as was tried on training poems that were held out; AdaGrad and Adadelta have PyTorch's defaults besides, which the
report may have used.
"""

import math
from dataclasses import replace

from handgrad.labs.poems import RATES, PoemsSettings, named_optimizer
from handgrad.labs.poems_studies._common import (
    Kind,
    Study,
    curves_picture,
    ends,
    epochs_table,
    study_result,
    train_kinds,
)
from handgrad.labs.poems_training import TrainedPoems, perplexity
from handgrad.labs.result import LabResult, Reporter

SHARE, EPOCHS, BATCH = 0.1, 6, 64
NAMES = {
    "sgd": "SGD",
    "momentum": "momentum",
    "adagrad": "AdaGrad",
    "adadelta": "Adadelta",
    "rmsprop": "RMSProp",
    "adam": "Adam",
}
PYTORCH_RATES = {"adagrad": 0.01, "adadelta": 1.0}
_LITTLE = 0.25  # of what the others' cross-entropy falls by, in the middle of them: this is nearly nothing
_HIGH = 1.2  # times the lowest perplexity: from here on it is high


def optimizers(settings: PoemsSettings, reporter: Reporter) -> LabResult:
    """Train with each of the six, and with two at other rates."""
    settings.refuse("optimizer", "adam")
    settings.refuse("lr", None)
    plan = settings.plan(share=SHARE, epochs=EPOCHS, batch_size=BATCH)
    plan = replace(plan, patience=plan.epochs)  # all curves to their end
    kinds = [Kind(label, replace(plan, optimizer=named_optimizer(name, RATES[name]))) for name, label in NAMES.items()]
    kinds += [
        Kind(f"{NAMES[name]}, rate {rate:g}", replace(plan, optimizer=named_optimizer(name, rate)))
        for name, rate in PYTORCH_RATES.items()
    ]
    study = train_kinds(kinds, reporter)
    rates = RATES | {f"{name}_pytorch": rate for name, rate in PYTORCH_RATES.items()}
    result = study_result(settings, study, optimizer=list(NAMES), lr=list(rates.values()))
    if study.trainings:
        share = f"{100 * plan.share:.3g} % of the poems, batches of {plan.batch_size}"
        result.tables = [epochs_table(study, "optimizer", f"Optimizers: {share}")]
        caption = "Test cross-entropy and perplexity by epoch, each optimizer at its own rate."
        result.pictures = [curves_picture(study, caption)]
    if not study.interrupted:
        verdicts = statements(study)
        result.document["statements"] = {name: holds for name, holds, _ in verdicts}
        result.findings += [text for _, _, text in verdicts]
    return result


def statements(study: Study) -> list[tuple[str, bool, str]]:
    """The report's three statements, whether each holds here, and a paragraph about it."""
    tuned = {label: study.trainings[label] for label in NAMES.values()}
    return [_adagrad(study, tuned), _adadelta(study, tuned), _adam(tuned)]


def _adagrad(study: Study, tuned: dict[str, TrainedPoems]) -> tuple[str, bool, str]:
    falls = {name: second_half(each) for name, each in tuned.items()}
    others = sorted(fall for name, fall in falls.items() if name != "AdaGrad")
    middle = (others[(len(others) - 1) // 2] + others[len(others) // 2]) / 2
    holds = falls["AdaGrad"] < _LITTLE * middle
    slow = study.trainings[f"AdaGrad, rate {PYTORCH_RATES['adagrad']:g}"]
    slow_holds = second_half(slow) < _LITTLE * middle
    text = (
        f'"AdaGrad almost learned nothing in the second half" {_verdict(holds)}: there its test cross-entropy changes '
        f"by {-falls['AdaGrad']:+.3f} nats, that of the others by {-middle:+.3f} in the middle. At PyTorch's rate "
        f"{PYTORCH_RATES['adagrad']:g} it is {-second_half(slow):+.3f}, and the perplexity ends at "
        f"{perplexity(ends(slow)):.0f} instead of {perplexity(ends(tuned['AdaGrad'])):.0f}: "
    )
    text += (
        "with that rate the statement holds." if slow_holds else "with that rate it is slow, but it goes on learning."
    )
    return "adagrad_nearly_stops", holds, text


def _adadelta(study: Study, tuned: dict[str, TrainedPoems]) -> tuple[str, bool, str]:
    best = min(ends(each) for each in tuned.values())
    own, plain = ends(tuned["Adadelta"]), ends(study.trainings[f"Adadelta, rate {PYTORCH_RATES['adadelta']:g}"])
    holds = math.exp(own - best) >= _HIGH
    text = (
        f'"Adadelta stays high" {_verdict(holds)}: its perplexity ends at {perplexity(own):.0f}, '
        f"{math.exp(own - best):.2f} times the lowest; at PyTorch's rate {PYTORCH_RATES['adadelta']:g} at "
        f"{perplexity(plain):.0f}, "
        f"{math.exp(plain - best):.2f} times."
    )
    return "adadelta_stays_high", holds, text


def _adam(tuned: dict[str, TrainedPoems]) -> tuple[str, bool, str]:
    order = sorted(tuned, key=lambda name: ends(tuned[name]))
    holds = order[0] == "Adam"
    ranking = ", ".join(f"{name} {perplexity(ends(tuned[name])):.0f}" for name in order)
    text = f'"Adam is the best" {_verdict(holds)}. Test perplexity in the end, from the best: {ranking}. '
    text += "One training of each: a difference of a few percent says nothing."
    return "adam_is_best", holds, text


def second_half(trained: TrainedPoems) -> float:
    """By how much the test cross-entropy falls in the second half of the epochs; NaN where it was not finished."""
    values = trained.column("test_cross_entropy")
    return values[(len(values) - 1) // 2] - values[-1] if values and not trained.error else math.nan


def _verdict(holds: bool) -> str:
    return "holds here" if holds else "does not hold here"
