"""Multiclass hinge loss of a linear classifier, vectorized, with a regularization term."""
import numpy as np

SEED = 33
N = 6
D = 4
C = 3


def svm_loss(W, X, y, reg):
    """Returns the loss and its gradient by W; X (N, D), y (N,) class numbers."""
    n = X.shape[0]
    scores = X @ W
    margins = scores - scores[np.arange(n), y][:, np.newaxis] + 1
    margins[np.arange(n), y] = 0
    margins = np.maximum(0, margins)
    loss = margins.sum() / n + reg * np.sum(W * W)

    counts = (margins > 0).astype(float)
    counts[np.arange(n), y] = -counts.sum(axis=1)
    dW = X.T @ counts / n + 2 * reg * W
    return loss, dW


np.random.seed(SEED)
W = np.random.randn(D, C)
X = np.random.randn(N, D)
y = np.random.randint(C, size=N)
reg = 0.05
loss, dW = svm_loss(W, X, y, reg)
print(loss)
print(dW)
