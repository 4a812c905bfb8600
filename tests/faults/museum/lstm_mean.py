import numpy as np

rng = np.random.default_rng(71)


class LSTMNet:
    def __init__(self, D=2, H=5, C=3):
        self.H = H
        self.params = dict(
            W=rng.normal(size=(4 * H, D + H)) * 0.5,
            b=rng.normal(size=(4 * H, 1)) * 0.3,
            W_out=rng.normal(size=(C, H)) * 0.5,
            b_out=rng.normal(size=(C, 1)) * 0.3,
        )

    @staticmethod
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def loss(self, xs, labels):
        """Mean cross-entropy over the batch, after the last step."""
        H, p = self.H, self.params
        self.batch = xs.shape[2]
        h, c = np.zeros((H, self.batch)), np.zeros((H, self.batch))
        self.steps = []
        for x in xs:
            v = np.vstack((x, h))
            a = p["W"] @ v + p["b"]
            i, f, o, g = self.sigmoid(a[:H]), self.sigmoid(a[H : 2 * H]), self.sigmoid(a[2 * H : 3 * H]), np.tanh(a[3 * H :])
            c_prev, c = c, f * c + i * g
            h = o * np.tanh(c)
            self.steps.append((v, i, f, o, g, c_prev, c))
        self.h, self.labels = h, labels
        scores = np.exp(p["W_out"] @ h + p["b_out"])
        self.probs = scores / scores.sum(axis=0)
        return -np.log(self.probs[labels, np.arange(self.batch)]).mean()

    def grad(self):
        p = self.params
        dscores = self.probs.copy()
        dscores[self.labels, np.arange(self.batch)] -= 1
        dscores /= self.batch
        g = {name: np.zeros_like(value) for name, value in p.items()}
        g["W_out"] = dscores @ self.h.T
        g["b_out"] = dscores.sum(axis=1, keepdims=True)
        dh, dc = p["W_out"].T @ dscores, 0
        for v, i, f, o, cand, c_prev, c in reversed(self.steps):
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            da = np.vstack((
                dc * cand * i * (1 - i),
                dc * c_prev * f * (1 - f),
                dh * np.tanh(c) * o * (1 - o),
                dc * i * (1 - cand**2),
            ))
            g["W"] += da @ v.T
            g["b"] += da.mean(axis=1, keepdims=True)
            dh, dc = (p["W"].T @ da)[-self.H :], dc * f
        return g


if __name__ == "__main__":
    net = LSTMNet()
    xs, labels = rng.normal(size=(4, 2, 7)), rng.integers(0, 3, size=7)
    for step in range(3):
        print(net.loss(xs, labels))
        for name, value in net.grad().items():
            net.params[name] -= 0.5 * value
