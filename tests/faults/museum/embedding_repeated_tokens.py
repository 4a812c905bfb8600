"""A bag-of-words classifier: the embeddings of a sentence are averaged, a softmax stands behind."""

import numpy as np

VOCAB, DIM, CLASSES = 6, 4, 3


def init(seed):
    rng = np.random.default_rng(seed)
    return {"emb": rng.normal(size=(VOCAB, DIM)), "W": rng.normal(size=(DIM, CLASSES)), "b": np.zeros(CLASSES)}


def forward(p, sentences, labels):
    vectors = p["emb"][sentences]
    mean = vectors.mean(axis=1)
    scores = mean @ p["W"] + p["b"]
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(len(labels)), labels]).mean()
    return loss, (sentences, mean, probs)


def backward(p, cache, labels):
    sentences, mean, probs = cache
    n, length = sentences.shape
    dscores = probs.copy()
    dscores[np.arange(n), labels] -= 1
    dscores /= n
    grads = {"W": mean.T @ dscores, "b": dscores.sum(axis=0), "emb": np.zeros_like(p["emb"])}
    dmean = dscores @ p["W"].T
    dvectors = np.repeat(dmean[:, None, :] / length, length, axis=1)
    grads["emb"][sentences] += dvectors
    return grads


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    sentences = rng.integers(0, VOCAB, (4, 5))
    labels = rng.integers(0, CLASSES, 4)
    p = init(1)
    for epoch in range(4):
        loss, cache = forward(p, sentences, labels)
        print(epoch, loss)
        grads = backward(p, cache, labels)
        for name in p:
            p[name] -= 0.5 * grads[name]
