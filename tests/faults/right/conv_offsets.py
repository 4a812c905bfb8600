"""Padded convolution as a loop over the places of the kernel; arrays are (channels, rows, columns, batch)."""
import numpy as np

SEED = 32
B = 5
C = 2
F = 4
ROWS = 5
COLS = 6
K = 3


class ConvLayer:
    def __init__(self, rng, channels, maps, stride=1):
        self.weight = rng.normal(0, 0.3, (maps, channels, K, K))
        self.bias = rng.normal(0, 0.2, maps)
        self.stride = stride

    def forward(self, x):
        self.x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        self.rows = (x.shape[1] - 1) // self.stride + 1
        self.cols = (x.shape[2] - 1) // self.stride + 1
        out = np.zeros((len(self.bias), self.rows, self.cols, x.shape[3]))
        for r in range(K):
            for c in range(K):
                out += np.tensordot(self.weight[:, :, r, c], self.window(self.x, r, c), axes=1)
        self.out = np.tanh(out + self.bias[:, None, None, None])
        return self.out

    def window(self, x, r, c):
        s = self.stride
        return x[:, r : r + s * self.rows : s, c : c + s * self.cols : s]

    def backward(self, d_out):
        d_pre = d_out * (1 - self.out * self.out)
        self.d_bias = d_pre.sum(axis=(1, 2, 3))
        self.d_weight = np.zeros_like(self.weight)
        d_x = np.zeros_like(self.x)
        for r in range(K):
            for c in range(K):
                self.d_weight[:, :, r, c] = np.einsum("frcb,grcb->fg", d_pre, self.window(self.x, r, c))
                target = self.window(d_x, r, c)
                target += np.tensordot(self.weight[:, :, r, c].T, d_pre, axes=1)
        return d_x[:, 1:-1, 1:-1]


class Stack:
    def __init__(self, rng):
        self.first = ConvLayer(rng, C, F)
        self.second = ConvLayer(rng, F, 3, stride=2)

    def loss(self, x, y):
        self.error = self.second.forward(self.first.forward(x)) - y
        return 0.5 * np.sum(self.error**2) / x.shape[-1]

    def backward(self):
        d = self.error / self.error.shape[-1]
        return self.first.backward(self.second.backward(d))


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    net = Stack(rng)
    x = rng.normal(size=(C, ROWS, COLS, B))
    y = rng.normal(size=(3, (ROWS + 1) // 2, (COLS + 1) // 2, B))
    for step in range(5):
        print(step, net.loss(x, y))
        net.backward()
        for layer in (net.first, net.second):
            layer.weight -= 0.05 * layer.d_weight
            layer.bias -= 0.05 * layer.d_bias
