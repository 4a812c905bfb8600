"""Activations inside recurrent layers, by their number in ``layers/_activations.py``: tanh, relu, sigmoid, identity."""

from handgrad.kernels._exp import exp, tanh
from handgrad.kernels._jit import kernel


@kernel
def activate(kind, a):
    """a <- f(a), in place."""
    zero, one = a.dtype.type(0), a.dtype.type(1)
    if kind == 0:
        for i in range(a.size):
            a[i] = tanh(a[i])
    elif kind == 1:
        for i in range(a.size):
            a[i] = zero if a[i] <= zero else a[i]
    elif kind == 2:
        for i in range(a.size):
            a[i] = one / (one + exp(-a[i]))


@kernel
def activation_backward(kind, y, dy):
    """dy <- dy f'(a), in place, from y = f(a)."""
    zero, one = y.dtype.type(0), y.dtype.type(1)
    if kind == 0:
        for i in range(y.size):
            dy[i] *= one - y[i] * y[i]
    elif kind == 1:
        for i in range(y.size):
            dy[i] = dy[i] if y[i] > zero else zero
    elif kind == 2:
        for i in range(y.size):
            dy[i] *= y[i] * (one - y[i])
