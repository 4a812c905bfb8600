"""Three directions for the two weights of a counter: the exact gradient, and what the two published versions use.

All of them work on R counters at once, which do not know of each other. Shapes: weights (2, R), w_rec above w_x; x and
t (T, R, N), N sequences of T steps for each; a direction (2, R) is what is subtracted from the weights, times the rate.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from handgrad.network.engine import EngineName
from handgrad.network.losses import HalfSquaredError
from handgrad.network.recurrent import RNN
from handgrad.network.sequential import Sequential

Floats = np.ndarray[Any, np.dtype[np.float64]]


class States(NamedTuple):
    """s (T + 1, R, N): the states; the last entry, ``s[-1]``, is the zero before the first step. d (T, R, N): the
    derivative of the ReLU, 1 or 0."""

    s: Floats
    d: Floats


def count(weights: Floats, x: Floats) -> States:
    """s_n = ReLU(w_rec s_{n-1} + w_x x_n). Numbers that are too large become infinite."""
    w_rec, w_x = weights[:, :, None]
    s, d = np.zeros((len(x) + 1, *x.shape[1:])), np.zeros(x.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(len(x)):
            r = w_rec * s[n - 1] + w_x * x[n]
            s[n] = np.maximum(r, 0)
            d[n] = r > 0
    return States(s, d)


def build_network(length: int, counters: int = 1) -> Sequential:
    """The recurrent layer as ``counters`` counters of their own: as many ReLU units, and as many inputs, with diagonal
    weights (all zero yet). No bias is trained: the report has none."""
    layer = RNN(counters, activation="relu", recurrent_weights="zeros", weights="zeros", biases="zeros")
    return Sequential([layer], input_shape=(length, counters), loss=HalfSquaredError(), dtype="float64")


def set_weights(network: Sequential, weights: Floats) -> None:
    """Put ``weights`` (2, R) on the diagonals of the network's W and U."""
    for name, values in zip(("0.W", "0.U"), weights, strict=True):
        network.parameters[name][...] = np.diag(values)


class Exact:
    """The exact gradient of E = sum over sequences and steps of 1/2 (s - t)^2, from the recurrent layer of handgrad.

    ``Exact(x, t)(weights)`` is (2, R). One network computes all R counters: unit r reads sequence r of each sample.
    """

    def __init__(self, x: Floats, t: Floats, engine: EngineName = "compiled") -> None:
        self.samples, self.targets = np.moveaxis(x, 2, 0), np.moveaxis(t, 2, 0)
        self.network = build_network(len(x), x.shape[1])
        self.engine: EngineName = engine

    def __call__(self, weights: Floats) -> Floats:
        """The gradient at ``weights``, which must be small enough for finite states."""
        set_weights(self.network, weights)
        gradients = self.network.gradients(self.samples, self.targets, engine=self.engine)
        mean = np.array([np.diag(gradients["0.W"]), np.diag(gradients["0.U"])])
        return mean * len(self.samples)  # the network's loss is the mean over the sequences, the report's their sum


def published_1(weights: Floats, x: Floats, t: Floats, states: States) -> Floats:
    """The report's first version, "a loop over the whole sequence": for each sequence

    (sum_n (s_n - t_n)) sum_k (relu'(r_k) s_{k-1} + prod_{p=k..T-1} w_rec relu'(r_p))        for w_x with x_k

    The plus stands where the chain rule multiplies, the product has one factor more than the chain, the sum for w_rec
    begins at k = 1, and every error meets the sum of the last step (docs/errata.md, 004-3 to 004-5).
    """
    s, d = states
    error = (s[:-1] - t).sum(axis=0)
    products = np.cumprod((weights[0, :, None] * d)[::-1], axis=0)[::-1]
    rec = (d * _before(s) + products)[1:].sum(axis=0)
    inp = (d * x + products).sum(axis=0)
    return np.stack([(error * rec).sum(axis=-1), (error * inp).sum(axis=-1)])


def published_2(weights: Floats, x: Floats, t: Floats, states: States) -> Floats:
    """The report's second version, "a double sum", "division over the sequence": for each sequence

    1/T sum_n (s_n - t_n) sum_{k<=n} (relu'(r_k) s_{k-1} + prod_{p=k..n} w_rec relu'(r_p))   for w_x with x_k

    Its code is a picture that is lost. This is the first version's summand, taken for every step n as the first takes
    it for the last. Had the picture a product for the plus and no factor too many, it would be the exact gradient / T.
    """
    s, d = states
    error, before = s[:-1] - t, _before(s)
    rec, inp = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    first = from_0 = from_1 = np.zeros(x.shape[1:])
    terms_rec = terms_inp = first
    for n in range(len(x)):
        step = weights[0, :, None] * d[n]
        from_0 = step * (1 + from_0)  # the products of all k = 0 .. n, from those until n - 1
        from_1 = step * (1 + from_1) if n else first
        terms_rec = terms_rec + (d[n] * before[n] if n else 0)
        terms_inp = terms_inp + d[n] * x[n]
        rec = rec + (error[n] * (terms_rec + from_1)).sum(axis=-1)
        inp = inp + (error[n] * (terms_inp + from_0)).sum(axis=-1)
    return np.stack([rec, inp]) / len(x)


PUBLISHED: dict[str, Callable[[Floats, Floats, Floats, States], Floats]] = {
    "published-1": published_1,
    "published-2": published_2,
}


def product_terms(weights: Floats, x: Floats, states: States) -> tuple[Floats, Floats]:
    """The terms of the report's equation, (T, T, R, N) for w_rec and for w_x: entry [n, k] is

    relu'(r_k) s_{k-1} prod_{p=k..n-1} (w_rec relu'(r_{p+1}))        and with x_k; 0 for k > n
    """
    s, d = states
    before, steps = _before(s), len(x)
    rec, inp = np.zeros((steps, *x.shape)), np.zeros((steps, *x.shape))
    for k in range(steps):
        product = np.ones(x.shape[1:])
        for n in range(k, steps):
            if n > k:
                product = product * weights[0, :, None] * d[n]
            rec[n, k], inp[n, k] = d[k] * before[k] * product, d[k] * x[k] * product
    return rec, inp


def product_form(weights: Floats, x: Floats, t: Floats) -> Floats:
    """The report's equation as it stands, (2, R): the error of every step n times the sum of its terms k <= n."""
    states = count(weights, x)
    error = states.s[:-1] - t
    return np.stack([(error * terms.sum(axis=1)).sum(axis=(0, 2)) for terms in product_terms(weights, x, states)])


def _before(s: Floats) -> Floats:
    """s_{k-1} for k = 0 .. T - 1."""
    return np.concatenate([s[-1:], s[:-2]])


def angle(a: Floats, b: Floats) -> Floats:
    """Degrees (R,) between the directions ``a`` and ``b`` (2, R): 0 the same, above 90 uphill; NaN where one is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = a / np.abs(a).max(axis=0), b / np.abs(b).max(axis=0)  # 0 / 0 is the NaN that is promised
        cross, dot = a[0] * b[1] - a[1] * b[0], (a * b).sum(axis=0)
    return np.asarray(np.degrees(np.arctan2(np.abs(cross), dot)))
