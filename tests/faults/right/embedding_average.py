"""Bag of words: look the embeddings up, average them, classify with a softmax."""
import numpy as np

SEED = 16
VOCAB = 9
B = 4
L = 5
DIM = 3
C = 2

rng = np.random.default_rng(SEED)
E = rng.normal(0, 0.8, (VOCAB, DIM))
U = rng.normal(0, 0.8, (DIM, C))
d = rng.normal(0, 0.3, C)
tokens = rng.integers(0, VOCAB, (B, L))
labels = rng.integers(0, C, B)


def loss_and_grads(E, U, d, tokens, labels):
    n, length = tokens.shape
    avg = E[tokens].mean(axis=1)
    scores = avg @ U + d
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.mean([np.log(p[i, c]) for i, c in enumerate(labels)])

    onehot = np.eye(U.shape[1])[labels]
    g_scores = (p - onehot) / n
    g_U = avg.T @ g_scores
    g_d = g_scores.sum(axis=0)
    g_avg = g_scores @ U.T
    g_E = np.zeros_like(E)
    np.add.at(g_E, tokens, g_avg[:, None, :] / length)
    return loss, (g_E, g_U, g_d)


if __name__ == "__main__":
    for epoch in range(15):
        loss, (g_E, g_U, g_d) = loss_and_grads(E, U, d, tokens, labels)
        E -= 1.0 * g_E
        U -= 1.0 * g_U
        d -= 1.0 * g_d
    print("loss", loss)
