"""Partial connections, as C3 of LeNet-5 has them: each output map sees some of the maps before it."""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as windows

SEEN = [(0, 1, 2), (1, 2, 3), (0, 2, 3), (0, 1, 3)]
rs = np.random.RandomState(17)
maps = rs.randn(4, 5, 7)
goal = rs.randn(4, 4, 5)
Kernels = [rs.randn(len(seen), 2, 3) * 0.5 for seen in SEEN]
Biases = rs.randn(4) * 0.1


def see(Kernels, Biases, maps):
    out = []
    for d, seen in enumerate(SEEN):
        total = Biases[d]
        for n, p in enumerate(seen):
            total = total + np.einsum("ijuv,uv->ij", windows(maps[p], (2, 3)), Kernels[d][n])
        out.append(total)
    return np.array(out)


def error(Kernels, Biases, maps, goal):
    return 0.5 * np.mean((see(Kernels, Biases, maps) - goal) ** 2)


def error_gradient(Kernels, Biases, maps, goal):
    delta = (see(Kernels, Biases, maps) - goal) / goal.size
    gKernels = [np.zeros_like(kernel) for kernel in Kernels]
    for d, seen in enumerate(SEEN):
        for n, p in enumerate(seen[:-1]):
            gKernels[d][n] = np.einsum("ijuv,ij->uv", windows(maps[p], (2, 3)), delta[d])
    gBiases = delta.sum(axis=(1, 2))
    return gKernels, gBiases


if __name__ == "__main__":
    for epoch in range(3):
        gKernels, gBiases = error_gradient(Kernels, Biases, maps, goal)
        Kernels = [kernel - 0.5 * g for kernel, g in zip(Kernels, gKernels)]
        Biases = Biases - 0.5 * gBiases
        print(error(Kernels, Biases, maps, goal))
