"""handgrad's own side: the public face, ``Sequential.fit``, with everything that a call of it does."""

from typing import Any

import numpy as np

import handgrad as hg
from handgrad.benchmarks import dense, lenet, lstm, rnn
from handgrad.benchmarks.workload import Build, Samples
from handgrad.layers._types import Array

PACKAGES = ("handgrad", "numba", "llvmlite", "numpy", "scipy")


def prepare(threads: int) -> dict[str, Any]:
    """Import what training needs. Returns what is worth knowing about this process."""
    import llvmlite.binding

    import handgrad.network.compiled  # noqa: F401
    from handgrad.kernels._cache import sources_hash

    return {"target": llvmlite.binding.get_host_cpu_name(), "sources": sources_hash()}


class Trainer:
    """``hg.Sequential`` with the problem's parameters. Without ``threads`` it takes all cores that it may use."""

    def __init__(self, problem: Samples, threads: int, net: Any) -> None:
        self.problem, self.threads, self.net = problem, threads, net
        self.first = dict(zip(net.parameters, problem.parameters, strict=False))
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


class Dense(Trainer):
    """The problem's layers, one after the other."""

    def __init__(self, problem: dense.Problem, threads: int) -> None:
        widths = [len(b) for b in problem.parameters[1::2]]
        layers: list[Any] = []
        for width in widths:
            layers += [hg.Dense(width), hg.Sigmoid() if problem.online else hg.ReLU()]
        loss: Any = hg.SquaredError()
        if not problem.online:
            layers.pop()
            loss = hg.SoftmaxCrossEntropy()
        super().__init__(problem, threads, hg.Sequential(layers, input_shape=problem.x.shape[1], loss=loss))


class Rnn(Trainer):
    """``hg.RNN`` with a readout at every step."""

    def __init__(self, problem: rnn.Problem, threads: int) -> None:
        layers: list[Any] = [hg.RNN(len(problem.parameters[2])), hg.Dense(2)]
        net = hg.Sequential(layers, input_shape=problem.x.shape[1:], loss=hg.SoftmaxCrossEntropy())
        super().__init__(problem, threads, net)


class Lenet(Trainer):
    """``hg.lenet5``; where images are predicted, one call of ``predict`` for each."""

    def __init__(self, problem: lenet.Problem, threads: int) -> None:
        self.answers = np.zeros((len(problem.x), 10), np.float32) if problem.predict else None
        super().__init__(problem, threads, hg.lenet5(activation=hg.Tanh()))

    def train(self, epochs: int) -> None:
        if self.answers is None:
            super().train(epochs)
            return
        for _ in range(epochs):
            for k, image in enumerate(self.problem.x):
                self.answers[k] = self.net.predict(image[None])[0]

    def parameters(self) -> list[Array]:
        return [*super().parameters(), *([] if self.answers is None else [self.answers])]


class Lstm(Trainer):
    """``hg.Embedding``, ``hg.LSTM``, ``hg.Dense``; where characters are generated, ``hg.Stepper``."""

    def __init__(self, problem: lstm.Problem, threads: int) -> None:
        E, W = problem.parameters[:2]
        net = hg.Sequential(
            [hg.Embedding(*E.shape), hg.LSTM(W.shape[1]), hg.Dense(len(E))],
            input_shape=problem.x.shape[1:],
            loss=hg.SoftmaxCrossEntropy(mean="tokens"),
        )
        self.settings = problem
        self.said = np.zeros((problem.batch, problem.characters), np.float32)
        self.stepper = hg.Stepper(net, problem.batch, threads=threads) if problem.characters else None
        super().__init__(problem, threads, net)

    def train(self, epochs: int) -> None:
        problem = self.settings
        if self.stepper is not None:
            for _ in range(epochs):
                self._generate(self.stepper)
            return
        self.net.fit(
            problem.x,
            problem.t,
            lengths=problem.lengths,
            epochs=epochs,
            batch_size=problem.batch,
            optimizer=hg.SGD(lr=problem.lr) if problem.online else hg.Adam(lr=problem.lr),
            shuffle=not problem.online,
            seed=problem.seed,
            threads=self.threads,
        )

    def _generate(self, stepper: hg.Stepper) -> None:
        stepper.reset()
        tokens = self.settings.first
        for k in range(self.settings.characters):
            tokens = stepper.step(tokens).argmax(axis=1)
            self.said[:, k] = tokens

    def parameters(self) -> list[Array]:
        return [*super().parameters(), *([self.said] if self.stepper else [])]


TRAINERS: dict[str, Build] = {"dense": Dense, "rnn": Rnn, "lenet": Lenet, "lstm": Lstm}
