"""Workload ``rnn``: recurrent networks that add binary numbers, a readout and softmax cross-entropy at every step.

    h_t = tanh(b + W h_{t-1} + U x_t),        o_t = c + V h_t

Online: the adder of the report on backpropagation through time (8 steps, 1000 sequences, batch 1, always in the same
order). Batches: 50 steps, in a new order each epoch. float32 and plain SGD throughout; a sequence's loss is the sum
over its steps, a batch's the mean over its sequences.
"""

from typing import Any

import numpy as np

from handgrad.benchmarks.workload import Bar, Case, Samples
from handgrad.layers._types import Array

TITLE = "recurrent networks, float32, plain SGD: 2-h-2 with tanh states, online (8 steps) and in batches (50 steps)"

_LEARNING_RATE = 0.001  # low enough for the widest network: rounding must not grow into another result


def _online(h: int, beyond: bool = False) -> Case:
    settings = {"hidden": h, "steps": 8, "samples": 1000 if h <= 128 else 200, "batch": 1}
    return Case(f"online h={h}", settings, {"states h of the online network": h}, beyond)


def _batch(batch: int, beyond: bool = False, samples: int = 640) -> Case:
    settings = {"hidden": 128, "steps": 50, "samples": samples, "batch": batch}
    # measured: a batch costs so much more than a copy or a call that they make no difference
    without = ("jax-unroll2", "jax-flat")
    return Case(f"batch {batch} h=128", settings, {"batch size at 128 states": batch}, beyond, without)


def cases(quick: bool) -> list[Case]:
    """What is measured. ``quick``: the smallest of each kind, to see that everything works."""
    if quick:
        return [_online(16), _batch(64, samples=128)]
    bars = [*(_online(h) for h in (16, 64, 128)), _batch(64)]
    return [*bars, _online(256, True), _online(512, True), _batch(16, True), _batch(320, True)]


BARS = (
    Bar("online h=16", "torch", 300.0),
    Bar("online h=16", "jax", 9.0),
    Bar("online h=64", "jax", 2.0),
    Bar("online h=128", "jax", 2.0),
    Bar("batch 64 h=128", "torch", 1.2),
)


class Problem(Samples):
    """``x`` (samples, steps, 2): the bits of two numbers, lowest first; ``t`` (samples, steps): those of their sum, as
    class numbers; ``parameters`` W (H, H), U (H, 2), b (H,), V (2, H), c (2,)."""


def problem(settings: dict[str, Any]) -> Problem:
    """The problem of a case, the same in every process."""
    rng = np.random.default_rng(0)
    samples, steps, H = settings["samples"], settings["steps"], settings["hidden"]
    bits = rng.integers(0, 2, (samples, steps, 2))
    total = np.zeros((samples, steps), dtype=np.int64)
    carry = np.zeros(samples, dtype=np.int64)
    for t in range(steps):
        number = bits[:, t].sum(axis=1) + carry
        total[:, t], carry = number % 2, number // 2
    shapes = ((H, H), (H, 2), (H,), (2, H), (2,))
    scales = (0.5 / np.sqrt(H), 0.5, 0.1, 1 / np.sqrt(H), 0.1)
    parameters = [(rng.standard_normal(s) * k).astype(np.float32) for s, k in zip(shapes, scales, strict=True)]
    return Problem(bits.astype(np.float32), total, parameters, settings["batch"], _LEARNING_RATE)


def reference_loss(problem: Problem, parameters: list[Array]) -> float:
    """Mean loss of all sequences, in float64."""
    W, U, b, V, c = (each.astype(np.float64) for each in parameters)
    h, loss = np.zeros((len(problem.x), len(b))), 0.0
    rows = np.arange(len(problem.x))
    for t in range(problem.x.shape[1]):
        h = np.tanh(h @ W.T + problem.x[:, t] @ U.T + b)
        o = h @ V.T + c
        top = o.max(axis=1)
        loss += float((np.log(np.exp(o - top[:, None]).sum(axis=1)) + top - o[rows, problem.t[:, t]]).mean())
    return loss
