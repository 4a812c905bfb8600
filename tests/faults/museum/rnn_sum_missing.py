# Sequence classifier: one forward function, one backward function, everything in matrices.
import numpy as np

rng = np.random.default_rng(72)


def init(D, H, C):
    return [rng.normal(size=s) * 0.5 for s in ((H, D), (H, H), (H, 1), (C, H), (C, 1))]


def forward(ws, X):
    Wx, Wh, bh, Wy, by = ws
    H = [np.zeros((len(Wh), X.shape[2]))]
    for t in range(len(X)):
        H.append(np.tanh(Wx @ X[t] + Wh @ H[t] + bh))
    Z = np.exp(Wy @ H[-1] + by)
    return H, Z / Z.sum(axis=0)


def loss(ws, X, Y):
    return -np.sum(Y * np.log(forward(ws, X)[1]))


def backward(ws, X, Y):
    Wx, Wh, bh, Wy, by = ws
    H, P = forward(ws, X)
    dZ = P - Y
    dWy = dZ @ H[-1].T
    dby = dZ[:, :1]
    dWx, dWh, dbh = 0, 0, 0
    dH = Wy.T @ dZ
    for t in range(len(X) - 1, -1, -1):
        dA = dH * (1 - H[t + 1] ** 2)
        dWx = dWx + dA @ X[t].T
        dWh = dWh + dA @ H[t].T
        dbh = dbh + dA.sum(axis=1, keepdims=True)
        dH = Wh.T @ dA
    return [dWx, dWh, dbh, dWy, dby]


if __name__ == "__main__":
    ws = init(2, 5, 3)
    X = rng.normal(size=(4, 2, 7))
    Y = np.eye(3)[:, rng.integers(0, 3, size=7)]
    for i in range(3):
        print(loss(ws, X, Y))
        ws = [w - 0.05 * dw for w, dw in zip(ws, backward(ws, X, Y))]
