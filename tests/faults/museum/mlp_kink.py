"""ReLU network whose biases start at zero; the first sample is the origin."""

import numpy as np

rng = np.random.default_rng(15)
X = rng.normal(size=(7, 2))
X[0] = 0.0
Y = rng.normal(size=(7, 3))

W1, b1 = rng.normal(size=(2, 5)), np.zeros(5)
W2, b2 = rng.normal(size=(5, 3)), np.zeros(3)


def forward(X, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    return Z1, A1, A1 @ W2 + b2


def cost(X, Y, W1, b1, W2, b2):
    return np.sum((forward(X, W1, b1, W2, b2)[-1] - Y) ** 2) / 2


def backward(X, Y, W1, b1, W2, b2):
    Z1, A1, out = forward(X, W1, b1, W2, b2)
    dout = out - Y
    dW2 = A1.T @ dout
    db2 = dout.sum(axis=0)
    dZ1 = dout @ W2.T * (Z1 > 0)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


if __name__ == "__main__":
    dW1, db1, dW2, db2 = backward(X, Y, W1, b1, W2, b2)
    print(cost(X, Y, W1, b1, W2, b2))
    print(db1)
