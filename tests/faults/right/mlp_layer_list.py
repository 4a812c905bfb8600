"""A network as a list of layer objects; each layer keeps what its backward pass needs."""

import numpy as np

SEED = 1
B = 4
D = 5
H1 = 7
H2 = 6
C = 3


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_in), (n_in, n_out))
        self.b = rng.normal(0.0, 0.2, (1, n_out))

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0, keepdims=True)
        return np.dot(dout, self.W.T)


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out**2)


class SoftmaxWithLoss:
    def forward(self, x, t):
        x = x - np.max(x, axis=1, keepdims=True)
        self.y = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        self.t = t
        return -np.sum(t * np.log(self.y)) / x.shape[0]

    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / self.t.shape[0]


class Network:
    def __init__(self, rng):
        self.layers = [Linear(D, H1, rng), ReLU(), Linear(H1, H2, rng), Tanh(), Linear(H2, C, rng)]
        self.last = SoftmaxWithLoss()

    def loss(self, x, t):
        for layer in self.layers:
            x = layer.forward(x)
        return self.last.forward(x, t)

    def backward(self):
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    net = Network(rng)
    x = rng.normal(size=(B, D))
    t = np.eye(C)[rng.integers(0, C, B)]
    for i in range(8):
        loss = net.loss(x, t)
        net.backward()
        for layer in net.layers:
            if hasattr(layer, "W"):
                layer.W -= 0.2 * layer.dW
                layer.b -= 0.2 * layer.db
        print(i, loss)
