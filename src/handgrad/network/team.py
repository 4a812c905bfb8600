"""Threads that help another one with the parts of large layers; see ``kernels/_team.py``."""

import threading
import weakref
from queue import SimpleQueue
from types import TracebackType
from typing import Any

import numpy as np

from handgrad.kernels import _jit, _team

Shared = np.ndarray[Any, np.dtype[np.int64]]
# what a helper sleeps on: a finalizer may run in any thread, also in one that is just falling asleep, and may ring it
Bell = SimpleQueue[None]


class Team:
    """``threads`` of them, of which the one that makes the object is the first; the others sleep until ``wake``.

    They work on the parts of a program, ``work``: samples, table, addresses, parameters, acts, deltas, scalars. Each
    goes back to sleep after ``patience`` looks for a part that were in vain, 0: never. All end with the object, or at
    the end of a ``with``. Where the system has no more threads, there are fewer.
    """

    def __init__(self, threads: int, patience: int, work: tuple[Any, ...]) -> None:
        helpers = 0 if _jit.DISABLED else min(threads - 1, _team.MOST_HELPERS)
        self.shared: Shared = np.zeros(_team.TEAM_SIZE, dtype=np.int64)
        self._awake = self.shared[_team.AWAKE :]
        self._bells: list[Bell] = []
        self._failures: list[BaseException] = []
        self._end = weakref.finalize(self, _end, self.shared, self._bells)
        if helpers > 0:
            self.shared[_team.YIELD] = _jit.yield_address()
            self.shared[_team.ENDED] = 1  # so that it does nothing but get compiled, here and not in a helper
            _team.help_forward(0, patience, *work, self.shared)
            self.shared[_team.ENDED] = 0
        for helper in range(helpers):
            self._bells.append(SimpleQueue())
            arguments = (helper, self._bells[helper], self._failures, patience, (*work, self.shared))
            try:
                threading.Thread(target=_help, args=arguments, name="handgrad-helper", daemon=True).start()
            except RuntimeError:
                self._bells.pop()
                break
        self.shared[_team.HELPERS] = len(self._bells)

    def wake(self) -> None:
        """Call those that sleep; nobody waits until they come."""
        for helper, bell in enumerate(self._bells):
            if not self._awake[helper]:
                self._awake[helper] = 1
                bell.put(None)

    def check(self) -> None:
        """Raise what a helper has raised."""
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> "Team":
        self.wake()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if error is None:
            self.check()


def _help(helper: int, bell: Bell, failures: list[BaseException], patience: int, work: tuple[Any, ...]) -> None:
    shared = work[-1]
    try:
        while True:
            bell.get()
            if shared[_team.ENDED]:
                return
            _team.help_forward(helper, patience, *work)
    except BaseException as error:
        failures.append(error)
        shared[_team.FAILED] = 1


def _end(shared: Shared, bells: list[Bell]) -> None:
    shared[_team.ENDED] = 1
    for bell in bells:
        bell.put(None)
