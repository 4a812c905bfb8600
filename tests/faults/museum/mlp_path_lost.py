"""Residual block: h + tanh(W h). One step of gradient descent on a squared error."""

import numpy as np


class ResidualNet:
    def __init__(self, d, h, o, rng):
        self.W_in = rng.standard_normal((h, d)) * 0.7
        self.W_res = rng.standard_normal((h, h)) * 0.5
        self.W_out = rng.standard_normal((o, h)) * 0.7

    def forward(self, x):
        self.x = x
        self.h0 = np.tanh(self.W_in @ x)
        self.r = np.tanh(self.W_res @ self.h0)
        self.h1 = self.h0 + self.r
        return self.W_out @ self.h1

    def backward(self, d_out):
        d_W_out = d_out @ self.h1.T
        d_h1 = self.W_out.T @ d_out
        d_a = d_h1 * (1 - self.r**2)
        d_W_res = d_a @ self.h0.T
        d_h0 = self.W_res.T @ d_a
        d_W_in = (d_h0 * (1 - self.h0**2)) @ self.x.T
        return {"W_in": d_W_in, "W_res": d_W_res, "W_out": d_W_out}


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    net = ResidualNet(3, 5, 2, rng)
    x, t = rng.standard_normal((3, 7)), rng.standard_normal((2, 7))
    for step in range(3):
        y = net.forward(x)
        loss = 0.5 * ((y - t) ** 2).sum()
        print(f"step {step}: loss {loss:.4f}")
        for name, g in net.backward(y - t).items():
            setattr(net, name, getattr(net, name) - 0.05 * g)
