"""What the tests of the lab lenet share: a part of the embedded digits."""

from dataclasses import replace

from handgrad.labs.lenet import LenetSettings
from handgrad.labs.lenet_training import load
from reporters import Log

AS_PUBLISHED = [156, 12, 1516, 32, 48120, 10164, 850]
"""Parameters by layer: LeCun et al. (1998), section II-B."""


def small_digits():
    """The embedded digits, a part of them: each epoch is short."""
    dataset = load(LenetSettings().plan(), Log())
    return replace(
        dataset, x=dataset.x[:200], t=dataset.t[:200], x_test=dataset.x_test[:90], t_test=dataset.t_test[:90]
    )
