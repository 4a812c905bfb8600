"""Report 003, section 4: a vanilla RNN, its equations as published, with the double sum over t and k.

W has M rows and N columns here; the report's R^(N×M) cannot be multiplied by x_t. g is the softmax, L_t the cross-entropy.
"""

import numpy as np

rng = np.random.default_rng(5)
N, M, T = 2, 5, 4
U, W, b = 0.6 * rng.normal(size=(M, M)), rng.normal(size=(M, N)), rng.normal(size=M)
x = rng.normal(size=(T, N))
y = np.eye(M)[[3, 0, 1, 3]]


def forward(U, W, b, x):
    h, y_hat = {0: np.zeros(len(b))}, {}
    for t in range(1, len(x) + 1):
        z = U @ h[t - 1] + W @ x[t - 1] + b  # 4.3: z_t = U h_(t-1) + W x_t + b
        h[t] = np.tanh(z)  # 4.3: h_t = f(z_t)
        y_hat[t] = np.exp(h[t]) / np.exp(h[t]).sum()  # 4.3: y_t = g(h_t)
    return h, y_hat


def loss(U, W, b, x, y):
    y_hat = forward(U, W, b, x)[1]
    return -sum(np.sum(y[t - 1] * np.log(y_hat[t])) for t in range(1, len(x) + 1))  # 4.2: L = Σ_t L_t


def backward(U, W, b, x, y):
    h, y_hat = forward(U, W, b, x)
    dU, dW, db = np.zeros_like(U), np.zeros_like(W), np.zeros_like(b)
    for t in range(1, len(x) + 1):
        for k in range(t, 0, -1):
            if k == t:
                delta = np.diag(1 - h[t] ** 2) @ (y_hat[t] - y[t - 1])  # δ_tt = diag(f'(z_t)) ∂L_t/∂h_t; not printed
            else:
                delta = np.diag(1 - h[k] ** 2) @ U.T @ delta  # 4.4: δ_tk = diag(f'(z_k)) Uᵀ δ_t,k+1
            dU += np.outer(delta, h[k - 1])  # 4.4: ∂L/∂U = Σ_t Σ_k δ_tk h_(k-1)ᵀ
            dW += np.outer(delta, x[k - 1])  # 4.4: ∂L/∂W = Σ_t Σ_k δ_tk x_kᵀ
            db += delta  # 4.4: "∂L/∂U" = Σ_t Σ_k δ_tk
    return dU, dW, db


if __name__ == "__main__":
    print(loss(U, W, b, x, y))
    dU, dW, db = backward(U, W, b, x, y)
    print(dU, dW, db)
