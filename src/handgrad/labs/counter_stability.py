"""How large a rate may be: what a step of descent does to counters that stand close to the answer w_rec = w_x = 1.

There, a step of rate r turns the distance v from the answer into (1 - r J) v, where J (2 x 2) is the derivative of the
direction by the weights; for the exact gradient J is the Hessian of the loss. The answer attracts if all eigenvalues
l of J have |1 - r l| < 1, which is r < 2 Re(l) / |l|^2.

Source: Polyak (1987), Introduction to Optimization, section 1.4, for the gradient; the same for any linear map.
"""

from typing import Any

import numpy as np

from handgrad.labs.counter_directions import PUBLISHED, Exact, Floats, count

_STEP = 1e-6  # of the central difference: directions are smooth at (1, 1), with derivatives that grow like powers of T
_ZERO = 1e-7  # an eigenvalue this much smaller than the other is 0: nothing depends on that weight


def response(method: str, x: Floats, t: Floats) -> Floats:
    """J (R, 2, 2) of ``method`` for the sequences x and t (T, R, N) of R counters."""
    exact = Exact(x, t)
    columns = []
    for i in range(2):
        ends = []
        for sign in (1, -1):
            weights = np.ones((2, x.shape[1]))
            weights[i] += sign * _STEP
            if method == "exact":
                ends.append(exact(weights))
            else:
                ends.append(PUBLISHED[method](weights, x, t, count(weights, x)))
        columns.append((ends[0] - ends[1]) / (2 * _STEP))
    return np.moveaxis(np.stack(columns, axis=1), 2, 0)


def eigenvalues(J: Floats) -> "np.ndarray[Any, np.dtype[np.complex128]]":
    """Those of each J (R, 2, 2), the larger last, with 0 for what is only rounding."""
    found = np.linalg.eigvals(J).astype(np.complex128)
    found = np.take_along_axis(found, np.argsort(np.abs(found), axis=1), axis=1)
    return np.where(np.abs(found) > _ZERO * np.abs(found[:, -1:]), found, 0)


def rate_limits(J: Floats) -> Floats:
    """The largest rate (R,) at which the answer attracts; 0 where it repels at any rate, infinite where nothing moves.
    Directions that nothing depends on, with eigenvalue 0, do not count."""
    found = eigenvalues(J)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(found == 0, np.inf, 2 * found.real / np.abs(found) ** 2)
    return np.asarray(np.maximum(each.min(axis=1), 0.0))


def condition(J: Floats, rate: Floats | None = None) -> Floats:
    """Largest over smallest eigenvalue (R,) in modulus: about so many iterations at the largest rate take a factor
    e^2 off the distance from the answer. With ``rate`` (2, 1), each weight has its own."""
    found = np.abs(eigenvalues(J if rate is None else rate * J))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found[:, 1] / found[:, 0])
