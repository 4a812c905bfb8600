"""Embedding and tanh RNN over token sequences; the last state is compared with a vector."""

import numpy as np


class TokenRNN:
    def __init__(self, vocab, dim, hidden, seed=4):
        r = np.random.default_rng(seed)
        self.table = r.normal(0, 0.7, (vocab, dim))
        self.U = r.normal(0, 0.7, (hidden, dim))
        self.W = r.normal(0, 0.7, (hidden, hidden))
        self.b = np.zeros((hidden, 1))

    def forward(self, tokens):
        """tokens: a list of whole numbers"""
        self.tokens, self.h = tokens, [np.zeros_like(self.b)]
        for token in tokens:
            x = self.table[token].reshape(-1, 1)
            self.h.append(np.tanh(self.U @ x + self.W @ self.h[-1] + self.b))
        return self.h[-1]

    def backward(self, dh):
        g = {name: np.zeros_like(getattr(self, name)) for name in ("table", "U", "W", "b")}
        for k in reversed(range(len(self.tokens))):
            token = self.tokens[k]
            x = self.table[token].reshape(-1, 1)
            da = dh * (1 - self.h[k + 1] ** 2)
            g["U"] += da @ x.T
            g["W"] += da @ self.h[k].T
            g["b"] += da
            g["table"][token] = (self.U.T @ da).ravel()
            dh = self.W.T @ da
        return g


if __name__ == "__main__":
    net = TokenRNN(vocab=5, dim=3, hidden=4)
    sentence, goal = [2, 0, 2, 3, 2, 1], np.array([[0.5], [-0.5], [0.2], [0.0]])
    for step in range(4):
        out = net.forward(sentence)
        print(step, 0.5 * float(((out - goal) ** 2).sum()))
        for name, grad in net.backward(out - goal).items():
            setattr(net, name, getattr(net, name) - 0.1 * grad)
