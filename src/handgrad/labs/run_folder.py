"""The folder of a run: made, and found writable, before training begins; every file whole at any moment. One process
at a time has it.

run.json            which lab, with which settings, and whether it is finished: what ``handgrad resume`` reads
config.toml         all settings
environment.json    versions, processor, seed, command line
metrics.jsonl       a line per measurement, each written in one piece
model.safetensors   the trained network; further ones under their names
figures/*.svg
report.html         all of it, in one file
checkpoints/        the last two, until the run is finished
"""

import json
import math
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.errors import HandgradError, InputError, UsageError
from handgrad.labs.measurements import Measurements
from handgrad.labs.toml import to_toml
from handgrad.network.files import write_atomically

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential


# what a process that was killed was writing, see write_atomically
_LEFT_BEHIND = re.compile(r"\..+\.(toml|json|safetensors|svg|html)\.[a-z0-9_]{8}")


class RunFolder:
    """The folder ``path``, with its files. Every method that writes raises HandgradError where that is not possible.

    ``metrics`` are the lines of ``metrics.jsonl``, and their lock is that of the folder.
    """

    def __init__(self, path: Path, made: list[Path]) -> None:
        self.path = path
        self._made = made  # folders that this run made, outermost first
        self._files: list[Path] = []
        self.metrics = Measurements(path / "metrics.jsonl")
        self._files.append(self.metrics.path)

    @classmethod
    def create(cls, lab: str, out: str | Path | None = None) -> "RunFolder":
        """``out``, new or empty, or else ``runs/<lab>-<time>`` in the current folder.

        Raises UsageError where ``out`` is something else, HandgradError where it cannot be made.
        """
        made: list[Path] = []
        try:
            path = _own_name(lab, made) if out is None else _given_name(Path(out), made)
            return cls(path, made)
        except OSError as error:
            where = error.filename or out or "runs"
            reason = error.strerror or error
            raise HandgradError(f"cannot write the run folder {where}: {reason}; choose another with --out") from None

    @classmethod
    def reopen(cls, path: str | Path) -> "RunFolder":
        """The folder of a run that was begun. What a process that was killed had half written is taken away.

        Raises InputError where ``path`` is no such folder, HandgradError where another process has it.
        """
        path = Path(path)
        if "\0" in str(path) or not path.is_dir():
            raise InputError(f"{path} is no folder, expected that of a run, for example runs/points-20250102-030405")
        if not (path / "run.json").is_file():
            raise InputError(
                f"{path} has no run.json: it is no run, or one that ended before it began; expected the folder of a run"
            )
        try:
            folder = cls(path, [])
            for each in [*path.glob(".*"), *path.glob("figures/.*")]:
                if _LEFT_BEHIND.fullmatch(each.name):
                    each.unlink(missing_ok=True)
        except OSError as error:
            raise HandgradError(f"cannot go on in {path}: {error.strerror or error}") from None
        return folder

    def read_json(self, name: str) -> dict[str, Any]:
        """The file ``name``. Raises InputError where it is not what ``write_json`` wrote."""
        path = self.path / name
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}), expected JSON") from None
        if not isinstance(found, dict):
            raise InputError(f"{path} is a {type(found).__name__}, expected an object of JSON")
        return found

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

    def append_metrics(self, record: Mapping[str, Any]) -> bool:
        """Append a line to ``metrics.jsonl`` in one piece: whoever reads the file, whenever, finds whole lines. False
        where the run goes on, and the line is there already."""
        return self.metrics.append((json_text(record) + "\n").encode("utf-8", "replace"))

    def close(self) -> None:
        """Close ``metrics.jsonl``; another process may have the folder then."""
        self.metrics.close()

    def discard(self) -> None:
        """Take away what this run has made, and nothing else; for a run that failed before it began, in its folder."""
        for path in self._files:
            path.unlink(missing_ok=True)
        self.close()
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
        going_on = f", or to go on: handgrad resume {path}" if (path / "run.json").is_file() else ""
        raise UsageError(f"--out is {path}, a folder that is not empty; expected a new or an empty one{going_on}")
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
