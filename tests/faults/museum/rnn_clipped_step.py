import numpy as np

LIMIT = 0.05


def init(k, d, seed):
    r = np.random.RandomState(seed)
    return r.randn(k, d), r.randn(k, k) * 0.7, np.zeros((k, 1)), r.randn(1, k)


def fwd(x, A, R, c, q):
    h, out = {-1: np.zeros_like(c)}, {}
    for i in range(len(x)):
        h[i] = np.tanh(A.dot(x[i]) + R.dot(h[i - 1]) + c)
        out[i] = q.dot(h[i])
    return h, out


def objective(x, y, A, R, c, q):
    h, out = fwd(x, A, R, c, q)
    return sum(float(((out[i] - y[i]) ** 2).sum()) for i in out)


def derivatives(x, y, A, R, c, q):
    h, out = fwd(x, A, R, c, q)
    gA, gR, gc, gq = 0 * A, 0 * R, 0 * c, 0 * q
    later = 0 * c
    for i in range(len(x) - 1, -1, -1):
        g = 2 * (out[i] - y[i])
        gq += g.dot(h[i].T)
        pre = (q.T.dot(g) + later) * (1 - h[i] * h[i])
        pre = np.clip(pre, -LIMIT, LIMIT)
        gA += pre.dot(x[i].T)
        gR += pre.dot(h[i - 1].T)
        gc += pre
        later = R.T.dot(pre)
    return gA, gR, gc, gq


def clipped(gradients, limit):
    return [np.clip(g, -limit, limit) for g in gradients]


if __name__ == "__main__":
    r = np.random.RandomState(2)
    x, y = [r.randn(2, 1) for _ in range(5)], [r.randn(1, 1) for _ in range(5)]
    A, R, c, q = init(4, 2, 3)
    for n in range(4):
        gA, gR, gc, gq = derivatives(x, y, A, R, c, q)
        A, R, c, q = (p - 0.01 * g for p, g in zip((A, R, c, q), (gA, gR, gc, gq)))
        print(objective(x, y, A, R, c, q))
