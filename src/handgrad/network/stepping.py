"""The program of one step of several sequences, with views of the states that stay in its workspace."""

import numpy as np

from handgrad.kernels._gather import LAST_AT, LENGTHS_AT, X_AT
from handgrad.kernels._rows import CARRIED, CELLS, HIDDEN, N_OUT, SHIFTS
from handgrad.layers._types import Array
from handgrad.network.engine import Architecture
from handgrad.network.loading import load
from handgrad.network.recurrent import LSTM, RNN


class Stepping:
    """``fixed``: what ``kernels/_stepping.py`` takes besides tokens and outputs. ``states``: for each recurrent layer
    the views (n, units) of what stands before the next step."""

    def __init__(self, net: Architecture, streams: int) -> None:
        loaded = load(net, "step", streams, use="outputs")
        code, memory = loaded.code, loaded.memory
        acts, table = memory.acts[0], loaded.program.table
        acts[code.places[LENGTHS_AT] :][:streams] = 1
        self.states: list[tuple[Array, ...]] = []
        for layer, r in zip(net.layers, table, strict=False):
            if isinstance(layer, (RNN, LSTM)):
                r[CARRIED] = 1
                r[SHIFTS] = isinstance(layer, RNN)  # an LSTM does it by itself
                columns = (HIDDEN, CELLS) if isinstance(layer, LSTM) else (HIDDEN,)
                size = streams * r[N_OUT]
                self.states.append(tuple(acts[r[c] - size : r[c]].reshape(streams, -1) for c in columns))
        rows = len(net.layers)
        self.fixed = (
            table,
            np.ascontiguousarray(code.addresses[:rows, 0]),
            np.array([code.places[X_AT], code.places[LAST_AT]], dtype=np.int64),
            *(memory.params, acts, memory.deltas[0], memory.scalars[0]),
        )
