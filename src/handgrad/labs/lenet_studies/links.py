"""Study ``links``: LeCun's table, all links, and random tables with as many links as LeCun's.

LeCun et al. (1998), section II-B, give two reasons for a partial table: fewer connections, and that maps which see
different inputs learn different features. If the second were about this very table, a random one would do worse.
"""

import numpy as np

from handgrad.labs.lenet import LenetSettings
from handgrad.labs.lenet_links import random_table, table_of
from handgrad.labs.lenet_studies._common import EPOCHS, SEEDS, Kind, compared, study_result, train_kinds
from handgrad.labs.result import LabResult, Picture, Reporter


def links(settings: LenetSettings, reporter: Reporter) -> LabResult:
    """Train with each of the tables; a random one is drawn anew for each training, by its seed. A file that
    ``--links`` names is compared too."""
    plan = settings.plan(EPOCHS[settings.data])
    lecun, full = table_of("lecun"), table_of("full")
    count = int(lecun.sum())
    drawn = tuple(random_table(count, plan.seed + k) for k in range(SEEDS))
    kinds = [
        Kind("LeCun", plan, (lecun,) * SEEDS),
        Kind("all links", plan, (full,) * SEEDS),
        Kind(f"random, {count} links", plan, drawn),
    ]
    if settings.links not in ("lecun", "full"):
        kinds.append(Kind(settings.links, plan, (table_of(settings.links),) * SEEDS))
    groups, counts, interrupted = train_kinds(settings, kinds, reporter)
    result = study_result(settings, plan, groups, counts, interrupted, "link table", links=[k.name for k in kinds])
    if not interrupted:
        result.findings += [compared(groups[0], other) for other in groups[1:]]
        ratio = groups[1].mean("seconds") / groups[0].mean("seconds")
        result.findings.append(
            f"With all {full.size} links a training takes {ratio:.2f} times as long as with LeCun's {count}: links "
            "that are absent cost no arithmetic."
        )
    if groups:
        from handgrad.figures.lenet import links_figure

        tables = {"LeCun": lecun} | {f"random, seed {plan.seed + k}": table for k, table in enumerate(drawn)}
        shared = [int(np.sum(lecun & table)) for table in drawn]
        caption = f"The tables. Of their links the random ones share {', '.join(map(str, shared))} with LeCun's."
        result.pictures.append(Picture("links", caption, links_figure, tables))
    return result
