"""Sum where a product belongs: a = e + f'(z) where n = e f'(z)."""

from collections.abc import Callable

from handgrad.check.evidence import Evidence
from handgrad.check.pairs import sharing
from handgrad.check.result import Finding
from handgrad.check.rules._activations import DERIVATIVES, explained
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        for which, derivative in DERIVATIVES.items():
            value = explained(evidence, name, _product(derivative))
            if value is not None:
                text = f"In the gradient of {name} the derivative of the {which.format(value)} is added to what comes "
                return finding(
                    "sum-for-product",
                    [name, *sharing(evidence, name)],
                    text + "from above; the chain rule multiplies them.",
                )
    if evidence.options.layer is not None:
        for name in evidence.wrong:
            value = explained(evidence, name, lambda a, u: (a - u) * u)
            if value is not None:
                text = f"In the gradient of {name}, {value} is added where it is a factor of the product."
                return finding("sum-for-product", [name, *sharing(evidence, name)], text)
    return None


def _product(f: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """a = e + f(u) becomes e f(u)."""
    return lambda a, u: (a - f(u)) * f(u)
