"""MLP trained by gradient descent; one function takes the whole step."""

import numpy as np

np.random.seed(9)
lr = 0.5
X = np.random.randn(7, 2)
Y = np.random.rand(7, 3)
W1 = np.random.randn(2, 5)
b1 = np.random.randn(5)
W2 = np.random.randn(5, 3)
b2 = np.random.randn(3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mse(W1, b1, W2, b2):
    return 0.5 * np.sum((sigmoid(sigmoid(X @ W1 + b1) @ W2 + b2) - Y) ** 2)


def train_step(W1, b1, W2, b2):
    A1 = sigmoid(X @ W1 + b1)
    A2 = sigmoid(A1 @ W2 + b2)
    dZ2 = (A2 - Y) * A2 * (1 - A2)
    dW2 = A1.T @ dZ2
    db2 = dZ2.sum(axis=0)
    W2 = W2 - lr * dW2
    b2 = b2 - lr * db2
    dZ1 = dZ2 @ W2.T * A1 * (1 - A1)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0)
    W1 = W1 - lr * dW1
    b1 = b1 - lr * db1
    return W1, b1, W2, b2, (dW1, db1, dW2, db2)


if __name__ == "__main__":
    for i in range(4):
        W1, b1, W2, b2, grads = train_step(W1, b1, W2, b2)
        print(mse(W1, b1, W2, b2), [np.abs(g).max() for g in grads])
