"""Checkpoints: training that was killed goes on from the latest, and ends with the same bytes as if it never had been.

``Checkpoints`` is the memory of a run, a folder with its last two checkpoints; ``Training`` is one training in it, as a
context. Whoever has state attaches it: ``fit`` its own, a lab the rest. A run may have several trainings, one after the
other, always in the same order; those that are finished are in every later checkpoint, and are not repeated.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from handgrad.errors import Diverged, HandgradError, InputError
from handgrad.interrupt import Interrupt, deferred_interrupt
from handgrad.terminal import say_error
from handgrad.training.cadence import DEFAULT, Cadence
from handgrad.training.checkpoint_file import checkpoint_path, copied, difference, numbered, read, sweep, to_bytes

_WORTH_KEEPING = 10.0  # seconds of work since the last checkpoint with which a training's end is one too
_KEPT = 2  # checkpoints in the folder


class Journal(Protocol):
    """A file that grows while a training goes on, of which a checkpoint notes how long it was."""

    def position(self) -> int:
        """How long it is, with all of that on the disk."""
        ...

    def holds(self, position: int) -> bool:
        """Whether it is that long."""
        ...

    def truncate(self, position: int) -> None:
        """Cut off what came later, and go back to the beginning: what is there will not be written again."""
        ...

    def seek(self, position: int) -> None:
        """Go on behind ``position``."""
        ...


class Checkpoints:
    """The last two checkpoints of a run, in ``folder``, written ``every`` so often (see ``Cadence.of``).

    ``run`` says which run it is, in what JSON can hold: a checkpoint of another one is refused. ``announce`` is told,
    in a sentence, of a checkpoint that cannot be written, or is damaged. Raises UsageError for another ``every``.
    """

    def __init__(
        self,
        folder: str | Path,
        every: str = DEFAULT,
        *,
        run: Mapping[str, Any] | None = None,
        journal: Journal | None = None,
        announce: Callable[[str], Any] = say_error,
    ) -> None:
        self.folder = Path(folder)
        self.every = Cadence.of(every)
        self.latest: Path | None = None  # that was written, or gone on from
        self._run = json.loads(json.dumps(run))
        self._journal, self._announce = journal, announce
        self._good: list[Path] = []  # the oldest first
        self._number = max((number for number, _ in numbered(self.folder)), default=0)
        self._saved: list[dict[str, Any]] | None = None  # trainings of the checkpoint that was loaded
        self._finished: list[dict[str, Any]] = []
        self._current: Training | None = None
        self._abandoned = False
        self._failing = False  # the last checkpoint could not be written
        self._steps = 0  # since the last checkpoint
        self._time = time.monotonic()  # of the last checkpoint

    def load(self) -> Path | None:
        """Find the newest checkpoint that can be used; None where there are none. One that cannot be used is announced,
        and left as it is. Raises InputError where there are some, and none can be used."""
        sweep(self.folder)
        self._saved, reasons = [], []
        paths = [path for _, path in numbered(self.folder)]
        for i, path in enumerate(paths):
            try:
                tree = read(path)
                self._check(tree, path)
            except InputError as error:
                reasons.append(str(error))
                continue
            self._saved = tree["trainings"]
            self._good = [*reversed(paths[i + 1 :]), path]
            self.latest = path
            if self._journal is not None:
                self._journal.truncate(self._saved[-1]["journal"])
            for reason in reasons:
                self._announce(f"{reason}; going on from the older {path.name}")
            return path
        if reasons:
            raise InputError(f"no checkpoint can be used, and nothing was changed: {'; '.join(reasons)}")
        if self._journal is not None:
            self._journal.truncate(0)
        return None

    def _check(self, tree: dict[str, Any], path: Path) -> None:
        if tree["run"] != self._run:
            raise InputError(f"{path} belongs to another run: {difference(tree['run'], self._run)}")
        position = tree["trainings"][-1]["journal"]
        if self._journal is not None and not self._journal.holds(position):
            raise InputError(f"{path} belongs to {position} bytes of measurements, but there are fewer")

    def training(self, name: str = "") -> "Training":
        """The next training, as a context; ``name`` tells it from others. Where the checkpoint has it, what is attached
        to it is restored."""
        if self._saved is None:
            self.load()
        assert self._saved is not None
        if self._current is not None or self._abandoned:
            return Training(None, name)
        at = len(self._finished)
        saved = self._saved[at] if at < len(self._saved) else None
        if saved is not None and saved["name"] != name:
            raise InputError(f"{self.latest} was made in the training {saved['name']!r}, expected {name!r}")
        if saved is not None and self._journal is not None:
            self._journal.seek(saved["journal"])
        self._current = Training(self, name, saved)
        return self._current

    def took(self, steps: int) -> None:
        """Count steps of the training that goes on."""
        self._steps += steps

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        if self.every.steps is not None:
            return self._steps >= self.every.steps
        return self.every.seconds is not None and time.monotonic() - self._time >= self.every.seconds

    @property
    def room(self) -> int | None:
        """Steps until the next checkpoint, where steps count."""
        return None if self.every.steps is None else max(1, self.every.steps - self._steps)

    def save(self) -> None:
        """Write a checkpoint now. Where that is not possible it is announced; the older ones stay, and another attempt
        follows when the next one is due."""
        self._steps, self._time = 0, time.monotonic()
        path = checkpoint_path(self.folder, self._number + 1)
        try:
            trainings = [*self._finished, *([self._current.as_it_is()] if self._current is not None else [])]
            self._write(path, to_bytes({"run": self._run, "trainings": trainings}))
        except HandgradError as error:
            if not self._failing:  # not again and again
                kept = f"{self.latest.name} is the latest" if self.latest else "there is none yet"
                reason = str(error).removesuffix("; choose another folder")
                self._announce(f"no checkpoint could be written: {reason}; {kept}, and training goes on")
            self._failing = True
            return
        self._failing, self._time = False, time.monotonic()
        self._number += 1
        self._good.append(path)
        self.latest = path
        for old in self._good[:-_KEPT]:
            old.unlink(missing_ok=True)
        del self._good[:-_KEPT]

    def _write(self, path: Path, data: bytes) -> None:
        from handgrad.network.files import sync, write_atomically

        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True)
                sync(self.folder.parent)
        except OSError as error:
            raise HandgradError(f"cannot write {self.folder}: {error.strerror or error}") from None
        write_atomically(path, data, sync_folder=True)

    def position(self) -> int:
        """Of the journal."""
        return 0 if self._journal is None else self._journal.position()

    def over(self, training: "Training", *, finished: bool, stopping: bool) -> None:
        """A training has ended. What was broken off leaves the last checkpoint as it is, and makes no further one."""
        if finished:
            self._finished.append(copied(training.as_it_is(finished=True)))
            self._current = None
            worth = self.every.seconds is not None and time.monotonic() - self._time >= _WORTH_KEEPING
            if self.due or worth or stopping:
                self.save()
        self._current = None
        self._abandoned = not finished

    def clear(self) -> None:
        """Take the checkpoints away: the run is finished. Those that could not be used stay."""
        for path in self._good:
            path.unlink(missing_ok=True)
        self._good.clear()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


class Training(AbstractContextManager["Training"]):
    """One training of a run. With ``owner`` None nothing is kept: the same calls, and no effect.

    Inside the ``with``, Ctrl-C and SIGTERM wait for the next ``step``, which saves before it raises what they raise.
    """

    def __init__(self, owner: Checkpoints | None, name: str = "", saved: Mapping[str, Any] | None = None) -> None:
        self.owner, self.name, self.saved = owner, name, saved
        self._parts: dict[str, Callable[[], Mapping[str, Any]]] = {}
        self._late: list[Callable[[], Any]] = []
        self._interrupt = Interrupt()
        self._deferral: AbstractContextManager[Interrupt] | None = None

    @property
    def kept(self) -> bool:
        """Whether there are checkpoints at all."""
        return self.owner is not None

    @property
    def room(self) -> int | None:
        """Steps until the next checkpoint, where steps count."""
        return None if self.owner is None else self.owner.room

    def attach(
        self,
        name: str,
        state: Callable[[], Mapping[str, Any]],
        restore: Callable[[dict[str, Any]], Any],
        *,
        late: bool = False,
    ) -> None:
        """Have ``state()`` in every checkpoint, a tree of dicts, lists, texts, numbers, None and arrays; where training
        goes on from a checkpoint, ``restore`` is called now with what ``state`` gave then (tuples are lists).

        ``late``: for what changes the samples themselves; it is restored in ``fit``, which looks at them first.

        Raises InputError where the checkpoint has no such state.
        """
        if self.owner is None:
            return
        self._parts[name] = state
        if self.saved is not None:
            if name not in self.saved["parts"]:
                raise InputError(f"{self.owner.latest} has no state of {name}; it belongs to another training")
            part = copied(self.saved["parts"][name])
            if late:
                self._late.append(lambda: restore(part))
            else:
                restore(part)

    def settle(self) -> None:
        """Restore what was to be restored late."""
        for restore in self._late:
            restore()
        self._late.clear()

    def step(self, steps: int = 1) -> None:
        """Call after ``steps`` steps, when all that is attached is up to date: makes a checkpoint if one is due. After
        Ctrl-C or SIGTERM it makes one, and raises KeyboardInterrupt or Terminated."""
        if self.owner is None:
            return
        self.owner.took(steps)
        if self._interrupt.asked:
            self.owner.save()
            self._interrupt.raise_it()
        if self.owner.due:
            self.owner.save()

    def as_it_is(self, *, finished: bool = False) -> dict[str, Any]:
        """All that is attached, as a tree."""
        assert self.owner is not None
        parts = {name: state() for name, state in self._parts.items()}
        return {"name": self.name, "finished": finished, "journal": self.owner.position(), "parts": parts}

    def __enter__(self) -> "Training":
        if self.owner is not None:
            self._deferral = deferred_interrupt(ending=True)
            self._interrupt = self._deferral.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.owner is None:
            return
        assert self._deferral is not None
        try:
            finished = kind is None or issubclass(kind, Diverged)
            self.owner.over(self, finished=finished, stopping=self._interrupt.asked)
        finally:
            self._deferral.__exit__(None, None, None)
        if kind is None:
            self._interrupt.raise_it()
