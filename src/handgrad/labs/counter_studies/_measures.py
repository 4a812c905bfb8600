"""What makes a length hard, measured: product terms, curvature and largest stable rate, the wall beyond w_rec = 1."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from handgrad.labs.counter import METHODS, RULES, CounterPlan
from handgrad.labs.counter_directions import Exact, Floats, count, product_terms
from handgrad.labs.counter_stability import condition, eigenvalues, rate_limits, response
from handgrad.labs.counter_surface import loss_over
from handgrad.labs.counter_training import rates

RECURRENT = (0.5, 0.9, 1.0, 1.1, 1.5)
"""Values of w_rec for which the product terms are measured, at w_x = 1."""

SIDES = (0.9, 1.1)
"""Left and right of the answer: the wall is how much higher the loss is on the right."""

_SLICE = np.linspace(-0.5, 2.0, 501)


@dataclass(frozen=True)
class Stability:
    """At the answer, over the seeds of a study. ``curvature``: median of the Hessian's larger eigenvalue. ``limits``:
    median of the largest stable rate, by method; ``stable``: for how many seeds the published rate is below it.
    ``condition``: median, for one rate and for each weight's own. ``first_step``: median length of the exact gradient's
    first step in the published setting. ``wall``: loss at w_rec = 1.1 over that at 0.9, w_x = 1."""

    length: int
    seeds: int
    curvature: float
    limits: dict[str, float]
    stable: dict[str, int]
    condition: float
    own_condition: float
    first_step: float
    wall: float

    def document(self) -> dict[str, Any]:
        """For the JSON document."""
        return asdict(self)


def stability(plan: CounterPlan, starts: Floats, x: Floats, t: Floats) -> Stability:
    """For the sequences x and t (T, S, N) of all seeds, with the published first weights ``starts`` (2, S)."""
    steps, seeds, sequences = x.shape
    rate = RULES["published"].rate
    responses = {method: response(method, x, t) for method in METHODS}
    limits = {method: rate_limits(J) for method, J in responses.items()}
    J = responses["exact"]
    own = rates(RULES["robust"], steps, sequences)
    first = rate * np.sqrt((Exact(x, t)(starts) ** 2).sum(axis=0))
    left, right = (((count(_at(w, seeds), x).s[:-1] - t) ** 2).sum(axis=(0, 2)) for w in SIDES)
    return Stability(
        length=steps,
        seeds=seeds,
        curvature=float(np.median(np.abs(eigenvalues(J)[:, 1]))),
        limits={method: float(np.median(each)) for method, each in limits.items()},
        stable={method: int((each > rate).sum()) for method, each in limits.items()},
        condition=_median(condition(J)),
        own_condition=_median(condition(J, own)),
        first_step=float(np.median(first)),
        wall=_median(right / np.where(left > 0, left, np.nan)),
    )


def _at(w_rec: float, counters: int) -> Floats:
    return np.stack([np.full(counters, w_rec), np.ones(counters)])


def _median(values: Floats) -> float:
    """Of the finite ones; NaN where there is none, as at length 1, where nothing depends on w_rec."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def sensitivities(x: Floats) -> dict[float, float]:
    """ds_T/dw_rec by w_rec, the sum of the product terms of the last step: median over all sequences x (T, S, N)."""
    found = {}
    for w_rec in RECURRENT:
        s = ds = np.zeros(x.shape[1:])
        for bits in x:  # forward mode: the sum of the terms, without its parts
            ds = s + w_rec * ds
            s = w_rec * s + bits
        found[w_rec] = float(np.median(ds))
    return found


def term_maps(x: Floats) -> dict[float, Floats]:
    """The terms s_{k-1} w_rec^(n-k) of ds_n/dw_rec, (T, T) by w_rec, mean over the sequences x (T, N), w_x = 1."""
    column = x[:, None, :]
    maps = {}
    for w_rec in (RECURRENT[0], 1.0, RECURRENT[-1]):
        weights = _at(w_rec, 1)
        maps[w_rec] = product_terms(weights, column, count(weights, column))[0].mean(axis=(2, 3))
    return maps


def slices(x: Floats, t: Floats) -> tuple[Floats, Floats, Floats]:
    """w_rec (n,), and E and dE/dw_rec along it at w_x = 1, for sequences x and t (T, N)."""
    loss = loss_over(_SLICE, np.ones(1), x, t)[0]
    n = len(_SLICE)
    weights = np.stack([_SLICE, np.ones(n)])
    many = (np.broadcast_to(each[:, None], (len(x), n, x.shape[1])) for each in (x, t))
    xs, ts = many
    states = count(weights, xs)
    dw, ds = np.zeros(n), np.zeros((n, x.shape[1]))
    for step in range(len(x)):  # forward mode
        ds = states.d[step] * (states.s[step - 1] + weights[0, :, None] * ds)
        dw = dw + ((states.s[step] - ts[step]) * ds).sum(axis=1)
    return _SLICE, loss, dw
