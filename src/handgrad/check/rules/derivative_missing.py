"""Activation derivative missing: the gradient divided by the right one is 1/f'(z), element by element."""

from handgrad.check.evidence import Evidence
from handgrad.check.pairs import sharing
from handgrad.check.result import Finding
from handgrad.check.rules._activations import DERIVATIVES, explained, times
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    for which, derivative in DERIVATIVES.items():
        for name in evidence.wrong:
            value = explained(evidence, name, times(derivative))
            if value is not None:
                text = (
                    f"The gradient of {listed([name])} passes an activation unchanged: multiplied by the derivative of "
                )
                text += f"the {which.format(value)}, it is right."
                return finding("derivative-missing", [name, *sharing(evidence, name)], text)
    return None
