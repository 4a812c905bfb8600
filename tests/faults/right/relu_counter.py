"""One ReLU neuron with a recurrent weight counts the ones in a sequence; three numbers are learned."""
import numpy as np

SEED = 18
T = 6
N = 5

rng = np.random.default_rng(SEED)
sequences = rng.integers(0, 2, size=(N, T)).astype(float)
counts = sequences.sum(axis=1)


def relu(a):
    return a if a > 0 else 0.0


def states(w, u, b, xs):
    h = [0.2]
    for x in xs:
        h.append(relu(w * x + u * h[-1] + b))
    return h


def loss(w, u, b):
    total = 0.0
    for xs, count in zip(sequences, counts):
        h = states(w, u, b, xs)
        total += 0.5 * (h[-1] - count) ** 2
    return total / N


def gradient(w, u, b):
    dw = du = db = 0.0
    for xs, count in zip(sequences, counts):
        h = states(w, u, b, xs)
        delta = h[-1] - count
        for t in range(T, 0, -1):
            if h[t] <= 0:
                break
            dw += delta * xs[t - 1]
            du += delta * h[t - 1]
            db += delta
            delta *= u
    return dw / N, du / N, db / N


if __name__ == "__main__":
    w, u, b = 0.7, 0.8, 0.15
    for step in range(20):
        dw, du, db = gradient(w, u, b)
        w -= 0.02 * dw
        u -= 0.02 * du
        b -= 0.02 * db
    print(f"w = {w:.3f}, u = {u:.3f}, b = {b:.3f}, loss = {loss(w, u, b):.4f}")
