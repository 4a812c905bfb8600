"""Many-to-many RNN; parameters, caches and gradients are dataclasses."""

from dataclasses import dataclass

import numpy as np

SEED = 21
T = 3
B = 4
D = 2
H = 5
O = 6


@dataclass
class Params:
    W_in: np.ndarray
    W_rec: np.ndarray
    b_rec: np.ndarray
    W_out: np.ndarray
    b_out: np.ndarray


@dataclass
class Cache:
    inputs: np.ndarray
    states: np.ndarray
    error: np.ndarray


def forward(p: Params, inputs: np.ndarray, initial: np.ndarray, targets: np.ndarray) -> tuple[float, Cache]:
    steps, batch, _ = inputs.shape
    states = np.empty((steps + 1, batch, p.W_rec.shape[0]))
    states[0] = initial
    for t in range(steps):
        states[t + 1] = np.tanh(inputs[t] @ p.W_in + states[t] @ p.W_rec + p.b_rec)
    error = states[1:] @ p.W_out + p.b_out - targets
    loss = 0.5 * np.sum(error**2) / (steps * batch)
    return loss, Cache(inputs, states, error)


def backward(p: Params, cache: Cache) -> Params:
    steps, batch, _ = cache.inputs.shape
    states = cache.states
    out_grad = cache.error / (steps * batch)

    W_out_grad = np.zeros_like(p.W_out)
    W_in_grad = np.zeros_like(p.W_in)
    W_rec_grad = np.zeros_like(p.W_rec)
    b_rec_grad = np.zeros_like(p.b_rec)
    b_out_grad = np.zeros_like(p.b_out)
    carried = np.zeros_like(states[0])
    for t in range(steps - 1, -1, -1):
        W_out_grad += states[t + 1].T @ out_grad[t]
        b_out_grad += np.sum(out_grad[t], axis=0)
        state_grad = out_grad[t] @ p.W_out.T + carried
        pre_grad = state_grad * (1 - states[t + 1] ** 2)
        W_in_grad += cache.inputs[t].T @ pre_grad
        W_rec_grad += states[t].T @ pre_grad
        b_rec_grad += np.sum(pre_grad, axis=0)
        carried = pre_grad @ p.W_rec.T
    return Params(W_in_grad, W_rec_grad, b_rec_grad, W_out_grad, b_out_grad)


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    shapes = [(D, H), (H, H), (H,), (H, O), (O,)]
    p = Params(*[0.5 * rng.standard_normal(s) for s in shapes])
    inputs, targets = rng.standard_normal((T, B, D)), rng.standard_normal((T, B, O))
    initial = 0.5 * rng.standard_normal((B, H))
    loss, cache = forward(p, inputs, initial, targets)
    g = backward(p, cache)
    print("loss", loss, "norms", [float(np.linalg.norm(v)) for v in vars(g).values()])
