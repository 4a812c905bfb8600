import numpy as np


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0, 0.6, (n_in, n_out))
        self.b = rng.normal(0, 0.2, n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW += self.x.T @ grad
        self.db += grad.sum(axis=0)
        return grad @ self.W.T


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad):
        return grad * (1 - self.y**2)


class Model:
    def __init__(self, rng):
        self.layers = [Linear(3, 5, rng), Tanh(), Linear(5, 2, rng)]

    def loss(self, x, t):
        for layer in self.layers:
            x = layer.forward(x)
        self.diff = x - t
        return 0.5 * np.sum(self.diff**2)

    def backward(self):
        grad = self.diff
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def step(self, lr):
        for layer in self.layers:
            if isinstance(layer, Linear):
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db


if __name__ == "__main__":
    rng = np.random.default_rng(10)
    model, x, t = Model(rng), rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    for epoch in range(4):
        print(epoch, model.loss(x, t))
        model.backward()
        model.step(0.02)
