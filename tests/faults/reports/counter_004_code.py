"""Report 004: the first version of the code, torch written as numpy, line by line; ``tch`` (never defined) is gone.

A row is a time step, a column a sequence.
"""

import numpy as np

SeqL, NbSeq = 5, 4
rng = np.random.default_rng(9)
X_train = np.round(rng.uniform(size=(SeqL, NbSeq)))
X_train[0] = 1.0  # a sequence of zeros only would stay at the kink of the ReLU
T_train = np.cumsum(X_train, axis=0)
l_r = 0.0005
Wxs = 2 * rng.uniform(size=1)
Wrec = 2 * rng.uniform(size=1)


def relu(x):
    return np.maximum(x, 0)


def deriv_relu(x):
    return np.minimum(np.ceil(np.maximum(x, 0)), 1)


def forward(Wxs, Wrec, layer_0):
    s, layer_1 = np.zeros(layer_0.shape), np.zeros(layer_0.shape)
    # first number of sequence - no recurrent term
    s[0, :] = Wxs * layer_0[0]
    layer_1[0, :] = relu(s[0, :])
    for k in range(1, len(layer_0)):
        s[k, :] = Wxs * layer_0[k] + Wrec * layer_1[k - 1]
        layer_1[k, :] = relu(s[k, :])
    return s, layer_1


def error(Wxs, Wrec, layer_0, T_train):
    return 0.5 * np.sum((T_train - forward(Wxs, Wrec, layer_0)[1]) ** 2)  # considered error : 1/2 (T-layer_1)^2


def coefficients(Wxs, Wrec, layer_0, T_train):
    """What the code adds to the weights, times the learning rate: minus the gradient, if it is right."""
    s, layer_1 = forward(Wxs, Wrec, layer_0)
    l1_err_deriv = T_train - layer_1
    l1_pp_s, l1_pp_x = np.zeros(s.shape), np.zeros(s.shape)
    # product of partial derivatives and multiplication of each product by
    # for the first line its 0 because there is no s(k-1) term
    for k in range(1, len(s)):
        # additional Wrec for the unconsidered last line
        l1_pp_s[k, :] = deriv_relu(s[k]) * layer_1[k - 1] + np.cumprod(Wrec * deriv_relu(s[k:]), 0)[len(s) - k - 1, :]
    # sum over k = 1 to k=n+1
    l1_sum = np.sum(l1_pp_s, 0)
    # this time the first line can be computed because s(k) depends on x(k) and not on x(k-1)
    for k in range(0, len(s)):
        l1_pp_x[k, :] = deriv_relu(s[k]) * layer_0[k] + np.cumprod(Wrec * deriv_relu(s[k:]), 0)[len(s) - k - 1, :]
    # sum over k = 1 to k = n+1
    l1_sum2 = np.sum(l1_pp_x, 0)
    return np.sum(l1_err_deriv * l1_sum), np.sum(l1_err_deriv * l1_sum2)


if __name__ == "__main__":
    for iteration in range(3):
        print(error(Wxs, Wrec, X_train, T_train))
        d_rec, d_xs = coefficients(Wxs, Wrec, X_train, T_train)
        Wrec = Wrec + l_r * d_rec
        Wxs = Wxs + l_r * d_xs
