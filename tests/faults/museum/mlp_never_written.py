"""Classifier with dict parameters; gradients are prepared as zeros and filled in."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def make_params(seed=0):
    rng = np.random.default_rng(seed)
    return {"W1": rng.normal(size=(2, 5)), "b1": rng.normal(size=5),
            "W2": rng.normal(size=(5, 3)), "b2": rng.normal(size=3)}


def loss_and_grads(params, X, labels):
    n = len(X)
    hidden = X @ params["W1"] + params["b1"]
    act = np.where(hidden > 0, hidden, 0.1 * hidden)
    probs = softmax(act @ params["W2"] + params["b2"])
    loss = -np.log(probs[np.arange(n), labels]).mean()

    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dscores = probs.copy()
    dscores[np.arange(n), labels] -= 1
    dscores /= n
    grads["W2"] = act.T @ dscores
    grads["b2"] = dscores.sum(axis=0)
    dhidden = dscores @ params["W2"].T * np.where(hidden > 0, 1.0, 0.1)
    grads["W1"] = X.T @ dhidden
    return loss, grads


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    X, labels = rng.normal(size=(11, 2)), rng.integers(0, 3, size=11)
    params = make_params()
    for epoch in range(3):
        loss, grads = loss_and_grads(params, X, labels)
        print(loss)
        for name in params:
            params[name] -= 0.5 * grads[name]
