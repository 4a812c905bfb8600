"""What a lab calls so that its training survives: see ``handgrad.training.checkpoints``."""

from handgrad.labs.result import Reporter
from handgrad.training.checkpoints import Checkpoints, Training


def training_of(reporter: Reporter, name: str = "") -> Training:
    """The next training of the run that ``reporter`` belongs to, as a context; ``name`` tells it from others of the
    run. Without checkpoints in the run: one that keeps nothing."""
    checkpoints: Checkpoints | None = getattr(reporter, "checkpoints", None)
    return Training(None, name) if checkpoints is None else checkpoints.training(name)
