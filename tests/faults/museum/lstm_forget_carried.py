"""A character LSTM whose cell state is carried between batches of text; gates stacked in the order i, f, g, o."""

import numpy as np

rng = np.random.default_rng(12)
V, H, T = 5, 4, 4
text = rng.integers(0, V, 2 * T + 1)


def sig(v):
    return 1 / (1 + np.exp(-v))


class CharLSTM:
    def __init__(self):
        self.Wx = rng.normal(0, 0.5, (4 * H, V))
        self.Wh = rng.normal(0, 0.5, (4 * H, H))
        self.bias = np.zeros(4 * H)
        self.Wy = rng.normal(0, 0.5, (V, H))

    def run(self, chars, h, c):
        steps = []
        for ch in chars:
            a = self.Wx[:, ch] + self.Wh @ h + self.bias
            i, f, g, o = sig(a[:H]), sig(a[H : 2 * H]), np.tanh(a[2 * H : 3 * H]), sig(a[3 * H :])
            c_new = f * c + i * g
            h_new = o * np.tanh(c_new)
            logits = self.Wy @ h_new
            p = np.exp(logits - logits.max())
            steps.append((ch, h, c, i, f, g, o, c_new, h_new, p / p.sum()))
            h, c = h_new, c_new
        return steps, h, c

    def loss(self, steps, targets):
        return -sum(np.log(s[-1][k]) for s, k in zip(steps, targets))

    def grads(self, steps, targets):
        gWx, gWh, gbias, gWy = (np.zeros_like(w) for w in (self.Wx, self.Wh, self.bias, self.Wy))
        dh_next, dc_next = np.zeros(H), np.zeros(H)
        for (ch, h, c, i, f, g, o, c_new, h_new, p), k in zip(reversed(steps), reversed(targets)):
            dlogits = p.copy()
            dlogits[k] -= 1
            gWy += np.outer(dlogits, h_new)
            dh = self.Wy.T @ dlogits + dh_next
            dc = dh * o * (1 - np.tanh(c_new) ** 2) + dc_next
            da = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * c * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * np.tanh(c_new) * o * (1 - o),
                ]
            )
            gWx[:, ch] += da
            gWh += np.outer(da, h)
            gbias += da
            dh_next = self.Wh.T @ da
            dc_next = dc
        return gWx, gWh, gbias, gWy


if __name__ == "__main__":
    net = CharLSTM()
    h, c = np.zeros(H), np.zeros(H)
    for first in (0, T):
        chars, targets = list(text[first : first + T]), list(text[first + 1 : first + T + 1])
        steps, h, c = net.run(chars, h, c)
        print(net.loss(steps, targets))
        for w, g in zip((net.Wx, net.Wh, net.bias, net.Wy), net.grads(steps, targets)):
            w -= 0.1 * g
