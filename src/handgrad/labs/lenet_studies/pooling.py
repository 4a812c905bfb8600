"""Study ``pooling``: S2 and S4 with a trainable weight and bias for each map, as the plain mean, and as the largest."""

from dataclasses import replace

from handgrad.labs.lenet import LenetSettings
from handgrad.labs.lenet_links import table_of
from handgrad.labs.lenet_studies._common import EPOCHS, SEEDS, Kind, compared, study_result, train_kinds
from handgrad.labs.result import LabResult, Reporter

_NAMES = {"trainable": "trainable", "mean": "mean", "max": "largest"}


def pooling(settings: LenetSettings, reporter: Reporter) -> LabResult:
    """Train with each of the three."""
    settings.refuse("pool", "trainable")
    plan = settings.plan(EPOCHS[settings.data])
    table = table_of(plan.links)
    kinds = [Kind(name, replace(plan, pool=pool), (table,) * SEEDS) for pool, name in _NAMES.items()]  # type: ignore[arg-type]
    groups, counts, interrupted = train_kinds(settings, kinds, reporter)
    result = study_result(settings, plan, groups, counts, interrupted, "pooling", pool=list(_NAMES))
    if not interrupted:
        result.findings += [compared(groups[0], other) for other in groups[1:]]
        result.findings.append(
            "Trainable subsampling has an activation of its own behind it, as in the report; the mean and the largest "
            "have none."
        )
    return result
