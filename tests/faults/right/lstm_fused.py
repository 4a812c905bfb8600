"""LSTM with one matrix for the four gates (order i, f, g, o) and arrays allocated before the loop."""
import numpy as np

SEED = 7
T = 4
B = 2
D = 3
H = 5


def sigm(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def lstm_forward(x, h0, c0, W, U, b):
    T, B, _ = x.shape
    H = h0.shape[1]
    h = np.zeros((T + 1, B, H))
    c = np.zeros((T + 1, B, H))
    gates = np.zeros((T, B, 4 * H))
    h[0], c[0] = h0, c0
    for t in range(T):
        a = x[t] @ W + h[t] @ U + b
        gates[t, :, : 2 * H] = sigm(a[:, : 2 * H])
        gates[t, :, 2 * H : 3 * H] = np.tanh(a[:, 2 * H : 3 * H])
        gates[t, :, 3 * H :] = sigm(a[:, 3 * H :])
        i, f, g, o = np.split(gates[t], 4, axis=1)
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
    return h[1:], (x, W, U, h, c, gates)


def lstm_backward(grad_h, cache):
    x, W, U, h, c, gates = cache
    T, B, H = grad_h.shape
    grad_x = np.zeros_like(x)
    grad_W, grad_U = np.zeros_like(W), np.zeros_like(U)
    grad_b = np.zeros(4 * H)
    grad_a = np.zeros((B, 4 * H))
    dh = np.zeros((B, H))
    dc = np.zeros((B, H))
    for t in range(T - 1, -1, -1):
        i, f, g, o = np.split(gates[t], 4, axis=1)
        tanh_c = np.tanh(c[t + 1])
        dh = dh + grad_h[t]
        dc = dc + dh * o * (1 - tanh_c**2)
        grad_a[:, :H] = dc * g * i * (1 - i)
        grad_a[:, H : 2 * H] = dc * c[t] * f * (1 - f)
        grad_a[:, 2 * H : 3 * H] = dc * i * (1 - g**2)
        grad_a[:, 3 * H :] = dh * tanh_c * o * (1 - o)
        grad_x[t] = grad_a @ W.T
        grad_W += x[t].T @ grad_a
        grad_U += h[t].T @ grad_a
        grad_b += grad_a.sum(axis=0)
        dh = grad_a @ U.T
        dc = dc * f
    return grad_x, dh, dc, grad_W, grad_U, grad_b


rng = np.random.default_rng(SEED)
x = rng.normal(size=(T, B, D))
h0 = 0.5 * rng.normal(size=(B, H))
c0 = 0.5 * rng.normal(size=(B, H))
W = 0.5 * rng.normal(size=(D, 4 * H))
U = 0.5 * rng.normal(size=(H, 4 * H))
b = 0.3 * rng.normal(size=4 * H)
grad_h = rng.normal(size=(T, B, H))

if __name__ == "__main__":
    h, cache = lstm_forward(x, h0, c0, W, U, b)
    grads = lstm_backward(grad_h, cache)
    print("h", h.shape, "gradients", [g.shape for g in grads])
