"""LSTM language model on a short text; biases and weights per gate in one dict."""

import numpy as np

text = [0, 3, 1, 4, 2]
V, H = 5, 3
rng = np.random.default_rng(44)
model = {f"W{k}": rng.normal(size=(H, H + V)) * 0.5 for k in "fioc"}
model |= {f"b{k}": rng.normal(size=(H, 1)) * 0.3 for k in "fioc"}
model |= {"Wy": rng.normal(size=(V, H)), "by": rng.normal(size=(V, 1)) * 0.1}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cell(model, token, h_old, c_old):
    z = np.vstack((h_old, np.eye(V)[:, [token]]))
    hf, hi, ho = (sigmoid(model["W" + k] @ z + model["b" + k]) for k in "fio")
    hc = np.tanh(model["Wc"] @ z + model["bc"])
    c = hf * c_old + hi * hc
    h = ho * np.tanh(c)
    e = np.exp(model["Wy"] @ h + model["by"])
    return e / e.sum(), (z, hf, hi, ho, hc, c_old, c, h)


def loss_and_gradient(model, text):
    h = c = np.zeros((H, 1))
    probs, caches, loss = [], [], 0.0
    for token, following in zip(text, text[1:]):
        p, cache = cell(model, token, h, c)
        c, h = cache[-2:]
        loss -= np.log(p[following, 0])
        probs.append(p)
        caches.append(cache)

    grad = {k: np.zeros_like(v) for k, v in model.items()}
    dh_next = dc_next = np.zeros((H, 1))
    for t in reversed(range(len(probs))):
        z, hf, hi, ho, hc, c_old, c, h = caches[t]
        dy = probs[t].copy()
        dy[text[t + 1]] -= 1
        grad["Wy"] += dy @ h.T
        grad["by"] += dy
        dh = model["Wy"].T @ dy + dh_next
        dho = dh * np.tanh(c) * ho * (1 - ho)
        dc = dh * ho * (1 - np.tanh(c) ** 2) + dc_next
        dhf = dc * c_old * hf * (1 - hf)
        dhi = dc * hc * hi * (1 - hi)
        dhc = dc * hi * (1 - hc**2)
        for k, d in (("f", dhf), ("i", dhi), ("o", dho), ("c", dhc)):
            grad["W" + k] += d @ z.T
        for k, d in (("f", dhf), ("i", dhi), ("c", dhc)):
            grad["b" + k] += d
        dX = sum(model["W" + k].T @ d for k, d in (("f", dhf), ("i", dhi), ("o", dho), ("c", dhc)))
        dh_next, dc_next = dX[:H], hf * dc
    return loss, grad


if __name__ == "__main__":
    for step in range(3):
        loss, grad = loss_and_gradient(model, text)
        print(step, loss)
        for k in grad:
            model[k] -= 0.1 * grad[k]
