"""Recurrent layers in vector registers: what goes from one step to the next waits for nothing but the products."""

from handgrad.kernels._activations import activation_backward
from handgrad.kernels._emitter import tile
from handgrad.kernels._jit import kernel
from handgrad.kernels._tiles import KNOWN, shift, summed


def _send_back_tile(lanes):
    """``lanes`` numbers of da <- f'(a) (dh + W^T da_next), for n rows of W: (da, where dh stands, h = f(a), da_next, W;
    kind of f, W_row, n)."""

    def plain(d, h, d_next, W, kind, W_row, n):
        for j in range(n):
            d[:lanes] += d_next[j] * W[j * W_row : j * W_row + lanes]
        activation_backward(kind, h[:lanes], d[:lanes])

    def emit(e, d, h, d_next, W, kind, W_row, n):
        for known in e.cases(n, KNOWN):
            (dh,) = summed(e, [e.load(d)], 4, d_next, 0, 1, W, W_row, known)
            y, one = e.load(h), e.constant(1)
            da = e.total(dh)
            with e.when(kind, 0):
                e.set(da, e.times(dh, e.minus(one, e.times(y, y))))
            with e.when(kind, 1):
                e.set(da, e.where(e.positive(y), dh, e.zero()))
            with e.when(kind, 2):
                e.set(da, e.times(dh, e.times(y, e.minus(one, y))))
            e.store(e.value(da), d)

    return tile(lanes, emit, plain, pointers=4, sizes=3)


_back_16, _back_4, _back_1 = _send_back_tile(16), _send_back_tile(4), _send_back_tile(1)


@kernel
def send_back_through(kind, H, n, d, h, d_next, W):
    """da <- f'(a) (dh + W^T da_next) of a step, where dh stands, with the first n rows of W (H, H): 0 where nothing
    comes back."""
    j = 0
    while j + 16 <= H:
        _back_16(shift(d, j), shift(h, j), d_next, shift(W, j), kind, H, n)
        j += 16
    while j + 4 <= H:
        _back_4(shift(d, j), shift(h, j), d_next, shift(W, j), kind, H, n)
        j += 4
    while j < H:
        _back_1(shift(d, j), shift(h, j), d_next, shift(W, j), kind, H, n)
        j += 1
