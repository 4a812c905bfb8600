"""Two convolution layers on one-channel images, written with a true convolution that turns its kernel itself."""

import numpy as np

rng = np.random.default_rng(31)
IMAGES = rng.normal(size=(4, 8, 7))
LABELS = rng.normal(size=(4, 5, 3))
theta = {"k1": rng.normal(size=(2, 3)) * 0.6, "k2": rng.normal(size=(3, 3)) * 0.4, "c1": np.array(0.1), "c2": np.array(-0.2)}


def convolve(image, kernel, mode):
    """As scipy.signal.convolve2d: the kernel is turned before it slides."""
    turned = kernel[::-1, ::-1]
    rows, columns = turned.shape
    if mode == "full":
        image = np.pad(image, ((rows - 1, rows - 1), (columns - 1, columns - 1)))
    result = 0.0
    for r in range(rows):
        for c in range(columns):
            result = result + turned[r, c] * image[r : image.shape[0] - rows + 1 + r, c : image.shape[1] - columns + 1 + c]
    return result


def correlate(image, kernel, mode):
    return convolve(image, kernel[::-1, ::-1], mode)


def forward(theta, image):
    z1 = correlate(image, theta["k1"], "valid") + theta["c1"]
    h1 = np.tanh(z1)
    z2 = correlate(h1, theta["k2"], "valid") + theta["c2"]
    return h1, z2


def cost(theta, images, labels):
    return sum(0.5 * np.sum((forward(theta, image)[1] - label) ** 2) for image, label in zip(images, labels)) / len(images)


def grads(theta, images, labels):
    g = {name: np.zeros_like(value) for name, value in theta.items()}
    for image, label in zip(images, labels):
        h1, z2 = forward(theta, image)
        d2 = (z2 - label) / len(images)
        g["k2"] += correlate(h1, d2, "valid")
        g["c2"] += d2.sum()
        dh1 = convolve(d2, np.rot90(theta["k2"], 2), "full")
        d1 = dh1 * (1 - h1**2)
        g["k1"] += correlate(image, d1, "valid")
        g["c1"] += d1.sum()
    return g


if __name__ == "__main__":
    for step in range(3):
        g = grads(theta, IMAGES, LABELS)
        for name in theta:
            theta[name] = theta[name] - 0.02 * g[name]
        print(step, cost(theta, IMAGES, LABELS))
