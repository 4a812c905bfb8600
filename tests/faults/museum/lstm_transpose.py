# LSTM, Greek: ε = error of a state, δ = error of a gate before its activation
import numpy as np

rng = np.random.default_rng(37)
H, D = 5, 2
Ui, Uf, Uo, Ug = rng.normal(size=(4, H, H)) * 0.5
Wi, Wf, Wo, Wg = rng.normal(size=(4, H, D)) * 0.6
x = rng.normal(size=(4, D, 3))
τ = rng.normal(size=(H, 3))


def σ(a):
    return 1 / (1 + np.exp(-a))


def φ(Ui, Uf, Uo, Ug, Wi, Wf, Wo, Wg):
    h, c = [np.zeros((H, 3))], [np.zeros((H, 3))]
    i, f, o, g = [], [], [], []
    for xt in x:
        i.append(σ(Ui @ h[-1] + Wi @ xt))
        f.append(σ(Uf @ h[-1] + Wf @ xt))
        o.append(σ(Uo @ h[-1] + Wo @ xt))
        g.append(np.tanh(Ug @ h[-1] + Wg @ xt))
        c.append(f[-1] * c[-1] + i[-1] * g[-1])
        h.append(o[-1] * np.tanh(c[-1]))
    return h, c, i, f, o, g


def E(*θ):
    return np.sum((φ(*θ)[0][-1] - τ) ** 2) / 2


def dE(Ui, Uf, Uo, Ug, Wi, Wf, Wo, Wg):
    h, c, i, f, o, g = φ(Ui, Uf, Uo, Ug, Wi, Wf, Wo, Wg)
    dUi, dUf, dUo, dUg = np.zeros((4, H, H))
    dWi, dWf, dWo, dWg = np.zeros((4, H, D))
    εh, εc = h[-1] - τ, np.zeros((H, 3))
    for t in range(len(x) - 1, -1, -1):
        εc = εc + εh * o[t] * (1 - np.tanh(c[t + 1]) ** 2)
        δi = εc * g[t] * i[t] * (1 - i[t])
        δf = εc * c[t] * f[t] * (1 - f[t])
        δo = εh * np.tanh(c[t + 1]) * o[t] * (1 - o[t])
        δg = εc * i[t] * (1 - g[t] ** 2)
        dUi, dUf, dUo, dUg = dUi + δi @ h[t].T, dUf + δf @ h[t].T, dUo + δo @ h[t].T, dUg + δg @ h[t].T
        dWi, dWf, dWo, dWg = dWi + δi @ x[t].T, dWf + δf @ x[t].T, dWo + δo @ x[t].T, dWg + δg @ x[t].T
        εh = Ui.T @ δi + Uf @ δf + Uo.T @ δo + Ug.T @ δg
        εc = εc * f[t]
    return dUi, dUf, dUo, dUg, dWi, dWf, dWo, dWg


if __name__ == "__main__":
    θ = [Ui, Uf, Uo, Ug, Wi, Wf, Wo, Wg]
    for n in range(3):
        print(E(*θ))
        θ = [p - 0.1 * d for p, d in zip(θ, dE(*θ))]
