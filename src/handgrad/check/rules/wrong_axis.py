"""Wrong axis or index: right after two axes are exchanged, or one is reversed or shifted around."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations

import numpy as np

from handgrad.check.evidence import MATCH, Evidence, Snapshot
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array
from handgrad.check.words import listed

_AXES = 5  # beyond which exchanges are too many to try


def diagnose(evidence: Evidence) -> Finding | None:
    names, how = list[str](), ""
    for name in evidence.wrong:
        for words, change in _changes(evidence.problem.point[name].shape):
            if evidence.mends(name, partial(_changed, change)):
                names, how = [*names, name], how or words
                break
    for name in evidence.of_kind("shape"):
        raw = evidence.here.given.raw.get(name)
        if raw is not None and 3 <= raw.ndim <= _AXES:
            for order in permutations(range(raw.ndim)):
                if evidence.here.n(name).agrees(raw.transpose(order), MATCH):
                    names, how = [*names, name], how or f"its axes are taken in the order {list(order)}"
                    break
    if not names:
        return None
    return finding(
        "wrong-axis", names, f"The gradient of {listed(names)} is right once {how}: an axis or an index is another one."
    )


def _changed(change: Callable[[Array], Array], a: Array, snapshot: Snapshot) -> Array:
    return change(a)


def _changes(shape: tuple[int, ...]) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    if 3 <= len(shape) <= _AXES:
        for order in permutations(range(len(shape))):
            if list(order) != sorted(order) and tuple(shape[k] for k in order) == shape:
                yield f"its axes are taken in the order {list(order)}", partial(np.transpose, axes=order)
    for axis, n in enumerate(shape):
        if n > 1:
            yield f"axis {axis} is reversed", partial(np.flip, axis=axis)
        if n > 2:
            for by in (1, -1):
                yield f"axis {axis} is shifted around by {by}", partial(np.roll, shift=by, axis=axis)
