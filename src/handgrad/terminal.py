"""Results on stdout, errors on stderr, whatever these are: a pipe that its reader closed, a full disk, or nothing."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from handgrad.errors import HandgradError


def write_stdout(text: str) -> None:
    """Write ``text``; what the encoding of stdout cannot say is replaced.

    Raises BrokenPipeError where the reader has gone, HandgradError where stdout is a file that cannot be written.
    """
    if sys.stdout is None:  # it was closed before the program began
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
        raise
    except OSError as error:
        _give_up_stdout()
        raise HandgradError(f"cannot write to stdout: {error.strerror or error}") from None


def _give_up_stdout() -> None:
    """Let the rest go nowhere: Python would try, and complain, once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def colored(stream: TextIO | None) -> bool:
    """Whether to write colours: on a terminal, or where FORCE_COLOR asks for them; never where NO_COLOR is set."""
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def say_error(sentence: str) -> None:
    """The one sentence on stderr that says what went wrong; none where nobody is there any more."""
    with suppress(OSError):
        print(f"handgrad: {sentence}", file=sys.stderr, flush=True)
