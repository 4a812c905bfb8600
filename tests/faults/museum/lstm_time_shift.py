import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


class LSTMLayer:
    """Time-major LSTM; every gate of every step is kept in a preallocated array."""

    def __init__(self, D, H, seed=9):
        rng = np.random.default_rng(seed)
        self.Wx = rng.normal(size=(D, 4 * H)) * 0.5
        self.Wh = rng.normal(size=(H, 4 * H)) * 0.4
        self.b = rng.normal(size=4 * H) * 0.2

    def forward(self, x):
        T, N, _ = x.shape
        H = self.Wh.shape[0]
        self.x = x
        self.h, self.c = np.zeros((T + 1, N, H)), np.zeros((T + 1, N, H))
        self.gates = np.zeros((T, N, 4 * H))
        for t in range(T):
            A = x[t] @ self.Wx + self.h[t] @ self.Wh + self.b
            f, g, i, o = sigma(A[:, :H]), np.tanh(A[:, H : 2 * H]), sigma(A[:, 2 * H : 3 * H]), sigma(A[:, 3 * H :])
            self.gates[t] = np.hstack((f, g, i, o))
            self.c[t + 1] = f * self.c[t] + g * i
            self.h[t + 1] = o * np.tanh(self.c[t + 1])
        return self.h[1:]

    def backward(self, dhs):
        T, _, H = dhs.shape
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dh, dc = np.zeros_like(dhs[0]), np.zeros_like(dhs[0])
        for t in reversed(range(T)):
            f, g, i, o = np.split(self.gates[t], 4, axis=1)
            dh = dh + dhs[t]
            tanh_c = np.tanh(self.c[t + 1])
            ds = dc + dh * o * (1 - tanh_c**2)
            df = ds * self.c[t + 1] * f * (1 - f)
            dg = ds * i * (1 - g**2)
            di = ds * g * i * (1 - i)
            do = dh * tanh_c * o * (1 - o)
            dA = np.hstack((df, dg, di, do))
            self.dWx += self.x[t].T @ dA
            self.dWh += self.h[t].T @ dA
            self.db += dA.sum(axis=0)
            dh, dc = dA @ self.Wh.T, ds * f


def loss(layer, x, y):
    return 0.5 * np.sum((layer.forward(x) - y) ** 2)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    layer, x, y = LSTMLayer(2, 5), rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 5))
    for step in range(3):
        print(loss(layer, x, y))
        layer.backward(layer.h[1:] - y)
        for name in ("Wx", "Wh", "b"):
            setattr(layer, name, getattr(layer, name) - 0.05 * getattr(layer, "d" + name))
