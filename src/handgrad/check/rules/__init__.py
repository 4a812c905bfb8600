"""Why a gradient is wrong: one small file per class of fault, each with one function ``diagnose(evidence)``.

A rule states a hypothesis and speaks only if that, applied, explains the numbers at the user's point and at a second,
random one. The order is that of preference where several explain the same parameter; the others are named beside it.
"""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np

from handgrad.check.evidence import Evidence
from handgrad.check.result import Finding

Diagnose = Callable[[Evidence], Finding | tuple[Finding, ...] | None]  # several where it holds in several ways

RULES = (
    "buffer_not_cleared",
    "updated_early",
    "mutation",
    "cotangent_ignored",
    "never_written",
    "sign",
    "mean",
    "factor",
    "transpose",
    "rotation",
    "derivative_missing",
    "derivative_place",
    "sum_for_product",
    "sum_missing",
    "time_shift",
    "wrong_axis",
    "wrong_variable",
    "recurrent_term",
    "boundary_step",
    "path_lost",
    "rows_dropped",
    "accumulator_seed",
    "data_factor",
    "optimizer",
    "float32_noise",
    "kink",
    "blind_objective",
)


def diagnose_all(evidence: Evidence) -> tuple[Finding, ...]:
    """What the rules find, each parameter once: the first that explains it, with the others in ``also``."""
    found: list[Finding] = []
    for name in RULES:
        diagnose: Diagnose = import_module(f"handgrad.check.rules.{name}").diagnose
        with np.errstate(all="ignore"):  # a gradient may hold anything
            said = diagnose(evidence)
        for finding in said if isinstance(said, tuple) else [said] if said is not None else []:
            found = _joined(found, finding)
    return tuple(found)


def _joined(found: list[Finding], new: Finding) -> list[Finding]:
    """``new`` beside the findings: where a parameter has an explanation already, it is named as another."""
    joined = []
    left = set(new.parameters)
    for each in found:
        shared = left & set(each.parameters)
        if shared and new.fault not in (each.fault, *each.also):
            each = replace(each, also=(*each.also, new.fault))
        joined.append(each)
        left -= shared
    if left or not new.parameters:
        joined.append(replace(new, parameters=tuple(name for name in new.parameters if name in left)))
    return joined
