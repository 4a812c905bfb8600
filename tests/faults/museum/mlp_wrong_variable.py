"""Three layers, two of them of the same width. The derivatives bear the names of the chain rule."""

import numpy as np

rng = np.random.RandomState(17)
W1, W2, W3 = rng.randn(5, 3), rng.randn(5, 5) * 0.6, rng.randn(5, 5) * 0.6
W4 = rng.randn(2, 5)


def forward(x, W1, W2, W3, W4):
    h1 = np.tanh(W1 @ x)
    h2 = np.tanh(W2 @ h1)
    h3 = np.tanh(W3 @ h2)
    return h1, h2, h3, W4 @ h3


def loss(x, y, W1, W2, W3, W4):
    o = forward(x, W1, W2, W3, W4)[-1]
    return np.sum((o - y) ** 2) / (2 * x.shape[1])


def gradients(x, y, W1, W2, W3, W4):
    h1, h2, h3, o = forward(x, W1, W2, W3, W4)
    dL_do = (o - y) / x.shape[1]
    dL_dW4 = dL_do @ h3.T
    dL_dz3 = (W4.T @ dL_do) * (1 - h3**2)
    dL_dW3 = dL_dz3 @ h2.T
    dL_dz2 = (W2.T @ dL_dz3) * (1 - h2**2)
    dL_dW2 = dL_dz2 @ h1.T
    dL_dz1 = (W2.T @ dL_dz2) * (1 - h1**2)
    dL_dW1 = dL_dz1 @ x.T
    return dL_dW1, dL_dW2, dL_dW3, dL_dW4


if __name__ == "__main__":
    x, y = rng.randn(3, 11), rng.randn(2, 11)
    for epoch in range(3):
        g1, g2, g3, g4 = gradients(x, y, W1, W2, W3, W4)
        W1, W2, W3, W4 = W1 - 0.05 * g1, W2 - 0.05 * g2, W3 - 0.05 * g3, W4 - 0.05 * g4
        print(loss(x, y, W1, W2, W3, W4))
