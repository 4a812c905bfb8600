"""A checkpoint as a file: safetensors, with a checksum over all of it, written under a new name, and read strictly.

What it holds is a tree: dicts, lists, texts, numbers, None, and NumPy arrays. The arrays are the tensors of the file;
the rest is JSON in its header, where Python's floats come back exactly, and whole numbers of any size.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.errors import InputError
from handgrad.layers._types import Array

FORMAT = 1
_HEADER = "handgrad_checkpoint"
_ARRAY = "__array__"
_NAME = re.compile(r"checkpoint-(\d{6,})\.safetensors")
_LEFT_BEHIND = re.compile(r"\..+\.[a-z0-9_]{8}")  # what a process that was killed was writing


def checkpoint_path(folder: Path, number: int) -> Path:
    """The file of checkpoint ``number``."""
    return folder / f"checkpoint-{number:06d}.safetensors"


def numbered(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints in ``folder``, the newest first; none where it does not exist."""
    if not folder.is_dir():
        return []
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted(found, reverse=True)


def sweep(folder: Path) -> None:
    """Take away what a process that was killed had half written. For the one process that uses ``folder`` now."""
    if folder.is_dir():
        for path in folder.iterdir():
            if _LEFT_BEHIND.fullmatch(path.name) and path.is_file():
                path.unlink(missing_ok=True)


def to_bytes(tree: Mapping[str, Any]) -> bytes:
    """``tree`` as the bytes of a file. Raises TypeError for what has no form there."""
    from safetensors.numpy import save

    from handgrad import __version__

    arrays: list[Array] = []
    content = json.dumps(_flattened(tree, arrays))
    tensors = {str(i): array for i, array in enumerate(arrays)}
    header = {"format": FORMAT, "version": __version__, "content": content}
    header["sha256"] = _checksum(header, tensors)
    # one entry alone: safetensors writes several in a random order
    return bytes(save(tensors, metadata={_HEADER: json.dumps(header)}))


def read(path: Path) -> dict[str, Any]:
    """The tree that was written to ``path``. Raises InputError, one sentence, where it cannot be used."""
    from safetensors import SafetensorError, safe_open

    from handgrad import __version__

    damaged = InputError(f"{path} is damaged: its bytes are not those that were written")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})[_HEADER])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
        checksum = header.pop("sha256")
        form, written_by, content = (header[key] for key in ("format", "version", "content"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None
    if checksum != _checksum(header, tensors):
        raise damaged
    if form != FORMAT or written_by != __version__:
        raise InputError(
            f"{path} was written by handgrad {written_by} (format {form}), this is {__version__} (format {FORMAT}); "
            "go on with that version"
        )
    tree: dict[str, Any] = _restored(json.loads(content), tensors)
    return tree


def _checksum(header: Mapping[str, Any], tensors: Mapping[str, Array]) -> str:
    """SHA-256 over everything: the header, and of each array its name, its type, its shape and its bytes."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _flattened(value: Any, arrays: list[Array]) -> Any:
    """``value`` as JSON knows it, with a reference for each array, which is put into ``arrays``."""
    if isinstance(value, np.ndarray):
        arrays.append(np.ascontiguousarray(value).reshape(value.shape))
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _flattened(each, arrays) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_flattened(each, arrays) for each in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{value!r} has no form in a checkpoint")


def _restored(value: Any, tensors: Mapping[str, Array]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_ARRAY}:
            return tensors[str(value[_ARRAY])]
        return {key: _restored(each, tensors) for key, each in value.items()}
    if isinstance(value, list):
        return [_restored(each, tensors) for each in value]
    return value


def copied(value: Any) -> Any:
    """A tree with arrays of its own, for one that is written later."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Mapping):
        return {key: copied(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [copied(each) for each in value]
    return value


def difference(given: Any, expected: Any) -> str:
    """In which entry two descriptions differ first, and how."""
    if isinstance(given, dict) and isinstance(expected, dict):
        key = next(key for key in [*given, *expected] if given.get(key) != expected.get(key))
        inner = difference(given.get(key), expected.get(key))
        return inner if isinstance(given.get(key), dict) else f"{key} = {inner}"
    return f"{given!r}, expected {expected!r}"
