"""GRU：逐步前向，逐步反向。行是样本，时间在最前面。"""
import numpy as np

SEED = 9
T = 4
B = 3
D = 5
H = 6

rng = np.random.default_rng(SEED)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# 参数：z 是更新门，r 是重置门，n 是候选状态
params = {}
for k in "zrn":
    params["W" + k] = rng.normal(size=(D, H)) * 0.5
    params["U" + k] = rng.normal(size=(H, H)) * 0.5
    params["b" + k] = rng.normal(size=H) * 0.3
params["V"] = rng.normal(size=(H, 1))


def loss(params, x, y, h0):
    return forward(params, x, y, h0)[0]


def forward(params, x, y, h0):
    h, caches, total = h0, [], 0.0
    for t in range(len(x)):
        h_prev = h
        z = sigmoid(x[t] @ params["Wz"] + h_prev @ params["Uz"] + params["bz"])
        r = sigmoid(x[t] @ params["Wr"] + h_prev @ params["Ur"] + params["br"])
        s = r * h_prev
        n = np.tanh(x[t] @ params["Wn"] + s @ params["Un"] + params["bn"])
        h = (1 - z) * h_prev + z * n
        e = h @ params["V"] - y[t]
        total += np.mean(e**2)
        caches.append((h_prev, z, r, s, n, h, e))
    return total / len(x), caches


def gradients(params, x, y, h0):
    _, caches = forward(params, x, y, h0)
    T = len(x)
    g = {k: np.zeros_like(v) for k, v in params.items()}
    dh_next = np.zeros_like(h0)
    for t in range(T)[::-1]:
        h_prev, z, r, s, n, h, e = caches[t]
        de = 2 * e / (e.size * T)
        g["V"] += h.T @ de
        dh = de @ params["V"].T + dh_next

        # 候选状态
        dan = dh * z * (1 - n**2)
        ds = dan @ params["Un"].T
        # 两个门
        daz = dh * (n - h_prev) * z * (1 - z)
        dar = ds * h_prev * r * (1 - r)

        for k, da, before in [("z", daz, h_prev), ("r", dar, h_prev), ("n", dan, s)]:
            g["W" + k] += x[t].T @ da
            g["U" + k] += before.T @ da
            g["b" + k] += da.sum(0)
        # 上一步的状态有四条路
        dh_next = dh * (1 - z) + ds * r + daz @ params["Uz"].T + dar @ params["Ur"].T
    return g


x = rng.normal(size=(T, B, D))
y = rng.normal(size=(T, B, 1))
h0 = rng.normal(size=(B, H)) * 0.5

if __name__ == "__main__":
    for step in range(6):
        g = gradients(params, x, y, h0)
        params = {k: params[k] - 0.2 * g[k] for k in params}
        print(step, loss(params, x, y, h0))
