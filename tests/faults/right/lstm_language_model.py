"""字符级 LSTM 语言模型：偏置放在权重矩阵的第一行，四个门合在一个矩阵里（顺序 i f o g）。"""
import numpy as np

SEED = 24
H = 4

文本 = "床前明月光疑是地上霜"
字表 = sorted(set(文本))
编号 = {字: k for k, 字 in enumerate(字表)}
V = len(字表)

rng = np.random.default_rng(SEED)
WL = rng.normal(size=(1 + V + H, 4 * H)) * 0.4
WV = rng.normal(size=(1 + H, V)) * 0.6


def forward(WL, WV, seq, h0, c0):
    # seq 的前 T 个字是输入，后 T 个字是目标
    cache, loss = [], 0.0
    h, c = h0, c0
    for t in range(len(seq) - 1):
        X = np.zeros(1 + V + H)
        X[0] = 1
        X[1 + seq[t]] = 1
        X[1 + V :] = h
        a = X @ WL
        s = 1 / (1 + np.exp(-a[: 3 * H]))
        i, f, o = s[:H], s[H : 2 * H], s[2 * H :]
        g = np.tanh(a[3 * H :])
        c_prev = c
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        Y = np.concatenate([[1.0], h])
        p = np.exp(Y @ WV)
        p = p / p.sum()
        loss -= np.log(p[seq[t + 1]])
        cache.append((X, i, f, o, g, c_prev, c, Y, p))
    # 每个字的平均损失
    return loss / (len(seq) - 1), cache


def backward(WL, WV, seq, cache):
    dWL = np.zeros(WL.shape)
    dWV = np.zeros(WV.shape)
    dh = np.zeros(H)
    dc = np.zeros(H)
    da = np.zeros(4 * H)
    for t in reversed(range(len(cache))):
        X, i, f, o, g, c_prev, c, Y, p = cache[t]
        dscore = p.copy()
        dscore[seq[t + 1]] -= 1
        dWV += np.outer(Y, dscore)
        # 第 0 个是偏置，不往回传
        dh = dh + WV[1:] @ dscore
        tc = np.tanh(c)
        dc = dc + dh * o * (1 - tc * tc)
        da[:H] = dc * g * i * (1 - i)
        da[H : 2 * H] = dc * c_prev * f * (1 - f)
        da[2 * H : 3 * H] = dh * tc * o * (1 - o)
        da[3 * H :] = dc * i * (1 - g * g)
        dWL += np.outer(X, da)
        dh = (WL @ da)[1 + V :]
        dc = dc * f
    return dWL / len(cache), dWV / len(cache)


if __name__ == "__main__":
    seq = [编号[字] for 字 in 文本[:6]]
    h0, c0 = rng.normal(size=H) * 0.3, rng.normal(size=H) * 0.3
    for n in range(10):
        loss, cache = forward(WL, WV, seq, h0, c0)
        dWL, dWV = backward(WL, WV, seq, cache)
        WL -= 0.5 * dWL
        WV -= 0.5 * dWV
        print(n, loss)
