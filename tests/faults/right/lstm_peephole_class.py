"""LSTM layer with peephole connections as a class; one cache entry for each time step."""

import numpy as np

SEED = 8
T = 4
B = 3
D = 2
H = 5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class PeepholeLSTM:
    NAMES = ["Wi", "Wf", "Wg", "Wo", "Ri", "Rf", "Rg", "Ro", "pi", "pf", "po", "bi", "bf", "bg", "bo"]

    def __init__(self, rng):
        for name in self.NAMES:
            shape = {"W": (H, D), "R": (H, H), "p": (H, 1), "b": (H, 1)}[name[0]]
            setattr(self, name, rng.normal(scale=0.5, size=shape))

    def forward(self, xs, h, c):
        self.cache = []
        hs = []
        for x in xs:
            i = sigmoid(self.Wi @ x + self.Ri @ h + self.pi * c + self.bi)
            f = sigmoid(self.Wf @ x + self.Rf @ h + self.pf * c + self.bf)
            g = np.tanh(self.Wg @ x + self.Rg @ h + self.bg)
            c_new = f * c + i * g
            o = sigmoid(self.Wo @ x + self.Ro @ h + self.po * c_new + self.bo)
            self.cache.append((x, h, c, i, f, g, o, c_new))
            h, c = o * np.tanh(c_new), c_new
            hs.append(h)
        return np.stack(hs)

    def backward(self, dhs):
        for name in self.NAMES:
            setattr(self, "d" + name, np.zeros_like(getattr(self, name)))
        dh_next = np.zeros_like(dhs[0])
        dc_next = np.zeros_like(dhs[0])
        dxs = []
        for t in reversed(range(len(self.cache))):
            x, h_prev, c_prev, i, f, g, o, c = self.cache[t]
            dh = dhs[t] + dh_next
            tanh_c = np.tanh(c)

            dao = dh * tanh_c * o * (1 - o)
            dc = dc_next + dh * o * (1 - tanh_c**2) + self.po * dao
            dag = dc * i * (1 - g**2)
            dai = dc * g * i * (1 - i)
            daf = dc * c_prev * f * (1 - f)

            self.dpo += (dao * c).sum(1, keepdims=True)
            self.dpi += (dai * c_prev).sum(1, keepdims=True)
            self.dpf += (daf * c_prev).sum(1, keepdims=True)
            self.dWi += dai @ x.T
            self.dWf += daf @ x.T
            self.dWg += dag @ x.T
            self.dWo += dao @ x.T
            self.dRi += dai @ h_prev.T
            self.dRf += daf @ h_prev.T
            self.dRg += dag @ h_prev.T
            self.dRo += dao @ h_prev.T
            self.dbi += dai.sum(1, keepdims=True)
            self.dbf += daf.sum(1, keepdims=True)
            self.dbg += dag.sum(1, keepdims=True)
            self.dbo += dao.sum(1, keepdims=True)

            dxs.append(self.Wi.T @ dai + self.Wf.T @ daf + self.Wg.T @ dag + self.Wo.T @ dao)
            dh_next = self.Ri.T @ dai + self.Rf.T @ daf + self.Rg.T @ dag + self.Ro.T @ dao
            dc_next = dc * f + self.pi * dai + self.pf * daf
        return np.stack(dxs[::-1]), dh_next, dc_next


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    lstm = PeepholeLSTM(rng)
    xs = rng.normal(size=(T, D, B))
    hs = lstm.forward(xs, rng.normal(size=(H, B)), rng.normal(size=(H, B)))
    dxs, dh0, dc0 = lstm.backward(rng.normal(size=hs.shape))
    print(hs[-1], dxs.shape, dh0.shape, dc0.shape)
