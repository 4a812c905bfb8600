"""Two-layer softmax network on random points."""

import numpy as np

np.random.seed(0)
N, D, H, K = 11, 2, 5, 3
X = np.random.randn(N, D)
y = np.random.randint(0, K, N)
W = 0.5 * np.random.randn(D, H)
b = 0.1 * np.random.randn(1, H)
W2 = 0.5 * np.random.randn(H, K)
b2 = 0.1 * np.random.randn(1, K)


def forward(X, W, b, W2, b2):
    hidden_layer = np.maximum(0, np.dot(X, W) + b)
    scores = np.dot(hidden_layer, W2) + b2
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    return hidden_layer, probs


def data_loss(probs, y):
    return np.sum(-np.log(probs[range(len(y)), y])) / len(y)


def backward(X, y, hidden_layer, probs, W2):
    dscores = probs
    dscores[range(len(y)), y] -= 1
    dscores /= len(y)
    dW2 = np.dot(hidden_layer.T, dscores)
    db2 = np.sum(dscores, axis=0, keepdims=True)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden_layer <= 0] = 0
    dW = np.dot(X.T, dhidden)
    db = np.sum(dhidden, axis=0, keepdims=True)
    return dW, db, dW2, db2


if __name__ == "__main__":
    for i in range(3):
        hidden_layer, probs = forward(X, W, b, W2, b2)
        print("iteration %d: loss %f" % (i, data_loss(probs, y)))
        dW, db, dW2, db2 = backward(X, y, hidden_layer, probs, W2)
        W += -0.1 * dW
        b += -0.1 * db
        W2 += -0.1 * dW2
        b2 += -0.1 * db2
