"""Two kernels on one grey image: valid convolution forward, full convolution on the way back."""
import numpy as np

SEED = 12
ROWS = 7
COLS = 6

np.random.seed(SEED)
img = np.random.randn(ROWS, COLS)
K1 = np.random.randn(3, 2) * 0.6
c1 = np.random.randn() * 0.3
K2 = np.random.randn(2, 3) * 0.6
c2 = np.random.randn() * 0.3
goal = np.random.randn(ROWS - 3, COLS - 3)


def valid(a, k):
    r = a.shape[0] - k.shape[0] + 1
    c = a.shape[1] - k.shape[1] + 1
    out = np.zeros((r, c))
    for i in range(r):
        for j in range(c):
            out[i, j] = np.sum(a[i : i + k.shape[0], j : j + k.shape[1]] * k)
    return out


def rot180(k):
    return k[::-1, ::-1]


def full(a, k):
    m, n = k.shape
    padded = np.pad(a, ((m - 1, m - 1), (n - 1, n - 1)))
    return valid(padded, rot180(k))


def forward(img, goal, K1, c1, K2, c2):
    s1 = valid(img, K1) + c1
    a1 = np.tanh(s1)
    s2 = valid(a1, K2) + c2
    loss = 0.5 * np.sum((s2 - goal) ** 2)
    return loss, a1, s2


def backward(img, goal, K1, K2, a1, s2):
    d2 = s2 - goal
    gK2 = valid(a1, d2)
    gc2 = np.sum(d2)
    d1 = full(d2, K2) * (1 - a1 * a1)
    gK1 = valid(img, d1)
    gc1 = np.sum(d1)
    gimg = full(d1, K1)
    return gimg, gK1, gc1, gK2, gc2


loss, a1, s2 = forward(img, goal, K1, c1, K2, c2)
gimg, gK1, gc1, gK2, gc2 = backward(img, goal, K1, K2, a1, s2)
print("loss:", loss)
print("gradient of the first kernel:")
print(gK1)
