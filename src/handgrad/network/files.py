"""Model files: safetensors (never pickle), with the architecture in the header. Read strictly, written atomically."""

import json
import os
import tempfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import HandgradError, InputError
from handgrad.layers._types import Array
from handgrad.network.images import IMAGES
from handgrad.network.layers import LAYERS
from handgrad.network.losses import LOSSES
from handgrad.network.recurrent import RECURRENT
from handgrad.network.tokens import TOKEN_LAYERS
from handgrad.training.initializers import INITIALIZERS

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

_FORMAT = 1
_HEADER = "handgrad"


def write_atomically(path: Path, data: bytes, *, sync_folder: bool = False) -> None:
    """Write ``data`` under a temporary name, sync it, and rename: a reader sees the old file or the whole new one.
    ``sync_folder``: the new name too is on the disk when this returns.

    Raises HandgradError where the folder cannot be written or the disk is full; an older file is then untouched.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        if sync_folder:
            sync(path.parent)
    except OSError as error:
        _remove(temporary)
        raise HandgradError(f"cannot write {path}: {error.strerror or error}; choose another folder") from None
    except BaseException:  # Ctrl-C
        _remove(temporary)
        raise


def _remove(temporary: str) -> None:
    if temporary and os.path.exists(temporary):
        os.unlink(temporary)


def sync(folder: Path) -> None:
    """Put the names in ``folder`` on the disk, where the system can open a folder to do so."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    """The process's umask; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def architecture_text(network: "Sequential") -> str:
    """What is needed to build the network again, as JSON."""
    return json.dumps(
        {
            "format": _FORMAT,
            "layers": [_described(layer) for layer in network.layers],
            "input_shape": list(network.input_shape),
            "loss": _described(network.loss),
            "weight_decay": network.weight_decay,
            "dtype": network.dtype.name,
            "seed": network.seed,
        },
        sort_keys=True,
    )


def save(network: "Sequential", path: str | Path) -> None:
    """Write parameters and architecture to ``path``. Raises HandgradError where that is not possible."""
    from safetensors.numpy import save as to_bytes

    arrays = {name: np.ascontiguousarray(value) for name, value in network.parameters.items()}
    # one entry alone: safetensors writes several in a random order, and the same network must give the same bytes
    header = {_HEADER: architecture_text(network)}
    write_atomically(Path(path), to_bytes(arrays, metadata=header))


def _read(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Arrays and header of a safetensors file. Raises InputError that says what is wrong with it."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}, expected a model file that handgrad has saved")
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is not a readable safetensors file ({reason}), expected a saved model") from None


def load_parameters(network: "Sequential", path: str | Path) -> None:
    """Read parameters into ``network``. Strict: InputError lists missing, unexpected and wrongly shaped entries."""
    arrays, _ = _read(Path(path))
    try:
        network.parameters.assign(arrays)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def load(path: str | Path) -> "Sequential":
    """The network that ``save`` wrote. Raises InputError for another file, or one whose parts do not fit together."""
    from handgrad.network.sequential import Sequential

    path = Path(path)
    arrays, header = _read(path)
    if _HEADER not in header:
        raise InputError(
            f"{path} has no handgrad architecture in its header; build the network and use load_parameters"
        )
    try:
        plan: dict[str, Any] = json.loads(header[_HEADER])
        if plan["format"] != _FORMAT:
            raise InputError(f"format {plan['format']!r} was written by another version, expected format {_FORMAT}")
        network = Sequential(
            [_build(LAYERS | RECURRENT | IMAGES | TOKEN_LAYERS, entry) for entry in plan["layers"]],
            input_shape=tuple(plan["input_shape"]),
            loss=_build(LOSSES, plan["loss"]),
            weight_decay=plan["weight_decay"],
            dtype=plan["dtype"],
            seed=plan["seed"],
        )
        network.parameters.assign(arrays)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} describes a network this version does not know ({error!r})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return network


def _described(part: Any) -> dict[str, Any]:
    """A layer, loss or initializer as JSON: its kind and its fields."""
    values = {each.name: getattr(part, each.name) for each in fields(part)}
    return {"kind": part.kind} | {name: _described(v) if is_dataclass(v) else v for name, v in values.items()}


def _build(known: dict[str, type[Any]], entry: dict[str, Any]) -> Any:
    """The opposite of ``_described``; what stands in a field is an initializer."""
    values = {name: _build(INITIALIZERS, v) if isinstance(v, dict) else v for name, v in entry.items()}
    return known[values.pop("kind")](**values)
