"""Time limits for code that may never return, where the system has an alarm clock (not on Windows)."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

_LONGEST = 1e6  # seconds: no limit
_AGAIN = 0.25  # seconds after which a limit that was caught and ignored strikes again


class Overrun(Exception):
    """A run took much longer than such runs do."""


def available() -> bool:
    """Whether code can be interrupted here."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def limited(seconds: float, strike: Callable[[FrameType | None], BaseException]) -> Iterator[None]:
    """Raise ``strike(frame)`` in what runs inside if it takes longer; the frame tells where it was."""
    if not available():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise strike(frame)

    start = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    left, again = signal.setitimer(signal.ITIMER_REAL, min(max(seconds, 0.001), _LONGEST), _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # a limit around this one
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - start), 0.001), again)


def line_in(frame: FrameType | None, path: str) -> int | None:
    """The line of a file that a frame is in, or was called from."""
    while frame is not None:
        if frame.f_code.co_filename == path:
            return frame.f_lineno
        frame = frame.f_back
    return None
