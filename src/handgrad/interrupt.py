"""Ctrl-C: whether it was pressed, also where the exception that it raises was lost or has become another one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupt:
    """Whether Ctrl-C was pressed."""

    pressed = False


@contextmanager
def noted_interrupt() -> Iterator[Interrupt]:
    """Ctrl-C does what it always does, and is noted."""
    state = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    if not _receives_it() or before in (signal.SIG_IGN, None):  # a shell has jobs in the background ignore it
        yield state
        return

    def handler(number: int, frame: Any) -> None:
        state.pressed = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handler)
    try:
        yield state
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Ctrl-C is noted, and does nothing; a second one does what it always does."""
    state = Interrupt()
    if not _receives_it():
        yield state
        return
    before = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: Any) -> None:
        state.pressed = True
        signal.signal(signal.SIGINT, before)

    try:
        signal.signal(signal.SIGINT, handler)
        yield state
    finally:
        signal.signal(signal.SIGINT, before)


def _receives_it() -> bool:
    """Whether this is the main thread, which alone receives Ctrl-C and may set a handler."""
    return threading.current_thread() is threading.main_thread()
