"""Convolution of maps along the links of a table.

    y^(d)_ij = b^(d) + sum over p with T_pd = 1 of sum_uv W^(p,d)_uv x^(p)_(s i + u, s j + v)

The kernel W^(p,d) slides over map p in steps of s and is not turned: a valid cross-correlation, as every framework has
it. The table T says which input maps an output map sees; what is not linked costs nothing. ``padding`` puts a border of
zeros around the input first.

Backward: an entry of the kernel met the input at s i + u, s j + v and went into the output at i, j, so

    dW^(p,d)_uv = sum_ij dy^(d)_ij x^(p)_(s i + u, s j + v)
    dx^(p)_(s i + u, s j + v) gets W^(p,d)_uv dy^(d)_ij, from all d with T_pd = 1, all u, v, i and j

Cost: time K L M N for each link and sample, twice: once for dW and once for dx; memory M N for a product of a map.

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II
and table I; Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, relationships 1 to 8.

Shapes: W (D, C, K, L), b (D,), x (C, H, V, B), y (D, M, N, B). With a link table W is (links, K, L): a kernel for each
link, in the order of outputs, and of inputs within an output; in memory both are the same.
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._maps import Link, Links, bordered, by_link, linked
from handgrad.layers._types import Array


class ConvParams(NamedTuple):
    """W (D, C, K, L): a kernel for each link, W[d, p] from map p to map d; (links, K, L) with a table. b (D,)."""

    W: Array
    b: Array


class ConvCache(NamedTuple):
    """x (C, H + 2 padding, V + 2 padding, B): the input with its border. T: the links (p, d), in the order of W.
    s: the stride."""

    x: Array
    T: list[Link]
    s: int
    padding: int


def conv_forward(
    params: ConvParams, x: Array, stride: int = 1, padding: int = 0, links: Links | None = None
) -> tuple[Array, ConvCache]:
    """Maps ``y`` (D, M, N, B) from maps ``x`` (C, H, V, B), with M = (H + 2 padding - K) // stride + 1, and so N.

    ``links`` (C, D): the link table T, None for a full one. Raises ValueError where W does not have a kernel for each
    link.
    """
    T, s = linked(links, len(x), len(params.b)), stride
    W, b = by_link(params.W, T), params.b
    x = bordered(x, padding)
    K, L = params.W.shape[-2:]
    M, N = (x.shape[1] - K) // s + 1, (x.shape[2] - L) // s + 1
    y = np.zeros((len(b), M, N, x.shape[3]), np.result_type(params.W, b, x))
    for d in range(len(b)):
        # 1
        y[d] = b[d]
    for p, d in T:
        for u, v in np.ndindex(K, L):
            # 1
            y[d] += W[p, d][u, v] * x[p, u : u + s * M : s, v : v + s * N : s]
    return y, ConvCache(x, T, s, padding)


def conv_backward(params: ConvParams, cache: ConvCache, dy: Array) -> tuple[Array, ConvParams]:
    """From ``dy`` (D, M, N, B) to ``dx`` (C, H, V, B) and the gradients ``dW``, of W's shape, and ``db`` (D,)."""
    x, T, s, padding = cache
    grads = ConvParams(np.zeros_like(params.W), np.zeros_like(params.b))
    W, dW, db = by_link(params.W, T), by_link(grads.W, T), grads.b
    K, L = params.W.shape[-2:]
    _, M, N, _ = dy.shape
    dx = np.zeros_like(x)
    for d in range(len(db)):
        # 1: y[d] = b[d]
        db[d] = dy[d].sum()
    for p, d in T:
        for u, v in np.ndindex(K, L):
            # 1: y[d] += W[p, d][u, v] * x[p, u : u + s * M : s, v : v + s * N : s]
            dW[p, d][u, v] = (dy[d] * x[p, u : u + s * M : s, v : v + s * N : s]).sum()
            dx[p, u : u + s * M : s, v : v + s * N : s] += W[p, d][u, v] * dy[d]
    _, H, V, _ = x.shape
    return dx[:, padding : H - padding, padding : V - padding], grads
