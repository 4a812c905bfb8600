"""Convolution along a link table; its input is a layer too, a gain and an offset for each map."""

import numpy as np

np.random.seed(8)
TABLE = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]])  # 3 maps in, 3 maps out
X = np.random.randn(3, 6, 5)
T = np.random.randn(3, 4, 4)


class LinkedNet:
    def __init__(self):
        self.W = np.random.randn(3, 3, 3, 2) * 0.5  # W[p, d]
        self.b = np.random.randn(3) * 0.1
        self.gain = np.random.randn(3)
        self.offset = np.random.randn(3) * 0.1

    def forward(self, X):
        self.X = X
        self.Z = np.tanh(self.gain[:, None, None] * X + self.offset[:, None, None])
        self.Y = np.zeros((3, 4, 4))
        for d in range(3):
            self.Y[d] = self.b[d]
            for p in range(3):
                if TABLE[p, d]:
                    for u in range(3):
                        for v in range(2):
                            self.Y[d] += self.W[p, d, u, v] * self.Z[p, u : u + 4, v : v + 4]
        return self.Y

    def loss(self, X, T):
        return 0.5 * ((self.forward(X) - T) ** 2).sum()

    def backward(self, T):
        dY = self.Y - T
        dW, dZ = np.zeros_like(self.W), np.zeros_like(self.Z)
        for d in range(3):
            for p in range(3):
                if TABLE[p, d]:
                    for u in range(3):
                        for v in range(2):
                            dW[p, d, u, v] = (dY[d] * self.Z[p, u : u + 4, v : v + 4]).sum()
                            dZ[d, u : u + 4, v : v + 4] += self.W[p, d, u, v] * dY[d]
        db = dY.sum(axis=(1, 2))
        dA = dZ * (1 - self.Z**2)
        dgain = (dA * self.X).sum(axis=(1, 2))
        doffset = dA.sum(axis=(1, 2))
        return {"W": dW, "b": db, "gain": dgain, "offset": doffset}


if __name__ == "__main__":
    net = LinkedNet()
    for epoch in range(3):
        print(net.loss(X, T))
        for name, gradient in net.backward(T).items():
            setattr(net, name, getattr(net, name) - 0.01 * gradient)
