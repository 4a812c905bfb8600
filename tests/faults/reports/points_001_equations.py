"""Report 001: the equations printed beside the code ("Experimental Setup - Back propagation"), one sample, as they stand.

Both hidden layers have the same width, as in most of the report: only then can the published products be formed at all.
"""

import numpy as np

rng = np.random.default_rng(1)
W1, B1 = rng.normal(size=(2, 5)), rng.normal(size=(1, 5))
W2, B2 = rng.normal(size=(5, 5)), rng.normal(size=(1, 5))
W3, B3 = rng.normal(size=(5, 1)), rng.normal(size=(1, 1))
inputs = rng.normal(size=(1, 2))
y_hat = np.array([[1.0]])  # the label; y is what the network says


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative_printed(x):
    return -1 / (1 - np.exp(-x)) ** 2 * -np.exp(-x)  # (1): y' = -1 / (1 - e^-x)² (-e^-x)


def sigmoid_derivative_second_member(x):
    return sigmoid(x) ** 2 * np.exp(-x)  # (1): = y² e^-x


def sigmoid_derivative_line_2(x):
    return (1 - sigmoid(x)) / sigmoid(x)  # (2): y' = (1 - y) / y


def forward(W1, B1, W2, B2, W3, B3, inputs):
    Z1 = inputs @ W1 + B1
    X1 = sigmoid(Z1)
    Z2 = X1 @ W2 + B2
    X2 = sigmoid(Z2)
    Z3 = X2 @ W3 + B3
    return X1, X2, sigmoid(Z3)


def loss(W1, B1, W2, B2, W3, B3, inputs, y_hat):
    X1, X2, y = forward(W1, B1, W2, B2, W3, B3, inputs)
    return np.sum((y - y_hat) ** 2)  # L = (y - ŷ)²


def backward(W1, B1, W2, B2, W3, B3, inputs, y_hat):
    X1, X2, y = forward(W1, B1, W2, B2, W3, B3, inputs)
    grad_Z3 = 2 * (y - y_hat) * y * (1 - y)  # grad_Z3 = ∂L/∂y ∂y/∂Z = 2 (y - ŷ) × σ'(Z)
    grad_W3 = X2.T * grad_Z3  # grad_W3 = X2 × grad_Z3
    grad_B3 = grad_Z3
    grad_Z2 = grad_Z3 * X2 * (1 - X2)  # grad_Z2 = ∂L/∂Z3 σ'(Z2) = ∂L/∂Z3 × (X2)(1 - X2)
    grad_W2 = X1.T @ grad_Z2  # grad_W2 = X1 × ∂L/∂Z3 × σ'(Z2)
    grad_B2 = grad_Z2
    grad_Z1 = grad_Z2 * X1 * (1 - X1)  # grad_Z1 = ∂L/∂Z2 σ'(Z1) = ∂L/∂Z2 × (X1)(1 - X1)
    grad_W1 = inputs.T @ grad_Z1  # grad_W1 = input × [∂L/∂]Z2 × σ'(Z1); the brackets are lost in the scan
    grad_B1 = grad_Z1
    return grad_W1, grad_B1, grad_W2, grad_B2, grad_W3, grad_B3


if __name__ == "__main__":
    print(loss(W1, B1, W2, B2, W3, B3, inputs, y_hat))
    grad_W1, grad_B1, grad_W2, grad_B2, grad_W3, grad_B3 = backward(W1, B1, W2, B2, W3, B3, inputs, y_hat)
    print(grad_W2)
