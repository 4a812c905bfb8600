"""Adam on a small regression network."""

import numpy as np

rng = np.random.default_rng(27)
params = {"W1": rng.normal(size=(2, 5)), "b1": rng.normal(size=5), "W2": rng.normal(size=(5, 1)), "b2": rng.normal(size=1)}
x = rng.normal(size=(7, 2))
y = rng.normal(size=(7, 1))


def loss(params):
    h = np.tanh(x @ params["W1"] + params["b1"])
    return np.mean((h @ params["W2"] + params["b2"] - y) ** 2)


def gradients(params):
    h = np.tanh(x @ params["W1"] + params["b1"])
    d = 2 * (h @ params["W2"] + params["b2"] - y) / len(x)
    dh = d @ params["W2"].T * (1 - h**2)
    return {"W1": x.T @ dh, "b1": dh.sum(0), "W2": h.T @ d, "b2": d.sum(0)}


class Adam:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, 0

    def update(self, params, grads):
        self.t += 1
        for k in params:
            self.m[k] = self.beta1 * self.m.get(k, 0) + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v.get(k, 0) + (1 - self.beta2) * grads[k] ** 2
            m_hat = self.m[k] * (1 - self.beta1**self.t)
            v_hat = self.v[k] / (1 - self.beta2**self.t)
            params[k] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


if __name__ == "__main__":
    adam = Adam()
    for step in range(5):
        print(loss(params))
        adam.update(params, gradients(params))
