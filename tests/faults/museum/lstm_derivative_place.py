"""Sequence-to-number LSTM in functions; weights as module-level arrays."""

import numpy as np

np.random.seed(16)
Wi, Wf, Wo, Wg = (np.random.randn(5, 7) * 0.5 for _ in range(4))
v = np.random.randn(5)
X = np.random.randn(4, 2)
target = 0.8


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def dsigmoid(y):
    return y * (1 - y)


def dtanh(x):
    return 1 - np.tanh(x) ** 2


def forward(X, Wi, Wf, Wo, Wg, v):
    h, c, steps = np.zeros(5), np.zeros(5), []
    for x in X:
        z = np.hstack([h, x])
        i, f, o, g = sigmoid(Wi @ z), sigmoid(Wf @ z), sigmoid(Wo @ z), np.tanh(Wg @ z)
        steps.append([z, i, f, o, g, c])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps[-1].append(c)
    return v @ h, h, steps


def loss(X, Wi, Wf, Wo, Wg, v, target):
    return 0.5 * (forward(X, Wi, Wf, Wo, Wg, v)[0] - target) ** 2


def backward(X, Wi, Wf, Wo, Wg, v, target):
    y, h, steps = forward(X, Wi, Wf, Wo, Wg, v)
    gWi, gWf, gWo, gWg = np.zeros_like(Wi), np.zeros_like(Wf), np.zeros_like(Wo), np.zeros_like(Wg)
    gv = (y - target) * h
    gh, gc = (y - target) * v, np.zeros(5)
    for z, i, f, o, g, c_prev, c in steps[::-1]:
        gc = gc + gh * o * dtanh(c)
        ai, af = gc * g * dsigmoid(i), gc * c_prev * dsigmoid(f)
        ao = gh * np.tanh(c) * dsigmoid(o)
        ag = gc * i * dtanh(g)
        gWi += np.outer(ai, z)
        gWf += np.outer(af, z)
        gWo += np.outer(ao, z)
        gWg += np.outer(ag, z)
        gz = Wi.T @ ai + Wf.T @ af + Wo.T @ ao + Wg.T @ ag
        gh, gc = gz[:5], gc * f
    return gWi, gWf, gWo, gWg, gv


if __name__ == "__main__":
    for n in range(3):
        gWi, gWf, gWo, gWg, gv = backward(X, Wi, Wf, Wo, Wg, v, target)
        Wi, Wf, Wo, Wg, v = Wi - 0.1 * gWi, Wf - 0.1 * gWf, Wo - 0.1 * gWo, Wg - 0.1 * gWg, v - 0.1 * gv
        print(loss(X, Wi, Wf, Wo, Wg, v, target))
