"""The program of one step of several sequences, with views of the states that stay in its workspace, and the threads
that help with it."""

import threading
import weakref
from typing import Any

import numpy as np

from handgrad.kernels import _jit, _threads
from handgrad.kernels._gather import LAST_AT, LENGTHS_AT, X_AT
from handgrad.kernels._rows import CARRIED, CELLS, HIDDEN, N_OUT, PART, SHIFTS
from handgrad.kernels._stepping import help_with_steps, run_step
from handgrad.layers._types import Array
from handgrad.network.engine import Architecture
from handgrad.network.loading import load
from handgrad.network.recurrent import LSTM, RNN

Integers = np.ndarray[Any, np.dtype[np.int64]]


class Stepping:
    """``step()`` takes ``tokens`` (streams,) and leaves ``outputs`` (streams, outputs), a view. ``states``: for each
    recurrent layer the views (streams, units) of what stands before the next step. ``most``: how many tokens there
    are."""

    def __init__(self, net: Architecture, most: int, streams: int, threads: int) -> None:
        loaded = load(net, "step", streams, use="outputs")
        code, memory = loaded.code, loaded.memory
        rows = len(loaded.program.operations) - 1  # without the loss
        acts, table = memory.acts[0], loaded.program.table
        acts[code.places[LENGTHS_AT] :][:streams] = 1
        self.states: list[tuple[Array, ...]] = []
        firsts = [r for r in table[:rows] if r[PART] == 0]
        for layer, r in zip(net.layers, firsts, strict=True):
            if isinstance(layer, (RNN, LSTM)):
                columns = (HIDDEN, CELLS) if isinstance(layer, LSTM) else (HIDDEN,)
                r[CARRIED], r[SHIFTS] = 1, len(columns)
                size = streams * r[N_OUT]
                self.states.append(tuple(acts[r[c] - size : r[c]].reshape(streams, -1) for c in columns))
        self.tokens: Integers = np.zeros(streams, dtype=np.int64)
        self.outputs = acts[code.places[LAST_AT] :][: streams * net.outputs].reshape(streams, -1)
        addresses = np.ascontiguousarray(code.addresses[:rows, 0])
        data = (memory.params, acts, memory.deltas[0], memory.scalars[0])
        helpers = 0 if _jit.DISABLED else min(threads, loaded.program.parts, _threads.MOST_HELPERS + 1) - 1
        self._team = _Team(helpers, (streams, table, addresses, *data))
        self._fixed = (self.tokens, most, int(code.places[X_AT]), table, addresses, *data, self._team.shared)

    def step(self) -> bool:
        """False, and nothing has changed, where a token is out of range."""
        self._team.wake()
        return bool(run_step(*self._fixed))


class _Team:
    """Threads that help with every step. They sleep while none is taken, and end with the object."""

    def __init__(self, helpers: int, work: tuple[Any, ...]) -> None:
        self.shared = np.zeros(_threads.TEAM_SIZE, dtype=np.int64)
        self.shared[_threads.HELPERS] = helpers
        if helpers:
            self.shared[_threads.TEAM_YIELD] = _jit.yield_address()
        self._awake = self.shared[_threads.AWAKE :]
        self._bells = [threading.Semaphore(0) for _ in range(helpers)]
        ended = threading.Event()
        for helper, bell in enumerate(self._bells):
            arguments = (helper, bell, ended, (*work, self.shared))
            threading.Thread(target=_help, args=arguments, name="handgrad-step", daemon=True).start()
        weakref.finalize(self, _end, ended, self._bells)

    def wake(self) -> None:
        """Call those that sleep; nobody waits until they come."""
        for helper, bell in enumerate(self._bells):
            if not self._awake[helper]:
                self._awake[helper] = 1
                bell.release()


def _help(helper: int, bell: threading.Semaphore, ended: threading.Event, work: tuple[Any, ...]) -> None:
    while True:
        bell.acquire()
        if ended.is_set():
            return
        help_with_steps(helper, *work)


def _end(ended: threading.Event, bells: list[threading.Semaphore]) -> None:
    ended.set()
    for bell in bells:
        bell.release()
