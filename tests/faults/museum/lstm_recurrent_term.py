import numpy as np


def sig(v):
    return 1.0 / (1.0 + np.exp(-v))


class LSTM:
    def __init__(self, inputs, hidden, outputs):
        np.random.seed(7)
        self.n = hidden
        self.W = np.random.randn(4 * hidden, inputs + hidden) * 0.4  # rows: i, f, g, o
        self.b = np.random.randn(4 * hidden) * 0.2
        self.V = np.random.randn(outputs, hidden) * 0.5

    def forward(self, xs):
        n = self.n
        self.cache = []
        h, c = np.full(n, 0.1), np.full(n, -0.2)
        self.hs, self.ys = [], []
        for x in xs:
            v = np.concatenate([x, h])
            a = self.W @ v + self.b
            i, f, o = sig(a[:n]), sig(a[n : 2 * n]), sig(a[3 * n :])
            g = np.tanh(a[2 * n : 3 * n])
            c_old, c = c, f * c + i * g
            h = o * np.tanh(c)
            self.cache.append((v, i, f, g, o, c_old, c))
            self.hs.append(h)
            self.ys.append(self.V @ h)
        return np.array(self.ys)

    def loss(self, xs, ts):
        return ((self.forward(xs) - ts) ** 2).sum() / 2

    def backward(self, xs, ts):
        n = self.n
        self.W_grad = np.zeros_like(self.W)
        self.b_grad = np.zeros_like(self.b)
        self.V_grad = np.zeros_like(self.V)
        dh_next, dc_next = np.zeros(n), np.zeros(n)
        for t in reversed(range(len(xs))):
            v, i, f, g, o, c_old, c = self.cache[t]
            dy = self.ys[t] - ts[t]
            self.V_grad += np.outer(dy, self.hs[t])
            dh = self.V.T @ dy + dh_next
            dc = dh * o * (1 - np.tanh(c) ** 2)
            da = np.concatenate([
                dc * g * i * (1 - i),
                dc * c_old * f * (1 - f),
                dc * i * (1 - g**2),
                dh * np.tanh(c) * o * (1 - o),
            ])
            self.W_grad += np.outer(da, v)
            self.b_grad += da
            dh_next = (self.W.T @ da)[-n:]
            dc_next = dc * f


if __name__ == "__main__":
    net = LSTM(2, 5, 3)
    xs, ts = np.random.randn(4, 2), np.random.randn(4, 3)
    for epoch in range(4):
        print(net.loss(xs, ts))
        net.backward(xs, ts)
        net.W -= 0.1 * net.W_grad
        net.b -= 0.1 * net.b_grad
        net.V -= 0.1 * net.V_grad
