"""An LSTM as a chain of cell objects: every time step is an object that remembers its own forward pass."""
import numpy as np

SEED = 34
T = 4
D = 3
H = 5


def sigm(u):
    return 1 / (1 + np.exp(-u))


class Weights:
    def __init__(self, rng):
        self.value = {k: rng.uniform(-0.7, 0.7, (H, D + H + 1)) for k in ("in", "forget", "out", "cand")}
        self.diff = {k: np.zeros((H, D + H + 1)) for k in self.value}

    def clear(self):
        for k in self.diff:
            self.diff[k] = np.zeros((H, D + H + 1))


class Cell:
    def __init__(self, weights):
        self.weights = weights

    def forward(self, x, h, s):
        w = self.weights.value
        self.v = np.concatenate([x, h, [1.0]])
        self.s_prev = s
        self.i = sigm(w["in"] @ self.v)
        self.f = sigm(w["forget"] @ self.v)
        self.o = sigm(w["out"] @ self.v)
        self.g = np.tanh(w["cand"] @ self.v)
        self.s = self.g * self.i + s * self.f
        self.h = self.o * np.tanh(self.s)
        return self.h, self.s

    def backward(self, dh, ds):
        w, diff = self.weights.value, self.weights.diff
        ds = ds + dh * self.o * (1 - np.tanh(self.s) ** 2)
        d = {
            "in": ds * self.g * self.i * (1 - self.i),
            "forget": ds * self.s_prev * self.f * (1 - self.f),
            "out": dh * np.tanh(self.s) * self.o * (1 - self.o),
            "cand": ds * self.i * (1 - self.g**2),
        }
        dv = np.zeros(len(self.v))
        for k in d:
            diff[k] += np.outer(d[k], self.v)
            dv += w[k].T @ d[k]
        return dv[D : D + H], ds * self.f


class Chain:
    def __init__(self, rng, start):
        self.weights = Weights(rng)
        self.cells = [Cell(self.weights) for _ in range(T)]
        self.start = start

    def loss(self, xs, ys):
        h, s = self.start
        total = 0
        for cell, x, y in zip(self.cells, xs, ys):
            h, s = cell.forward(x, h, s)
            total += (h[0] - y) ** 2
        self.ys = ys
        return total

    def backward(self):
        self.weights.clear()
        dh, ds = np.zeros(H), np.zeros(H)
        for cell, y in zip(self.cells[::-1], self.ys[::-1]):
            dh[0] += 2 * (cell.h[0] - y)
            dh, ds = cell.backward(dh, ds)


rng = np.random.default_rng(SEED)
chain = Chain(rng, rng.normal(0, 0.4, (2, H)))
xs, ys = rng.normal(size=(T, D)), rng.uniform(-0.5, 0.5, T)
print(chain.loss(xs, ys))
chain.backward()
