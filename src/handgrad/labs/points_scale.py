"""Points from a file, in whatever units, brought to the unit square of the report's points, and the network back.

Sigmoid units whose weights begin at N(0, 1) are saturated by features of 100, and learn nothing there.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.network.sequential import Sequential

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]


@dataclass(frozen=True)
class Scale:
    """x' = (x - low) / span, each (features,): the training points fill the unit square; a constant becomes 0."""

    low: Floats
    span: Floats

    @classmethod
    def of(cls, x: Floats) -> "Scale":
        """The scale that brings ``x`` (n, features) to 0 .. 1."""
        low, high = x.min(axis=0), x.max(axis=0)
        return cls(low, np.where(high > low, high - low, 1.0))

    def dataset(self, dataset: Dataset) -> Dataset:
        """``dataset`` with both parts scaled."""
        return replace(dataset, x=self.apply(dataset.x), x_test=self.apply(dataset.x_test))

    def apply(self, x: Floats) -> Floats:
        """``x`` (n, features), scaled."""
        return (x - self.low) / self.span

    def fold_into(self, network: Sequential) -> None:
        """Change the first layer, which is Dense, such that the network takes unscaled features.

        W x' + b = (W / span) x + (b - (W / span) low).
        """
        W, b = (network.parameters[name].astype(np.float64) for name in ("0.W", "0.b"))
        W /= self.span
        network.parameters["0.W"][...] = W
        network.parameters["0.b"][...] = b - W @ self.low
