"""Where the golden LeNet-5 curve starts: parameters, images and labels by formulas, so that no file has to hold them.

Shared by make_images.py, which trains PyTorch from here, and test_images.py, which trains handgrad.
"""

import numpy as np

STEPS, BATCH, LEARNING_RATE = 10, 6, 0.05

# Table I of LeCun et al. (1998): the maps of S2 that each of the 16 maps of C3 sees
SEEN = [(0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1)]
SEEN += [(0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2)]
SEEN += [(0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)]
LINKS = np.array([[p in seen for seen in SEEN] for p in range(6)])

# name in a network of conv, f, subsample, f, conv, f, subsample, f, flatten, dense, f, dense, f, dense
SHAPES = {"0.W": (6, 1, 5, 5), "0.b": (6,), "2.w": (6,), "2.a": (6,), "4.W": (60, 5, 5), "4.b": (16,)}
SHAPES |= {"6.w": (16,), "6.a": (16,), "9.W": (120, 400), "9.b": (120,), "11.W": (84, 120), "11.b": (84,)}
SHAPES |= {"13.W": (10, 84), "13.b": (10,)}


def waves(shape: tuple[int, ...], step: float) -> np.ndarray:
    """Numbers between -1 and 1 that look random enough: a sine at steps that are no part of its period."""
    return np.sin(0.5 + step * np.arange(np.prod(shape))).reshape(shape)


def parameters() -> dict[str, np.ndarray]:
    """The parameters that training starts from."""
    start = {}
    for i, (name, shape) in enumerate(SHAPES.items()):
        inputs = {"0.W": 25, "4.W": 94, "9.W": 400, "11.W": 120, "13.W": 84}.get(name, 25)
        start[name] = waves(shape, 1.7 + 0.1 * i) / np.sqrt(inputs) + (name.endswith(".w"))
    return start


def data() -> tuple[np.ndarray, np.ndarray]:
    """Images (samples, 1, 32, 32) and labels."""
    return waves((BATCH, 1, 32, 32), 0.73), np.arange(BATCH) * 3 % 10
