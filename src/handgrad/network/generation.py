"""Sequences that grow token by token: a network that is asked for the next step, and remembers the ones before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.cores import usable_cores
from handgrad.errors import InputError, UsageError, wrong_dtype, wrong_shape
from handgrad.layers._types import Array
from handgrad.network.engine import EngineName, make_engine
from handgrad.network.inputs import reads_tokens
from handgrad.network.sequences import as_states
from handgrad.options import whole

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential


class Stepper:
    """``streams`` sequences that grow side by side, from states of zeros.

    ``step(tokens)`` hands the network the next token of each and returns the logits of the one after. The parameters
    are the network's own: what is trained in between counts from the next step on. ``threads``: at most so many, for a
    large network; the result does not depend on it. Raises UsageError for a network that does not take tokens, or does
    not answer every step.
    """

    def __init__(
        self, network: "Sequential", streams: int = 1, *, threads: int | None = None, engine: EngineName = "compiled"
    ) -> None:
        self.tokens = reads_tokens(network.layers)
        if not self.tokens or len(network.architecture.output_shape) != 2:
            raise UsageError(
                "the network does not go from token to token, expected one that begins with Embedding(...) and answers "
                "every step"
            )
        self.streams = whole("streams", streams)
        most = len(usable_cores()) if threads is None else whole("threads", threads)
        self.architecture = replace(network.architecture, input_shape=(1, 1))
        self.outputs = self.architecture.outputs
        self._states = as_states(None, self.architecture.layers, self.streams, self.architecture.dtype)
        if engine == "compiled":
            self._walk: _Compiled | _Reference = _Compiled(self, most)
        else:
            self._walk = _Reference(self, engine)

    def step(self, tokens: Any) -> Array:
        """Logits (streams, outputs) behind the next ``tokens`` (streams,): a view that the next step overwrites.

        InputError for other than whole numbers from 0 to the network's number of tokens - 1.
        """
        try:
            given = np.asarray(tokens)
        except ValueError:  # rows of different lengths
            given = np.asarray(tokens, dtype=object)
        if given.dtype.kind not in "iu":
            raise wrong_dtype("tokens", given.dtype, f"whole numbers from 0 to {self.tokens - 1}")
        if given.shape != (self.streams,):
            raise wrong_shape("tokens", given.shape, (self.streams,), "one for each stream")
        outputs = self._walk.step(given)
        if outputs is None:
            stream = int(np.flatnonzero((given < 0) | (given >= self.tokens))[0])
            raise InputError(f"tokens holds {given[stream]} in stream {stream}, expected 0 to {self.tokens - 1}")
        return outputs

    def reset(self) -> None:
        """Begin anew, from states of zeros."""
        self.state = None

    @property
    def state(self) -> list[Any]:
        """A copy of what goes on from step to step: for each RNN an array (streams, units), for each LSTM a pair of
        them, the state h and the cell c."""
        return [tuple(a.copy() for a in each) if len(each) > 1 else each[0].copy() for each in self._walk.states()]

    @state.setter
    def state(self, given: Sequence[Any] | None) -> None:
        self._walk.begin(as_states(given, self.architecture.layers, self.streams, self.architecture.dtype))


class _Reference:
    """Steps by an engine's ``advance``."""

    def __init__(self, stepper: Stepper, engine: str) -> None:
        self.engine = make_engine(engine, stepper.architecture)
        self.lengths = np.ones(stepper.streams, dtype=np.int64)
        self.tokens, self.dtype, self.held = stepper.tokens, stepper.architecture.dtype, stepper._states

    def step(self, tokens: Any) -> Array | None:
        """None where a token is out of range."""
        if tokens.min() < 0 or tokens.max() >= self.tokens:
            return None
        outputs, self.held = self.engine.advance(tokens[:, None].astype(self.dtype), self.lengths, self.held)
        return outputs

    def states(self) -> list[tuple[Array, ...]]:
        return self.held

    def begin(self, states: list[tuple[Array, ...]]) -> None:
        self.held = states


class _Compiled:
    """Steps by compiled operations, whose states stay in a workspace."""

    def __init__(self, stepper: Stepper, threads: int) -> None:
        from handgrad.network.stepping import Stepping

        self.inside = Stepping(stepper.architecture, stepper.tokens, stepper.streams, threads)
        self.begin(stepper._states)

    def step(self, tokens: Any) -> Array | None:
        """None where a token is out of range."""
        self.inside.tokens[:] = tokens
        return self.inside.outputs if self.inside.step() else None

    def states(self) -> list[tuple[Array, ...]]:
        return self.inside.states

    def begin(self, states: list[tuple[Array, ...]]) -> None:
        for views, arrays in zip(self.inside.states, states, strict=True):
            for view, array in zip(views, arrays, strict=True):
                view[...] = array
