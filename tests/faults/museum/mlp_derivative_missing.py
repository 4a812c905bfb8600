"""Network from a list of layer sizes, softmax cross-entropy, columns are samples."""

import numpy as np

sizes = [3, 7, 5, 2]
rng = np.random.RandomState(6)
weights = [rng.randn(n, m) * 0.8 for m, n in zip(sizes[:-1], sizes[1:])]
biases = [rng.randn(n, 1) * 0.2 for n in sizes[1:]]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def feedforward(x, weights, biases):
    zs, activations = [], [x]
    for w, b in zip(weights, biases):
        zs.append(w @ activations[-1] + b)
        activations.append(sigmoid(zs[-1]))
    e = np.exp(zs[-1])
    activations[-1] = e / e.sum(axis=0)
    return zs, activations


def cost(x, y, weights, biases):
    p = feedforward(x, weights, biases)[1][-1]
    return -np.sum(y * np.log(p)) / x.shape[1]


def backprop(x, y, weights, biases):
    nabla_w = [np.zeros_like(w) for w in weights]
    nabla_b = [np.zeros_like(b) for b in biases]
    zs, activations = feedforward(x, weights, biases)
    delta = (activations[-1] - y) / x.shape[1]
    nabla_w[-1] = delta @ activations[-2].T
    nabla_b[-1] = delta.sum(axis=1, keepdims=True)
    for layer in range(2, len(sizes)):
        delta = weights[-layer + 1].T @ delta
        nabla_w[-layer] = delta @ activations[-layer - 1].T
        nabla_b[-layer] = delta.sum(axis=1, keepdims=True)
    return nabla_w, nabla_b


if __name__ == "__main__":
    x = rng.randn(3, 11)
    y = np.eye(2)[rng.randint(0, 2, 11)].T
    for epoch in range(3):
        print(cost(x, y, weights, biases))
        nabla_w, nabla_b = backprop(x, y, weights, biases)
        weights = [w - 0.5 * nw for w, nw in zip(weights, nabla_w)]
        biases = [b - 0.5 * nb for b, nb in zip(biases, nabla_b)]
