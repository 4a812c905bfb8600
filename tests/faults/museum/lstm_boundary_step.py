"""LSTM regression on sequences; the whole cache is a list of dicts."""

import numpy as np


def lstm(x, y, W, R, b, w_out):
    """Returns the loss and the gradients by W, R, b and w_out."""
    units = R.shape[1]
    state = {"h": np.full(units, 0.1), "c": np.full(units, -0.1)}
    cache, loss = [], 0.0
    for x_t, y_t in zip(x, y):
        s = {"x": x_t, "h_prev": state["h"], "c_prev": state["c"]}
        a_i, a_f, a_g, a_o = np.split(W @ x_t + R @ s["h_prev"] + b, 4)
        s["i"], s["f"], s["o"] = 1 / (1 + np.exp(-a_i)), 1 / (1 + np.exp(-a_f)), 1 / (1 + np.exp(-a_o))
        s["g"] = np.tanh(a_g)
        s["c"] = s["f"] * s["c_prev"] + s["i"] * s["g"]
        s["h"] = s["o"] * np.tanh(s["c"])
        s["e"] = w_out @ s["h"] - y_t
        loss += 0.5 * s["e"] ** 2
        cache.append(s)
        state = s

    W_grad, R_grad, b_grad, w_out_grad = (np.zeros_like(p) for p in (W, R, b, w_out))
    dh_next, dc_next = np.zeros(units), np.zeros(units)
    for s in reversed(cache[1:]):
        w_out_grad += s["e"] * s["h"]
        dh = s["e"] * w_out + dh_next
        dc = dh * s["o"] * (1 - np.tanh(s["c"]) ** 2) + dc_next
        da = np.concatenate((
            dc * s["g"] * s["i"] * (1 - s["i"]),
            dc * s["c_prev"] * s["f"] * (1 - s["f"]),
            dc * s["i"] * (1 - s["g"] ** 2),
            dh * np.tanh(s["c"]) * s["o"] * (1 - s["o"]),
        ))
        W_grad += np.outer(da, s["x"])
        R_grad += np.outer(da, s["h_prev"])
        b_grad += da
        dh_next, dc_next = R.T @ da, dc * s["f"]
    return loss, (W_grad, R_grad, b_grad, w_out_grad)


rng = np.random.RandomState(62)
x, y = rng.randn(4, 2), rng.randn(4)
W, R, b, w_out = rng.randn(20, 2) * 0.5, rng.randn(20, 5) * 0.4, rng.randn(20) * 0.2, rng.randn(5)

for epoch in range(3):
    loss, (W_grad, R_grad, b_grad, w_out_grad) = lstm(x, y, W, R, b, w_out)
    W -= 0.05 * W_grad
    R -= 0.05 * R_grad
    b -= 0.05 * b_grad
    w_out -= 0.05 * w_out_grad
    print(epoch, loss)
