"""NumPy's side: forward and backward derived by hand, vectors online and matrices in batches, updated in place."""

from typing import Any

import numpy as np

from handgrad.benchmarks import dense as dense_workload
from handgrad.benchmarks import rnn
from handgrad.benchmarks.workload import Build, Trainer
from handgrad.layers._types import Array

PACKAGES = ("numpy",)


def prepare(threads: int) -> dict[str, Any]:
    """BLAS took its number of threads from the environment."""
    return {}


def _sigmoid(a: Array) -> Array:
    """In the array that it is given: four passes, no new memory."""
    np.negative(a, out=a)
    np.exp(a, out=a)
    a += 1
    return np.reciprocal(a, out=a)


class _Parameters:
    """The arrays that training changes."""

    def __init__(self, problem: Any, threads: int) -> None:
        self.problem = problem
        self.now = [np.copy(array) for array in problem.parameters]

    def reset(self) -> None:
        for array, first in zip(self.now, self.problem.parameters, strict=True):
            array[...] = first

    def parameters(self) -> list[Array]:
        return [np.copy(array) for array in self.now]


class OnlineDense(_Parameters):
    """2-h-h-1, sigmoid, squared error, one sample after the other."""

    def __init__(self, problem: dense_workload.Problem, threads: int) -> None:
        super().__init__(problem, threads)
        self.pairs = list(zip(problem.x, problem.t, strict=True))
        self.outer = [np.empty_like(W) for W in self.now[::2]]  # where dW is made before it is subtracted

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            for x, t in self.pairs:
                self._step(x, t)

    def _step(self, x: Array, t: Array) -> None:
        W1, b1, W2, b2, W3, b3 = self.now
        lr = self.problem.lr
        y1 = _sigmoid(W1 @ x + b1)
        y2 = _sigmoid(W2 @ y1 + b2)
        y3 = _sigmoid(W3 @ y2 + b3)
        # the learning rate goes into the first cotangent, so that nothing else need be multiplied by it
        da3 = (2 * lr) * (y3 - t) * y3 * (1 - y3)
        da2 = (da3 @ W3) * y2 * (1 - y2)
        da1 = (da2 @ W2) * y1 * (1 - y1)
        for W, b, da, y, dW in ((W3, b3, da3, y2, self.outer[2]), (W2, b2, da2, y1, self.outer[1])):
            W -= np.multiply(da[:, None], y, out=dW)
            b -= da
        W1 -= np.multiply(da1[:, None], x, out=self.outer[0])
        b1 -= da1


class BatchDense(_Parameters):
    """784-h-10, ReLU, softmax cross-entropy."""

    def train(self, epochs: int) -> None:
        for order in self.problem.orders(epochs):
            for rows in order.reshape(-1, self.problem.batch):
                self._step(self.problem.x.take(rows, axis=0), self.problem.t[rows])

    def _step(self, x: Array, labels: Array) -> None:
        W1, b1, W2, b2 = self.now
        h = x @ W1.T
        h += b1
        np.maximum(h, 0, out=h)
        y = h @ W2.T
        y += b2
        y -= y.max(axis=1, keepdims=True)
        np.exp(y, out=y)
        y /= y.sum(axis=1, keepdims=True)
        y[np.arange(len(x)), labels] -= 1
        y *= self.problem.lr / len(x)  # now lr times the gradient by the logits
        dh = y @ W2
        dh *= h > 0
        W2 -= y.T @ h
        b2 -= y.sum(axis=0)
        W1 -= dh.T @ x
        b1 -= dh.sum(axis=0)


def dense(problem: dense_workload.Problem, threads: int) -> Trainer:
    """The trainer of a problem of workload ``dense``."""
    return OnlineDense(problem, threads) if problem.online else BatchDense(problem, threads)


class Rnn(_Parameters):
    """States, and their gradients, as (steps, batch, H): only W h and its way back are taken step by step."""

    def __init__(self, problem: rnn.Problem, threads: int) -> None:
        super().__init__(problem, threads)
        self.x, self.t = np.ascontiguousarray(problem.x.transpose(1, 0, 2)), np.ascontiguousarray(problem.t.T)
        self.one_hot = np.eye(2, dtype=np.float32)

    def train(self, epochs: int) -> None:
        for order in self.problem.orders(epochs):
            order = np.arange(len(order)) if self.problem.online else order
            for rows in order.reshape(-1, self.problem.batch):
                self._step(self.x[:, rows], self.t[:, rows])

    def _step(self, x: Array, labels: Any) -> None:
        W, U, b, V, c = self.now
        h = np.zeros((len(x) + 1, x.shape[1], len(b)), dtype=np.float32)  # h[-1] is the state before the first step
        h[:-1] = x @ U.T
        h[:-1] += b
        for t in range(len(x)):
            h[t] += h[t - 1] @ W.T
            np.tanh(h[t], out=h[t])
        do = h[:-1] @ V.T
        do += c
        do -= do.max(axis=2, keepdims=True)
        np.exp(do, out=do)
        do /= do.sum(axis=2, keepdims=True)
        do -= self.one_hot[labels]
        do *= self.problem.lr / x.shape[1]  # now lr times the gradient by the logits
        da = do @ V
        for t in reversed(range(len(x))):
            if t < len(x) - 1:
                da[t] += da[t + 1] @ W
            da[t] *= 1 - h[t] * h[t]
        flat, before = da.reshape(-1, len(b)), np.concatenate([h[-1:], h[:-2]]).reshape(-1, len(b))
        V -= do.reshape(-1, 2).T @ h[:-1].reshape(-1, len(b))
        c -= do.sum(axis=(0, 1))
        W -= flat.T @ before
        U -= flat.T @ x.reshape(-1, 2)
        b -= flat.sum(axis=0)


TRAINERS: dict[str, Build] = {"dense": dense, "rnn": Rnn}
