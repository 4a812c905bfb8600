import numpy as np


class Conv:
    def __init__(self, filters, channels, size, rng):
        self.W = rng.normal(0, 0.5, (filters, channels, size, size))
        self.b = rng.normal(0, 0.3, filters)

    def forward(self, x):
        self.x = x
        n, _, h, w = x.shape
        f, _, s, _ = self.W.shape
        out = np.zeros((n, f, h - s + 1, w - s + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                patch = x[:, :, i : i + s, j : j + s]
                out[:, :, i, j] = np.tensordot(patch, self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return out

    def backward(self, dout):
        s = self.W.shape[2]
        dx = np.zeros_like(self.x)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                patch = self.x[:, :, i : i + s, j : j + s]
                self.dW = np.tensordot(dout[:, :, i, j], patch, axes=([0], [0]))
                dx[:, :, i : i + s, j : j + s] += np.tensordot(dout[:, :, i, j], self.W, axes=([1], [0]))
        return dx


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Dense:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0, 0.5, (n_in, n_out))
        self.b = rng.normal(0, 0.3, n_out)

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return (dout @ self.W.T).reshape(self.shape)


rng = np.random.default_rng(8)
layers = [Conv(3, 2, 2, rng), Relu(), Dense(3 * 4 * 5, 2, rng)]
images = rng.normal(size=(3, 2, 5, 6))
labels = rng.normal(size=(3, 2))


def compute_loss(images, labels):
    out = images
    for layer in layers:
        out = layer.forward(out)
    return 0.5 * np.sum((out - labels) ** 2), out - labels


def compute_gradients(dout):
    for layer in reversed(layers):
        dout = layer.backward(dout)


if __name__ == "__main__":
    for epoch in range(3):
        loss, error = compute_loss(images, labels)
        compute_gradients(error)
        print(epoch, loss)
        for layer in layers:
            if hasattr(layer, "W"):
                layer.W -= 0.01 * layer.dW
                layer.b -= 0.01 * layer.db
