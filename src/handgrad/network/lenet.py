"""LeNet-5 as published, from its parts.

    32 x 32 -> C1 6@28x28 -> S2 6@14x14 -> C3 16@10x10 -> S4 16@5x5 -> C5 120 -> F6 84 -> 10

Sources: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II-B
and table I; Liao (2018), Assignment 4: BP, section 3, which ends in ten outputs and softmax cross-entropy.
"""

from typing import Any

from handgrad.errors import unknown_choice
from handgrad.network.images import LECUN_C3, Conv2D, Flatten, MaxPool2D, MeanPool2D, Subsample
from handgrad.network.layers import Dense, ScaledTanh
from handgrad.network.losses import SoftmaxCrossEntropy
from handgrad.network.sequential import Sequential

LENET_LAYERS = ("C1", "S2", "C3", "S4", "C5", "F6", "output")
"""The names of the layers with parameters, in order; with pooling that has none, S2 and S4 are the pooling layers."""

_POOLS = {"trainable": Subsample, "mean": MeanPool2D, "max": MaxPool2D}


def lenet5(
    links: Any = "lecun",
    pool: str = "trainable",
    activation: Any = None,
    *,
    weights: Any = "glorot_uniform",
    weight_decay: float = 0.0,
    dtype: Any = "float32",
    seed: int = 0,
) -> Sequential:
    """A LeNet-5 for images (1, 32, 32) and ten classes.

    ``links``: what C3 sees of S2's maps, "lecun" (60 links of table I), "full" or a table (6, 16) of truth values.
    ``pool``: "trainable" (the report's), "mean" or "max". ``activation`` stands behind every convolution, behind
    trainable pooling, C5 and F6; None is LeCun's scaled tanh. ``weights`` is the initializer of all kernels and weight
    matrices. Raises UsageError for what does not exist.
    """
    if pool not in _POOLS:
        raise unknown_choice("pool of LeNet-5", pool, tuple(_POOLS))
    if isinstance(links, str):
        if links not in ("lecun", "full"):
            raise unknown_choice("links of LeNet-5", links, ("lecun", "full", "a table of 6 x 16"))
        links = LECUN_C3 if links == "lecun" else None
    f = ScaledTanh() if activation is None else activation
    pooling = [_POOLS[pool](), *[f] * (pool == "trainable")]
    return Sequential(
        [
            *(Conv2D(6, 5, weights=weights), f, *pooling),
            *(Conv2D(16, 5, links=links, weights=weights), f, *pooling),
            *(Flatten(), Dense(120, weights=weights), f),
            *(Dense(84, weights=weights), f, Dense(10, weights=weights)),
        ],
        input_shape=(1, 32, 32),
        loss=SoftmaxCrossEntropy(),
        weight_decay=weight_decay,
        dtype=dtype,
        seed=seed,
    )
