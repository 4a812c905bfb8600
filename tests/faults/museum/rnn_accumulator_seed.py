"""Elman network; gradients of all steps are collected going backwards."""

import numpy as np

rng = np.random.RandomState(34)
Wx, Wh, Wy = rng.randn(5, 2) * 0.6, rng.randn(5, 5) * 0.4, rng.randn(3, 5) * 0.6


def run(xs, Wx, Wh, Wy):
    hs = [np.zeros((5, 1))]
    for x in xs:
        hs.append(np.tanh(Wx @ x + Wh @ hs[-1]))
    return hs, [Wy @ h for h in hs[1:]]


def loss(xs, ts, Wx, Wh, Wy):
    _, ys = run(xs, Wx, Wh, Wy)
    total = 0
    for y, t in zip(ys, ts):
        total += 0.5 * np.sum((y - t) ** 2)
    return total


def grad(xs, ts, Wx, Wh, Wy):
    hs, ys = run(xs, Wx, Wh, Wy)
    Wx_grad, Wh_grad, Wy_grad = (np.zeros_like(W) for W in (Wx, Wh, Wy))
    back = np.ones_like(hs[0])
    for t in range(len(xs) - 1, -1, -1):
        e = ys[t] - ts[t]
        Wy_grad += e @ hs[t + 1].T
        back = (Wy.T @ e + back) * (1 - hs[t + 1] ** 2)
        Wx_grad += back @ xs[t].T
        Wh_grad += back @ hs[t].T
        back = Wh.T @ back
    return Wx_grad, Wh_grad, Wy_grad


def main():
    global Wx, Wh, Wy
    xs = [rng.randn(2, 1) for _ in range(4)]
    ts = [rng.randn(3, 1) for _ in range(4)]
    for i in range(3):
        print(loss(xs, ts, Wx, Wh, Wy))
        Wx_grad, Wh_grad, Wy_grad = grad(xs, ts, Wx, Wh, Wy)
        Wx, Wh, Wy = Wx - 0.05 * Wx_grad, Wh - 0.05 * Wh_grad, Wy - 0.05 * Wy_grad


if __name__ == "__main__":
    main()
