"""Elman network, batch first (B, T, D); everything that does not need the loop stands outside of it."""
import numpy as np

SEED = 6
B = 3
T = 5
D = 2
H = 4
K = 6


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def init(rng):
    return (
        rng.normal(size=(D, H)) * 0.7,
        rng.normal(size=(H, H)) * 0.5,
        rng.normal(size=H) * 0.3,
        rng.normal(size=(H, K)) * 0.7,
        rng.normal(size=K) * 0.3,
    )


def forward(params, x, h0):
    Wx, Wh, b, Wy, by = params
    xw = x @ Wx + b
    hs = np.empty(xw.shape)
    h = h0
    for t in range(x.shape[1]):
        h = np.tanh(xw[:, t] + h @ Wh)
        hs[:, t] = h
    probs = softmax(hs @ Wy + by)
    return probs, hs


def loss_fn(params, x, h0, labels):
    probs, _ = forward(params, x, h0)
    b, t = np.indices(labels.shape)
    return -np.log(probs[b, t, labels]).mean()


def grad_fn(params, x, h0, labels):
    Wx, Wh, b, Wy, by = params
    probs, hs = forward(params, x, h0)
    n_seq, n_steps = labels.shape
    d_logits = (probs - np.eye(Wy.shape[1])[labels]) / (n_seq * n_steps)
    grad_Wy = np.einsum("bth,btk->hk", hs, d_logits)
    grad_by = d_logits.sum(axis=(0, 1))

    d_hs = d_logits @ Wy.T
    d_a = np.empty_like(hs)
    carry = np.zeros_like(h0)
    for t in range(n_steps - 1, -1, -1):
        d_a[:, t] = (d_hs[:, t] + carry) * (1 - hs[:, t] ** 2)
        carry = d_a[:, t] @ Wh.T

    h_before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    grad_Wx = np.einsum("btd,bth->dh", x, d_a)
    grad_Wh = np.tensordot(h_before, d_a, axes=([0, 1], [0, 1]))
    grad_b = d_a.sum(axis=(0, 1))
    return grad_Wx, grad_Wh, grad_b, grad_Wy, grad_by


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    params = init(rng)
    x = rng.normal(size=(B, T, D))
    h0 = 0.4 * rng.normal(size=(B, H))
    labels = rng.integers(0, K, size=(B, T))
    for step in range(5):
        print(step, loss_fn(params, x, h0, labels))
        grads = grad_fn(params, x, h0, labels)
        params = tuple(p - 0.5 * g for p, g in zip(params, grads))
