"""Two-layer network for a small regression problem, full-batch gradient descent."""

import numpy as np

rng = np.random.default_rng(1)

X = rng.normal(size=(7, 2))  # 7 samples, 2 features
Y = rng.normal(size=(7, 3))

W1 = rng.normal(size=(2, 5)) * 0.7
b1 = rng.normal(size=5) * 0.3
W2 = rng.normal(size=(5, 3)) * 0.7
b2 = rng.normal(size=3) * 0.3


def forward(X, W1, b1, W2, b2):
    a1 = X @ W1 + b1
    h1 = np.tanh(a1)
    out = h1 @ W2 + b2
    return h1, out


def loss(out, Y):
    return 0.5 * np.sum((out - Y) ** 2) / len(Y)


def backward(X, Y, h1, out, W2):
    delta2 = (Y - out) / len(Y)
    dW2 = h1.T @ delta2
    db2 = delta2.sum(axis=0)
    delta1 = (delta2 @ W2.T) * (1 - h1**2)
    dW1 = X.T @ delta1
    db1 = delta1.sum(axis=0)
    return dW1, db1, dW2, db2


if __name__ == "__main__":
    lr = 0.1
    for epoch in range(5):
        h1, out = forward(X, W1, b1, W2, b2)
        print("epoch", epoch, "loss", loss(out, Y))
        dW1, db1, dW2, db2 = backward(X, Y, h1, out, W2)
        W1 -= lr * dW1
        b1 -= lr * db1
        W2 -= lr * dW2
        b2 -= lr * db2
