"""Logistic regression on a handful of points that are kept in plain lists."""
import math

import numpy as np

points = [[0.5, 1.2, -0.3], [1.5, -0.7, 0.8], [-1.1, 0.4, 0.9], [0.3, -1.6, -0.5], [-0.8, -0.2, 1.4]]
labels = [1, 0, 1, 0, 1]
weights = np.array([0.4, -0.6, 0.25])
bias = 0.15


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


def predictions(weights, bias):
    return [sigmoid(sum(w * v for w, v in zip(weights, p)) + bias) for p in points]


def cost(weights, bias):
    probs = predictions(weights, bias)
    return -sum(math.log(q) if t == 1 else math.log(1 - q) for q, t in zip(probs, labels)) / len(points)


def grad(weights, bias):
    errors = [q - t for q, t in zip(predictions(weights, bias), labels)]
    m = len(points)
    grad_weights = np.array([sum(e * p[j] for e, p in zip(errors, points)) / m for j in range(len(weights))])
    grad_bias = sum(errors) / m
    return grad_weights, grad_bias


for step in range(20):
    gw, gb = grad(weights, bias)
    weights = weights - 0.5 * gw
    bias = bias - 0.5 * gb
print("cost", cost(weights, bias))
