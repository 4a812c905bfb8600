"""Report 002: the derivatives of an LSTM (part 1), as published, and backpropagation through time made of them.

Jacobians are matrices: row = component of h_t. z_t = [h_(t-1), x_t], W_f = [W_fh, W_fx] and so on.
"""

import numpy as np

rng = np.random.default_rng(2)
H, D, T = 3, 2, 5
W = {gate: 0.7 * rng.normal(size=(H, H + D)) for gate in "fico"}  # "c" is the candidate
b = {gate: 0.5 * rng.normal(size=H) for gate in "fico"}
xs = rng.normal(size=(T, D))
target = rng.normal(size=H)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step(W, b, h_prev, c_prev, x):
    z = np.concatenate([h_prev, x])
    f, i, o = (sigmoid(W[gate] @ z + b[gate]) for gate in "fio")
    g = np.tanh(W["c"] @ z + b["c"])  # c̃
    c = f * c_prev + i * g
    return o * np.tanh(c), c, (f, i, g, o, c, c_prev, z)


# As the scan stands ----------------------------------------------------------------------------------------------


def scan_dh_dc(f, i, g, o, c, c_prev, z):
    return np.diag(np.tanh(c))  # ∂h/∂c = diag[tanh(c)]


def scan_do_dc(f, i, g, o, c, c_prev, z):
    return np.diag(o * (1 - np.tanh(c) ** 2))  # ∂o/∂c = diag[o ∘ (1 - tanh(c)²)]; the minus is lost


def scan_dh_df(f, i, g, o, c, c_prev, z):
    return dh_dc(o, c) @ np.diag(c)  # ∂h/∂f = ∂h/∂c diag[c]; another line: ∂h/∂f = ∂h/∂c diag[i]


def scan_dh_dc_prev(f, i, g, o, c, c_prev, z):
    return dh_dc(o, c) @ np.diag(i)  # ∂h/∂c_(t-1) = ∂h/∂c diag[i]


def scan_dh_dh_prev(W, f, i, g, o, c, c_prev, z):
    n = len(c)  # ∂h/∂h_(t-1) = ∂h/∂c diag[f ∘ (1 - f)] W_fh + ∂h/∂i diag[i ∘ (1 - i)] W_ih
    return dh_dc(o, c) @ np.diag(f * (1 - f)) @ W["f"][:, :n] + dh_dc(o, c) @ np.diag(g * i * (1 - i)) @ W["i"][:, :n]


# As the author has it: the letters that the scan confused put back -----------------------------------------------


def dh_dc(o, c):
    return np.diag(o * (1 - np.tanh(c) ** 2))


def dh_dz(W, f, i, g, o, c, c_prev, z):
    """Whole z: the columns of h_(t-1) and those of x_t; the report writes the two with the same three summands."""
    return (
        np.diag(np.tanh(c)) @ np.diag(o * (1 - o)) @ W["o"]  # ∂h/∂o diag[o ∘ (1 - o)] W_o
        + dh_dc(o, c) @ np.diag(c_prev) @ np.diag(f * (1 - f)) @ W["f"]  # ∂h/∂f diag[f ∘ (1 - f)] W_f
        + dh_dc(o, c) @ np.diag(g) @ np.diag(i * (1 - i)) @ W["i"]  # ∂h/∂i diag[i ∘ (1 - i)] W_i
    )


def dh_da(f, i, g, o, c, c_prev, z):
    """The factors of ∂h/∂W and ∂h/∂b, gate by gate."""
    return {
        "f": dh_dc(o, c) @ np.diag(c_prev) @ np.diag(f * (1 - f)),  # ∂h/∂b_f = ∂h/∂f diag[f ∘ (1 - f)]
        "i": dh_dc(o, c) @ np.diag(g) @ np.diag(i * (1 - i)),  # ∂h/∂b_i = ∂h/∂i diag[i ∘ (1 - i)]
        "c": dh_dc(o, c) @ np.diag(i) @ np.diag(1 - g**2),  # ∂h/∂b_c = ∂h/∂c̃ diag[1 - c̃²]
        "o": np.diag(np.tanh(c)) @ np.diag(o * (1 - o)),  # ∂h/∂b_o = ∂h/∂o diag[o ∘ (1 - o)]
    }


def forward(W, b, xs):
    h, c, cache = np.zeros(H), np.zeros(H), []
    for x in xs:
        h, c, each = step(W, b, h, c, x)
        cache.append(each)
    return h, cache


def loss(W, b, xs, target):
    return 0.5 * np.sum((forward(W, b, xs)[0] - target) ** 2)


def backward(W, b, xs, target):
    h, cache = forward(W, b, xs)
    dW = {gate: np.zeros_like(W[gate]) for gate in W}
    db = {gate: np.zeros_like(b[gate]) for gate in b}
    delta = h - target
    for each in reversed(cache):
        for gate, jacobian in dh_da(*each).items():
            dW[gate] += np.outer(delta @ jacobian, each[-1])  # the report multiplies by diag[z_t], which does not fit
            db[gate] += delta @ jacobian
        delta = delta @ dh_dz(W, *each)[:, :H]  # question 2: δ_(t-1) = δ_t ∂h_t/∂h_(t-1)
    return dW, db


if __name__ == "__main__":
    print(loss(W, b, xs, target))
    dW, db = backward(W, b, xs, target)
    print({gate: np.linalg.norm(dW[gate]) for gate in dW})
