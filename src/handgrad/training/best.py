"""What early stopping remembers."""

import numpy as np

from handgrad.layers._types import Array
from handgrad.training.callbacks import EarlyStopping
from handgrad.training.history import Epoch


class Best:
    """The lowest loss so far, the parameters that had it, and how long ago that was."""

    def __init__(self, rule: EarlyStopping | None) -> None:
        self.rule = rule
        self.loss = np.inf
        self.epoch = 0
        self.parameters: Array | None = None

    def exhausted(self, epoch: Epoch, flat: Array) -> bool:
        """Take note of an epoch; returns whether patience has run out."""
        if self.rule is None:
            return False
        watched = epoch.loss if epoch.validation_loss is None else epoch.validation_loss
        if watched < self.loss - self.rule.minimum_change:
            self.loss, self.epoch = watched, epoch.epoch
            self.parameters = flat.copy()
        return epoch.epoch - self.epoch >= self.rule.patience
