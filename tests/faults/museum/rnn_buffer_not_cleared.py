import numpy as np


class RNNCell:
    """Keeps its gradients between calls, as an optimizer wants to read them."""

    def __init__(self, d, h):
        rng = np.random.default_rng(51)
        self.Wx = rng.normal(0, 0.5, (h, d))
        self.Wh = rng.normal(0, 0.5, (h, h))
        self.b = rng.normal(0, 0.2, (h, 1))
        self.dWx = np.zeros((h, d))
        self.dWh = np.zeros((h, h))
        self.db = np.zeros((h, 1))

    def forward(self, xs, h0):
        self.xs, self.hs = xs, [h0]
        for x in xs:
            self.hs.append(np.tanh(self.Wx @ x + self.Wh @ self.hs[-1] + self.b))
        return self.hs[-1]

    def backward(self, dh):
        for t in reversed(range(len(self.xs))):
            da = dh * (1 - self.hs[t + 1] ** 2)
            self.dWx += da @ self.xs[t].T
            self.dWh += da @ self.hs[t].T
            self.db += da.sum(axis=1, keepdims=True)
            dh = self.Wh.T @ da
        return dh


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    cell = RNNCell(2, 5)
    xs, h0, target = rng.normal(size=(4, 2, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    for epoch in range(4):
        h = cell.forward(xs, h0)
        loss = 0.5 * np.sum((h - target) ** 2)
        cell.backward(h - target)
        print(epoch, loss)
        cell.Wx -= 0.02 * cell.dWx
        cell.Wh -= 0.02 * cell.dWh
        cell.b -= 0.02 * cell.db
