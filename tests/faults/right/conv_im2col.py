"""Small convolutional classifier: im2col convolution, tanh, average pooling, softmax."""

import numpy as np

SEED = 10
B = 6
C = 2
F = 4
N = 8
K = 3
CLASSES = 5


def indices(channels, side, k):
    out = side - k + 1
    c = np.repeat(np.arange(channels), k * k)[:, None]
    i = np.tile(np.repeat(np.arange(k), k), channels)[:, None] + np.repeat(np.arange(out), out)[None]
    j = np.tile(np.arange(k), channels * k)[:, None] + np.tile(np.arange(out), out)[None]
    return c, i, j


class Conv:
    def __init__(self, filters, channels, k, rng):
        self.W = rng.normal(0, 0.4, (filters, channels * k * k))
        self.b = rng.normal(0, 0.2, (filters, 1))
        self.k = k

    def forward(self, x):
        n, c, side, _ = x.shape
        self.shape = x.shape
        self.where = indices(c, side, self.k)
        ci, i, j = self.where
        self.cols = x[:, ci, i, j]
        out = side - self.k + 1
        return (self.W @ self.cols + self.b).reshape(n, -1, out, out)

    def backward(self, dout):
        n, f = dout.shape[:2]
        d = dout.reshape(n, f, -1)
        self.dW = np.einsum("nfp,nkp->fk", d, self.cols)
        self.db = d.sum(axis=(0, 2))[:, None]
        dcols = self.W.T @ d
        dx = np.zeros(self.shape)
        ci, i, j = self.where
        np.add.at(dx, (slice(None), ci, i, j), dcols)
        return dx


class Net:
    def __init__(self, rng):
        self.conv1 = Conv(F, C, K, rng)
        self.conv2 = Conv(3, F, 2, rng)
        self.Wo = rng.normal(0, 0.4, (3 * ((N - K + 1) // 2 - 1) ** 2, CLASSES))
        self.bo = rng.normal(0, 0.2, CLASSES)

    def loss(self, x, labels):
        self.a1 = np.tanh(self.conv1.forward(x))
        n, f, s, _ = self.a1.shape
        self.p1 = self.a1.reshape(n, f, s // 2, 2, s // 2, 2).mean(axis=(3, 5))
        self.a2 = np.tanh(self.conv2.forward(self.p1))
        self.flat = self.a2.reshape(n, -1)
        logits = self.flat @ self.Wo + self.bo
        logits = logits - logits.max(1, keepdims=True)
        self.logp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        self.labels = labels
        return -self.logp[np.arange(n), labels].mean()

    def backward(self):
        n = len(self.labels)
        dlogits = np.exp(self.logp)
        dlogits[np.arange(n), self.labels] -= 1
        dlogits /= n
        self.dWo = self.flat.T @ dlogits
        self.dbo = dlogits.sum(0)
        da2 = (dlogits @ self.Wo.T).reshape(self.a2.shape)
        dp1 = self.conv2.backward(da2 * (1 - self.a2**2))
        da1 = np.repeat(np.repeat(dp1, 2, axis=2), 2, axis=3) / 4
        self.dx = self.conv1.backward(da1 * (1 - self.a1**2))


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    net = Net(rng)
    x, labels = rng.normal(size=(B, C, N, N)), rng.integers(0, CLASSES, B)
    print(net.loss(x, labels))
    net.backward()
