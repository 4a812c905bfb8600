"""The studies of the lab ``poems``, by name."""

from handgrad.labs.poems_studies.initialization import initialization
from handgrad.labs.poems_studies.optimizers import optimizers

STUDIES = {"optimizers": optimizers, "initialization": initialization}
