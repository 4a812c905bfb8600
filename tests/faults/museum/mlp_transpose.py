import numpy as np

r = np.random.default_rng(41)
A = r.normal(size=(3, 5))  # first layer
B = r.normal(size=(5, 5)) / 2
C = r.normal(size=(5, 2))
x = r.normal(size=(7, 3))
y = r.normal(size=(7, 2))

s = lambda v: 1 / (1 + np.exp(-v))


def J(A, B, C):
    return ((s(s(x @ A) @ B) @ C - y) ** 2).sum()


def dJ(A, B, C):
    u = s(x @ A)
    v = s(u @ B)
    e = 2 * (v @ C - y)
    c = v.T @ e
    q = e @ C.T * v * (1 - v)
    b = u.T @ q
    p = q @ B * u * (1 - u)
    a = x.T @ p
    return a, b, c


for n in range(3):
    a, b, c = dJ(A, B, C)
    A, B, C = A - 0.01 * a, B - 0.01 * b, C - 0.01 * c
    print(n, J(A, B, C))
