"""What the tests of the lab lenet share: a reporter that remembers, and a part of the embedded digits."""

import signal
from dataclasses import replace

from handgrad.labs.lenet import LenetSettings
from handgrad.labs.lenet_training import load

AS_PUBLISHED = [156, 12, 1516, 32, 48120, 10164, 850]
"""Parameters by layer: LeCun et al. (1998), section II-B."""


class Log:
    """A reporter that remembers, and that may press Ctrl-C after an epoch."""

    def __init__(self, interrupt_after=None):
        self.records, self.steps, self.lines = [], [], []
        self.interrupt_after = interrupt_after

    def say(self, text):
        self.lines.append(text)

    def metrics(self, record):
        self.records.append(dict(record))
        if record["epoch"] == self.interrupt_after:
            signal.raise_signal(signal.SIGINT)

    def progress(self, done, total, text=""):
        self.steps.append((done, total))


def small_digits():
    """The embedded digits, a part of them: each epoch is short."""
    dataset = load(LenetSettings().plan(), Log())
    return replace(
        dataset, x=dataset.x[:200], t=dataset.t[:200], x_test=dataset.x_test[:90], t_test=dataset.t_test[:90]
    )
