"""L2 weight decay. Equations: ``layers/weight_decay.py``. Its row's input is a block of ``params``."""

from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import N_IN, OUT, PARAM, SCALAR


@operation
def weight_decay_forward(row, n, params, grads, acts, deltas, scalars):
    """R = lambda / 2 sum W^2"""
    W = vector(params, row[PARAM], row[N_IN])
    lam = vector(scalars, row[SCALAR], 1)[0]
    total = W.dtype.type(0)
    for i in range(W.size):
        total += W[i] * W[i]
    vector(acts, row[OUT], 1)[0] = lam / W.dtype.type(2) * total


@operation
def weight_decay_backward(row, n, params, grads, acts, deltas, scalars):
    """dW += lambda W: the penalty is added to the loss, so its gradient is added to the loss's"""
    W = vector(params, row[PARAM], row[N_IN])
    dW = vector(grads, row[PARAM], row[N_IN])
    lam = vector(scalars, row[SCALAR], 1)[0]
    for i in range(W.size):
        dW[i] += lam * W[i]
