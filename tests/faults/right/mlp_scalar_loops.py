"""XOR with the innermost loops written out; weights are nested lists, one row a unit."""
import math

import numpy as np

SEED = 22
HIDDEN = 3

rng = np.random.default_rng(SEED)
w1 = rng.normal(size=(HIDDEN, 2)).tolist()
b1 = rng.normal(size=HIDDEN).tolist()
w2 = rng.normal(size=HIDDEN).tolist()
b2 = [0.3]
samples = [([0.1, 0.2], 0), ([0.1, 0.9], 1), ([0.8, 0.2], 1), ([0.9, 0.8], 0)]


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def forward(x, w1, b1, w2, b2):
    hidden = []
    for j in range(len(w1)):
        total = b1[j]
        for i in range(len(x)):
            total += w1[j][i] * x[i]
        hidden.append(sigmoid(total))
    total = b2[0]
    for j in range(len(hidden)):
        total += w2[j] * hidden[j]
    return hidden, sigmoid(total)


def loss(w1, b1, w2, b2):
    result = 0.0
    for x, target in samples:
        hidden, output = forward(x, w1, b1, w2, b2)
        result += 0.5 * (target - output) ** 2
    return result


def gradients(w1, b1, w2, b2):
    grad_w1 = [[0.0 for i in row] for row in w1]
    grad_b1 = [0.0 for j in b1]
    grad_w2 = [0.0 for j in w2]
    grad_b2 = [0.0]
    for x, target in samples:
        hidden, output = forward(x, w1, b1, w2, b2)
        delta_out = (output - target) * output * (1 - output)
        grad_b2[0] += delta_out
        for j in range(len(hidden)):
            grad_w2[j] += delta_out * hidden[j]
            delta_hidden = delta_out * w2[j] * hidden[j] * (1 - hidden[j])
            grad_b1[j] += delta_hidden
            for i in range(len(x)):
                grad_w1[j][i] += delta_hidden * x[i]
    return grad_w1, grad_b1, grad_w2, grad_b2


if __name__ == "__main__":
    rate = 0.5
    for epoch in range(20):
        grad_w1, grad_b1, grad_w2, grad_b2 = gradients(w1, b1, w2, b2)
        for j in range(len(w1)):
            for i in range(2):
                w1[j][i] -= rate * grad_w1[j][i]
            b1[j] -= rate * grad_b1[j]
            w2[j] -= rate * grad_w2[j]
        b2[0] -= rate * grad_b2[0]
    print(loss(w1, b1, w2, b2))
