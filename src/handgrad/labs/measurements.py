"""``metrics.jsonl``: lines that are whole at any moment, in a file that belongs to one process at a time.

The file is locked while it is open, and the lock ends with the process, however that ends. A run that goes on finds the
lines of its checkpoint there: what it measures again on its way to where it stopped is not written twice.
"""

import errno
import os
from pathlib import Path

from handgrad.errors import HandgradError


class InUse(HandgradError):
    """Another process has the file."""


class Measurements:
    """The lines of ``path``, opened and locked. Raises InUse where another process has it, OSError where it cannot be
    opened. Methods that write raise HandgradError where that is not possible; no line is written after that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._broken = ""
        self._there = b""  # lines of a run that goes on
        self._at = 0  # how many bytes of them have come again
        self._file: int | None = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666
        )
        try:
            _lock(self._file)
        except OSError:
            self.close()
            raise InUse(f"{path.parent} is in use by another process; wait until that has ended") from None

    def append(self, line: bytes) -> bool:
        """Write ``line``, which ends with a line feed, in one piece; False where it is there already."""
        if self._file is None:
            return False
        if self._at < len(self._there):
            self._at = self._there.index(b"\n", self._at) + 1
            return False
        try:
            size = os.fstat(self._file).st_size
            if os.write(self._file, line) < len(line):  # the disk is full
                os.ftruncate(self._file, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise self._fails(error) from None
        return True

    def position(self) -> int:
        """Length of the file, all of it on the disk; while lines come again, as far as they have come."""
        if self._broken:
            raise HandgradError(self._broken)
        if self._at < len(self._there):
            return self._at
        if self._file is None:
            return 0
        try:
            os.fsync(self._file)
            return os.fstat(self._file).st_size
        except OSError as error:
            raise self._fails(error) from None

    def holds(self, position: int) -> bool:
        """Whether the file is so long, and a line ends there."""
        if self._file is None or os.fstat(self._file).st_size < position:
            return False
        os.lseek(self._file, max(position - 1, 0), os.SEEK_SET)
        return position == 0 or os.read(self._file, 1) == b"\n"

    def truncate(self, position: int) -> None:
        """Cut off what comes behind ``position``; what is before will come again, from the first line."""
        assert self._file is not None
        os.ftruncate(self._file, position)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._there, self._at = b"", 0
        while part := os.read(self._file, 1 << 24):
            self._there += part

    def seek(self, position: int) -> None:
        """What came before ``position`` will not come again."""
        self._at = max(self._at, position)

    def close(self) -> None:
        """Close the file, and let others have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _fails(self, error: OSError) -> HandgradError:
        self._broken = f"cannot write {self.path}: {error.strerror or error}"
        return HandgradError(self._broken)


def _lock(file: int) -> None:
    """Lock an open file for this process; OSError where another one has it. Does nothing where files have no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN):
            raise
