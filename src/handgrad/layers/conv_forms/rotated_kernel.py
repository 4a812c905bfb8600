"""Convolution in whole maps: a kernel slides over a map, and in the backward pass the rotated kernel over a wider one.

    y^(d) = b^(d) + sum over p with T_pd = 1 of W^(p,d) (x) x^(p)
    dW^(p,d) = dy^(d) (x) x^(p)
    dx^(p) = sum over d with T_pd = 1 of rot180(W^(p,d)) (x)~ dy^(d)

(x) is the valid correlation, which does not turn the kernel on its left; (x)~ the wide one: the same over a map that
has a border of zeros, as wide as the kernel lets it overlap. A step s > 1 of the kernel comes in by dy: between its
rows and columns are s - 1 of zeros.

Must the kernel be rotated? In the forward pass the entry u, v of the kernel carries x at i + u, j + v to y at i, j.
Back it carries dy at i, j to dx at i + u, j + v: seen from a place k, l of dx, it fetches dy at k - u, l - v. The
shifts have changed their sign, and a correlation has them with a plus; so the kernel is turned by 180 degrees, once.

Cost: time as that of the shifted products, and K L more for every zero of the border and between the steps; memory for
dy with these zeros.

Source: Liao (2018), Assignment 4: BP, section 3.4; Dumoulin and Visin (2016), A guide to convolution arithmetic for
deep learning, relationships 8 to 14, where the wide one is the transposed convolution.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from handgrad.layers._maps import Links, bordered, by_link, linked
from handgrad.layers._types import Array
from handgrad.layers.conv import ConvCache, ConvParams


def rot180(w: Array) -> Array:
    """A kernel (K, L) turned by 180 degrees: its last row first, each row from its end."""
    return w[::-1, ::-1]


def correlate(w: Array, x: Array) -> Array:
    """w (x) x: a kernel (K, L) over a map (H, V, B), as (H - K + 1, V - L + 1, B); a kernel (K, L, B) of which every
    sample has its own, summed over the samples, as (H - K + 1, V - L + 1)."""
    seen = sliding_window_view(x, w.shape[:2], axis=(0, 1))
    return np.einsum("ijnuv,uv->ijn" if w.ndim == 2 else "ijnuv,uvn->ij", seen, w)


def wide(w: Array, x: Array) -> Array:
    """w (x)~ x: a kernel (K, L) over a map (H, V, B) with a border of zeros, as (H + K - 1, V + L - 1, B)."""
    K, L = w.shape
    return correlate(w, np.pad(x, ((K - 1, K - 1), (L - 1, L - 1), (0, 0))))


def spread(dy: Array, s: int, M: int, N: int) -> Array:
    """``dy`` (D, M', N', B) as (D, M, N, B): s - 1 rows and columns of zeros between its own, and more at the end where
    the kernel's last steps would have left the map."""
    whole = np.zeros((len(dy), M, N, dy.shape[3]), dy.dtype)
    whole[:, : s * dy.shape[1] : s, : s * dy.shape[2] : s] = dy
    return whole


def conv_rotated_kernel_forward(
    params: ConvParams, x: Array, stride: int = 1, padding: int = 0, links: Links | None = None
) -> tuple[Array, ConvCache]:
    """Maps ``y`` (D, M, N, B) from maps ``x`` (C, H, V, B), as ``conv_forward``."""
    T, s = linked(links, len(x), len(params.b)), stride
    W, b = by_link(params.W, T), params.b
    x = bordered(x, padding)
    K, L = params.W.shape[-2:]
    M, N = x.shape[1] - K + 1, x.shape[2] - L + 1
    y = np.zeros((len(b), M, N, x.shape[3]), np.result_type(params.W, b, x))
    for d in range(len(b)):
        # 1
        y[d] = b[d]
    for p, d in T:
        # 1
        y[d] += correlate(W[p, d], x[p])
    return y[:, ::s, ::s], ConvCache(x, T, s, padding)


def conv_rotated_kernel_backward(params: ConvParams, cache: ConvCache, dy: Array) -> tuple[Array, ConvParams]:
    """From ``dy`` (D, M, N, B) to ``dx`` (C, H, V, B) and the gradients ``dW`` and ``db``, as ``conv_backward``."""
    x, T, s, padding = cache
    grads = ConvParams(np.zeros_like(params.W), np.zeros_like(params.b))
    W, dW, db = by_link(params.W, T), by_link(grads.W, T), grads.b
    K, L = params.W.shape[-2:]
    _, H, V, _ = x.shape
    dy = spread(dy, s, H - K + 1, V - L + 1)
    dx = np.zeros_like(x)
    for d in range(len(db)):
        # 1: y[d] = b[d]
        db[d] = dy[d].sum()
    for p, d in T:
        # 1: y[d] += correlate(W[p, d], x[p])
        dW[p, d][:] = correlate(dy[d], x[p])
        dx[p] += wide(rot180(W[p, d]), dy[d])
    return dx[:, padding : H - padding, padding : V - padding], grads
