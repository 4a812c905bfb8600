"""PyTorch's side, eager: ``nn.Sequential``, ``optim.SGD``, and the loop of its tutorials, with what speeds that up.

``foreach=True`` and ``fused=True`` were tried in SGD, and vectors for rows of one: neither is faster on a processor.
``index_select`` gathers a batch faster than ``x[rows]`` and is used.
"""

from typing import Any

import torch
from torch import nn

from handgrad.benchmarks import dense, rnn
from handgrad.benchmarks.workload import Build
from handgrad.layers._types import Array

PACKAGES = ("torch",)


def prepare(threads: int) -> dict[str, Any]:
    """Hold PyTorch to ``threads`` threads."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    return {}


class Trainer:
    """The loop of the tutorials over ``pairs`` online, over rows that ``index_select`` gathers in batches."""

    def __init__(self, problem: dense.Problem | rnn.Problem, trained: list[Any], batch_of_one: bool) -> None:
        """``trained``: the parameters, in the problem's order. ``batch_of_one``: whether a sample keeps its axis."""
        self.problem, self.trained = problem, trained
        self.optimizer = torch.optim.SGD(trained, lr=problem.lr)
        self.x, self.t = torch.from_numpy(problem.x), torch.from_numpy(problem.t)
        samples = (self.x.split(1), self.t.split(1)) if batch_of_one else (self.x, self.t)
        self.pairs = list(zip(*samples, strict=True)) if problem.online else []
        self.reset()

    def loss_of(self, x: Any, t: Any) -> Any:
        """The loss that a step descends."""
        raise NotImplementedError

    def reset(self) -> None:
        with torch.no_grad():
            for parameter, first in zip(self.trained, self.problem.parameters, strict=True):
                parameter.copy_(torch.from_numpy(first))

    def _step(self, x: Any, t: Any) -> None:
        self.optimizer.zero_grad()
        self.loss_of(x, t).backward()
        self.optimizer.step()

    def train(self, epochs: int) -> None:
        if self.problem.online:
            for _ in range(epochs):
                for x, t in self.pairs:
                    self._step(x, t)
            return
        for order in self.problem.orders(epochs):
            for rows in torch.from_numpy(order).split(self.problem.batch):
                self._step(self.x.index_select(0, rows), self.t.index_select(0, rows))

    def parameters(self) -> list[Array]:
        return [parameter.detach().numpy().copy() for parameter in self.trained]


class Dense(Trainer):
    """An ``nn.Sequential`` of ``nn.Linear`` and activations."""

    def __init__(self, problem: dense.Problem, threads: int) -> None:
        layers: list[Any] = []
        for W in problem.parameters[::2]:
            layers += [nn.Linear(W.shape[1], W.shape[0]), nn.Sigmoid() if problem.online else nn.ReLU()]
        if not problem.online:
            layers.pop()
        self.net = nn.Sequential(*layers)
        self.loss = nn.MSELoss(reduction="sum") if problem.online else nn.CrossEntropyLoss()
        super().__init__(problem, list(self.net.parameters()), batch_of_one=True)

    def loss_of(self, x: Any, t: Any) -> Any:
        return self.loss(self.net(x), t)


class Rnn(Trainer):
    """``nn.RNN`` and ``nn.Linear``. Of its two biases, whose sum counts, one stays zero."""

    def __init__(self, problem: rnn.Problem, threads: int) -> None:
        H = len(problem.parameters[2])
        self.rnn = nn.RNN(2, H, batch_first=not problem.online)
        self.readout = nn.Linear(H, 2)
        self.rnn.bias_hh_l0.requires_grad_(False).zero_()
        self.loss = nn.CrossEntropyLoss(reduction="sum")
        layer = self.rnn
        trained = [layer.weight_hh_l0, layer.weight_ih_l0, layer.bias_ih_l0, *self.readout.parameters()]
        super().__init__(problem, trained, batch_of_one=False)

    def loss_of(self, x: Any, t: Any) -> Any:
        h, _ = self.rnn(x)
        return self.loss(self.readout(h).reshape(-1, 2), t.reshape(-1)) / self.problem.batch


TRAINERS: dict[str, Build] = {"dense": Dense, "rnn": Rnn}
