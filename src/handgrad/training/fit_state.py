"""What a checkpoint holds of a call of ``fit``, and how it goes on from there."""

import zlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import InputError
from handgrad.network.engine import Batch
from handgrad.training.checkpoint_file import difference
from handgrad.training.checkpoints import Training
from handgrad.training.history import Epoch, History

if TYPE_CHECKING:
    from handgrad.training.fit import Run

_RULES = ("optimizer", "clipping")  # of the TrainingState: they are settings, and do not change


def attach(run: "Run", training: Training) -> None:
    """Have the state of ``run`` in the checkpoints of ``training``, and go on from the one that there is, if any.

    Raises InputError where that belongs to another network, other data or other settings.
    """
    about = _about(run)
    training.attach("fit", lambda: {"about": about} | _state(run), lambda saved: _restore(run, about, saved))
    training.settle()


def _about(run: "Run") -> dict[str, Any]:
    """What has to be the same for training to go on."""
    from handgrad.network.files import architecture_text

    settings = run.settings
    optimizer = {"kind": settings.optimizer.kind, "numbers": settings.optimizer.hyper().tolist()}
    return {
        "network": architecture_text(run.network),
        "engine": type(run.engine).__name__,
        "samples": run.samples,
        "data": _fingerprint(run.data),
        "validation data": None if run.validation is None else _fingerprint(run.validation),
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "optimizer": optimizer,
        "schedule": repr(settings.schedule),
        "shuffle": settings.shuffle,
        "seed": settings.seed,
        "early_stopping": repr(settings.early_stopping),
        "clipping": [float(bound) for bound in settings.clipping],
    }


def _fingerprint(batch: Batch) -> str:
    """A checksum of the samples."""
    found = 0
    for array in (batch.x, batch.t, batch.weights, batch.lengths):
        found = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, found)
    return f"{found:08x}"


def _state(run: "Run") -> dict[str, Any]:
    best = run.best
    found = {
        "unfinished": run.unfinished,
        "parameters": run.network.parameters.flat,
        "history": _history(run.history),
        "seconds": run.seconds,
    }
    if best.parameters is not None:
        found["best"] = {"loss": best.loss, "epoch": best.epoch, "parameters": best.parameters}
    if run.unfinished:
        found["training"] = {f.name: getattr(run.state, f.name) for f in fields(run.state) if f.name not in _RULES}
        found["at"] = run.at
        found["random"] = run.before if run.at else run.rng.bit_generator.state
        found["first"] = run.first if run.at else None
    return found


def _restore(run: "Run", about: dict[str, Any], saved: dict[str, Any]) -> None:
    if saved["about"] != about:
        raise InputError(f"the checkpoint belongs to another training: {difference(saved['about'], about)}")
    run.unfinished = saved["unfinished"]
    run.network.parameters.flat[...] = saved["parameters"]
    _restore_history(run.history, saved["history"])
    run.seconds = saved["seconds"]
    if "best" in saved:
        best = saved["best"]
        run.best.loss, run.best.epoch, run.best.parameters = best["loss"], best["epoch"], best["parameters"]
    if not run.unfinished:
        return
    for name, value in saved["training"].items():
        if name == "vectors":  # where it stands in memory, a kernel's vectors are aligned
            run.state.vectors[...] = value
        else:
            setattr(run.state, name, value)
    run.at = saved["at"]
    run.rng.bit_generator.state = saved["random"]
    if run.at:
        run.begin_epoch()
        run.first = saved["first"]


def _history(history: History) -> dict[str, Any]:
    """As columns: a training of a small network has thousands of epochs."""
    epochs = history.epochs
    return {
        "numbers": np.array([[e.loss, e.learning_rate, e.seconds] for e in epochs], np.float64).reshape(-1, 3),
        "validation": [e.validation_loss for e in epochs] if any(e.validation_loss is not None for e in epochs) else [],
        "stopped": history.stopped,
        "message": history.message,
        "best_epoch": history.best_epoch,
    }


def _restore_history(history: History, saved: dict[str, Any]) -> None:
    numbers: list[list[float]] = saved["numbers"].tolist()
    validation = saved["validation"] or [None] * len(numbers)
    history.epochs[:] = [
        Epoch(i + 1, loss, rate, seconds, checked)
        for i, ((loss, rate, seconds), checked) in enumerate(zip(numbers, validation, strict=True))
    ]
    history.stopped, history.message, history.best_epoch = saved["stopped"], saved["message"], saved["best_epoch"]
