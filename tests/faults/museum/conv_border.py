"""Two convolutions over strips that keep their width: a border of zeros left and right, taken off again in backward."""

import numpy as np

BORDER = 2


def bordered(x):
    """x (batch, rows, columns)"""
    xp = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * BORDER))
    xp[:, :, BORDER:-BORDER] = x
    return xp


def strip_forward(x, w, bias):
    """w (2, 5): the rows get one less, the columns stay as many"""
    xp = bordered(x)
    out = np.full((x.shape[0], x.shape[1] - 1, x.shape[2]), bias)
    for u in range(2):
        for v in range(5):
            out += w[u, v] * xp[:, u : u + out.shape[1], v : v + out.shape[2]]
    return out, xp


def strip_backward(dout, xp, w):
    rows, columns = dout.shape[1:]
    dw, dxp = np.zeros(w.shape), np.zeros(xp.shape)
    for u in range(2):
        for v in range(5):
            dw[u, v] = np.sum(dout * xp[:, u : u + rows, v : v + columns])
            dxp[:, u : u + rows, v : v + columns] += w[u, v] * dout
    dx = dxp[:, :, : -2 * BORDER]
    return dx, dw, dout.sum()


class Net:
    def __init__(self, rng):
        self.params = {
            "w1": rng.normal(size=(2, 5)) * 0.3,
            "b1": np.array(0.1),
            "w2": rng.normal(size=(2, 5)) * 0.3,
            "b2": np.array(-0.1),
        }

    def loss(self, params, x, target):
        z, self.xp1 = strip_forward(x, params["w1"], params["b1"])
        self.h = np.tanh(z)
        self.out, self.xp2 = strip_forward(self.h, params["w2"], params["b2"])
        return 0.5 * np.sum((self.out - target) ** 2) / len(x)

    def grad(self, params, x, target):
        self.loss(params, x, target)
        dout = (self.out - target) / len(x)
        dh, dw2, db2 = strip_backward(dout, self.xp2, params["w2"])
        _, dw1, db1 = strip_backward(dh * (1 - self.h**2), self.xp1, params["w1"])
        return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


if __name__ == "__main__":
    rng = np.random.default_rng(2)
    net = Net(rng)
    x, target = rng.normal(size=(3, 5, 7)), rng.normal(size=(3, 3, 7))
    for epoch in range(3):
        print(net.loss(net.params, x, target))
        g = net.grad(net.params, x, target)
        net.params = {name: value - 0.1 * g[name] for name, value in net.params.items()}
