"""An RNN of few tanh units adds two binary numbers, least significant bit first: one sum bit a step."""

import numpy as np

SEED = 4
T = 5
B = 3
H = 6


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def make_numbers(rng, n_bits, n_pairs):
    top = 2 ** (n_bits - 1)
    a, b = rng.integers(0, top, n_pairs), rng.integers(0, top, n_pairs)
    bits = [[(v >> k) & 1 for k in range(n_bits)] for v in (a, b, a + b)]
    x = np.array([[bits[0][k], bits[1][k]] for k in range(n_bits)], dtype=float)
    y = np.array([[bits[2][k]] for k in range(n_bits)], dtype=float)
    return x, y  # (time, 2, batch), (time, 1, batch)


class AdderRNN:
    def __init__(self, hidden, rng):
        self.U = rng.normal(0, 0.8, (hidden, 2))
        self.W = rng.normal(0, 0.5, (hidden, hidden))
        self.b = rng.normal(0, 0.3, (hidden, 1))
        self.V = rng.normal(0, 0.8, (1, hidden))
        self.c = rng.normal(0, 0.3, (1, 1))
        self.h0 = rng.normal(0, 0.3, (hidden, 1))

    def forward(self, x):
        h = np.repeat(self.h0, x.shape[2], axis=1)
        outputs, self.cache = [], []
        for x_t in x:
            h_prev = h
            h = np.tanh(self.U @ x_t + self.W @ h_prev + self.b)
            y_t = sigmoid(self.V @ h + self.c)
            self.cache.append((x_t, h_prev, h, y_t))
            outputs.append(y_t)
        return np.array(outputs)

    def loss(self, x, target):
        y = self.forward(x)
        self.target = target
        return -np.sum(target * np.log(y) + (1 - target) * np.log(1 - y)) / x.shape[2]

    def backward(self):
        self.dU, self.dW, self.db = np.zeros_like(self.U), np.zeros_like(self.W), np.zeros_like(self.b)
        self.dV, self.dc = np.zeros_like(self.V), np.zeros_like(self.c)
        n = self.target.shape[2]
        dh_next = np.zeros_like(self.cache[0][1])
        for (x_t, h_prev, h, y_t), target in zip(self.cache[::-1], self.target[::-1]):
            do = (y_t - target) / n
            self.dV += do @ h.T
            self.dc += do.sum(axis=1, keepdims=True)
            dh = self.V.T @ do + dh_next
            da = dh * (1 - h**2)
            self.dU += da @ x_t.T
            self.dW += da @ h_prev.T
            self.db += da.sum(axis=1, keepdims=True)
            dh_next = self.W.T @ da
        self.dh0 = dh_next.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    net = AdderRNN(H, rng)
    x, target = make_numbers(rng, T, B)
    for i in range(10):
        loss = net.loss(x, target)
        net.backward()
        for name in ("U", "W", "b", "V", "c", "h0"):
            setattr(net, name, getattr(net, name) - 0.1 * getattr(net, "d" + name))
    print("loss after 10 steps:", loss)
