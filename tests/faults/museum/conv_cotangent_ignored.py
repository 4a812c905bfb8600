"""Small convolution net as a list of layers that end in global average pooling."""

import numpy as np

rng = np.random.default_rng(101)


class Conv:
    def __init__(self, c_in, c_out):
        self.w = rng.normal(size=(c_out, c_in, 2, 2)) * 0.7

    def forward(self, x):
        self.x = x
        v = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(2, 3))
        return np.einsum("ncijuv,fcuv->nfij", v, self.w)

    def backward(self, dy):
        v = np.lib.stride_tricks.sliding_window_view(self.x, (2, 2), axis=(2, 3))
        self.dw = np.einsum("nfij,ncijuv->fcuv", dy, v)
        dx = np.zeros_like(self.x)
        for u in range(2):
            for v in range(2):
                dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]] += np.einsum(
                    "nfij,fc->ncij", dy, self.w[:, :, u, v]
                )
        return dx


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y * self.y)


class GlobalAverage:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dy):
        area = self.shape[2] * self.shape[3]
        return np.ones(self.shape) / area


net = [Conv(2, 3), Tanh(), Conv(3, 5), GlobalAverage()]


def loss(x, t):
    for layer in net:
        x = layer.forward(x)
    return 0.5 * np.sum((x - t) ** 2), x - t


def backward(dy):
    for layer in reversed(net):
        dy = layer.backward(dy)


if __name__ == "__main__":
    x, t = rng.normal(size=(3, 2, 6, 5)), rng.normal(size=(3, 5))
    for epoch in range(3):
        value, dy = loss(x, t)
        backward(dy)
        net[0].w -= 0.1 * net[0].dw
        net[2].w -= 0.1 * net[2].dw
        print(epoch, value)
