"""The loss around a network's parameters, in float64: gradient, curvature, and the way down.

The loss is the sum over the points (the report's), not the mean. Derivatives of second order are central differences of
the hand-derived gradients, (g(theta + e v) - g(theta - e v)) / (2 e), so that the Hessian is never formed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.network.engine import EngineName
from handgrad.network.losses import Loss, SigmoidCrossEntropy
from handgrad.network.sequential import Sequential

Floats = np.ndarray[Any, np.dtype[np.float64]]

_STEP = 1e-3  # length of v times e; pre-activations then move by about a hundredth


def in_float64(network: Sequential) -> Sequential:
    """The same network with the very same parameters, in float64."""
    twin = Sequential(network.layers, input_shape=network.input_shape, loss=network.loss, dtype="float64")
    twin.parameters.flat[...] = network.parameters.flat
    return twin


def with_cross_entropy(network: Sequential) -> Sequential:
    """The same network with the very same parameters, but the cross-entropy of its output: the last layer, a sigmoid
    without parameters, is taken into the loss."""
    loss: Loss = SigmoidCrossEntropy()
    twin = Sequential(network.layers[:-1], input_shape=network.input_shape, loss=loss, dtype=network.dtype)
    twin.parameters.flat[...] = network.parameters.flat
    return twin


class Landscape:
    """Loss and derivatives of ``network`` on the training points of ``dataset``, by its flat parameters theta (P,).

    ``self.network`` is a copy in float64 that stays at ``self.theta``.
    """

    def __init__(self, network: Sequential, dataset: Dataset, engine: EngineName = "compiled") -> None:
        self.network = in_float64(network)
        self.dataset = dataset
        self.engine = engine
        self.theta: Floats = np.array(self.network.parameters.flat, dtype=np.float64)

    def loss_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Summed loss at ``theta`` (P,), and its gradient (P,)."""
        network, n = self.network, len(self.dataset.x)
        network.parameters.flat[...] = theta
        loss, gradients = network.loss_and_gradients(self.dataset.x, self.dataset.t, engine=self.engine)
        network.parameters.flat[...] = self.theta
        return n * loss, n * np.concatenate([gradients[name].ravel() for name in network.parameters])

    def gradient(self) -> Floats:
        """Gradient (P,) where the network stands."""
        return self.loss_and_gradient(self.theta)[1]

    def hessian_times(self, v: Floats) -> Floats:
        """H v (P,) where the network stands."""
        e = _STEP / max(float(np.linalg.norm(v)), 1e-300)
        above, below = (self.loss_and_gradient(self.theta + sign * e * v)[1] for sign in (1, -1))
        product: Floats = (above - below) / (2 * e)
        return product

    def curvature_along_gradient(self) -> float:
        """g^T H g / g^T g: above 0 the loss bends upwards along the gradient, below 0 downwards."""
        g = self.gradient()
        unit = g / max(float(np.linalg.norm(g)), 1e-300)
        return float(unit @ self.hessian_times(unit))

    def extreme_eigenvalues(self, seed: int) -> tuple[float, float]:
        """The smallest and the largest eigenvalue of H, by Lanczos' method (ARPACK) from products H v alone.

        At a local minimum no eigenvalue is negative. The products are scaled to the size of the first, as ARPACK's
        tolerance is relative to the largest eigenvalue and its thresholds are not.
        """
        from scipy.sparse.linalg import LinearOperator, eigsh

        start = np.random.default_rng(seed).normal(size=self.theta.size)
        scale = max(abs(self.curvature_along_gradient()), 1e-300)
        operator = LinearOperator(
            (self.theta.size,) * 2, matvec=lambda v: self.hessian_times(np.ravel(v)) / scale, dtype=np.float64
        )
        values = eigsh(operator, k=2, which="BE", v0=start, tol=1e-3, return_eigenvectors=False)
        return float(scale * values.min()), float(scale * values.max())

    def along(self, direction: Floats, lengths: Sequence[float] | Floats) -> Floats:
        """Summed loss (n,) at the ``lengths`` (n,) along ``direction`` (P,), made a unit vector, from where we "
        "stand."""
        unit = direction / max(float(np.linalg.norm(direction)), 1e-300)
        return np.array([self.loss_and_gradient(self.theta + s * unit)[0] for s in lengths])
