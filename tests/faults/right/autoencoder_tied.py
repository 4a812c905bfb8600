"""Autoencoder whose decoder is the transpose of its encoder."""
import numpy as np

SEED = 27
N = 6
D = 5
H = 3


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


class TiedAutoencoder:
    def __init__(self, rng):
        self.params = {
            "W": rng.standard_normal((H, D)),
            "b": rng.standard_normal((H, 1)) * 0.5,
            "c": rng.standard_normal((D, 1)) * 0.5,
        }

    def loss(self, X):
        W, b, c = self.params["W"], self.params["b"], self.params["c"]
        h = sigmoid(W @ X + b)
        R = sigmoid(W.T @ h + c)
        self.memory = X, h, R
        return np.sum((R - X) ** 2) / X.shape[1]

    def grad(self):
        X, h, R = self.memory
        W = self.params["W"]
        dR = 2 * (R - X)
        ds = dR * R * (1 - R)
        dh = W @ ds
        da = dh * h * (1 - h)
        # W encodes and decodes
        dW = da @ X.T + h @ ds.T
        db = da.sum(axis=1, keepdims=True)
        dc = ds.sum(axis=1, keepdims=True)
        return {k: g / X.shape[1] for k, g in zip(["W", "b", "c"], [dW, db, dc])}


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    X = rng.uniform(size=(D, N))
    model = TiedAutoencoder(rng)
    for epoch in range(20):
        error = model.loss(X)
        for name, g in model.grad().items():
            model.params[name] -= 0.5 * g
    print(f"reconstruction error after {epoch} steps: {error:.4f}")
