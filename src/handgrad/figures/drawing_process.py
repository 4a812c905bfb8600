"""Figures drawn by a process of their own, beside the one that trains: nobody waits until Matplotlib is imported, which
takes as long as a short training.

What is to be drawn travels as a pickle through a pipe, and comes back as SVG. Whatever goes wrong there, the figure is
drawn here instead, and the reason shows.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from handgrad.cores import usable_cores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[], "Figure"]


class DrawingProcess:
    """Begins when it is made, and ends with ``close``, or with the process that made it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if _useful():
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "handgrad.figures.drawing_process"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is not for it: it ends when its input does
                )

    def svgs(self, figures: Sequence[Draw]) -> Iterator[bytes]:
        """What each of ``figures`` draws, one after the other."""
        from handgrad.figures.style import to_svg

        others = self._ask([_pickled(each) for each in figures])
        for each in figures:
            svg = next(others, None)
            yield to_svg(each()) if svg is None else svg

    def _ask(self, jobs: list[bytes]) -> Iterator[bytes | None]:
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            pickle.dump(jobs, self._process.stdin)
            self._process.stdin.flush()
            for _ in jobs:
                yield pickle.load(self._process.stdout)

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what it has not read
                assert pipe is not None
                pipe.close()
        self._process = None


def _useful() -> bool:
    """Whether there is a core for it, and Matplotlib has not been imported here before."""
    return len(usable_cores()) > 1 and "matplotlib" not in sys.modules and bool(sys.executable)


def _pickled(draw: Draw) -> bytes:
    try:
        return pickle.dumps(draw, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):  # a function within a function, an open file
        return b""


def _serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    """Draw until there is no more to draw."""
    _import_everything()
    with suppress(EOFError):
        while True:
            for svg in _all_drawn(pickle.load(jobs)):
                pickle.dump(svg, answers)
                answers.flush()


def _import_everything() -> None:
    """All that a figure needs, and what labs hand to it, but for the texts of Matplotlib's documentation, which take
    long to put together, and nobody reads here. The first figure loads fonts besides; so one is drawn for nobody."""
    import matplotlib.artist

    matplotlib.artist.kwdoc = lambda artist: ""
    import handgrad.network.sequential  # noqa: F401
    from handgrad.figures.curves import Curve, overlay_figure
    from handgrad.figures.style import to_svg

    to_svg(overlay_figure({"nothing": [Curve("", [0.0, 1.0], [0.0, 1.0])]}))


def _all_drawn(jobs: list[bytes]) -> Iterator[bytes | None]:
    """Every second one by a copy of this process: nobody else is busy now."""
    if len(jobs) < 2 or not sys.platform.startswith("linux"):
        yield from map(_drawn, jobs)
        return
    theirs, ours = os.pipe()
    copy = os.fork()
    if copy == 0:
        try:
            with os.fdopen(ours, "wb") as answers:
                for job in jobs[1::2]:
                    pickle.dump(_drawn(job), answers)
                    answers.flush()
        finally:  # nobody may read what it draws any more; it must not go on as a second server
            os._exit(0)
    os.close(ours)
    with os.fdopen(theirs, "rb") as answers:
        for i, job in enumerate(jobs):
            yield _drawn(job) if i % 2 == 0 else _answer(answers)
    os.waitpid(copy, 0)


def _answer(answers: IO[bytes]) -> bytes | None:
    """None where the copy is gone."""
    try:
        svg: bytes | None = pickle.load(answers)
    except (EOFError, pickle.UnpicklingError):
        return None
    return svg


def _drawn(job: bytes) -> bytes | None:
    from handgrad.figures.style import to_svg

    try:
        return to_svg(pickle.loads(job)())
    except Exception:  # whatever it is: the other side will meet it too, and say it
        return None


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed is no answer
    with suppress(KeyboardInterrupt, BrokenPipeError):
        _serve(sys.stdin.buffer, answers)
