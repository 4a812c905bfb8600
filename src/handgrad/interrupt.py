"""Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed: noted where the exception that they raise was lost, or held
back until a good moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that ask a process to end. Whoever has one of them ignored, as ``nohup`` does, keeps that."""


class Terminated(SystemExit):
    """SIGTERM or SIGHUP. Ends the process where nobody catches it, after all ``finally``, with the exit code that a
    shell has for it: 128 + its number, 143 or 129."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(128 + number)


class Interrupt:
    """Whether Ctrl-C was pressed, and whether the process was asked to end (SIGTERM, SIGHUP)."""

    pressed = False
    terminated = 0  # the signal's number

    @property
    def asked(self) -> bool:
        """Whether either was."""
        return self.pressed or self.terminated > 0

    def raise_it(self) -> None:
        """What the signal would have raised, if there was one. SIGTERM and SIGHUP count more."""
        if self.terminated:
            raise Terminated(self.terminated)
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
    """SIGTERM and SIGHUP raise Terminated, so that what is open is closed."""

    def handler(number: int, frame: Any) -> None:
        raise Terminated(number)

    with ExitStack() as stack:
        _end_with(handler, stack)
        yield


def _end_with(handler: Callable[[int, Any], None], stack: ExitStack) -> None:
    """Handle the signals that ask to end, those that are not ignored."""
    for number in ENDING if _receives_it() else ():
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            stack.enter_context(_handling(number, handler))


@contextmanager
def deferred_interrupt(*, ending: bool = False) -> Iterator[Interrupt]:
    """Ctrl-C, and with ``ending`` SIGTERM and SIGHUP too, is noted, and does nothing; a second one does what it always
    does.

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
            raise Terminated(number)
        state.terminated = number

    before = signal.getsignal(signal.SIGINT)
    with ExitStack() as stack:
        if before not in (signal.SIG_IGN, None):
            stack.enter_context(_handling(signal.SIGINT, pressed))
        if ending:
            _end_with(terminated, stack)
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
