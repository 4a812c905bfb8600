"""Sequence regression: a vanilla RNN reads T inputs, and only its last state is looked at."""
import numpy as np

SEED = 5
T = 6
D = 3
H = 5
O = 2

rs = np.random.RandomState(SEED)
params = dict(
    Wx=rs.normal(size=(H, D)) * 0.5,
    Wh=rs.normal(size=(H, H)) * 0.4,
    bh=rs.normal(size=H) * 0.2,
    Wo=rs.normal(size=(O, H)) * 0.5,
    bo=rs.normal(size=O) * 0.2,
)
X = rs.normal(size=(T, D))
target = rs.normal(size=O)


def forward(params, X, target):
    T = len(X)
    Hs = np.zeros((T + 1, params["Wh"].shape[0]))
    for t in range(T):
        Hs[t + 1] = np.tanh(params["Wx"] @ X[t] + params["Wh"] @ Hs[t] + params["bh"])
    out = params["Wo"] @ Hs[T] + params["bo"]
    loss = ((out - target) ** 2).sum()
    return loss, (X, target, Hs, out)


def backward(params, cache):
    X, target, Hs, out = cache
    T = len(X)
    grads = {name: np.zeros(p.shape) for name, p in params.items()}
    dout = 2 * (out - target)
    grads["Wo"] = np.outer(dout, Hs[T])
    grads["bo"] = dout
    dh = params["Wo"].T @ dout
    for t in reversed(range(T)):
        da = dh * (1 - Hs[t + 1] ** 2)
        grads["Wx"] += np.outer(da, X[t])
        grads["Wh"] += np.outer(da, Hs[t])
        grads["bh"] += da
        dh = params["Wh"].T @ da
    return grads


if __name__ == "__main__":
    for it in range(20):
        loss, cache = forward(params, X, target)
        grads = backward(params, cache)
        for name in params:
            params[name] -= 0.03 * grads[name]
        if it % 5 == 0:
            print(it, loss)
