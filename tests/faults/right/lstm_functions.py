"""LSTM written as plain functions: four gate matrices over z = [h; x], dictionaries as caches."""

import numpy as np

SEED = 4
T = 4
B = 3
D = 2
H = 5


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def init_params(rng):
    params = {}
    for gate in ("f", "i", "o", "c"):
        params["W" + gate] = rng.normal(scale=0.5, size=(H, H + D))
        params["b" + gate] = rng.normal(scale=0.3, size=(H, 1))
    params["Wy"] = rng.normal(scale=0.5, size=(1, H))
    params["by"] = rng.normal(scale=0.3, size=(1, 1))
    return params


def step_forward(x, h_prev, c_prev, p):
    z = np.concatenate((h_prev, x), axis=0)
    f = sigmoid(p["Wf"] @ z + p["bf"])
    i = sigmoid(p["Wi"] @ z + p["bi"])
    o = sigmoid(p["Wo"] @ z + p["bo"])
    g = np.tanh(p["Wc"] @ z + p["bc"])
    c = f * c_prev + i * g
    tc = np.tanh(c)
    h = o * tc
    y = p["Wy"] @ h + p["by"]
    return {"z": z, "f": f, "i": i, "o": o, "g": g, "c_prev": c_prev, "tc": tc, "h": h, "c": c, "y": y}


def step_backward(dy, dh_next, dc_next, s, p, grads):
    grads["Wy"] += dy @ s["h"].T
    grads["by"] += dy.sum(axis=1, keepdims=True)
    dh = p["Wy"].T @ dy + dh_next

    do = dh * s["tc"] * s["o"] * (1 - s["o"])
    dc = dh * s["o"] * (1 - s["tc"] ** 2) + dc_next
    df = dc * s["c_prev"] * s["f"] * (1 - s["f"])
    di = dc * s["g"] * s["i"] * (1 - s["i"])
    dg = dc * s["i"] * (1 - s["g"] ** 2)

    dz = 0
    for name, d in (("f", df), ("i", di), ("o", do), ("c", dg)):
        grads["W" + name] += d @ s["z"].T
        grads["b" + name] += d.sum(axis=1, keepdims=True)
        dz = dz + p["W" + name].T @ d
    return dz[:H], dc * s["f"]


def forward(params, x, y, h0, c0):
    steps, loss = [], 0.0
    h, c = h0, c0
    for t in range(len(x)):
        s = step_forward(x[t], h, c, params)
        h, c = s["h"], s["c"]
        loss += 0.5 * np.sum((s["y"] - y[t]) ** 2) / x.shape[2]
        steps.append(s)
    return loss, steps


def backward(params, steps, y):
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    dh = np.zeros_like(steps[0]["h"])
    dc = np.zeros_like(dh)
    for t in reversed(range(len(steps))):
        dy = (steps[t]["y"] - y[t]) / y.shape[2]
        dh, dc = step_backward(dy, dh, dc, steps[t], params, grads)
    return grads


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    params = init_params(rng)
    x, y = rng.normal(size=(T, D, B)), rng.normal(size=(T, 1, B))
    h0, c0 = 0.5 * rng.normal(size=(H, B)), 0.5 * rng.normal(size=(H, B))
    for step in range(5):
        loss, steps = forward(params, x, y, h0, c0)
        grads = backward(params, steps, y)
        for k in params:
            params[k] -= 0.1 * grads[k]
        print(step, loss)
