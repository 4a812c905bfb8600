"""Report 003, section 2: a network with one hidden layer, one sample; the equations of 2.4 as published.

The forward pass is 2.3 with the indices that its shapes demand: y_j, b_j(2), and a sum over the C outputs.
"""

import numpy as np

rng = np.random.default_rng(3)
N, M, C = 2, 5, 3
w1, b1 = rng.normal(size=(M, N)), rng.normal(size=M)
w2, b2 = rng.normal(size=(C, M)), rng.normal(size=C)
x = rng.normal(size=N)
y_n = np.array([0.0, 1.0, 0.0])


def f1(a):
    return np.tanh(a)


def f1_prime(a):
    return 1 - np.tanh(a) ** 2


def f2(a):
    return 1 / (1 + np.exp(-a))


def f2_prime(a):
    return f2(a) * (1 - f2(a))


def forward(w1, b1, w2, b2, x):
    a1 = w1 @ x + b1
    z = f1(a1)  # 2.3: z_k = f1(Σ_i w_ki(1) x_i + b_k(1))
    a2 = w2 @ z + b2
    y = f2(a2)  # 2.3: y_i = f2(Σ_k w_jk(2) z_k + b_k(2))
    return a1, z, a2, y


def loss(w1, b1, w2, b2, x, y_n):
    y = forward(w1, b1, w2, b2, x)[-1]
    return -np.sum(y_n * np.log(y))  # 2.3: L = -Σ_(i=1..N) y_nj log(y_j)


def backward(w1, b1, w2, b2, x, y_n):
    a1, z, a2, y = forward(w1, b1, w2, b2, x)
    dL_dy = y_n / y  # 2.4: ∂L/∂y_i = y_nj / y_j
    dL_db2 = np.full(C, np.sum(dL_dy * f2_prime(a2)))  # 2.4: ∂L/∂b_k(2) = Σ_j ∂L/∂y_j f2'(Σ_k w_jk(2) z_k + b_k(2))
    dL_dw2 = np.outer(dL_dy * f2_prime(a2), z)  # 2.4: ∂L/∂w_jk(2) = ∂L/∂y_j f2'(Σ_k w_jk(2) z_k + b_k(2)) z_k
    dL_dz = w2.T @ dL_dy  # 2.4: ∂L/∂z_k = Σ_j ∂L/∂y_j w_jk(2)
    dL_db1 = np.full(M, np.sum(dL_dz * f1_prime(a1)))  # 2.4: ∂L/∂b_i(1) = Σ_k ∂L/∂z_k f1'(Σ_i w_ki(1) x_i + b_i(1))
    dL_dw1 = np.outer(dL_dz * f1_prime(a1), x)  # 2.4: ∂L/∂w_ki(1) = ∂L/∂z_k f1'(Σ_i w_ki(1) x_i + b_i(1)) x_i
    return dL_dw1, dL_db1, dL_dw2, dL_db2


def update(w, dL_dw, eta, decay):
    return w + eta * dL_dw + decay * w  # 2.4: w ← w + η ∂L/∂w + λ w


if __name__ == "__main__":
    print(loss(w1, b1, w2, b2, x, y_n))
    dL_dw1, dL_db1, dL_dw2, dL_db2 = backward(w1, b1, w2, b2, x, y_n)
    w1, w2 = update(w1, dL_dw1, 0.01, 1e-4), update(w2, dL_dw2, 0.01, 1e-4)
    b1, b2 = b1 + 0.01 * dL_db1, b2 + 0.01 * dL_db2  # 2.4: b ← b + η ∂L/∂b
    print(loss(w1, b1, w2, b2, x, y_n))
