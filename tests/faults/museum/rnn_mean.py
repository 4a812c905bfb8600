"""Sequence regression; the loss is the mean over the time steps."""

import numpy as np


class SequenceModel:
    def __init__(self, n_in=2, n_hidden=5, n_out=3, seed=18):
        r = np.random.RandomState(seed)
        self.params = {
            "Wxh": r.randn(n_hidden, n_in) * 0.5,
            "Whh": r.randn(n_hidden, n_hidden) * 0.4,
            "Why": r.randn(n_out, n_hidden) * 0.5,
            "bh": r.randn(n_hidden) * 0.1,
        }

    def forward(self, inputs):
        p = self.params
        h = np.zeros(len(p["bh"]))
        self.inputs, self.states, self.outputs = inputs, [h], []
        for x in inputs:
            h = np.tanh(p["Wxh"] @ x + p["Whh"] @ h + p["bh"])
            self.states.append(h)
            self.outputs.append(p["Why"] @ h)
        return np.array(self.outputs)

    def loss(self, inputs, targets):
        return 0.5 * np.sum((self.forward(inputs) - targets) ** 2) / len(inputs)

    def backward(self, targets):
        p, T = self.params, len(self.inputs)
        d = {name: np.zeros_like(value) for name, value in p.items()}
        dh_next = np.zeros(len(p["bh"]))
        for t in range(T - 1, -1, -1):
            dy = (self.outputs[t] - targets[t]) / T
            d["Why"] += np.outer(dy, self.states[t + 1])
            dh = p["Why"].T @ dy + dh_next
            da = dh * (1 - self.states[t + 1] ** 2)
            d["bh"] += da
            d["Wxh"] += np.outer(da, self.inputs[t])
            d["Whh"] += np.outer(da, self.states[t]) / T
            dh_next = p["Whh"].T @ da
        return d


if __name__ == "__main__":
    r = np.random.RandomState(0)
    inputs, targets = r.randn(4, 2), r.randn(4, 3)
    model = SequenceModel()
    for step in range(3):
        print(model.loss(inputs, targets))
        for name, grad in model.backward(targets).items():
            model.params[name] -= 0.1 * grad
