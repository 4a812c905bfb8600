"""Character-level vanilla RNN: loss and gradients of one chunk of text in one function."""
import numpy as np

SEED = 3
H = 5
T = 4

text = "hello backprop through time"
chars = sorted(set(text))
V = len(chars)
char_to_ix = {c: i for i, c in enumerate(chars)}

rng = np.random.default_rng(SEED)
Wxh = rng.normal(0, 0.4, (H, V))
Whh = rng.normal(0, 0.4, (H, H))
Why = rng.normal(0, 0.4, (V, H))
bh = rng.normal(0, 0.2, (H, 1))
by = rng.normal(0, 0.2, (V, 1))


def lossFun(inputs, targets, hprev):
    """inputs, targets: lists of integers; hprev: H x 1, the state before the first character."""
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t, ix in enumerate(inputs):
        xs[t] = np.zeros((V, 1))
        xs[t][ix] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        logits = Why @ hs[t] + by
        unnorm = np.exp(logits - logits.max())
        ps[t] = unnorm / unnorm.sum()
        loss += -np.log(ps[t][targets[t], 0])

    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros((H, 1))
    for t in range(len(inputs) - 1, -1, -1):
        dlogits = ps[t].copy()
        dlogits[targets[t]] -= 1
        dWhy += dlogits @ hs[t].T
        dby += dlogits
        dh = Why.T @ dlogits + dhnext
        draw = (1 - hs[t] * hs[t]) * dh
        dbh += draw
        dWxh += draw @ xs[t].T
        dWhh += draw @ hs[t - 1].T
        dhnext = Whh.T @ draw
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


if __name__ == "__main__":
    hprev = rng.normal(0, 0.3, (H, 1))
    p = 0
    for n in range(6):
        if p + T + 1 > len(text):
            p = 0
        inputs = [char_to_ix[c] for c in text[p : p + T]]
        targets = [char_to_ix[c] for c in text[p + 1 : p + T + 1]]
        loss, dWxh, dWhh, dWhy, dbh, dby, hprev = lossFun(inputs, targets, hprev)
        for param, dparam in zip([Wxh, Whh, Why, bh, by], [dWxh, dWhh, dWhy, dbh, dby]):
            param -= 0.1 * dparam
        p += T
        print(f"iter {n}, loss {loss:.4f}")
