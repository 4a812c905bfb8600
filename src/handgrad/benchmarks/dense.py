"""Workload ``dense``: online training of a small sigmoid network, and training in batches of 784-128-10.

Online: batch 1, squared error, 70 points of two features, always in the same order. Batches: ReLU, softmax
cross-entropy, 8192 random samples in ten classes, in a new order each epoch; every side gathers its batches itself.
float32 and plain SGD throughout.
"""

from typing import Any

import numpy as np

from handgrad.benchmarks.workload import Bar, Case, Samples
from handgrad.layers._types import Array

TITLE = "dense networks, float32, plain SGD: online 2-h-h-1 (sigmoid) and batches of 784-h-10 (ReLU, softmax)"

_POINTS = 70
_SAMPLES = 8192
_LEARNING_RATE = 0.01  # low enough for the widest network: rounding must not grow into another result


def _online(h: int, beyond: bool = False) -> Case:
    settings = {"online": True, "widths": [2, h, h, 1], "samples": _POINTS, "batch": 1}
    return Case(f"online h={h}", settings, {"width h of the online network": h}, beyond, ("jax-flat",))


def _batch(batch: int, hidden: int = 128, beyond: bool = False, samples: int = _SAMPLES) -> Case:
    settings = {"online": False, "widths": [784, hidden, 10], "samples": samples, "batch": batch}
    without = (
        "jax-unroll2",
        "jax-flat",
    )  # measured: a batch costs so much more than the copy that it makes no difference
    axes = {}
    if hidden == 128:
        axes["batch size of 784-128-10"] = batch
    if batch == 128:
        axes["hidden width h of 784-h-10 at batch 128"] = hidden
    name = f"batch {batch}" if hidden == 128 else f"batch {batch} h={hidden}"
    return Case(name, settings, axes, beyond, without)


def cases(quick: bool) -> list[Case]:
    """What is measured. ``quick``: the smallest of each kind, to see that everything works."""
    if quick:
        return [_online(16), _batch(32, samples=512)]
    bars = [*(_online(h) for h in (16, 64, 256, 512)), *(_batch(n) for n in (32, 128, 512))]
    beyond = [_online(1024, True), _online(2048, True), _batch(2048, beyond=True), _batch(128, 1024, beyond=True)]
    return bars + beyond


BARS = (
    Bar("online h=16", "jax", 2.0),
    Bar("online h=16", "torch", 10.0),
    Bar("online h=64", "jax", 1.6),
    Bar("online h=64", "torch", 300.0),
    Bar("online h=256", "jax", 2.0),
    Bar("online h=256", "torch", 10.0),
    Bar("online h=512", "jax", 2.0),
    Bar("online h=512", "torch", 10.0),
    Bar("batch 32", "torch", 1.4),
    Bar("batch 128", "torch", 1.0),
    Bar("batch 512", "torch", 1.0),
)


class Problem(Samples):
    """``x`` (samples, inputs); ``t`` (samples, 1) float32 online, else class numbers (samples,); ``parameters``
    W (M, N), b (M,), W, b, ... from the first layer to the last."""


def problem(settings: dict[str, Any]) -> Problem:
    """The problem of a case, the same in every process."""
    rng = np.random.default_rng(0)
    widths, samples = settings["widths"], settings["samples"]
    x = rng.random((samples, widths[0]), dtype=np.float32)
    t: np.ndarray[Any, Any]
    if settings["online"]:
        t = (x[:, :1] > x[:, 1:]).astype(np.float32)
    else:
        t = rng.integers(0, widths[-1], samples)
    parameters: list[Array] = []
    for n_in, n_out in zip(widths[:-1], widths[1:], strict=True):
        parameters.append((rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(np.float32))
        parameters.append((rng.standard_normal(n_out) * 0.1).astype(np.float32))
    return Problem(x, t, parameters, settings["batch"], _LEARNING_RATE)


def reference_loss(problem: Problem, parameters: list[Array]) -> float:
    """Mean loss of all samples, in float64."""
    a = problem.x.astype(np.float64)
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    for i, (W, b) in enumerate(layers):
        a = a @ W.T.astype(np.float64) + b
        if problem.online:
            a = 1 / (1 + np.exp(-a))
        elif i < len(layers) - 1:
            a = np.maximum(a, 0)
    if problem.online:
        return float(((a - problem.t) ** 2).sum(axis=1).mean())
    top = a.max(axis=1)
    log_total = np.log(np.exp(a - top[:, None]).sum(axis=1)) + top
    return float((log_total - a[np.arange(len(a)), problem.t]).mean())
