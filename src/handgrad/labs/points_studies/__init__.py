"""The comparisons of report 001, each a study of the lab ``points``: ``handgrad run points --study NAME``."""

from collections.abc import Callable

from handgrad.labs.points import PointsSettings
from handgrad.labs.points_studies.boundary import boundary
from handgrad.labs.points_studies.learning_rates import learning_rates
from handgrad.labs.points_studies.linear_vs_xor import linear_vs_xor
from handgrad.labs.points_studies.plateau import plateau
from handgrad.labs.points_studies.stages import stages
from handgrad.labs.points_studies.widths import widths
from handgrad.labs.result import LabResult, Reporter

STUDIES: dict[str, Callable[[PointsSettings, Reporter], LabResult]] = {
    "widths": widths,
    "learning-rates": learning_rates,
    "linear-vs-xor": linear_vs_xor,
    "boundary": boundary,
    "stages": stages,
    "plateau": plateau,
}
"""By the name that ``--study`` takes."""
