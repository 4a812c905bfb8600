"""Gradient flow through time: how much the loss of a step is felt by each state before it.

    dL_t/dh_t = V^T (y_t - t_t),        dL_t/dh_{k-1} = W^T diag(f'(a_k)) dL_t/dh_k  for k <= t

This is the recursion of ``layers/rnn.py`` for the loss of one step alone. Between k and t stand t - k factors, so the
norm tends to shrink or grow like a power: Bengio, Simard and Frasconi (1994), Learning long-term dependencies with
gradient descent is difficult; Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural
networks.
"""

from dataclasses import dataclass

import numpy as np

from handgrad.data.sums import Bits, Sums, random_sums
from handgrad.errors import InputError
from handgrad.layers._activations import activation_backward
from handgrad.layers._types import Array
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.rnn import RnnParams, rnn_forward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from handgrad.network.recurrent import RNN
from handgrad.network.sequential import Sequential

SUMS = 64
"""Sums over which the norms are averaged."""

_STREAM = 5


@dataclass(frozen=True)
class Flow:
    """``norms`` (T, T): root mean square over the sums of |dL_t/dh_k|, row t, column k; NaN for k > t, which L_t does
    not depend on. ``radius``: the spectral radius of W, its largest |eigenvalue|; ``largest``: its largest singular
    value, which no factor exceeds where f' <= 1."""

    norms: Array
    radius: float
    largest: float

    @property
    def factor(self) -> float:
        """By how much the norm changes on its way back over one step: the geometric mean over all steps and losses
        whose gradient is not 0; NaN where there are none."""
        before, behind = self.norms[:, :-1], self.norms[:, 1:]
        seen = (before > 0) & (behind > 0)  # False for NaN
        return float(np.exp(np.log(before[seen] / behind[seen]).mean())) if seen.any() else float("nan")

    @property
    def reach(self) -> Array:
        """(T,) by lag: the norm at h_{t-lag} over that at h_t, the geometric mean over t; NaN where none is left."""
        own = np.diag(self.norms)
        steps = range(len(own))
        return np.array([_geometric_mean(np.diag(self.norms, -lag), own[lag:]) for lag in steps])


def _geometric_mean(above: Array, below: Array) -> float:
    seen = (above > 0) & (below > 0)
    return float(np.exp(np.log(above[seen] / below[seen]).mean())) if seen.any() else float("nan")


def gradient_flow(network: Sequential, bits: int, seed: int, sums: Sums | None = None) -> Flow:
    """The flow in ``network``, RNN and readout, over random sums of ``bits`` bits, or over ``sums``, in float64."""
    chosen = random_sums(SUMS, bits, np.random.default_rng([seed, _STREAM])) if sums is None else sums
    W = network.parameters["0.W"].astype(np.float64)
    radius, largest = np.abs(np.linalg.eigvals(W)).max(), np.linalg.norm(W, 2)
    gradients = state_gradients(network, chosen)
    norms = np.sqrt((gradients**2).sum(axis=2).mean(axis=2))
    return Flow(norms, float(radius), float(largest))


def state_gradients(network: Sequential, sums: Sums) -> Array:
    """dL_t/dh_k of every sum for itself, (T, T, H, B): loss t, state k, unit, sum; NaN for k > t."""
    rnn = network.layers[0]
    if not isinstance(rnn, RNN):
        raise InputError(f"the first layer is {rnn!r}, expected an RNN; nothing else has states")
    states = RnnParams(*(network.parameters[f"0.{name}"].astype(np.float64) for name in "WUb"))
    readout = DenseParams(*(network.parameters[f"1.{name}"].astype(np.float64) for name in "Wb"))
    x = sums.x.transpose(1, 2, 0).astype(np.float64)
    T, _, B = x.shape
    h, cache = rnn_forward(states, x, np.zeros((len(states.b), B)), rnn.activation)
    gradients = np.full((T, T, len(states.b), B), np.nan)
    for t in range(T):
        gradients[t, t] = _at_its_own_step(readout, h[t], sums.t[:, t])
    for k in reversed(range(1, T)):
        dh = gradients[k:, k]  # of all losses from k on
        da = activation_backward(rnn.activation, cache.h[k], dh)
        gradients[k:, k - 1] = states.W.T @ da
    return gradients


def _at_its_own_step(readout: DenseParams, h: Array, t: Bits) -> Array:
    """dL_t/dh_t (H, B), from the state ``h`` (H, B) and the right bits ``t`` (B,)."""
    logits, dense_cache = dense_forward(readout, h)
    _, cache = softmax_cross_entropy_forward(logits, np.eye(2)[:, t])
    dh, _ = dense_backward(readout, dense_cache, softmax_cross_entropy_backward(cache, np.ones(len(t))))
    return dh
