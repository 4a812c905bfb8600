"""A convolution (valid, stride 1) over single-channel images, its backward pass and the gradient by the image."""

import numpy as np

np.random.seed(4)
x = np.random.randn(3, 7, 6)  # batch, height, width
k = np.random.randn(2, 3)
b = np.array(0.3)
target = np.random.randn(3, 6, 4)


def correlate(image, kernel):
    kh, kw = kernel.shape
    out = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return out


def conv_forward(x, k, b):
    return np.stack([correlate(image, k) for image in x]) + b


def loss_function(x, k, b, target):
    return 0.5 * np.sum((conv_forward(x, k, b) - target) ** 2)


def conv_backward(x, k, b, target):
    dout = conv_forward(x, k, b) - target
    kh, kw = k.shape
    dk = np.zeros(k.shape)
    dx = np.zeros(x.shape)
    for n in range(len(x)):
        dk += correlate(x[n], dout[n])
        padded = np.pad(dout[n], ((kh - 1, kh - 1), (kw - 1, kw - 1)))
        dx[n] = correlate(padded, k)
    db = dout.sum()
    return dx, dk, db


if __name__ == "__main__":
    dx, dk, db = conv_backward(x, k, b, target)
    print("loss", loss_function(x, k, b, target))
    print("dk", dk)
    print("db", db)
