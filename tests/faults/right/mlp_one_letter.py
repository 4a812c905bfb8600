"""tanh net, half squared error, as short as it gets."""
import numpy as np

SEED = 2
N = 5
D = 3
H = 4
K = 2

r = np.random.RandomState(SEED)
X = r.randn(N, D)
Y = r.randn(N, K)
P = {"A": r.randn(D, H), "a": r.randn(H), "B": r.randn(H, K), "b": r.randn(K)}


def h(p):
    return np.tanh(X @ p["A"] + p["a"])


def o(p):
    return h(p) @ p["B"] + p["b"]


def f(p):
    return 0.5 * ((o(p) - Y) ** 2).sum()


def g(p):
    u = h(p)
    e = o(p) - Y
    d = (e @ p["B"].T) * (1 - u**2)
    return {"A": X.T @ d, "a": d.sum(0), "B": u.T @ e, "b": e.sum(0)}


if __name__ == "__main__":
    for i in range(20):
        G = g(P)
        for k in P:
            P[k] = P[k] - 0.02 * G[k]
        print(i, f(P))
