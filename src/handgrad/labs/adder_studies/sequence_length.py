"""Study ``sequence-length``: how long the sums are that one learns from, and how far what was learned then carries."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.labs.adder import AdderPlan, AdderSettings
from handgrad.labs.adder_exact import AtLength, at_length
from handgrad.labs.adder_gradients import gradient_flow
from handgrad.labs.adder_studies._common import Group, counted, study_result, train_groups
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.labs.words import several, whole_or

LENGTHS = (2, 4, 8, 16, 32, 64)
"""Bits of the sums that are learned from."""

TRIED = 1000
"""Bits of the sums that the trained networks are tried on."""

_EPOCHS, _STREAM = 10, 6


@dataclass(frozen=True)
class Carried:
    """A group, how far each of its networks carries, and what is left of the gradient at step 1 before training."""

    group: Group
    tried: list[AtLength]
    left: float

    @property
    def exact(self) -> int:
        """Networks without a wrong sum of 1000 bits."""
        return sum(each.exact for each in self.tried)


def sequence_length(settings: AdderSettings, reporter: Reporter) -> LabResult:
    """Train on sums of several lengths, the same number of them; try all on sums of 1000 bits."""
    settings.refuse("bits", "stop_when_perfect")
    plan = settings.plan(epochs=_EPOCHS)
    groups, interrupted = train_groups({f"{n} bits": replace(plan, bits=n) for n in LENGTHS}, reporter)
    found = [_carried(group) for group in groups]
    tried = [
        {
            "trained_bits": each.group.plan.bits,
            "seed": run.plan.seed,
            "accuracy": at.accuracy,
            "least_margin": at.margin,
        }
        for each in found
        for run, at in zip(each.group.runs, each.tried, strict=True)
    ]
    chosen: dict[str, Any] = {"bits": list(LENGTHS)}
    result = study_result("sequence-length", plan, groups, interrupted, chosen, tried_bits=TRIED, tried=tried)
    result.tables = [_table(found, plan)]
    if not interrupted:
        result.findings = _findings(found)
    if found:
        result.pictures = _pictures(found)
    return result


def _carried(group: Group) -> Carried:
    plan = group.plan
    tried = [
        at_length(run.network, TRIED, np.random.default_rng([run.plan.seed, _STREAM]), plan.engine)
        for run in group.runs
    ]
    return Carried(group, tried, float(gradient_flow(group.runs[0].at(0), plan.bits, plan.seed).reach[-1]))


def _table(found: list[Carried], plan: AdderPlan) -> Table:
    columns = (
        *("bits", "seeds perfect", "median epoch", "left at step 1", f"exact at {TRIED}"),
        *(f"random % at {TRIED}", f"one carry % at {TRIED}", "least margin"),
    )
    rows = tuple(
        (
            each.group.plan.bits,
            f"{len(each.group.learned)} of {len(each.group.runs)}",
            each.group.median_epoch,
            each.left,
            f"{each.exact} of {len(each.tried)}",
            whole_or(100 * float(np.mean([at.random for at in each.tried]))),
            whole_or(100 * float(np.mean([at.chains for at in each.tried]))),
            min(at.margin for at in each.tried),
        )
        for each in found
    )
    note = (
        f"{several(plan.sequences, 'sum')} an epoch, at most {several(plan.epochs, 'epoch')}, whatever their length. "
        "left at step 1: of the gradient of the last step's loss, before training. The networks are tried on "
        f"{found[0].tried[0].sums} sums of each kind of {TRIED} bits; shares: means over the seeds; margin: the least."
        if found
        else ""
    )
    return Table("lengths", "Learned from sums of so many bits", columns, rows, note, digits=3)


def _findings(found: list[Carried]) -> list[str]:
    learned = [each for each in found if len(each.group.learned) == len(each.group.runs)]
    texts = []
    if learned:
        when = ", ".join(f"{each.group.median_epoch:g} at {each.group.plan.bits}" for each in learned)
        texts.append(f"First epoch without a wrong sum, median of the seeds, by bits: {when}.")
    for each in found:
        if each not in learned:
            some = counted(len(each.group.learned), len(each.group.runs))
            texts.append(
                f"At {each.group.plan.bits} bits {some} seeds reach it; the share of right sums in the last epoch is "
                f"{100 * each.group.accuracy:.3g} %."
            )
    exact = [each.group.plan.bits for each in found if each.exact == len(each.tried)]
    rest = [each for each in found if each.exact < len(each.tried)]
    if exact:
        texts.append(f"Exact on every sum tried of {TRIED} bits, from every seed: trained on {_listed(exact)} bits.")
    if rest:
        some = "; ".join(
            f"on {each.group.plan.bits} bits {counted(each.exact, len(each.tried))} seeds" for each in rest
        )
        texts.append(f"Not from every seed: trained {some}.")
    unaware = [each.group.plan.bits for each in learned if each.exact == 0]
    if unaware:
        texts.append(
            f"A perfect score on one's own length is not addition: trained on {_listed(unaware)} bits every seed has "
            f"one, and none is exact at {TRIED}."
        )
    if exact:
        texts.append(
            f"The shortest sums from which every seed learns to add at {TRIED} bits are those of {min(exact)} bits."
        )
    return texts


def _listed(numbers: list[int]) -> str:
    texts = [str(n) for n in numbers]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _pictures(found: list[Carried]) -> list[Picture]:
    from handgrad.figures.adder import learning_figure
    from handgrad.figures.adder_studies import carried_figure

    rows = {str(each.group.plan.bits): each.group.mean_rows() for each in found}
    shares = {each.group.plan.bits: [(at.random, at.chains) for at in each.tried] for each in found}
    return [
        Picture(
            "learning", "Learning from sums of so many bits, mean over the seeds.", learning_figure, rows, title="bits"
        ),
        Picture(
            "carried",
            f"How many sums of {TRIED} bits come out exactly right, by the length that was learned from; a mark for "
            "every seed.",
            carried_figure,
            shares,
            TRIED,
        ),
    ]
