"""Report 003, section 3: one block of LeNet-5 (convolution by a link table, mean pooling), its equations as published.

Where the report writes X̃ and means Ỹ (its sizes do not fit otherwise), Ỹ stands here. ``convolution`` is what the report
writes as ⊗, ``wide`` what it writes as ⊗̃; in this file they are correlations, which is the reading in which most comes right.
"""

import numpy as np

rng = np.random.default_rng(4)
T = np.array([[1, 0, 1], [1, 1, 1]])  # link table: 2 maps in, 3 maps out
W = rng.normal(size=(2, 3, 3, 2))  # W[p, d]
b = rng.normal(size=3)
omega, a = rng.normal(size=3), rng.normal(size=3)
X_in = rng.normal(size=(2, 6, 7))
target = rng.normal(size=(3, 2, 3))


def correlate(K, X):
    rows, columns = X.shape[0] - K.shape[0] + 1, X.shape[1] - K.shape[1] + 1
    return np.array(
        [[np.sum(K * X[i : i + K.shape[0], j : j + K.shape[1]]) for j in range(columns)] for i in range(rows)]
    )


def convolve(K, X):
    return correlate(K[::-1, ::-1], X)


def padded(X, K):
    return np.pad(X, [(K.shape[0] - 1,) * 2, (K.shape[1] - 1,) * 2])


def mean_pool(Y):
    return (Y[:, ::2, ::2] + Y[:, 1::2, ::2] + Y[:, ::2, 1::2] + Y[:, 1::2, 1::2]) / 4


def forward(W, b, omega, a, X_in, convolution=correlate):
    # 3.3: Ỹ(l,d) = Σ_(p, T_pd = 1) W(l,p,d) ⊗ X(l-1,p) + b(l,d)
    Y_pre = np.array([sum(convolution(W[p, d], X_in[p]) for p in range(2) if T[p, d]) + b[d] for d in range(3)])
    Y = np.tanh(Y_pre)  # 3.3: Y(l,d) = f_l(Ỹ(l,d))
    X_pre = omega[:, None, None] * mean_pool(Y) + a[:, None, None]  # 3.3: X̃(l,d) = ω(l,d) MeanPool(Y(l,p)) + a(l,d)
    X = np.tanh(X_pre)  # 3.3: X(l,d) = g_l(X̃(l,d))
    return Y_pre, Y, X_pre, X


def loss(W, b, omega, a, X_in, target, convolution=correlate):
    return 0.5 * np.sum((forward(W, b, omega, a, X_in, convolution)[-1] - target) ** 2)


def dL_dY_3_4(dX, X_pre, omega, shape):
    """3.4, 2: ∂L/∂Y_ij = ω/4 (∂L/∂X ⊙ g'(X̃)) at [(i+1)/2], [(j+1)/2]; i and j from 1, [ ] rounds down."""
    dY = np.zeros(shape)
    for i in range(1, shape[1] + 1):
        for j in range(1, shape[2] + 1):
            place = (i + 1) // 2 - 1, (j + 1) // 2 - 1
            dY[:, i - 1, j - 1] = omega / 4 * (dX * (1 - np.tanh(X_pre) ** 2))[:, place[0], place[1]]
    return dY


def backward(W, b, omega, a, X_in, target, convolution=correlate, wide=correlate):
    Y_pre, Y, X_pre, X = forward(W, b, omega, a, X_in, convolution)
    dX = X - target
    d_omega = np.sum(dX * (1 - X**2) * mean_pool(Y), axis=(1, 2))  # 3.4: sum(∂L/∂X ⊙ g'(X̃) ⊙ MeanPool(Y(l,p)))
    d_a = np.sum(dX * (1 - X**2), axis=(1, 2))  # 3.4: ∂L/∂a(l,d) = sum(∂L/∂X ⊙ g'(X̃))
    dY = dL_dY_3_4(dX, X_pre, omega, Y.shape)
    dY_pre = dY * (1 - np.tanh(Y_pre) ** 2)  # 3.4, 3: ∂L/∂X̃ = ∂L/∂Y ⊙ f'(X̃)
    dW = np.zeros_like(W)
    for p in range(2):
        for d in range(3):
            if T[p, d] == 1:
                dW[p, d] = convolution(dY_pre[d], X_in[p])  # 3.4: ∂L/∂W(l,p,d) = ∂L/∂X̃(l,d) ⊗ X(l-1,p)
    db = dY_pre.sum(axis=(1, 2))  # 3.4: ∂L/∂b(l,d) = sum(∂L/∂X̃(l,d))
    dX_in = np.zeros_like(X_in)
    for d in range(2):  # 3.4: ∂L/∂X(l-1,d) = Σ_(p, T_pd = 1) rot180(W(l,p,d)) ⊗̃ ∂L/∂X̃(l,d)
        for p in range(2):
            if T[p, d] == 1:
                dX_in[d] += wide(W[p, d][::-1, ::-1], padded(dY_pre[d], W[p, d]))
    return dW, db, d_omega, d_a, dX_in


if __name__ == "__main__":
    print(loss(W, b, omega, a, X_in, target))
    dW, db, d_omega, d_a, dX_in = backward(W, b, omega, a, X_in, target)
    print(np.linalg.norm(dW), np.linalg.norm(dX_in))
