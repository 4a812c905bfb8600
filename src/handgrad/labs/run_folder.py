"""The folder of a run: made, and found writable, before training begins; every file whole at any moment.

config.toml         all settings
environment.json    versions, processor, seed, command line
metrics.jsonl       a line per measurement, each written in one piece
model.safetensors   the trained network; further ones under their names
figures/*.svg
report.html         all of it, in one file
"""

import errno
import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.errors import HandgradError, UsageError
from handgrad.labs.toml import to_toml
from handgrad.network.files import write_atomically

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential


class RunFolder:
    """A new folder ``path``, with its files. Every method that writes raises HandgradError where that is not
    possible."""

    def __init__(self, path: Path, made: list[Path]) -> None:
        self.path = path
        self._made = made  # folders that this run made, outermost first
        self._files: list[Path] = []
        self._metrics: int | None = None

    @classmethod
    def create(cls, lab: str, out: str | Path | None = None) -> "RunFolder":
        """``out``, new or empty, or else ``runs/<lab>-<time>`` in the current folder.

        Raises UsageError where ``out`` is something else, HandgradError where it cannot be made.
        """
        made: list[Path] = []
        try:
            path = _own_name(lab, made) if out is None else _given_name(Path(out), made)
            folder = cls(path, made)
            folder._open_metrics()
        except OSError as error:
            where = error.filename or out or "runs"
            reason = error.strerror or error
            raise HandgradError(f"cannot write the run folder {where}: {reason}; choose another with --out") from None
        return folder

    def _open_metrics(self) -> None:
        path = self.path / "metrics.jsonl"
        self._metrics = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)
        self._files.append(path)

    def write(self, name: str, data: bytes) -> Path:
        """Write the file ``name``, which may lie in a folder of its own, whole or not at all."""
        path = self.path / name
        if not path.parent.is_dir():
            try:
                path.parent.mkdir()
            except OSError as error:
                raise HandgradError(f"cannot write {path.parent}: {error.strerror or error}") from None
            self._made.append(path.parent)
        write_atomically(path, data)
        self._files.append(path)
        return path

    def write_json(self, name: str, document: Mapping[str, Any]) -> Path:
        """Write ``document`` as JSON, with null for what is not a finite number."""
        return self.write(name, (json_text(document, indent=2) + "\n").encode("utf-8", "replace"))

    def write_toml(self, name: str, document: Mapping[str, Any]) -> Path:
        """Write ``document`` as TOML."""
        return self.write(name, to_toml(document).encode())

    def save_network(self, name: str, network: "Sequential") -> Path:
        """Write the network as ``<name>.safetensors``."""
        path = self.path / f"{name}.safetensors"
        network.save(path)
        self._files.append(path)
        return path

    def append_metrics(self, record: Mapping[str, Any]) -> None:
        """Append a line to ``metrics.jsonl`` in one piece: whoever reads the file, whenever, finds whole lines."""
        if self._metrics is None:
            return
        line = (json_text(record) + "\n").encode("utf-8", "replace")
        try:
            size = os.fstat(self._metrics).st_size
            if os.write(self._metrics, line) < len(line):  # the disk is full
                os.ftruncate(self._metrics, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            path = self.path / "metrics.jsonl"
            raise HandgradError(f"cannot write {path}: {error.strerror or error}") from None

    def close(self) -> None:
        """Close ``metrics.jsonl``."""
        if self._metrics is not None:
            os.close(self._metrics)
            self._metrics = None

    def discard(self) -> None:
        """Take away what this run has made, and nothing else; for a run that failed before it began."""
        self.close()
        for path in self._files:
            path.unlink(missing_ok=True)
        for path in reversed(self._made):
            try:
                path.rmdir()
            except OSError:  # somebody else put something into it
                return


def _own_name(lab: str, made: list[Path]) -> Path:
    """``runs/<lab>-<time>``, with a number behind it where a run began in the same second."""
    _make(Path("runs"), made)
    stem = f"{lab}-{time.strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while True:
        path = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
            continue
        made.append(path)
        return path


def _given_name(path: Path, made: list[Path]) -> Path:
    if "\0" in str(path):
        raise UsageError(f"--out is {str(path)!r}, which cannot be the name of a folder")
    if path.exists() and not path.is_dir():
        raise UsageError(f"--out is {path}, which is a file; expected a new or an empty folder")
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"--out is {path}, a folder that is not empty; expected a new or an empty one")
    _make(path, made)
    return path


def _make(path: Path, made: list[Path]) -> None:
    """Make ``path`` and the folders above it, noting those that were not there."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        made.append(each)


def json_text(document: Any, indent: int | None = None) -> str:
    """``document`` as JSON. What is not a finite number becomes null; NumPy's numbers and arrays become plain ones."""
    return json.dumps(_plain(document), indent=indent, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
