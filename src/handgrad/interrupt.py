"""Ctrl-C and SIGTERM: noted where the exception that they raise was lost, or held back until a good moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

TERMINATED = 143
"""Exit code after SIGTERM, as a shell has it: 128 + 15."""


class Terminated(SystemExit):
    """SIGTERM. Ends the process with exit code 143 where nobody catches it, after all ``finally``."""

    def __init__(self) -> None:
        super().__init__(TERMINATED)


class Interrupt:
    """Whether Ctrl-C was pressed, and whether the process was asked to end (SIGTERM)."""

    pressed = False
    terminated = False

    @property
    def asked(self) -> bool:
        """Whether either was."""
        return self.pressed or self.terminated

    def raise_it(self) -> None:
        """What the signal would have raised, if there was one. SIGTERM counts more."""
        if self.terminated:
            raise Terminated
        if self.pressed:
            raise KeyboardInterrupt


_deferring: list[Interrupt] = []  # at most one: who holds signals back


@contextmanager
def noted_interrupt() -> Iterator[Interrupt]:
    """Ctrl-C does what it always does, and is noted."""
    state = Interrupt()
    if not _receives_it() or signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        yield state  # a shell has jobs in the background ignore it
        return

    def handler(number: int, frame: Any) -> None:
        state.pressed = True
        raise KeyboardInterrupt

    with _handling(signal.SIGINT, handler):
        yield state


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises Terminated, so that what is open is closed."""

    def handler(number: int, frame: Any) -> None:
        raise Terminated

    if not _receives_it():
        yield
        return
    with _handling(signal.SIGTERM, handler):
        yield


@contextmanager
def deferred_interrupt(*, sigterm: bool = False) -> Iterator[Interrupt]:
    """Ctrl-C, and with ``sigterm`` SIGTERM too, is noted, and does nothing; a second one does what it always does.

    Inside another such block this one does nothing, and nothing is noted in it: the outer one knows when to stop.
    """
    state = Interrupt()
    if not _receives_it() or _deferring:
        yield state
        return

    def pressed(number: int, frame: Any) -> None:
        state.pressed = True
        signal.signal(signal.SIGINT, before)

    def terminated(number: int, frame: Any) -> None:
        if state.terminated:
            raise Terminated
        state.terminated = True

    before = signal.getsignal(signal.SIGINT)
    with ExitStack() as stack:
        if before not in (signal.SIG_IGN, None):
            stack.enter_context(_handling(signal.SIGINT, pressed))
        if sigterm:
            stack.enter_context(_handling(signal.SIGTERM, terminated))
        _deferring.append(state)
        try:
            yield state
        finally:
            _deferring.remove(state)


@contextmanager
def _handling(number: signal.Signals, handler: Callable[[int, Any], None]) -> Iterator[None]:
    before = signal.getsignal(number)
    try:
        signal.signal(number, handler)
        yield
    finally:
        signal.signal(number, signal.SIG_DFL if before is None else before)


def _receives_it() -> bool:
    """Whether this is the main thread, which alone receives signals and may set a handler."""
    return threading.current_thread() is threading.main_thread()
