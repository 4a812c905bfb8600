"""A sequence is read from both ends; the two states of each step predict its target together."""
import numpy as np

SEED = 29
T = 4
D = 3
H = 5
O = 2

rng = np.random.default_rng(SEED)
shapes = {"Wf": (H, D), "Rf": (H, H), "bf": H, "Wb": (H, D), "Rb": (H, H), "bb": H, "V": (O, 2 * H), "c": O}
params = {name: rng.normal(size=shape) * 0.5 for name, shape in shapes.items()}
xs = rng.normal(size=(T, D))
ys = rng.normal(size=(T, O))


def forward(params, xs, ys):
    f = np.zeros((T + 1, H))  # f[t] is the state before step t
    b = np.zeros((T + 1, H))  # b[t + 1] is the state after step t, seen from the left
    for t in range(T):
        f[t + 1] = np.tanh(params["Wf"] @ xs[t] + params["Rf"] @ f[t] + params["bf"])
    for t in range(T - 1, -1, -1):
        b[t] = np.tanh(params["Wb"] @ xs[t] + params["Rb"] @ b[t + 1] + params["bb"])
    both = np.hstack([f[1:], b[:-1]])
    err = both @ params["V"].T + params["c"] - ys
    return 0.5 * np.sum(err**2), f, b, both, err


def backward(params, xs, f, b, both, err):
    grads = {"V": err.T @ both, "c": err.sum(axis=0)}
    d_both = err @ params["V"]
    df, db = d_both[:, :H], d_both[:, H:]

    af = np.zeros((T, H))
    carry = np.zeros(H)
    for t in range(T - 1, -1, -1):
        af[t] = (df[t] + carry) * (1 - f[t + 1] ** 2)
        carry = params["Rf"].T @ af[t]
    grads["Wf"], grads["Rf"], grads["bf"] = af.T @ xs, af.T @ f[:-1], af.sum(axis=0)

    ab = np.zeros((T, H))
    carry = np.zeros(H)
    for t in range(T):
        ab[t] = (db[t] + carry) * (1 - b[t] ** 2)
        carry = params["Rb"].T @ ab[t]
    grads["Wb"], grads["Rb"], grads["bb"] = ab.T @ xs, ab.T @ b[1:], ab.sum(axis=0)
    return grads


if __name__ == "__main__":
    for step in range(8):
        loss, *cache = forward(params, xs, ys)
        grads = backward(params, xs, *cache)
        for name in params:
            params[name] -= 0.05 * grads[name]
        print(step, loss)
