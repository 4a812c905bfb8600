"""handgrad's own side: the public face, ``Sequential.fit``, with everything that a call of it does."""

from typing import Any

import handgrad as hg
from handgrad.benchmarks import dense, rnn
from handgrad.benchmarks.workload import Build
from handgrad.layers._types import Array

PACKAGES = ("handgrad", "numba", "llvmlite", "numpy", "scipy")


def prepare(threads: int) -> dict[str, Any]:
    """Import what training needs. Returns what is worth knowing about this process."""
    import llvmlite.binding

    import handgrad.network.compiled  # noqa: F401
    from handgrad.kernels._jit import sources_hash

    return {"target": llvmlite.binding.get_host_cpu_name(), "sources": sources_hash()}


class Dense:
    """``hg.Sequential`` with the problem's layers. Without ``threads`` it takes all cores that it may use."""

    def __init__(self, problem: dense.Problem, threads: int) -> None:
        self.problem, self.threads = problem, threads
        widths = [len(b) for b in problem.parameters[1::2]]
        layers: list[Any] = []
        for width in widths:
            layers += [hg.Dense(width), hg.Sigmoid() if problem.online else hg.ReLU()]
        loss: Any = hg.SquaredError()
        if not problem.online:
            layers.pop()
            loss = hg.SoftmaxCrossEntropy()
        self.net = hg.Sequential(layers, input_shape=problem.x.shape[1], loss=loss)
        self.first = dict(zip(self.net.parameters, problem.parameters, strict=True))
        self.reset()

    def reset(self) -> None:
        self.net.load_parameters(self.first)

    def train(self, epochs: int) -> None:
        problem = self.problem
        self.net.fit(
            problem.x,
            problem.t,
            epochs=epochs,
            batch_size=problem.batch,
            optimizer=hg.SGD(lr=problem.lr),
            shuffle=not problem.online,
            seed=problem.seed,
            threads=self.threads,
        )

    def parameters(self) -> list[Array]:
        return [self.net.parameters[name].copy() for name in self.first]


class Rnn:
    """``hg.RNN`` with a readout at every step."""

    def __init__(self, problem: rnn.Problem, threads: int) -> None:
        self.problem, self.threads = problem, threads
        layers: list[Any] = [hg.RNN(len(problem.parameters[2])), hg.Dense(2)]
        self.net = hg.Sequential(layers, input_shape=problem.x.shape[1:], loss=hg.SoftmaxCrossEntropy())
        self.first = dict(zip(self.net.parameters, problem.parameters, strict=True))
        self.reset()

    def reset(self) -> None:
        self.net.load_parameters(self.first)

    def train(self, epochs: int) -> None:
        problem = self.problem
        self.net.fit(
            problem.x,
            problem.t,
            epochs=epochs,
            batch_size=problem.batch,
            optimizer=hg.SGD(lr=problem.lr),
            shuffle=not problem.online,
            seed=problem.seed,
            threads=self.threads,
        )

    def parameters(self) -> list[Array]:
        return [self.net.parameters[name].copy() for name in self.first]


TRAINERS: dict[str, Build] = {"dense": Dense, "rnn": Rnn}
