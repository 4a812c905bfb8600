"""Single precision, two hidden layers, squared hinge on the margin; inverted dropout with a mask drawn beforehand."""
import numpy as np

SEED = 30
N = 6
D = 4
H1 = 7
H2 = 5
KEEP = 0.75

rng = np.random.default_rng(SEED)
f32 = np.float32
X = rng.normal(size=(N, D)).astype(f32)
sign = np.where(np.arange(N) % 2 == 0, 1, -1).astype(f32)
mask = (rng.uniform(size=(N, H1)) < KEEP).astype(f32) / f32(KEEP)
W1 = rng.normal(0, 0.6, (D, H1)).astype(f32)
W2 = rng.normal(0, 0.5, (H1, H2)).astype(f32)
w3 = rng.normal(0, 0.5, H2).astype(f32)
b1 = rng.normal(0, 0.3, H1).astype(f32)
b2 = rng.normal(0, 0.3, H2).astype(f32)


def loss(W1, b1, W2, b2, w3):
    margin = sign * hidden(W1, b1, W2, b2)[1].dot(w3)
    return np.mean(np.maximum(0, 2 - margin) ** 2)


def hidden(W1, b1, W2, b2):
    h1 = np.tanh(X.dot(W1) + b1) * mask
    h2 = np.tanh(h1.dot(W2) + b2)
    return h1, h2


def gradients(W1, b1, W2, b2, w3):
    h1, h2 = hidden(W1, b1, W2, b2)
    margin = sign * h2.dot(w3)
    dmargin = -2 * np.maximum(0, 2 - margin) / len(X)
    dscore = dmargin * sign
    dw3 = h2.T.dot(dscore)
    dz2 = np.outer(dscore, w3) * (1 - h2 * h2)
    dW2 = h1.T.dot(dz2)
    db2 = dz2.sum(axis=0)
    t1 = np.tanh(X.dot(W1) + b1)
    dz1 = dz2.dot(W2.T) * mask * (1 - t1 * t1)
    dW1 = X.T.dot(dz1)
    db1 = dz1.sum(axis=0)
    return dW1, db1, dW2, db2, dw3


if __name__ == "__main__":
    for step in range(10):
        dW1, db1, dW2, db2, dw3 = gradients(W1, b1, W2, b2, w3)
        W1, b1, W2, b2, w3 = (p - f32(0.1) * d for p, d in zip((W1, b1, W2, b2, w3), (dW1, db1, dW2, db2, dw3)))
        print(step, loss(W1, b1, W2, b2, w3))
