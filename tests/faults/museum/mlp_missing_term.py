"""Ridge penalty on both weight matrices of a small network."""

import numpy as np

lam = 0.3
rng = np.random.default_rng(40)
U = rng.normal(size=(5, 3))
u = rng.normal(size=(5, 1))
V = rng.normal(size=(2, 5))
v = rng.normal(size=(2, 1))
x = rng.normal(size=(3, 7))
y = rng.normal(size=(2, 7))


def net(U, u, V, v):
    hidden = 1 / (1 + np.exp(-(U @ x + u)))
    return hidden, V @ hidden + v


def penalized_loss(U, u, V, v):
    _, out = net(U, u, V, v)
    return 0.5 * np.sum((out - y) ** 2) + 0.5 * lam * (np.sum(U**2) + np.sum(V**2))


def penalized_grad(U, u, V, v):
    hidden, out = net(U, u, V, v)
    delta = out - y
    V_grad = delta @ hidden.T + lam * V
    v_grad = delta.sum(axis=1, keepdims=True)
    delta = V.T @ delta * hidden * (1 - hidden)
    U_grad = delta @ x.T
    u_grad = delta.sum(axis=1, keepdims=True)
    return U_grad, u_grad, V_grad, v_grad


if __name__ == "__main__":
    for i in range(3):
        U_grad, u_grad, V_grad, v_grad = penalized_grad(U, u, V, v)
        U, u, V, v = U - 0.02 * U_grad, u - 0.02 * u_grad, V - 0.02 * V_grad, v - 0.02 * v_grad
        print(penalized_loss(U, u, V, v))
