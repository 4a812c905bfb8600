"""The program of one step of several sequences, with views of the states that stay in its workspace."""

from typing import Any

import numpy as np

from handgrad.kernels._gather import LAST_AT, LENGTHS_AT, X_AT
from handgrad.kernels._rows import CARRIED, CELLS, HIDDEN, N_OUT, PART, SHIFTS
from handgrad.kernels._stepping import run_step
from handgrad.kernels._team import PATIENCE
from handgrad.layers._types import Array
from handgrad.network.engine import Architecture
from handgrad.network.loading import load
from handgrad.network.recurrent import LSTM, RNN
from handgrad.network.team import Team

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
        addresses = code.addresses[:rows]
        data = (memory.params, acts, memory.deltas[0], memory.scalars[0])
        self._team = Team(min(threads, loaded.program.parts), PATIENCE, (streams, table, addresses, *data))
        self._fixed = (self.tokens, most, int(code.places[X_AT]), table, addresses, *data, self._team.shared)

    def step(self) -> bool:
        """False, and nothing has changed, where a token is out of range."""
        self._team.wake()
        known = bool(run_step(*self._fixed))
        self._team.check()
        return known
