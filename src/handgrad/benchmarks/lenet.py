"""Workload ``lenet``: LeNet-5 with LeCun's table of links and trainable subsampling, tanh, softmax cross-entropy.

Training in batches, in a new order each epoch, and online; and the latency of one image through the network. Every side
has the 60 links of C3: frameworks as a dense kernel, masked. float32 and plain SGD throughout.
"""

from typing import Any

import numpy as np

from handgrad.benchmarks.workload import Bar, Case, Samples
from handgrad.layers._types import Array
from handgrad.network.images import LECUN_C3

TITLE = "LeNet-5, float32, plain SGD, 60 links, trainable subsampling: batches, online, and one image at a time"

_LEARNING_RATE = 0.01
_WITHOUT = (
    "numpy",
    "jax-unroll2",
    "jax-flat",
)  # nobody would train it in plain NumPy; the others have no loop to unroll


def _case(name: str, batch: int, samples: int, beyond: bool = False, predict: bool = False) -> Case:
    axes = {} if predict else {"batch size": batch}
    settings = {"batch": batch, "samples": samples, "predict": predict}
    return Case(name, settings, axes, beyond, _WITHOUT)


def cases(quick: bool) -> list[Case]:
    """What is measured. ``quick``: the smallest of each kind, to see that everything works."""
    if quick:
        return [_case("batch 64", 64, 128), _case("online", 1, 16), _case("one image", 1, 16, predict=True)]
    bars = [_case("batch 64", 64, 1024), _case("batch 256", 256, 1024), _case("online", 1, 256)]
    bars.append(_case("one image", 1, 256, predict=True))
    return [*bars, _case("batch 8", 8, 512, beyond=True), _case("batch 1024", 1024, 2048, beyond=True)]


BARS = (
    Bar("batch 64", "torch", 2.5),
    Bar("batch 64", "jax", 4.0),
    Bar("batch 256", "torch", 2.5),
    Bar("batch 256", "jax", 4.0),
    Bar("online", "torch", 4.0),
    Bar("online", "jax", 4.0),
    Bar("one image", "torch", 5.0),
)


class Problem(Samples):
    """``x`` (samples, 1, 32, 32); ``t`` class numbers (samples,); ``parameters`` of C1, S2, C3, S4, C5, F6 and the
    output: kernels (6, 1, 5, 5), (60, 5, 5), weights of pooling (maps,), matrices (M, N), each followed by its bias.

    Where images are predicted, the answers (samples, 10), softmax's, follow, zeros at first.
    """

    @property
    def predict(self) -> bool:
        """Whether nothing is trained, and every image goes through the network alone."""
        return len(self.parameters) == 15


def problem(settings: dict[str, Any]) -> Problem:
    """The problem of a case, the same in every process."""
    rng = np.random.default_rng(0)
    samples = settings["samples"]
    x = rng.standard_normal((samples, 1, 32, 32), dtype=np.float32)
    t = rng.integers(0, 10, samples)
    shapes = [(6, 1, 5, 5), (6,), (6,), (6,), (60, 5, 5), (16,), (16,), (16,)]
    for n_in, n_out in ((400, 120), (120, 84), (84, 10)):
        shapes += [(n_out, n_in), (n_out,)]
    scales = [1 / 5, 0.1, 0.5, 0.1, 1 / 10, 0.1, 0.5, 0.1, 1 / 20, 0.1, 1 / 11, 0.1, 1 / 9, 0.1]
    parameters = [(rng.standard_normal(s) * k).astype(np.float32) for s, k in zip(shapes, scales, strict=True)]
    for pooling in (2, 6):
        parameters[pooling] += 1
    if settings["predict"]:
        parameters.append(np.zeros((samples, 10), np.float32))
    return Problem(x, t, parameters, settings["batch"], _LEARNING_RATE)


def masked(kernels: Array) -> tuple[Array, Array]:
    """C3's kernels (60, 5, 5) as a dense one (16, 6, 5, 5), and the mask (16, 6, 1, 1) of its links."""
    W = np.zeros((16, 6, 5, 5), kernels.dtype)
    W[LECUN_C3.T] = kernels
    return W, LECUN_C3.T[:, :, None, None].astype(kernels.dtype)


def linked(W: Array) -> Array:
    """The opposite: the kernels of the links."""
    kernels: Array = W[LECUN_C3.T]
    return kernels


def _convolved(x: Array, W: Array, b: Array) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(x, W.shape[2:], axis=(2, 3))
    y: Array = np.einsum("npijuv,dpuv->ndij", windows, W, optimize=True) + b[:, None, None]
    return y


def _pooled(x: Array, w: Array, a: Array) -> Array:
    n, maps, height, width = x.shape
    means = x.reshape(n, maps, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
    y: Array = w[:, None, None] * means + a[:, None, None]
    return y


def reference_loss(problem: Problem, parameters: list[Array]) -> float:
    """Mean loss of all samples, in float64."""
    W1, b1, w2, a2, W3, b3, w4, a4, *dense = (each.astype(np.float64) for each in parameters[:14])
    total = 0.0
    for first in range(0, len(problem.x), 128):
        x, t = problem.x[first : first + 128].astype(np.float64), problem.t[first : first + 128]
        x = np.tanh(_pooled(np.tanh(_convolved(x, W1, b1)), w2, a2))
        x = np.tanh(_pooled(np.tanh(_convolved(x, masked(W3)[0], b3)), w4, a4)).reshape(len(x), -1)
        for i in range(0, len(dense), 2):
            x = (np.tanh(x) if i else x) @ dense[i].T + dense[i + 1]
        top = x.max(axis=1)
        total += float((np.log(np.exp(x - top[:, None]).sum(axis=1)) + top - x[np.arange(len(x)), t]).sum())
    return total / len(problem.x)
