# A network in 30 lines: XOR by batch gradient descent
import numpy as np

np.random.seed(1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(x):
    return x * (1 - x)


X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=float)
y = np.array([[0], [1], [1], [0]], dtype=float)

weights1 = np.random.uniform(-1, 1, (3, 5))
weights2 = np.random.uniform(-1, 1, (5, 1))


def loss(weights1, weights2):
    return np.sum((y - sigmoid(sigmoid(X @ weights1) @ weights2)) ** 2)


def backprop(weights1, weights2):
    layer1 = sigmoid(X @ weights1)
    z2 = layer1 @ weights2
    output = sigmoid(z2)
    d_output = -2 * (y - output) * sigmoid_derivative(z2)
    d_weights2 = layer1.T @ d_output
    d_layer1 = d_output @ weights2.T * sigmoid_derivative(layer1)
    d_weights1 = X.T @ d_layer1
    return d_weights1, d_weights2


for iteration in range(5):
    d_weights1, d_weights2 = backprop(weights1, weights2)
    weights1 -= 0.1 * d_weights1
    weights2 -= 0.1 * d_weights2

print(loss(weights1, weights2))
