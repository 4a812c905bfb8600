"""What a user's file meets instead of the terminal: nothing shows, nothing opens, nothing waits for an answer."""

import builtins
import contextlib
import importlib
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from handgrad.errors import InputError

_UNSET = 0.3571  # a number that no gradient is by chance
_KEPT = 10_000  # bytes of output: enough for the last thing that was said


class _Tail(io.RawIOBase):
    """Keeps the end of what is written: a file may print without end."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self.kept += taken
        if len(self.kept) > 2 * _KEPT:
            del self.kept[:-_KEPT]
        return len(taken)


class Output(io.TextIOWrapper):
    """A standard output that goes nowhere, with everything that scripts do with one."""

    def __init__(self) -> None:
        self.tail = _Tail()
        super().__init__(io.BufferedWriter(self.tail), encoding="utf-8", errors="replace", write_through=True)

    def last_line(self) -> str:
        """The last thing that was said; "" if nothing was."""
        with contextlib.suppress(ValueError):  # closed by the user's file
            self.flush()
        lines = self.tail.kept.decode("utf-8", "replace").split("\n")
        return next((each.strip() for each in reversed(lines) if each.strip()), "")


class Asked(InputError):
    """The file asks a question."""


def _no_answer(prompt: object = "") -> str:
    words = " ".join(str(prompt).split())
    raise Asked(
        f"asks for input{f' ({words})' if words else ''}, expected a file that runs by itself; put the answer in"
    )


def _leave(code: int = 0) -> None:
    raise SystemExit(code)


@contextlib.contextmanager
def quiet(output: Any = None, text: str = "", name: str = "") -> Iterator[Any]:
    """The user's file may print, plot, warn, ask and leave. ``text``: what it says, ``name``: its own name."""
    output = Output() if output is None else output
    default_rng, empty, empty_like = np.random.default_rng, np.empty, np.empty_like
    kept = sys.stdin, sys.argv, builtins.input, os._exit
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ["PYTHONBREAKPOINT"] = "0"
    sys.stdin, sys.argv = io.StringIO(""), [name] if name else sys.argv[:1]
    np.random.default_rng = lambda seed=None: default_rng(0 if seed is None else seed)  # repeatable
    np.empty = lambda *args, **options: _filled(empty(*args, **options))  # type: ignore[misc]
    np.empty_like = lambda *args, **options: _filled(empty_like(*args, **options))
    builtins.input, os._exit = _no_answer, _leave  # type: ignore[assignment]
    try:
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            _no_windows(text)
            yield output
    finally:
        sys.stdin, sys.argv, builtins.input, os._exit = kept
        np.random.default_rng, np.empty_like = default_rng, empty_like
        np.empty = empty  # type: ignore[misc]


def _filled(array: Any) -> Any:
    """What is in memory that nobody has set: always the same, so that two runs are alike, and never right."""
    if isinstance(array, np.ndarray) and array.dtype.kind in "fc":
        array.fill(_UNSET)
    return array


def _no_windows(text: str) -> None:
    """A backend that draws into memory, whatever the file asks for."""
    if not re.search(r"^\s*(import|from)\s+(matplotlib|pylab|seaborn)\b", text, re.M):
        return
    with contextlib.suppress(Exception):  # not installed: the file's own import says so
        matplotlib = importlib.import_module("matplotlib")
        matplotlib.use("Agg")
        matplotlib.use = lambda *args, **options: None  # type: ignore[attr-defined]
