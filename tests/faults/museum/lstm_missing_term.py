"""LSTM whose gates have separate matrices for input (W) and state (U)."""

import numpy as np


class LSTM:
    gates = "ifog"

    def __init__(self, d, h):
        rng = np.random.RandomState(24)
        self.W = {k: rng.randn(h, d) * 0.6 for k in self.gates}
        self.U = {k: rng.randn(h, h) * 0.4 for k in self.gates}
        self.b = {k: rng.randn(h, 1) * 0.2 for k in self.gates}

    def step(self, x, h, c):
        a = {k: self.W[k] @ x + self.U[k] @ h + self.b[k] for k in self.gates}
        i, f, o = (1 / (1 + np.exp(-a[k])) for k in "ifo")
        g = np.tanh(a["g"])
        c_new = f * c + i * g
        return o * np.tanh(c_new), c_new, (x, h, c, i, f, o, g, c_new)

    def forward(self, xs):
        h = c = np.zeros_like(self.b["i"])
        self.trace = []
        for x in xs:
            h, c, record = self.step(x, h, c)
            self.trace.append(record)
        return h

    def backward(self, dh):
        dW = {k: np.zeros_like(self.W[k]) for k in self.gates}
        dU = {k: np.zeros_like(self.U[k]) for k in self.gates}
        db = {k: np.zeros_like(self.b[k]) for k in self.gates}
        dc = np.zeros_like(dh)
        for x, h_prev, c_prev, i, f, o, g, c in reversed(self.trace):
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            da = {
                "i": dc * g * i * (1 - i),
                "f": dc * c_prev * f * (1 - f),
                "o": dh * np.tanh(c) * o * (1 - o),
                "g": dc * i * (1 - g**2),
            }
            for k in self.gates:
                dW[k] += da[k] @ x.T
                dU[k] += da[k] @ h_prev.T
                db[k] += da[k]
            dh = self.U["i"].T @ da["i"] + self.U["f"].T @ da["f"] + self.U["o"].T @ da["o"]
            dc = dc * f
        return dW, dU, db


if __name__ == "__main__":
    rng = np.random.RandomState(2)
    net, xs, t = LSTM(2, 5), rng.randn(4, 2, 1), rng.randn(5, 1)
    for epoch in range(3):
        h = net.forward(xs)
        print("loss", 0.5 * np.sum((h - t) ** 2))
        dW, dU, db = net.backward(h - t)
        for k in net.gates:
            net.W[k] -= 0.1 * dW[k]
            net.U[k] -= 0.1 * dU[k]
            net.b[k] -= 0.1 * db[k]
