"""One digit on its way through every layer of LeNet-5, and the gradient on its way back, by the equations of layers/.

The gradient at a map is dL/dy of the loss of this one image, for any label: the right one, or a wrong one, which shows
what each map would have to be for the network to say that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from handgrad.errors import InputError
from handgrad.layers._types import Array
from handgrad.network.layers import TimeLayer
from handgrad.network.lenet import LENET_LAYERS
from handgrad.network.sequential import Sequential

_NAMED = ("conv", "subsample", "mean_pool", "max_pool", "dense")


class Stage(NamedTuple):
    """``values``: maps (C, H, W); of the last layers (units, 1, 1)."""

    name: str
    values: Array


@dataclass(frozen=True)
class Way:
    """``forward``: the input, each layer behind its activation, and the output before the softmax. ``back``: for each
    label the gradient at each of these, in the same order. ``probabilities`` (classes,)."""

    forward: tuple[Stage, ...]
    back: dict[int, tuple[Stage, ...]]
    probabilities: Array


def stage_rows(network: Sequential) -> list[tuple[str, int]]:
    """Name and index of each layer of ``network`` that has a name in LeNet-5. Raises InputError for other networks."""
    rows = [i for i, layer in enumerate(network.layers) if layer.kind in _NAMED]
    if len(rows) != len(LENET_LAYERS):
        raise InputError(
            f"the network has {len(rows)} layers with connections, expected {len(LENET_LAYERS)}, as LeNet-5"
        )
    return list(zip(LENET_LAYERS, rows, strict=True))


def parameters_by_layer(network: Sequential) -> list[int]:
    """Trainable parameters of C1, S2, C3, S4, C5, F6 and the output: 156, 12, 1516, 32, 48120, 10164, 850."""
    found = []
    for _, row in stage_rows(network):
        found.append(sum(int(value.size) for value in network.parameters.of_layer(row).values()))
    return found


def way(network: Sequential, x: Any, labels: Sequence[int]) -> Way:
    """The way of the image ``x`` (1, 32, 32), and of the gradient for each of ``labels``, in float64."""
    params = [
        {name: value.astype(np.float64) for name, value in network.parameters.of_layer(i).items()}
        for i in range(len(network.layers))
    ]
    y: Array = np.asarray(x, np.float64)[..., None]
    ys: list[Array] = [y]
    caches: list[Any] = []
    layers = [layer for layer in network.layers if not isinstance(layer, TimeLayer)]  # LeNet-5 has none
    for layer, values in zip(layers, params, strict=True):
        y, cache = layer.forward(values, y)
        ys.append(y)
        caches.append(cache)
    shown = _shown(network)
    forward = tuple(Stage(name, _as_maps(ys[k])) for name, k in shown)
    back = {}
    for label in labels:
        t = np.zeros_like(y)
        t[label] = 1
        dy = network.loss.backward(network.loss.forward(y, t)[1], np.ones(1))
        dys = [dy]
        for layer, values, cache in reversed(list(zip(layers, params, caches, strict=True))):
            dy, _ = layer.backward(values, cache, dy)
            dys.insert(0, dy)
        back[label] = tuple(Stage(name, _as_maps(dys[k])) for name, k in shown)
    return Way(forward, back, network.loss.prediction(y)[:, 0])


def _shown(network: Sequential) -> list[tuple[str, int]]:
    """Name, and number of the array: 0 is the input, k + 1 is behind layer k. What only changes the shape is not shown
    after what it changed."""
    rows = stage_rows(network)
    ends = [row for _, row in rows[1:]] + [len(network.layers)]
    shown = [("input", 0)]
    for (name, row), end in zip(rows, ends, strict=True):
        behind = [i for i in range(row, end) if network.layers[i].kind != "flatten"]
        shown.append((name, behind[-1] + 1))
    return shown


def _as_maps(y: Array) -> Array:
    """One sample's (C, H, W, 1) or (units, 1) as (C, H, W)."""
    return y[..., 0] if y.ndim == 4 else y[:, :, None]
