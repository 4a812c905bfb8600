"""The comparisons of the lab ``adder``, each a study: ``handgrad run adder --study NAME``."""

from collections.abc import Callable

from handgrad.labs.adder import AdderSettings
from handgrad.labs.adder_studies.clipping import clipping
from handgrad.labs.adder_studies.gradient_flow import gradient_flow
from handgrad.labs.adder_studies.sequence_length import sequence_length
from handgrad.labs.result import LabResult, Reporter

STUDIES: dict[str, Callable[[AdderSettings, Reporter], LabResult]] = {
    "gradient-flow": gradient_flow,
    "sequence-length": sequence_length,
    "clipping": clipping,
}
"""By the name that ``--study`` takes."""
