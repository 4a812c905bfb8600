"""LSTM without biases; one array per gate."""

import numpy as np

np.random.seed(20)
H, D, T = 5, 2, 4
Wf, Wi, Wo, Wc = [np.random.randn(H, H + D) * 0.5 for _ in range(4)]
inputs = np.random.randn(T, D)
answer = np.random.randn(H)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(Wf, Wi, Wo, Wc):
    h, c = np.zeros(H), np.zeros(H)
    Z, F, I, O, G, C = [], [], [], [], [], [c]
    for t in range(T):
        Z.append(np.append(h, inputs[t]))
        F.append(sigmoid(Wf @ Z[t]))
        I.append(sigmoid(Wi @ Z[t]))
        O.append(sigmoid(Wo @ Z[t]))
        G.append(np.tanh(Wc @ Z[t]))
        C.append(F[t] * C[t] + I[t] * G[t])
        h = O[t] * np.tanh(C[t + 1])
    return h, Z, F, I, O, G, C


def loss(Wf, Wi, Wo, Wc):
    return 0.5 * np.sum((forward(Wf, Wi, Wo, Wc)[0] - answer) ** 2)


def backward(Wf, Wi, Wo, Wc):
    h, Z, F, I, O, G, C = forward(Wf, Wi, Wo, Wc)
    dWf = dWi = dWo = dWc = np.zeros((H, H + D))
    dh, dc = h - answer, np.zeros(H)
    for t in range(T - 1, -1, -1):
        dc = dc + dh * O[t] * (1 - np.tanh(C[t + 1]) ** 2)
        df = dc * C[t] * F[t] * (1 - F[t])
        di = dc * G[t] * I[t] * (1 - I[t])
        do = dh * np.tanh(C[t + 1]) * O[t] * (1 - O[t])
        dg = dc * I[t] * (1 - G[t] ** 2)
        dWf += np.outer(df, Z[t])
        dWi += np.outer(di, Z[t])
        dWo += np.outer(do, Z[t])
        dWc += np.outer(dg, Z[t])
        dz = df @ Wf + di @ Wi + do @ Wo + dg @ Wc
        dh, dc = dz[:H], dc * F[t]
    return dWf, dWi, dWo, dWc


if __name__ == "__main__":
    for step in range(3):
        dWf, dWi, dWo, dWc = backward(Wf, Wi, Wo, Wc)
        Wf, Wi, Wo, Wc = Wf - 0.1 * dWf, Wi - 0.1 * dWi, Wo - 0.1 * dWo, Wc - 0.1 * dWc
        print(loss(Wf, Wi, Wo, Wc))
