"""Workload ``lstm``: language models, an embedding, an LSTM, and softmax cross-entropy over a vocabulary at every step.

Training in batches with Adam, as the report on Tang poems does (embedding 128, hidden 256, 3500 characters, batches of
256, up to 50 steps); online with plain SGD; and generation, character by character, always the likeliest.

The lengths are those of the poems: how many of the 34,646 with 5 to 50 characters have each length was counted once,
and a poem of n characters has n + 1 steps, at most 50, of which the first is given a start mark and the last asks for
the end. The characters are drawn, the k-th most frequent with a probability proportional to 1 / (k + 10). A batch's
loss is the mean over its real steps.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.benchmarks.workload import Bar, Case, Integers, Samples, Side
from handgrad.layers._types import Array

TITLE = "language models, float32: embedding, LSTM, softmax over 3500 characters; lengths of the Tang poems"

PEERS = {
    "numpy": (),  # nobody would train it in plain NumPy
    "torch": (
        Side("torch", "torch"),
        Side("torch-packed", "torch", {"packed": True}),
        Side("torch-cell", "torch", {"cell": True}),
    ),
    "jax": (Side("jax", "jax"),),
}
_STEPS, _ONLINE_STEPS = 50, 32
_COUNTS = {
    **{5: 6, 6: 22, 7: 4, 8: 52, 9: 5, 10: 76, 11: 8, 12: 292, 13: 8, 14: 26, 15: 8, 16: 339, 17: 18, 18: 23, 19: 23},
    **{20: 145, 21: 37, 22: 88, 23: 21, 24: 3981, 25: 72, 26: 64, 27: 29, 28: 264, 29: 90, 30: 69, 31: 50, 32: 10988},
    **{33: 90, 34: 108, 35: 68, 36: 798, 37: 47, 38: 66, 39: 41, 40: 698, 41: 59, 42: 92, 43: 110, 44: 117, 45: 60},
    **{46: 142, 47: 63, 48: 14899, 49: 103, 50: 277},
}


def _case(name: str, settings: dict[str, Any], beyond: bool = False) -> Case:
    without = ["torch-packed"] if settings["batch"] == 1 or settings.get("characters") else []
    without += [] if settings.get("characters") else ["torch-cell"]
    return Case(name, {"vocabulary": 3500, "embedding": 128, "hidden": 256} | settings, {}, beyond, tuple(without))


def cases(quick: bool) -> list[Case]:
    """What is measured. ``quick``: the smallest of each kind, to see that everything works."""
    small: dict[str, Any] = {"vocabulary": 50, "embedding": 8, "hidden": 16}
    if quick:
        batch = _case("batch 256", {"batch": 16, "samples": 32, **small})
        first = _case("online", {"batch": 1, "samples": 4, **small})
        return [batch, first, _case("generate 1", {"batch": 1, "samples": 4, "characters": 8, **small})]
    online = {"embedding": 128, "hidden": 128, "batch": 1, "samples": 64}
    return [
        _case("batch 256", {"batch": 256, "samples": 512}),
        _case("online", online),
        _case("online V=96", online | {"vocabulary": 96}),
        _case("generate 1", {"batch": 1, "samples": 4, "characters": 200}),
        _case("generate 7", {"batch": 7, "samples": 7, "characters": 100}),
        _case("batch 32", {"batch": 32, "samples": 128}, beyond=True),
        _case("generate 64", {"batch": 64, "samples": 64, "characters": 20}, beyond=True),
    ]


BARS = (
    Bar("batch 256", "torch", 1.6),
    Bar("batch 256", "torch-packed", 2.0),
    Bar("batch 256", "torch", 2.0, of="memory"),
    Bar("online", "torch", 2.5),
    Bar("online V=96", "torch", 2.5),
    Bar("generate 1", "torch", 4.0),
    Bar("generate 7", "torch", 4.0),
)


@dataclass(frozen=True)
class Problem(Samples):
    """``x`` and ``t`` (samples, steps): tokens and what follows them, zeros in the padding; ``lengths`` (samples,);
    ``parameters`` E (V, D), W (4H, H), U (4H, D), b (4H,), V (V, H), c (V,).

    Where characters are generated, ``characters`` of each of ``batch`` streams, they follow as a last array of floats,
    zeros at first, (batch, characters).
    """

    lengths: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    characters: int = 0

    @property
    def steps(self) -> int:
        """Steps of an epoch: of training, or characters of all streams."""
        return self.batch * self.characters or super().steps

    @property
    def first(self) -> Integers:
        """The first tokens of the streams."""
        first: Integers = self.x[: self.batch, 0].astype(np.int64)
        return first


def problem(settings: dict[str, Any]) -> Problem:
    """The problem of a case, the same in every process."""
    rng = np.random.default_rng(0)
    V, D, H, samples = settings["vocabulary"], settings["embedding"], settings["hidden"], settings["samples"]
    batch, characters = settings["batch"], settings.get("characters", 0)
    steps = _ONLINE_STEPS if batch == 1 else _STEPS
    sizes, counts = np.array(list(_COUNTS)), np.array(list(_COUNTS.values()))
    lengths = np.minimum(rng.choice(sizes, samples, p=counts / counts.sum()) + 1, _STEPS)
    if batch == 1:
        lengths[:] = steps
    share = 1 / (np.arange(V) + 10)
    text = rng.choice(V, (samples, steps + 1), p=share / share.sum())
    real = np.arange(steps) < lengths[:, None]
    shapes = ((V, D), (4 * H, H), (4 * H, D), (4 * H,), (V, H), (V,))
    scales = (1.0, *(1 / np.sqrt(H),) * 5)
    parameters = [(rng.standard_normal(s) * k).astype(np.float32) for s, k in zip(shapes, scales, strict=True)]
    if characters:
        parameters.append(np.zeros((batch, characters), np.float32))
    x, t = np.where(real, text[:, :-1], 0), np.where(real, text[:, 1:], 0)
    lr = 0.1 if batch == 1 else 0.001
    return Problem(x, t, parameters, batch, lr, lengths=lengths, characters=characters)


def reference_loss(problem: Problem, parameters: list[Array]) -> float:
    """Mean loss of all real steps of the first 64 samples, in float64."""
    E, W, U, b, V, c = (each.astype(np.float64) for each in parameters[:6])
    x, t, lengths = problem.x[:64], problem.t[:64], problem.lengths[:64]
    h = cell = np.zeros((len(x), W.shape[1]))
    total, rows = 0.0, np.arange(len(x))
    for step in range(x.shape[1]):
        i, f, g, o = np.split(h @ W.T + E[x[:, step]] @ U.T + b, 4, axis=1)
        cell = cell / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(cell) / (1 + np.exp(-o))
        a = h @ V.T + c
        top = a.max(axis=1)
        losses = np.log(np.exp(a - top[:, None]).sum(axis=1)) + top - a[rows, t[:, step]]
        total += float(losses[step < lengths].sum())
    return total / float(lengths.sum())
