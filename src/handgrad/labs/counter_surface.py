"""The loss of a counter over its two weights, for a picture."""

from typing import TYPE_CHECKING

import numpy as np

from handgrad.labs.counter_directions import Floats, count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handgrad.figures.counter import Landscape

_POINTS = 81  # along each weight
_FRAME = ((-0.4, 1.6), (-0.4, 2.2))  # of w_rec and of w_x, that every picture shows
_WIDEST = ((-0.8, 2.2), (-1.0, 14.0))  # that a picture follows a way to
_MARGIN = 0.05
_COUNTERS = 600  # at a time: a long length needs memory for each


def loss_over(w_rec: Floats, w_x: Floats, x: Floats, t: Floats) -> Floats:
    """E (m, n) at every pair of ``w_x`` (m,) and ``w_rec`` (n,), for sequences x and t (T, N), always finite."""
    weights = np.stack([each.ravel() for each in np.meshgrid(w_rec, w_x)])
    found = np.empty(weights.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(found), _COUNTERS):
            part = weights[:, first : first + _COUNTERS]
            s = count(part, np.broadcast_to(x[:, None], (len(x), part.shape[1], x.shape[1]))).s[:-1]
            found[first : first + _COUNTERS] = ((s - t[:, None]) ** 2).sum(axis=(0, 2)) / 2
    return np.nan_to_num(found, nan=np.inf, posinf=np.finfo(np.float64).max).reshape(len(w_x), len(w_rec))


def landscape(title: str, x: Floats, t: Floats, paths: "Mapping[str, Floats]") -> "Landscape":
    """The loss around the answer and the ``paths`` (I, 2), as far as a picture can show both."""
    from handgrad.figures.counter import Landscape

    everything = np.concatenate([path[np.isfinite(path).all(axis=1)] for path in paths.values()])
    axes = []
    for i, ((low, high), (lowest, highest)) in enumerate(zip(_FRAME, _WIDEST, strict=True)):
        reach = _MARGIN * (high - low)
        low = max(lowest, min(low, float(everything[:, i].min()) - reach))
        high = min(highest, max(high, float(everything[:, i].max()) + reach))
        axes.append(np.linspace(low, high, _POINTS))
    shown = {name: path[np.isfinite(path).all(axis=1)] for name, path in paths.items()}
    silent = float((t**2).sum()) / 2 or 1.0  # the loss of the output 0
    return Landscape(title, axes[0], axes[1], loss_over(axes[0], axes[1], x, t) / silent, shown)
