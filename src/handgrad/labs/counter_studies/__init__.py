"""The question of report 004, why long sequences are hard, as a study of the lab ``counter``: ``--study length``."""

from collections.abc import Callable

from handgrad.labs.counter import CounterSettings
from handgrad.labs.counter_studies.length import length
from handgrad.labs.result import LabResult, Reporter

STUDIES: dict[str, Callable[[CounterSettings, Reporter], LabResult]] = {"length": length}
"""By the name that ``--study`` takes."""
