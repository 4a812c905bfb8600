"""Convolution, tanh, 2x2 mean pooling; each with its own forward and backward function."""

import numpy as np

rng = np.random.default_rng(50)
image = rng.normal(size=(3, 7, 11))
kernel = rng.normal(size=(2, 2)) * 0.8
bias = rng.normal(size=1)
target = rng.normal(size=(3, 3, 5))


def conv(image, kernel, bias):
    n, h, w = image.shape
    out = np.zeros((n, h - 1, w - 1))
    for u in range(2):
        for v in range(2):
            out += kernel[u, v] * image[:, u : u + h - 1, v : v + w - 1]
    return out + bias


def conv_back(image, d_out):
    d_kernel = np.zeros((2, 2))
    for u in range(2):
        for v in range(2):
            d_kernel[u, v] = np.sum(d_out * image[:, u : u + d_out.shape[1], v : v + d_out.shape[2]])
    return d_kernel, np.array([d_out.sum()])


def mean_pool(x):
    n, h, w = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2).mean(axis=(2, 4))


def mean_pool_back(d_pooled):
    return np.repeat(np.repeat(d_pooled, 2, axis=1), 2, axis=2)


def loss(image, kernel, bias, target):
    pooled = mean_pool(np.tanh(conv(image, kernel, bias)))
    return 0.5 * np.sum((pooled - target) ** 2)


def gradient(image, kernel, bias, target):
    act = np.tanh(conv(image, kernel, bias))
    d_act = mean_pool_back(mean_pool(act) - target)
    d_kernel, d_bias = conv_back(image, d_act * (1 - act**2))
    return d_kernel, d_bias


if __name__ == "__main__":
    for step in range(3):
        d_kernel, d_bias = gradient(image, kernel, bias, target)
        kernel -= 0.1 * d_kernel
        bias -= 0.1 * d_bias
        print(step, loss(image, kernel, bias, target))
