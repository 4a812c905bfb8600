"""Language model with tied weights: the same matrix embeds the input and reads the state out."""

import numpy as np

rng = np.random.default_rng(65)
vocab, hidden = 7, 5
E = rng.normal(size=(vocab, hidden)) * 0.6
W = rng.normal(size=(hidden, hidden)) * 0.4
b = rng.normal(size=hidden) * 0.1
text = [3, 1, 4, 1, 5, 6]


def softmax(z):
    z = np.exp(z - np.max(z))
    return z / z.sum()


def forward(E, W, b, text):
    h, hs, ps = np.zeros(len(b)), [np.zeros(len(b))], []
    for token in text[:-1]:
        h = np.tanh(E[token] + W @ h + b)
        hs.append(h)
        ps.append(softmax(E @ h))
    return hs, ps


def loss(E, W, b, text):
    _, ps = forward(E, W, b, text)
    return -sum(np.log(p[token]) for p, token in zip(ps, text[1:]))


def grads(E, W, b, text):
    hs, ps = forward(E, W, b, text)
    grad_E, grad_W, grad_b = np.zeros_like(E), np.zeros_like(W), np.zeros_like(b)
    later = np.zeros_like(b)
    for t in reversed(range(len(ps))):
        dz = ps[t].copy()
        dz[text[t + 1]] -= 1
        grad_E += np.outer(dz, hs[t + 1])
        da = (E.T @ dz + later) * (1 - hs[t + 1] ** 2)
        grad_E[text[t]] = da
        grad_W += np.outer(da, hs[t])
        grad_b += da
        later = W.T @ da
    return grad_E, grad_W, grad_b


if __name__ == "__main__":
    for epoch in range(3):
        grad_E, grad_W, grad_b = grads(E, W, b, text)
        E, W, b = E - 0.1 * grad_E, W - 0.1 * grad_W, b - 0.1 * grad_b
        print(loss(E, W, b, text))
