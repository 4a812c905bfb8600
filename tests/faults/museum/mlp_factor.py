import numpy as np


class Network:
    """5 - 7 - 3 regression network. Rows are samples."""

    def __init__(self, n_in, n_hidden, n_out):
        rng = np.random.default_rng(21)
        self.W1 = rng.normal(0, 0.6, (n_in, n_hidden))
        self.b1 = rng.normal(0, 0.2, n_hidden)
        self.W2 = rng.normal(0, 0.6, (n_hidden, n_out))
        self.b2 = rng.normal(0, 0.2, n_out)

    def forward(self, X):
        self.X = X
        self.A1 = 1 / (1 + np.exp(-(X @ self.W1 + self.b1)))
        self.Y = self.A1 @ self.W2 + self.b2
        return self.Y

    def loss(self, X, T):
        return np.mean((self.forward(X) - T) ** 2)

    def gradient(self, X, T):
        self.forward(X)
        dY = (self.Y - T) / T.size
        grads = {}
        grads["W2"] = np.dot(self.A1.T, dY)
        grads["b2"] = np.sum(dY, axis=0)
        dZ1 = np.dot(dY, self.W2.T) * self.A1 * (1.0 - self.A1)
        grads["W1"] = np.dot(X.T, dZ1)
        grads["b1"] = np.sum(dZ1, axis=0)
        return grads


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(11, 5)), rng.normal(size=(11, 3))
    network = Network(5, 7, 3)
    for i in range(5):
        grads = network.gradient(X, T)
        for key in ("W1", "b1", "W2", "b2"):
            network.__dict__[key] -= 0.1 * grads[key]
        print(i, network.loss(X, T))
