"""The studies of the lab ``lenet``, by name."""

from handgrad.labs.lenet_studies.links import links
from handgrad.labs.lenet_studies.pooling import pooling

STUDIES = {"links": links, "pooling": pooling}
