"""A single recurrent tanh neuron that follows a running average; the product form of BPTT."""

import numpy as np

x = np.array([0.9, 0.2, -0.4, 0.7, 0.5])
target = np.cumsum(x) / np.arange(1, 6)


def states(w_rec, w_in):
    s = [0.0]
    for n in range(len(x)):
        s.append(np.tanh(w_rec * s[-1] + w_in * x[n]))
    return s


def error(w_rec, w_in):
    s = states(w_rec, w_in)
    return 0.5 * sum((s[n + 1] - target[n]) ** 2 for n in range(len(x)))


def derivative(w_rec, w_in):
    s = states(w_rec, w_in)
    d_rec, d_in = 0.0, 0.0
    for n in range(len(x)):
        for k in range(n + 1):
            chain = 1 - s[k + 1] ** 2
            for p in range(k + 1, n + 1):
                chain = chain + w_rec * (1 - s[p + 1] ** 2)
            d_rec += (s[n + 1] - target[n]) * chain * s[k]
            d_in += (s[n + 1] - target[n]) * chain * x[k]
    return d_rec, d_in


if __name__ == "__main__":
    w_rec, w_in = 0.6, 0.8
    for step in range(5):
        d_rec, d_in = derivative(w_rec, w_in)
        w_rec, w_in = w_rec - 0.1 * d_rec, w_in - 0.1 * d_in
        print(step, error(w_rec, w_in))
