"""A small classifier: one ReLU layer, then softmax with cross-entropy."""
import numpy as np

SEED = 1
N = 5
D = 4
H = 7
C = 3


class MLP:
    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.default_rng(seed)
        self.W1 = rng.standard_normal((n_in, n_hidden)) / np.sqrt(n_in)
        self.b1 = 0.3 * rng.standard_normal(n_hidden)
        self.W2 = rng.standard_normal((n_hidden, n_out)) / np.sqrt(n_hidden)
        self.b2 = 0.3 * rng.standard_normal(n_out)

    def forward(self, X):
        self.X = X
        self.z = X @ self.W1 + self.b1
        self.h = np.maximum(0, self.z)
        scores = self.h @ self.W2 + self.b2
        scores = scores - scores.max(axis=1, keepdims=True)
        e = np.exp(scores)
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def loss(self, X, labels):
        probs = self.forward(X)
        self.labels = labels
        picked = probs[np.arange(len(labels)), labels]
        return -np.log(picked).mean()

    def backward(self):
        n = self.X.shape[0]
        dscores = self.probs.copy()
        dscores[np.arange(n), self.labels] -= 1
        dscores /= n
        self.dW2 = self.h.T @ dscores
        self.db2 = dscores.sum(axis=0)
        dh = dscores @ self.W2.T
        dz = dh * (self.z > 0)
        self.dW1 = self.X.T @ dz
        self.db1 = dz.sum(axis=0)

    def step(self, lr):
        self.W1 -= lr * self.dW1
        self.b1 -= lr * self.db1
        self.W2 -= lr * self.dW2
        self.b2 -= lr * self.db2


def main():
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((N, D))
    labels = rng.integers(0, C, size=N)
    net = MLP(D, H, C, seed=SEED)
    for epoch in range(12):
        value = net.loss(X, labels)
        net.backward()
        net.step(0.3)
        if epoch % 4 == 0:
            print("epoch", epoch, "loss", round(float(value), 4))


if __name__ == "__main__":
    main()
