import numpy as np


class RNN:
    """Elman network that reads a sequence and predicts a number at every step."""

    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.RandomState(seed)
        self.W_in = rng.randn(n_hidden, n_in) * 0.6
        self.W_rec = rng.randn(n_hidden, n_hidden) * 0.4
        self.W_out = rng.randn(n_out, n_hidden) * 0.6
        self.b = rng.randn(n_hidden) * 0.2
        self.c = rng.randn(n_out) * 0.2

    def forward(self, x, y):
        self.x, self.y = x, y
        T = len(x)
        self.h = np.zeros((T + 1, len(self.b)))
        self.out = np.zeros((T, len(self.c)))
        for t in range(T):
            self.h[t + 1] = np.tanh(self.W_in @ x[t] + self.W_rec @ self.h[t] + self.b)
            self.out[t] = self.W_out @ self.h[t + 1] + self.c
        return 0.5 * ((self.out - y) ** 2).sum()

    def backward(self):
        self.grad_W_in = np.zeros_like(self.W_in)
        self.grad_W_rec = np.zeros_like(self.W_rec)
        self.grad_W_out = np.zeros_like(self.W_out)
        self.grad_b = np.zeros_like(self.b)
        self.grad_c = np.zeros_like(self.c)
        carry = np.zeros_like(self.b)
        for t in reversed(range(len(self.x))):
            err = self.out[t] - self.y[t]
            self.grad_W_out += np.outer(err, self.h[t + 1])
            self.grad_c += err
            grad_h = self.W_out.T @ err + carry
            grad_a = grad_h * (1 - self.h[t + 1] ** 2)
            self.grad_W_in += np.outer(grad_a, self.x[t])
            self.grad_W_rec += np.outer(grad_a, self.h[t + 1])
            self.grad_b += grad_a
            carry = self.W_rec.T @ grad_a


if __name__ == "__main__":
    rng = np.random.RandomState(5)
    x = rng.randn(4, 3)
    y = rng.randn(4, 2)
    net = RNN(3, 5, 2)
    for i in range(4):
        print(net.forward(x, y))
        net.backward()
        for name in ["W_in", "W_rec", "W_out", "b", "c"]:
            value = getattr(net, name)
            value -= 0.05 * getattr(net, "grad_" + name)
