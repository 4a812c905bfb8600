"""Two convolutions with naive loops; the second has as many filters as channels."""

import numpy as np

rng = np.random.default_rng(61)
X = rng.normal(size=(2, 2, 6, 5))  # batch, channel, height, width
W1 = rng.normal(size=(3, 2, 2, 2)) * 0.5  # filter, channel, height, width
W2 = rng.normal(size=(3, 3, 2, 2)) * 0.5
Y = rng.normal(size=(2, 3, 4, 3))


def conv_forward(x, w):
    n_batch, _, h, wd = x.shape
    n_filter, n_channel, kh, kw = w.shape
    out = np.zeros((n_batch, n_filter, h - kh + 1, wd - kw + 1))
    for n in range(n_batch):
        for f in range(n_filter):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[n, f, i, j] = np.sum(x[n, :, i : i + kh, j : j + kw] * w[f])
    return out


def conv_backward(x, w, dout):
    n_filter, n_channel, kh, kw = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n in range(x.shape[0]):
        for f in range(n_filter):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    dw[f] += dout[n, f, i, j] * x[n, :, i : i + kh, j : j + kw]
                    for c in range(n_channel):
                        dx[n, c, i : i + kh, j : j + kw] += dout[n, f, i, j] * w[c, f]
    return dx, dw


def compute_loss(X, W1, W2, Y):
    return 0.5 * np.sum((conv_forward(np.tanh(conv_forward(X, W1)), W2) - Y) ** 2)


def compute_grads(X, W1, W2, Y):
    h = np.tanh(conv_forward(X, W1))
    dh, dW2 = conv_backward(h, W2, conv_forward(h, W2) - Y)
    dz = dh * (1 - h**2)
    dW1 = np.zeros_like(W1)
    for i in range(dz.shape[2]):
        for j in range(dz.shape[3]):
            dW1 += np.einsum("nf,ncuv->fcuv", dz[:, :, i, j], X[:, :, i : i + 2, j : j + 2])
    return dW1, dW2


if __name__ == "__main__":
    for epoch in range(2):
        dW1, dW2 = compute_grads(X, W1, W2, Y)
        W1 -= 0.01 * dW1
        W2 -= 0.01 * dW2
        print(compute_loss(X, W1, W2, Y))
