"""PyTorch's side, eager: ``nn.Sequential``, ``optim.SGD``, and the loop of its tutorials, with what speeds that up.

``foreach=True`` and ``fused=True`` were tried in SGD, and vectors for rows of one: neither is faster on a processor.
``index_select`` gathers a batch faster than ``x[rows]`` and is used.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, cross_entropy, linear
from torch.nn.utils.rnn import pack_padded_sequence

from handgrad.benchmarks import dense, lenet, lstm, rnn
from handgrad.benchmarks.workload import Build, Samples
from handgrad.layers._types import Array

PACKAGES = ("torch",)


def prepare(threads: int) -> dict[str, Any]:
    """Hold PyTorch to ``threads`` threads."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    return {}


class Trainer:
    """The loop of the tutorials over ``pairs`` online, over rows that ``index_select`` gathers in batches."""

    def __init__(self, problem: Samples, trained: list[Any], batch_of_one: bool) -> None:
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


class Lenet(Trainer):
    """Functions of ``torch.nn.functional``; C3's kernel is dense, and multiplied by its mask in every step."""

    def __init__(self, problem: lenet.Problem, threads: int) -> None:
        W3, mask = lenet.masked(problem.parameters[4])
        self.first = [*problem.parameters[:4], W3, *problem.parameters[5:14]]
        self.mask = torch.from_numpy(mask)
        trained = [torch.from_numpy(first.copy()).requires_grad_(not problem.predict) for first in self.first]
        self.answers = np.zeros((len(problem.x), 10), np.float32) if problem.predict else None
        super().__init__(problem, trained, batch_of_one=True)

    def reset(self) -> None:
        with torch.no_grad():
            for parameter, first in zip(self.trained, self.first, strict=True):
                parameter.copy_(torch.from_numpy(first))

    def outputs(self, x: Any, W3: Any) -> Any:
        """The logits of images ``x``."""
        W1, b1, w2, a2, _, b3, w4, a4, W5, b5, W6, b6, W7, b7 = self.trained
        x = torch.tanh(conv2d(x, W1, b1))
        x = torch.tanh(w2.view(6, 1, 1) * avg_pool2d(x, 2) + a2.view(6, 1, 1))
        x = torch.tanh(conv2d(x, W3, b3))
        x = torch.tanh(w4.view(16, 1, 1) * avg_pool2d(x, 2) + a4.view(16, 1, 1))
        x = torch.tanh(linear(x.flatten(1), W5, b5))
        return linear(torch.tanh(linear(x, W6, b6)), W7, b7)

    def loss_of(self, x: Any, t: Any) -> Any:
        return cross_entropy(self.outputs(x, self.trained[4] * self.mask), t)

    def _predict(self, answers: Array) -> None:
        """Every image by itself, with C3's kernel masked once."""
        W3 = self.trained[4] * self.mask
        for k, (x, _) in enumerate(self.pairs):
            answers[k] = self.outputs(x, W3).softmax(1).numpy()[0]

    def train(self, epochs: int) -> None:
        if self.answers is None:
            super().train(epochs)
            return
        with torch.inference_mode():
            for _ in range(epochs):
                self._predict(self.answers)

    def parameters(self) -> list[Array]:
        arrays = super().parameters()
        arrays[4] = lenet.linked(arrays[4])
        return [*arrays, *([] if self.answers is None else [self.answers])]


class Lstm(Trainer):
    """``nn.Embedding``, ``nn.LSTM``, ``nn.Linear``, and Adam. Of the LSTM's two biases, whose sum counts, one is zero.

    As most do it, on padded sequences, whose padding the loss leaves out; or ``packed``: then only real steps are
    computed. Generation is a loop over ``nn.LSTM`` with one step, in ``inference_mode``; with ``cell``, one over
    ``nn.LSTMCell`` with the same weights, for which the network that was trained must be taken apart.
    """

    def __init__(self, problem: lstm.Problem, threads: int, packed: bool = False, cell: bool = False) -> None:
        E, W = problem.parameters[:2]
        self.embedding, self.readout = nn.Embedding(*E.shape), nn.Linear(W.shape[1], len(E))
        self.lstm = nn.LSTM(E.shape[1], W.shape[1], batch_first=True)
        self.lstm.bias_hh_l0.requires_grad_(False).zero_()
        self.settings, self.packed = problem, packed
        self.said = np.zeros((problem.batch, problem.characters), np.float32)
        layer = self.lstm
        trained = [self.embedding.weight, layer.weight_hh_l0, layer.weight_ih_l0, layer.bias_ih_l0]
        super().__init__(problem, [*trained, *self.readout.parameters()], batch_of_one=False)
        if not problem.online:
            self.optimizer = torch.optim.Adam(self.trained, lr=problem.lr)
        self.lengths = torch.from_numpy(problem.lengths)
        self.cell = nn.LSTMCell(E.shape[1], W.shape[1]) if cell else None
        if self.cell is not None:
            self.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
        padding = torch.arange(self.t.shape[1]) >= self.lengths[:, None]
        self.t = self.t.masked_fill(padding, -100)

    def reset(self) -> None:
        with torch.no_grad():
            for parameter, first in zip(self.trained, self.problem.parameters[:6], strict=True):
                parameter.copy_(torch.from_numpy(first))
        self.optimizer.state.clear()

    def loss_of(self, x: Any, t: Any) -> Any:
        if self.packed:
            lengths = (t >= 0).sum(dim=1)
            sequences = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
            h, _ = self.lstm(sequences)
            following = pack_padded_sequence(t, lengths, batch_first=True, enforce_sorted=False)
            return cross_entropy(self.readout(h.data), following.data)
        h, _ = self.lstm(self.embedding(x))
        logits = self.readout(h)
        return cross_entropy(logits.view(-1, logits.shape[-1]), t.reshape(-1))

    def train(self, epochs: int) -> None:
        if not self.settings.characters:
            super().train(epochs)
            return
        with torch.inference_mode():
            for _ in range(epochs):
                tokens, state = torch.from_numpy(self.settings.first)[:, None], None
                for k in range(self.settings.characters):
                    if self.cell is not None:
                        state = self.cell(self.embedding(tokens[:, 0]), state)
                        h = state[0]
                    else:
                        states, state = self.lstm(self.embedding(tokens), state)
                        h = states[:, -1]
                    tokens = self.readout(h).argmax(dim=1, keepdim=True)
                    self.said[:, k] = tokens[:, 0].numpy()

    def parameters(self) -> list[Array]:
        return [*super().parameters(), *([self.said] if self.settings.characters else [])]


TRAINERS: dict[str, Build] = {"dense": Dense, "rnn": Rnn, "lenet": Lenet, "lstm": Lstm}
