"""JAX's side: one jitted ``lax.scan`` over all steps of an epoch, with donated parameters.

``unroll``: steps in the body of the scan. JAX's default is 1; with 2 the compiler need not copy all parameters in
each step. Gathering the whole epoch before the scan was tried and is not faster.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handgrad.benchmarks import dense, lenet, lstm, rnn
from handgrad.benchmarks.workload import Build
from handgrad.layers._types import Array

PACKAGES = ("jax", "jaxlib")


def prepare(threads: int) -> dict[str, Any]:
    """XLA took its number of threads from the environment and from the cores that this process may use."""
    jax.devices()
    return {}


def _online_loss(layers: Any, x: Any, t: Any) -> Any:
    """Squared error of one sample: every product is a matrix with a vector."""
    for W, b in layers:
        x = jax.nn.sigmoid(W @ x + b)
    return jnp.sum((x - t) ** 2)


def _batch_loss(layers: Any, x: Any, labels: Any) -> Any:
    """Mean cross-entropy of a batch."""
    *hidden, (W, b) = layers
    for V, c in hidden:
        x = jax.nn.relu(x @ V.T + c)
    log_y = jax.nn.log_softmax(x @ W.T + b)
    return -jnp.mean(jnp.take_along_axis(log_y, labels[:, None], axis=1))


def _step(loss: Any, lr: float, layers: Any, sample: Any) -> Any:
    value, gradients = jax.value_and_grad(loss)(layers, *sample)
    return jax.tree.map(lambda p, g: p - lr * g, layers, gradients), value


class Dense:
    """Parameters as a list of pairs (W, b)."""

    def __init__(self, problem: dense.Problem, threads: int, unroll: int = 1) -> None:
        self.problem = problem
        self.x, self.t = jnp.array(problem.x), jnp.array(problem.t)
        step = partial(_step, _online_loss if problem.online else _batch_loss, problem.lr)

        @partial(jax.jit, donate_argnums=0)
        def online_epoch(layers: Any, x: Any, t: Any) -> Any:
            return jax.lax.scan(step, layers, (x, t), unroll=unroll)

        @partial(jax.jit, donate_argnums=0)
        def batch_epoch(layers: Any, x: Any, t: Any, order: Any) -> Any:
            return jax.lax.scan(lambda p, rows: step(p, (x[rows], t[rows])), layers, order, unroll=unroll)

        self.online_epoch, self.batch_epoch = online_epoch, batch_epoch
        self.reset()

    def reset(self) -> None:
        arrays = [jnp.array(array) for array in self.problem.parameters]  # a copy: the epoch's argument is donated
        self.layers = jax.block_until_ready(list(zip(arrays[::2], arrays[1::2], strict=True)))

    def train(self, epochs: int) -> None:
        problem = self.problem
        if problem.online:
            for _ in range(epochs):
                self.layers, _losses = self.online_epoch(self.layers, self.x, self.t)
        else:
            for order in problem.orders(epochs):
                rows = order.reshape(-1, problem.batch).astype(np.int32)
                self.layers, _losses = self.batch_epoch(self.layers, self.x, self.t, rows)
        jax.block_until_ready(self.layers)

    def parameters(self) -> list[Array]:
        return [np.array(array) for pair in self.layers for array in pair]


def _sequence_loss(flat: bool, parameters: Any, x: Any, labels: Any) -> Any:
    """Cross-entropy of one sequence (steps, 2), or of a batch of them with the steps first, (steps, batch, 2).

    ``flat``: no loop over the steps is left for XLA, and U x is one product for all of them.
    """
    W, U, b, V, c = parameters
    Ux = x @ U.T + b if flat else x

    def step(h: Any, x_t: Any) -> Any:
        h = jnp.tanh(h @ W.T + (x_t if flat else x_t @ U.T + b))
        return h, h

    start = jnp.zeros((*x.shape[1:-1], len(b)), x.dtype)
    _, states = jax.lax.scan(step, start, Ux, unroll=len(x) if flat else 1)
    log_y = jax.nn.log_softmax(states @ V.T + c)
    return -jnp.sum(jnp.take_along_axis(log_y, labels[..., None], axis=-1))


class Rnn:
    """Parameters as a list; a ``lax.scan`` over the steps inside that over the sequences."""

    def __init__(self, problem: rnn.Problem, threads: int, unroll: int = 1, flat: bool = False) -> None:
        self.problem = problem
        self.x, self.t = jnp.array(problem.x), jnp.array(problem.t, dtype=jnp.int32)
        step = partial(_step, partial(_sequence_loss, flat), problem.lr / problem.batch)

        @partial(jax.jit, donate_argnums=0)
        def online_epoch(parameters: Any, x: Any, t: Any) -> Any:
            return jax.lax.scan(step, parameters, (x, t), unroll=unroll)

        @partial(jax.jit, donate_argnums=0)
        def batch_epoch(parameters: Any, x: Any, t: Any, order: Any) -> Any:
            x, t = jnp.swapaxes(x, 0, 1), jnp.swapaxes(t, 0, 1)
            return jax.lax.scan(lambda p, rows: step(p, (x[:, rows], t[:, rows])), parameters, order)

        self.online_epoch, self.batch_epoch = online_epoch, batch_epoch
        self.reset()

    def reset(self) -> None:
        self.now = jax.block_until_ready([jnp.array(array) for array in self.problem.parameters])

    def train(self, epochs: int) -> None:
        if self.problem.online:
            for _ in range(epochs):
                self.now, _losses = self.online_epoch(self.now, self.x, self.t)
        else:
            for order in self.problem.orders(epochs):
                rows = order.reshape(-1, self.problem.batch).astype(np.int32)
                self.now, _losses = self.batch_epoch(self.now, self.x, self.t, rows)
        jax.block_until_ready(self.now)

    def parameters(self) -> list[Array]:
        return [np.array(array) for array in self.now]


def _logits(mask: Any, parameters: Any, x: Any) -> Any:
    """LeNet-5's logits of images ``x`` (samples, 1, 32, 32)."""
    W1, b1, w2, a2, W3, b3, w4, a4, *dense = parameters

    def convolved(x: Any, W: Any, b: Any) -> Any:
        return jax.lax.conv_general_dilated(x, W, (1, 1), "VALID") + b[:, None, None]

    def pooled(x: Any, w: Any, a: Any) -> Any:
        n, maps, height, width = x.shape
        means = x.reshape(n, maps, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
        return w[:, None, None] * means + a[:, None, None]

    x = jnp.tanh(pooled(jnp.tanh(convolved(x, W1, b1)), w2, a2))
    x = jnp.tanh(pooled(jnp.tanh(convolved(x, W3 * mask, b3)), w4, a4)).reshape(len(x), -1)
    for i in range(0, len(dense), 2):
        x = (jnp.tanh(x) if i else x) @ dense[i].T + dense[i + 1]
    return x


class Lenet:
    """Parameters as a list; C3's kernel is dense, and multiplied by its mask."""

    def __init__(self, problem: lenet.Problem, threads: int) -> None:
        self.problem = problem
        self.x, self.t = jnp.array(problem.x), jnp.array(problem.t, dtype=jnp.int32)
        W3, mask = lenet.masked(problem.parameters[4])
        self.first = [*problem.parameters[:4], W3, *problem.parameters[5:14]]
        self.answers = np.zeros((len(problem.x), 10), np.float32) if problem.predict else None
        logits = partial(_logits, jnp.array(mask))

        def loss(parameters: Any, x: Any, labels: Any) -> Any:
            log_y = jax.nn.log_softmax(logits(parameters, x))
            return -jnp.mean(jnp.take_along_axis(log_y, labels[:, None], axis=1))

        step = partial(_step, loss, problem.lr)

        @partial(jax.jit, donate_argnums=0)
        def epoch(parameters: Any, x: Any, t: Any, order: Any) -> Any:
            return jax.lax.scan(lambda p, rows: step(p, (x[rows], t[rows])), parameters, order)

        self.epoch = epoch
        self.predict = jax.jit(lambda parameters, x: jax.nn.softmax(logits(parameters, x)))
        self.reset()

    def reset(self) -> None:
        self.now = jax.block_until_ready([jnp.array(array) for array in self.first])

    def train(self, epochs: int) -> None:
        problem = self.problem
        if self.answers is not None:
            for _ in range(epochs):
                for k, image in enumerate(problem.x):
                    self.answers[k] = np.asarray(self.predict(self.now, image[None]))[0]
            return
        orders = [np.arange(len(problem.x))] * epochs if problem.online else problem.orders(epochs)
        for order in orders:
            rows = order.reshape(-1, problem.batch).astype(np.int32)
            self.now, _losses = self.epoch(self.now, self.x, self.t, rows)
        jax.block_until_ready(self.now)

    def parameters(self) -> list[Array]:
        arrays = [np.array(array) for array in self.now]
        arrays[4] = lenet.linked(arrays[4])
        return [*arrays, *([] if self.answers is None else [self.answers])]


def _lstm_step(parameters: Any, state: Any, x: Any) -> Any:
    """The state after the pre-activations ``x`` = U x_t + b of a batch."""
    h, c = state
    i, f, g, o = jnp.split(x + h @ parameters[1].T, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def _language_loss(parameters: Any, x: Any, t: Any, lengths: Any) -> Any:
    """Mean cross-entropy of the real steps of sequences ``x`` (batch, steps), padding masked."""
    E, W, U, b, V, c = parameters
    inputs = jnp.swapaxes(E[x] @ U.T + b, 0, 1)
    zeros = jnp.zeros((len(x), W.shape[1]), E.dtype)
    _, states = jax.lax.scan(partial(_lstm_step, parameters), (zeros, zeros), inputs)
    log_y = jax.nn.log_softmax(states @ V.T + c)
    losses = -jnp.take_along_axis(log_y, t.T[..., None], axis=-1)[..., 0]
    real = jnp.arange(x.shape[1])[:, None] < lengths
    return jnp.sum(jnp.where(real, losses, 0)) / jnp.sum(lengths)


def _adam(lr: float, state: Any, sample: Any) -> Any:
    """A step of Adam; ``state``: parameters, both moments, number of steps."""
    parameters, first, second, count = state
    loss, gradients = jax.value_and_grad(_language_loss)(parameters, *sample)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    count = count + 1
    a, b = 1 - 0.9**count, 1 - 0.999**count
    moved = jax.tree.map(lambda p, m, v: p - lr * (m / a) / (jnp.sqrt(v / b) + 1e-8), parameters, first, second)
    return (moved, first, second, count), loss


class Lstm:
    """Parameters as a list; a ``lax.scan`` over the steps of a sequence inside that over the steps of training."""

    def __init__(self, problem: lstm.Problem, threads: int) -> None:
        self.problem = problem
        self.x, self.t = jnp.array(problem.x, dtype=jnp.int32), jnp.array(problem.t, dtype=jnp.int32)
        self.lengths = jnp.array(problem.lengths, dtype=jnp.int32)
        self.said = np.zeros((problem.batch, problem.characters), np.float32)

        def sgd(state: Any, sample: Any) -> Any:
            moved, loss = _step(_language_loss, problem.lr, state[0], sample)
            return (moved, *state[1:]), loss

        step = sgd if problem.online else partial(_adam, problem.lr)

        @partial(jax.jit, donate_argnums=0)
        def epoch(state: Any, x: Any, t: Any, lengths: Any, order: Any) -> Any:
            return jax.lax.scan(lambda s, rows: step(s, (x[rows], t[rows], lengths[rows])), state, order)

        @partial(jax.jit)
        def following(parameters: Any, state: Any, tokens: Any) -> Any:
            E, _, U, b, V, c = parameters
            state, h = _lstm_step(parameters, state, E[tokens] @ U.T + b)
            return state, jnp.argmax(h @ V.T + c, axis=1)

        self.epoch, self.following = epoch, following
        self.reset()

    def reset(self) -> None:
        arrays = [jnp.array(array) for array in self.problem.parameters[:6]]
        zeros = [] if self.problem.online else [jnp.zeros_like(array) for array in arrays]
        more = [] if self.problem.online else [jnp.zeros_like(array) for array in arrays]
        self.now = jax.block_until_ready((arrays, zeros, more, jnp.zeros((), jnp.float32)))

    def _generate(self) -> None:
        tokens = jnp.array(self.problem.first, dtype=jnp.int32)
        zeros = jnp.zeros((len(tokens), self.now[0][1].shape[1]), jnp.float32)
        state = (zeros, zeros)
        for k in range(self.problem.characters):
            state, tokens = self.following(self.now[0], state, tokens)
            self.said[:, k] = np.asarray(tokens)

    def train(self, epochs: int) -> None:
        problem = self.problem
        if problem.characters:
            for _ in range(epochs):
                self._generate()
            return
        orders = [np.arange(len(problem.x))] * epochs if problem.online else problem.orders(epochs)
        for order in orders:
            rows = order.reshape(-1, problem.batch).astype(np.int32)
            self.now, _losses = self.epoch(self.now, self.x, self.t, self.lengths, rows)
        jax.block_until_ready(self.now)

    def parameters(self) -> list[Array]:
        arrays = [np.array(array) for array in self.now[0]]
        return [*arrays, *([self.said] if self.problem.characters else [])]


TRAINERS: dict[str, Build] = {"dense": Dense, "rnn": Rnn, "lenet": Lenet, "lstm": Lstm}
