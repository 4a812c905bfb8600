"""Vanilla RNN with Adagrad."""

import numpy as np

rng = np.random.default_rng(83)
Wxh = rng.normal(size=(5, 2)) * 0.5
Whh = rng.normal(size=(5, 5)) * 0.4
Why = rng.normal(size=(3, 5)) * 0.5
xs = rng.normal(size=(4, 2, 1))
ts = rng.normal(size=(4, 3, 1))


def loss_and_grads(Wxh, Whh, Why):
    hs = {-1: np.zeros((5, 1))}
    loss, err = 0.0, {}
    for t in range(4):
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1])
        err[t] = Why @ hs[t] - ts[t]
        loss += 0.5 * np.sum(err[t] ** 2)
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dnext = np.zeros((5, 1))
    for t in reversed(range(4)):
        dWhy += err[t] @ hs[t].T
        dz = (Why.T @ err[t] + dnext) * (1 - hs[t] ** 2)
        dWxh += dz @ xs[t].T
        dWhh += dz @ hs[t - 1].T
        dnext = Whh.T @ dz
    return loss, dWxh, dWhh, dWhy


def adagrad(params, grads, mems, learning_rate=0.1):
    for param, dparam, mem in zip(params, grads, mems):
        mem += dparam * dparam
        param += -learning_rate * dparam * np.sqrt(mem + 1e-8)


if __name__ == "__main__":
    mems = [np.zeros_like(W) for W in (Wxh, Whh, Why)]
    for n in range(5):
        loss, *grads = loss_and_grads(Wxh, Whh, Why)
        adagrad((Wxh, Whh, Why), grads, mems)
        print(n, loss)
