import numpy as np


class Conv1d:
    """1-D convolution over a batch of signals, one filter per output channel."""

    def __init__(self, n_filters, width):
        rng = np.random.default_rng(80)
        self.w = rng.normal(size=(n_filters, width))
        self.b = rng.normal(size=(n_filters,))

    def __call__(self, x):
        self.x = x
        self.length = x.shape[1] - self.w.shape[1] + 1
        y = np.zeros((len(x), len(self.w), self.length))
        for p in range(self.length):
            y[:, :, p] = x[:, p : p + self.w.shape[1]] @ self.w.T + self.b
        return y

    def backward(self, grad_y):
        self.grad_w = np.zeros_like(self.w)
        self.grad_b = grad_y.sum(axis=(0, 2))
        for n in range(1):
            for p in range(self.length):
                self.grad_w += np.outer(grad_y[n, :, p], self.x[n, p : p + self.w.shape[1]])
        return self.grad_w, self.grad_b


def loss(conv, x, target):
    return 0.5 * np.square(np.tanh(conv(x)) - target).sum()


def train(conv, x, target, steps):
    for _ in range(steps):
        y = np.tanh(conv(x))
        grad_w, grad_b = conv.backward((y - target) * (1 - y**2))
        conv.w -= 0.02 * grad_w
        conv.b -= 0.02 * grad_b
        print(loss(conv, x, target))


if __name__ == "__main__":
    rng = np.random.default_rng(2)
    conv = Conv1d(3, 2)
    train(conv, rng.normal(size=(5, 7)), rng.normal(size=(5, 3, 6)), 3)
