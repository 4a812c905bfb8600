"""Threads that help another one with the parts of large layers; see ``kernels/_team.py``."""

import threading
import weakref
from types import TracebackType
from typing import Any

import numpy as np

from handgrad.kernels import _jit, _team

Shared = np.ndarray[Any, np.dtype[np.int64]]


class Team:
    """``threads`` of them, of which the one that makes the object is the first; the others sleep until ``wake``.

    They work on the parts of a program, ``work``: samples, table, addresses, parameters, acts, deltas, scalars. Each
    goes back to sleep after ``patience`` looks for a part that were in vain, 0: never. All end with the object, or at
    the end of a ``with``.
    """

    def __init__(self, threads: int, patience: int, work: tuple[Any, ...]) -> None:
        helpers = 0 if _jit.DISABLED else min(threads - 1, _team.MOST_HELPERS)
        self.shared: Shared = np.zeros(_team.TEAM_SIZE, dtype=np.int64)
        self._bells = [threading.Semaphore(0) for _ in range(helpers)]
        if helpers:
            self.shared[_team.HELPERS], self.shared[_team.YIELD] = helpers, _jit.yield_address()
            self.shared[_team.ENDED] = 1  # so that it does nothing but get compiled, here and not in a helper
            _team.help_forward(0, patience, *work, self.shared)
            self.shared[_team.ENDED] = 0
        self._awake = self.shared[_team.AWAKE :]
        for helper, bell in enumerate(self._bells):
            arguments = (helper, bell, patience, (*work, self.shared))
            threading.Thread(target=_help, args=arguments, name="handgrad-helper", daemon=True).start()
        self._end = weakref.finalize(self, _end, self.shared, self._bells)

    def wake(self) -> None:
        """Call those that sleep; nobody waits until they come."""
        for helper, bell in enumerate(self._bells):
            if not self._awake[helper]:
                self._awake[helper] = 1
                bell.release()

    def __enter__(self) -> "Team":
        self.wake()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


def _help(helper: int, bell: threading.Semaphore, patience: int, work: tuple[Any, ...]) -> None:
    ended = work[-1]
    while True:
        bell.acquire()
        if ended[_team.ENDED]:
            return
        _team.help_forward(helper, patience, *work)


def _end(shared: Shared, bells: list[threading.Semaphore]) -> None:
    shared[_team.ENDED] = 1
    for bell in bells:
        bell.release()
