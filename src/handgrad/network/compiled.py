"""The compiled engine: hands a program, and flat arrays, to the interpreter in ``kernels/program.py``."""

import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from handgrad.cores import usable_cores
from handgrad.kernels import _jit, _threads
from handgrad.kernels import program as interpreter
from handgrad.kernels._program_types import SEED, Plan, Samples
from handgrad.kernels._rows import CARRIED, CELLS, HIDDEN, N_OUT, OUT, STEPS
from handgrad.layers._types import Array
from handgrad.network.engine import Architecture, Batch, EpochLosses, Orders, TrainingState
from handgrad.network.image_rows import blocks
from handgrad.network.layers import features, steps
from handgrad.network.loading import Answer, Loaded, load
from handgrad.network.program import Form, Use
from handgrad.network.recurrent import LSTM, RNN
from handgrad.network.team import Team

# (batch size from which on, shards): few enough that a shard keeps a core busy and that adding up the shards'
# gradients stays cheap, enough for the cores of a desktop
_SHARDS = ((1024, 8), (256, 4), (128, 2), (1, 1))
_SHARDS_OF_TEXTS = ((1024, 8), (256, 4), (16, 2), (1, 1))  # of a language model: a sequence is much work
_IMAGES_IN_SHARD, _MOST_IMAGE_SHARDS = 16, 32  # few, so that all maps of a shard stay in the cache
_MOST_LOADED = 8  # programs kept with their workspaces
_ONE_BY_ONE_WORK = 2e8  # multiplications up to which a prediction is made a sample at a time, without loading BLAS
_TOKEN_NUMBERS = 4_000_000  # logits of a language model that a thread makes at a time
_MOST_PREDICTING = 8  # threads
_ONE_BY_ONE_IMAGES = 8  # images up to which it is: then they lie side by side


def rows_per_shard(batch_size: int, images: bool = False, texts: bool = False) -> int:
    """Samples in one shard of a batch. It follows from the batch and the network, never from the machine."""
    if images:
        shards = min(_MOST_IMAGE_SHARDS, -(-batch_size // _IMAGES_IN_SHARD))
        return min(batch_size, blocks(-(-batch_size // shards)))
    shards = next(shards for least, shards in (_SHARDS_OF_TEXTS if texts else _SHARDS) if batch_size >= least)
    return -(-batch_size // shards)


Result = TypeVar("Result")


class CompiledEngine:
    """``engine="compiled"``. A program is made for each use (prediction, gradients, training) when it is first asked
    for; kernels are compiled, or loaded from the cache, when a program first names them."""

    def __init__(self, architecture: Architecture, threads: int | None = None) -> None:
        self.net = architecture
        self.threads = threads
        self.images = len(architecture.input_shape) == 3
        self._loaded: dict[tuple[Form, int, int, int, Use], Loaded] = {}
        self._answer: Answer | None = None

    def _load(self, form: Form, capacity: int, shards: int = 1, threads: int = 1, *, use: Use = "training") -> Loaded:
        key = (form, capacity, shards, threads, use)
        if key not in self._loaded:
            if len(self._loaded) == _MOST_LOADED:  # the oldest goes: its workspace may be large
                del self._loaded[next(iter(self._loaded))]
            self._loaded[key] = load(self.net, form, capacity, shards, threads, use=use)
        return self._loaded[key]

    def _for_prediction(self, samples: int, use: Use = "outputs") -> Loaded:
        """The same form for the same work on every machine, so that results do not depend on what ran before."""
        if self.net.per_token:
            held = _TOKEN_NUMBERS // (self.net.outputs if use == "outputs" else steps(self.net.input_shape))
            capacity = max(1, min(samples, 64, held))
            return self._in_turns(capacity, use) if capacity > 1 else self._load("one", 1, use=use)
        if self.images and samples >= _ONE_BY_ONE_IMAGES:
            return self._in_turns(min(_IMAGES_IN_SHARD, blocks(samples)))
        if self.images or samples * self.net.parameters.flat.size <= _ONE_BY_ONE_WORK:
            return self._load("one", 1, use="outputs")
        return self._in_turns(256)

    def _in_turns(self, capacity: int, use: Use = "outputs") -> Loaded:
        """In batches, with a workspace for each thread that could be needed: no page of it is there until it is."""
        return self._load("batch", capacity, threads=self._threads(_MOST_PREDICTING), use=use)

    def activations(self, x: Array, lengths: Orders) -> list[Array]:
        loaded, n = self._load("one", len(x), use="outputs"), len(x)
        longest = np.argsort(-lengths, kind="stable")
        self._run(loaded, self._without_targets(x, lengths))
        found, shape = [], self.net.input_shape
        for layer, r in zip(self.net.layers, loaded.program.table, strict=False):
            shape = layer.output_shape(shape)
            block = loaded.memory.acts[0, r[OUT] : r[OUT] + n * int(np.prod(shape))]
            if len(shape) == 3:
                y = np.empty((*shape, n), dtype=block.dtype)
                y[..., longest] = np.moveaxis(block.reshape(n, *shape), 0, -1)
                found.append(y)
                continue
            y = np.empty((steps(shape), features(shape), n), dtype=block.dtype)
            y[:, :, longest] = block.reshape(steps(shape), n, features(shape)).transpose(0, 2, 1)
            found.append(y if len(shape) == 2 else y[0])
        return found

    def _without_targets(self, x: Array, lengths: Orders) -> Batch:
        n = len(x)
        return Batch(x, np.zeros((n, self.net.targets), x.dtype), np.ones(n, x.dtype), lengths)

    def advance(
        self, x: Array, lengths: Orders, states: Sequence[tuple[Array, ...]]
    ) -> tuple[Array, list[tuple[Array, ...]]]:
        n, longest = len(x), np.argsort(-lengths, kind="stable")
        loaded = self._load("one", n, use="outputs")
        acts, table = loaded.memory.acts[0], loaded.program.table
        walked = [r for layer, r in zip(self.net.layers, table, strict=False) if isinstance(layer, (RNN, LSTM))]
        for r, arrays in zip(walked, states, strict=True):
            for column, state in zip((HIDDEN, CELLS), arrays, strict=False):
                acts[r[column] - n * r[N_OUT] : r[column]] = state[longest].ravel()
            r[CARRIED] = 1
        try:
            outputs, _ = self._run(loaded, self._without_targets(x, lengths))
        finally:
            for r in walked:
                r[CARRIED] = 0
        after = [tuple(np.empty_like(state) for state in arrays) for arrays in states]
        for r, arrays in zip(walked, after, strict=True):
            block = n * r[N_OUT]
            for column, state in zip((HIDDEN, CELLS), arrays, strict=False):
                end = r[column] + r[STEPS] * block
                state[longest] = acts[end - block : end].reshape(n, -1)
        return outputs, after

    def answer(self, x: Array) -> Array | None:
        if self._answer is None:
            self._answer = Answer(self.net)
        return self._answer(x)

    def outputs(self, x: Array, lengths: Orders) -> Array:
        return self._run(self._for_prediction(len(x)), self._without_targets(x, lengths))[0]

    def losses(self, batch: Batch) -> tuple[Array, Array]:
        wanted: Use = "losses" if self.net.per_token else "outputs"
        return self._run(self._for_prediction(len(batch.x), wanted), batch, keep=wanted == "outputs")

    def _run(self, loaded: Loaded, batch: Batch, keep: bool = True) -> tuple[Array, Array]:
        n = len(batch.x)
        outputs = np.zeros((n, self.net.outputs if keep else 0), dtype=self.net.dtype)
        losses = np.zeros(n, dtype=self.net.dtype)
        data = _samples(batch)
        order = np.argsort(-batch.lengths, kind="stable")
        threads = min(len(loaded.memory.acts), -(-n // loaded.capacity))

        def work(thread: int) -> None:
            interpreter.run_forward(
                thread, threads, loaded.code, loaded.memory, data, order, loaded.capacity, outputs, losses
            )

        with loaded.blas():
            _in_threads(threads, work)
        return outputs, losses

    def gradients(self, batch: Batch) -> tuple[float, Array]:
        n = len(batch.x)
        per_shard = rows_per_shard(n, images=True) if self.images else n
        shards = -(-n // per_shard)
        loaded = self._load("batch" if n > 1 else "one", per_shard, shards)
        data = _samples(batch)
        order = _longest_first(np.arange(n)[None], data, n, n)
        plan = _plan(loaded, order, np.zeros((1, 1)), n, per_shard, update=-1, shards=shards)
        with loaded.blas():
            interpreter.train_batches(0, loaded.code, loaded.memory, data, plan, _sync(1))
        return float(plan.losses[0] / self.net.count(batch.lengths) + plan.penalties[0]), loaded.memory.grads[0].copy()

    def train(self, batch: Batch, orders: Orders, rates: Array, batch_size: int, state: TrainingState) -> EpochLosses:
        optimizer = state.optimizer
        data = _samples(batch)
        plain = optimizer.kind == "sgd" and not optimizer.slots and not self.net.weight_decay
        plain = plain and not any(state.clipping)
        if batch_size == 1 and plain:
            loaded = self._load("online", 1)
            plan = _plan(loaded, orders, rates, 1, 1, update=-1, steps=state.steps)
            plan.integers[SEED] = state.seed
            state.begin(plan.losses)
            loaded.memory.kept[...] = self.net.parameters.flat
            memory = loaded.memory
            work = (memory.params, memory.acts[0], memory.deltas[0], memory.scalars[0])
            threads = self._threads(loaded.program.parts)
            with Team(threads, 0, (1, loaded.code.table, loaded.code.addresses, *work)) as team:
                finite = interpreter.train_online(loaded.code, memory, data, plan, team.shared)
        else:
            finite, plan, loaded = self._train_batches(data, orders, rates, batch_size, state)
        state.steps += rates.size
        losses = state.means(plan.losses, self.net.count(batch.lengths[orders[:1]]))
        if finite < len(orders):
            self.net.parameters.flat[...] = loaded.memory.kept
        return EpochLosses(losses[:finite].tolist(), plan.penalties[:finite].tolist(), finite == len(orders))

    def _train_batches(
        self, data: Samples, orders: Orders, rates: Array, batch_size: int, state: TrainingState
    ) -> tuple[int, Plan, Loaded]:
        optimizer = state.optimizer
        per_shard = rows_per_shard(batch_size, images=self.images, texts=self.net.per_token)
        shards = -(-batch_size // per_shard)
        threads = self._threads(shards)
        loaded = self._load("batch" if batch_size > 1 else "one", per_shard, shards, threads)
        loaded = loaded._replace(memory=loaded.memory._replace(state=state.vectors))
        importlib.import_module(f"handgrad.kernels.{optimizer.kind}")
        update = _jit.address(f"{optimizer.kind}_update", self.net.dtype)
        orders = _longest_first(orders, data, batch_size, per_shard)
        plan = _plan(loaded, orders, rates, batch_size, per_shard, update, optimizer.hyper(), state.steps, shards)
        plan.integers[SEED] = state.seed
        plan.clipping[:] = state.clipping
        state.begin(plan.losses)
        loaded.memory.kept[...] = self.net.parameters.flat
        with loaded.blas():
            return _run_threads(threads, loaded, data, plan), plan, loaded

    def _threads(self, parts: int) -> int:
        """How many threads work on so many parts."""
        return 1 if _jit.DISABLED else min(parts, self.threads or len(usable_cores()))


def _samples(batch: Batch) -> Samples:
    return Samples(batch.x, batch.t, batch.weights, batch.lengths)


def _longest_first(orders: Orders, data: Samples, batch_size: int, per_shard: int) -> Orders:
    """The same samples in every batch, the longest sequence first in every shard: those still running at a step are
    then the first. Whole batches are dealt out to the shards by length, so that each has the same work."""
    lengths = data.lengths
    if (lengths == lengths[0]).all():
        return orders
    orders = orders.copy()
    for order in orders:
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            batch[...] = batch[np.argsort(-lengths[batch], kind="stable")]
            if len(batch) % per_shard == 0:
                batch[...] = batch.reshape(per_shard, -1).T.ravel()
                continue
            for start in range(0, len(batch), per_shard):
                part = batch[start : start + per_shard]
                part[...] = part[np.argsort(-lengths[part], kind="stable")]
    return orders


def _plan(
    loaded: Loaded,
    orders: Orders,
    rates: Array,
    batch_size: int,
    per_shard: int,
    update: int,
    hyper: Array | None = None,
    steps: int = 0,
    shards: int = 1,
) -> Plan:
    epochs = len(orders)
    return Plan(
        orders=np.ascontiguousarray(orders, dtype=np.int64),
        rates=np.ascontiguousarray(rates, dtype=np.float64),
        hyper=np.zeros(1) if hyper is None else np.asarray(hyper, dtype=np.float64),
        integers=np.array([batch_size, per_shard, update, steps, 1, 0], dtype=np.int64),
        losses=np.zeros(epochs),
        penalties=np.zeros(epochs),
        shard_losses=np.zeros(shards),
        clipping=np.zeros(2),
    )


def _sync(threads: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    sync = np.zeros(_threads.SYNC_SIZE, dtype=np.int64)
    sync[_threads.THREADS] = threads
    sync[_threads.YIELD] = _jit.yield_address() if threads > 1 else 0
    return sync


def _run_threads(threads: int, loaded: Loaded, data: Samples, plan: Plan) -> int:
    """Run the same loop in every thread; a thread that fails releases the others from their barrier."""
    sync = _sync(threads)

    def work(thread: int) -> int:
        try:
            return int(interpreter.train_batches(thread, loaded.code, loaded.memory, data, plan, sync))
        except BaseException:
            sync[_threads.ABORT] = 1
            raise

    return _in_threads(threads, work)


def _in_threads(threads: int, work: Callable[[int], Result]) -> Result:
    """``work(thread)`` in every thread at the same time; what the first, which is this one, returns."""
    if threads == 1:
        return work(0)
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="handgrad") as pool:
        others = [pool.submit(work, thread) for thread in range(1, threads)]
        found = work(0)
        for other in others:
            other.result()
    return found
