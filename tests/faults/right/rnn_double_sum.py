"""BPTT in product form: dL/dW as a double sum over the step of the loss and the step of the weight."""
import numpy as np

SEED = 19
T = 5
D = 2
H = 3
O = 4

rng = np.random.default_rng(SEED)
W = rng.normal(size=(H, H)) * 0.6
U = rng.normal(size=(H, D)) * 0.8
V = rng.normal(size=(O, H)) * 0.8
s0 = rng.normal(size=H) * 0.5
x = rng.normal(size=(T, D))
y = rng.normal(size=(T, O))


def forward(W, U, V, s0, x):
    s = [s0]
    for t in range(len(x)):
        s.append(np.tanh(W @ s[t] + U @ x[t]))
    z = [V @ s[t + 1] for t in range(len(x))]
    return s, z


def loss(W, U, V, s0, x, y):
    s, z = forward(W, U, V, s0, x)
    return sum(0.5 * (z[t] - y[t]) @ (z[t] - y[t]) for t in range(len(x)))


def gradients(W, U, V, s0, x, y):
    s, z = forward(W, U, V, s0, x)
    T = len(x)
    gW, gU, gV, gs0 = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V), np.zeros_like(s0)

    # ds_k / ds_{k-1}
    J = [np.diag(1 - s[k] ** 2) @ W for k in range(T + 1)]

    for t in range(1, T + 1):
        e = z[t - 1] - y[t - 1]
        gV += np.outer(e, s[t])
        for k in range(1, t + 1):
            prod = np.eye(len(s0))
            for j in range(k + 1, t + 1):
                prod = J[j] @ prod
            # from the loss at t back to the sum inside tanh at k
            d = (e @ V @ prod) * (1 - s[k] ** 2)
            gW += np.outer(d, s[k - 1])
            gU += np.outer(d, x[k - 1])
            if k == 1:
                gs0 += W.T @ d
    return gW, gU, gV, gs0


if __name__ == "__main__":
    for it in range(10):
        gW, gU, gV, gs0 = gradients(W, U, V, s0, x, y)
        W, U, V = W - 0.05 * gW, U - 0.05 * gU, V - 0.05 * gV
        print(it, loss(W, U, V, s0, x, y))
