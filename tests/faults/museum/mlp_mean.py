"""Softmax classifier with one hidden layer; columns are samples; parameters and gradients live in dicts."""

import numpy as np


def initialize_parameters(n_x, n_h, n_y):
    np.random.seed(2)
    return {
        "W1": np.random.randn(n_h, n_x) * 0.7,
        "b1": np.random.randn(n_h, 1) * 0.1,
        "W2": np.random.randn(n_y, n_h) * 0.7,
        "b2": np.random.randn(n_y, 1) * 0.1,
    }


def forward_propagation(X, parameters):
    Z1 = np.dot(parameters["W1"], X) + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = np.dot(parameters["W2"], A1) + parameters["b2"]
    expZ = np.exp(Z2 - Z2.max(axis=0))
    A2 = expZ / np.sum(expZ, axis=0)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def compute_cost(A2, Y):
    m = Y.shape[1]
    return -np.sum(Y * np.log(A2)) / m


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = (cache["A2"] - Y) / m
    dW2 = np.dot(dZ2, cache["A1"].T)
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(parameters["W2"].T, dZ2) * (1 - cache["A1"] ** 2)
    dW1 = 1 / m * np.dot(dZ1, X.T)
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


if __name__ == "__main__":
    X = np.random.RandomState(0).randn(2, 11)
    Y = np.eye(3)[:, np.random.RandomState(1).randint(0, 3, 11)]
    parameters = initialize_parameters(2, 5, 3)
    for i in range(3):
        A2, cache = forward_propagation(X, parameters)
        print("Cost after iteration %i: %f" % (i, compute_cost(A2, Y)))
        grads = backward_propagation(parameters, cache, X, Y)
        for name in parameters:
            parameters[name] = parameters[name] - 1.2 * grads["d" + name]
