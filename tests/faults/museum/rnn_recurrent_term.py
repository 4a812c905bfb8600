"""Character-level vanilla RNN: one function gives the loss and all gradients."""

import numpy as np

hidden_size = 5
vocab_size = 7
seq_length = 4

np.random.seed(3)
Wxh = np.random.randn(hidden_size, vocab_size) * 0.5
Whh = np.random.randn(hidden_size, hidden_size) * 0.5
Why = np.random.randn(vocab_size, hidden_size) * 0.5
bh = np.random.randn(hidden_size, 1) * 0.1
by = np.random.randn(vocab_size, 1) * 0.1

inputs = [2, 0, 6, 3]
targets = [0, 6, 3, 5]


def loss_fun(inputs, targets, hprev):
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        y = Why @ hs[t] + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])

    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += dhraw @ xs[t].T
        dWhh += dhraw @ hs[t - 1].T
        dhnext = Whh.T @ dhraw
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


if __name__ == "__main__":
    hprev = np.full((hidden_size, 1), 0.2)
    for step in range(3):
        loss, dWxh, dWhh, dWhy, dbh, dby, _ = loss_fun(inputs, targets, hprev)
        print(step, loss)
        for param, dparam in zip([Wxh, Whh, Why, bh, by], [dWxh, dWhh, dWhy, dbh, dby]):
            param -= 0.1 * dparam
