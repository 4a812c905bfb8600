import numpy as np


def tanh_deriv(x):
    return 1.0 - np.tanh(x) ** 2


def rnn_forward(X, S0, U, V, W):
    S = [S0]
    O = []
    for x in X:
        S.append(np.tanh(U.dot(x) + W.dot(S[-1])))
        O.append(V.dot(S[-1]))
    return O, S


def calculate_loss(X, Y, S0, U, V, W):
    O, _ = rnn_forward(X, S0, U, V, W)
    return sum(0.5 * np.sum((o - y) ** 2) for o, y in zip(O, Y))


def bptt(X, Y, S0, U, V, W):
    O, S = rnn_forward(X, S0, U, V, W)
    dLdU = np.zeros(U.shape)
    dLdV = np.zeros(V.shape)
    dLdW = np.zeros(W.shape)
    # for each output backwards
    for t in np.arange(len(X))[::-1]:
        delta_o = O[t] - Y[t]
        dLdV += np.outer(delta_o, S[t + 1])
        delta_t = V.T.dot(delta_o) * (1 - S[t + 1] ** 2)
        # backpropagation through time, from step t down to step 0
        for bptt_step in np.arange(0, t + 1)[::-1]:
            dLdW += np.outer(delta_t, S[bptt_step])
            dLdU += np.outer(delta_t, X[bptt_step])
            delta_t = W.T.dot(delta_t) * tanh_deriv(S[bptt_step])
    return dLdU, dLdV, dLdW


rng = np.random.default_rng(25)
X, Y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
S0 = rng.uniform(-0.5, 0.5, 5)
U, V, W = rng.normal(size=(5, 3)), rng.normal(size=(2, 5)), rng.normal(size=(5, 5)) * 0.5

if __name__ == "__main__":
    for i in range(3):
        dLdU, dLdV, dLdW = bptt(X, Y, S0, U, V, W)
        U -= 0.02 * dLdU
        V -= 0.02 * dLdV
        W -= 0.02 * dLdW
        print(calculate_loss(X, Y, S0, U, V, W))
