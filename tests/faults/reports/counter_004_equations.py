"""Report 004: one ReLU neuron with a recurrent weight counts ones; its equations (product form) as published."""

import numpy as np

rng = np.random.default_rng(6)
W_rec, W_xs = np.array(0.9), np.array(1.3)
x = rng.uniform(0.2, 1.0, size=5)
t = np.cumsum(x)


def relu(r):
    return np.maximum(r, 0)


def deriv_relu(r):
    return (r > 0).astype(float)


def forward(W_rec, W_xs, x):
    s, r = np.zeros(len(x) + 1), np.zeros(len(x))  # s[-1], the last, stays 0: the state before the first step
    for n in range(len(x)):
        r[n] = W_rec * s[n - 1] + W_xs * x[n]  # r_n = W_rec s_(n-1) + W_xs x_n
        s[n] = relu(r[n])  # s_n = reLU(r_n)
    return s, r


def loss(W_rec, W_xs, x, t):
    s, r = forward(W_rec, W_xs, x)
    return 0.5 * np.sum((s[: len(x)] - t) ** 2)  # E = 1/2 (s_n - t_n)², here summed over n


def backward(W_rec, W_xs, x, t):
    s, r = forward(W_rec, W_xs, x)
    dE_dW_rec, dE_dW_xs = 0.0, 0.0
    for n in range(len(x)):
        for k in range(n + 1):
            product = 1.0
            for p in range(k, n):
                product *= W_rec * deriv_relu(r[p + 1])  # Π_(p=k..n-1) W_rec ∂reLU(r_(p+1))/∂r_(p+1)
            dE_dW_rec += (s[n] - t[n]) * deriv_relu(r[k]) * s[k - 1] * product
            dE_dW_xs += (s[n] - t[n]) * deriv_relu(r[k]) * x[k] * product
    return dE_dW_rec, dE_dW_xs


if __name__ == "__main__":
    print(loss(W_rec, W_xs, x, t), backward(W_rec, W_xs, x, t))
