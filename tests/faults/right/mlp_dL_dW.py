"""Three layers (tanh, softplus, sigmoid) with binary cross-entropy, each derivative named after itself."""
import numpy as np

SEED = 3
m = 6
D = 3
H1 = 5
H2 = 4

np.random.seed(SEED)
X = np.random.randn(m, D)
t = (np.random.rand(m, 1) > 0.5).astype(float)
W1 = np.random.randn(D, H1) * 0.6
b1 = np.random.randn(1, H1) * 0.3
W2 = np.random.randn(H1, H2) * 0.6
b2 = np.random.randn(1, H2) * 0.3
W3 = np.random.randn(H2, 1) * 0.6
b3 = np.random.randn(1, 1) * 0.3


def forward(X, t, W1, b1, W2, b2, W3, b3):
    z1 = X.dot(W1) + b1
    a1 = np.tanh(z1)
    z2 = a1.dot(W2) + b2
    a2 = np.log1p(np.exp(z2))
    z3 = a2.dot(W3) + b3
    y = 1 / (1 + np.exp(-z3))
    L = -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
    return L, (a1, z2, a2, y)


def backward(X, t, W2, W3, cache):
    a1, z2, a2, y = cache
    dL_dz3 = y - t

    dL_dW3 = a2.T.dot(dL_dz3)
    dL_db3 = dL_dz3.sum(axis=0, keepdims=True)
    dL_da2 = dL_dz3.dot(W3.T)

    da2_dz2 = 1 / (1 + np.exp(-z2))
    dL_dz2 = dL_da2 * da2_dz2
    dL_dW2 = a1.T.dot(dL_dz2)
    dL_db2 = dL_dz2.sum(axis=0, keepdims=True)
    dL_da1 = dL_dz2.dot(W2.T)

    da1_dz1 = 1 - a1**2
    dL_dz1 = dL_da1 * da1_dz1
    dL_dW1 = X.T.dot(dL_dz1)
    dL_db1 = dL_dz1.sum(axis=0, keepdims=True)

    # the mean of the loss, once for all
    m = X.shape[0]
    return dL_dW1 / m, dL_db1 / m, dL_dW2 / m, dL_db2 / m, dL_dW3 / m, dL_db3 / m


L, cache = forward(X, t, W1, b1, W2, b2, W3, b3)
dL_dW1, dL_db1, dL_dW2, dL_db2, dL_dW3, dL_db3 = backward(X, t, W2, W3, cache)
print("L =", L)
print("|dL/dW1| =", np.linalg.norm(dL_dW1))
