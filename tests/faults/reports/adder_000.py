"""Report 000: a tanh RNN that adds binary numbers, its equations as published (section 4, and again in section 5)."""

import numpy as np

rng = np.random.default_rng(0)
units, steps = 5, 4

U = 0.5 * rng.normal(size=(units, 2))
W = 0.5 * rng.normal(size=(units, units))
V = 0.5 * rng.normal(size=(2, units))
b = 0.5 * rng.normal(size=(units, 1))
c = 0.5 * rng.normal(size=(2, 1))
x = rng.integers(0, 2, size=(steps, 2, 1)).astype(float)  # a pair of bits at each step, the lowest first
y = np.eye(2)[[1, 0, 0, 1]].reshape(steps, 2, 1)  # 2.b: out[sum[i], i] = 1


def forward(W, U, V, b, c, x):
    h, y_hat = {-1: np.zeros_like(b)}, {}
    for t in range(len(x)):
        a = b + W @ h[t - 1] + U @ x[t]  # 3: a(t) = b + W h(t-1) + U x(t)
        h[t] = np.tanh(a)  # 3: h(t) = tanh(a(t))
        o = c + V @ h[t]  # 3: o(t) = c + V h(t)
        y_hat[t] = np.exp(o) / np.exp(o).sum()  # 3: ŷ(t) = softmax(o(t))
    return h, y_hat


def loss(W, U, V, b, c, x, y):
    h, y_hat = forward(W, U, V, b, c, x)
    return -sum(np.log(y_hat[t][y[t] == 1]).item() for t in range(len(x)))


def backward(W, U, V, b, c, x, y):
    h, y_hat = forward(W, U, V, b, c, x)
    tau = len(x) - 1
    grad_W, grad_U, grad_V = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
    grad_b, grad_c = np.zeros_like(b), np.zeros_like(c)
    for t in range(tau, -1, -1):
        grad_o = y_hat[t] - y[t]  # 5: ∇_o(t) L = ŷ(t) - y(t); section 4 reads ∇_a(t) L
        if t == tau:
            grad_h = V.T @ grad_o  # 4: ∇_h(τ) L = Vᵀ (∇_o(τ) L)
        else:
            H_next = np.diag((1 - h[t + 1] ** 2)[:, 0])  # 4: H(t+1) = diag(1 - h(t+1)²)
            grad_h = W.T @ H_next @ grad_h + V.T @ grad_o  # 4: Wᵀ H(t+1) (∇_h(t+1) L) + Vᵀ (∇_o(t) L)
        H = np.diag((1 - h[t] ** 2)[:, 0])
        grad_W += H @ grad_h @ h[t - 1].T  # 4: ∇_W L = Σ H(t) (∇_h(t) L) h(t-1)ᵀ
        grad_U += H @ grad_h @ x[t].T  # 4: ∇_U L = Σ H(t) (∇_h(t) L) x(t)ᵀ
        grad_V += grad_o @ h[t].T  # 4: ∇_V L = Σ (∇_o(t) L) h(t)ᵀ
        grad_b += H @ grad_h  # 4: ∇_b L = Σ H(t) (∇_h(t) L)
        grad_c += grad_o  # 4: ∇_c L = Σ ∇_o(t) L
    return grad_W, grad_U, grad_V, grad_b, grad_c


if __name__ == "__main__":
    print(loss(W, U, V, b, c, x, y))
    grad_W, grad_U, grad_V, grad_b, grad_c = backward(W, U, V, b, c, x, y)
    print(np.linalg.norm(grad_W))
