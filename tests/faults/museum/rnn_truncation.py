# -*- coding: utf-8 -*-
import numpy as np


class RNNNumpy:
    """Truncated BPTT in the style of a well-known tutorial; with bptt_truncate >= T it is the whole gradient."""

    def __init__(self, word_dim=4, hidden_dim=3, bptt_truncate=10, seed=8):
        rs = np.random.RandomState(seed)
        self.bptt_truncate = bptt_truncate
        self.U = rs.uniform(-0.8, 0.8, (hidden_dim, word_dim))
        self.V = rs.uniform(-0.8, 0.8, (word_dim, hidden_dim))
        self.W = rs.uniform(-0.8, 0.8, (hidden_dim, hidden_dim))

    def forward_propagation(self, x):
        T = len(x)
        s = np.zeros((T + 1, self.W.shape[0]))
        o = np.zeros((T, self.V.shape[0]))
        for t in range(T):
            s[t] = np.tanh(self.U[:, x[t]] + self.W.dot(s[t - 1]))
            e = np.exp(self.V.dot(s[t]))
            o[t] = e / e.sum()
        return o, s

    def calculate_loss(self, x, y):
        o, _ = self.forward_propagation(x)
        return -np.sum(np.log(o[np.arange(len(y)), y]))

    def bptt(self, x, y):
        o, s = self.forward_propagation(x)
        dLdU, dLdV, dLdW = np.zeros(self.U.shape), np.zeros(self.V.shape), np.zeros(self.W.shape)
        delta_o = o
        delta_o[np.arange(len(y)), y] -= 1.0
        for t in range(len(y))[::-1]:
            dLdV += np.outer(delta_o[t], s[t])
            delta_t = self.V.T.dot(delta_o[t]) * (1 - s[t] ** 2)
            for step in range(max(0, t - self.bptt_truncate) + 1, t + 1)[::-1]:
                dLdW += np.outer(delta_t, s[step - 1])
                dLdU[:, x[step]] += delta_t
                delta_t = self.W.T.dot(delta_t) * (1 - s[step - 1] ** 2)
        return dLdU, dLdV, dLdW

    def sgd_step(self, x, y, learning_rate):
        dLdU, dLdV, dLdW = self.bptt(x, y)
        self.U -= learning_rate * dLdU
        self.V -= learning_rate * dLdV
        self.W -= learning_rate * dLdW


x, y = [0, 2, 1, 3, 2], [2, 1, 3, 2, 0]
model = RNNNumpy()
for i in range(3):
    model.sgd_step(x, y, 0.05)
    print(model.calculate_loss(x, y))
