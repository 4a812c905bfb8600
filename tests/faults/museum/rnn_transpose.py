# RNN, last output only.  Greek letters as in the lecture notes: δ = ∂L/∂a
import numpy as np

rng = np.random.default_rng(11)
U = 0.5 * rng.standard_normal((5, 2))
W = 0.5 * rng.standard_normal((5, 5))
V = 0.5 * rng.standard_normal((3, 5))
β = 0.1 * rng.standard_normal((5, 1))
x = rng.standard_normal((4, 2, 7))  # time, features, batch
y = rng.standard_normal((3, 7))


def f(U, W, V, β, x):
    h = [np.zeros((W.shape[0], x.shape[2]))]
    for t in range(len(x)):
        h.append(np.tanh(U @ x[t] + W @ h[t] + β))
    return h, V @ h[-1]


def L(U, W, V, β, x, y):
    h, ŷ = f(U, W, V, β, x)
    return np.sum((ŷ - y) ** 2) / 2


def g(U, W, V, β, x, y):
    h, ŷ = f(U, W, V, β, x)
    ε = ŷ - y
    dV = ε @ h[-1].T
    dU, dW, dβ = np.zeros_like(U), np.zeros_like(W), np.zeros_like(β)
    δ = (V.T @ ε) * (1 - h[-1] ** 2)
    for t in range(len(x) - 1, -1, -1):
        dU += δ @ x[t].T
        dW += δ @ h[t].T
        dβ += δ.sum(axis=1, keepdims=True)
        δ = (W @ δ) * (1 - h[t] ** 2)
    return dU, dW, dV, dβ


print(L(U, W, V, β, x, y))
for G in g(U, W, V, β, x, y):
    print(np.linalg.norm(G))
