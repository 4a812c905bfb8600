"""``rnn-forms``: what the four forms of a recurrent layer's gradient cost, in time and memory, against the steps T.

Each form is measured with the forward pass that it needs, in float64, on one sequence. Time: the least of several runs,
since a busy machine only adds. Memory: the most that was allocated at once beyond the sequence itself, as Python's
``tracemalloc`` counts it.
"""

import json as json_format
import math
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.benchmarks.machine import machine, versions
from handgrad.layers._types import Array
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward
from handgrad.layers.rnn_forms.double_sum import rnn_double_sum_backward
from handgrad.layers.rnn_forms.forward_mode import rnn_forward_mode
from handgrad.layers.rnn_forms.product import rnn_product_backward

NAME = "rnn-forms"
FIGURE = f"{NAME}.svg"
TITLE = "the gradient of a recurrent layer in four forms"
_HIDDEN, _INPUTS = 16, 2
_RUNS, _SECONDS = 5, 0.5  # runs of each form at each T, fewer where they would take longer than this
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Cost:
    """One form at one number of steps. ``error``: largest difference of a gradient to the recursion's, relative."""

    form: str
    steps: int
    ms: float
    kib: float
    error: float


Arguments = tuple[RnnParams, Array, Array, Array]


def _recursion(params: RnnParams, x: Array, h0: Array, dy: Array) -> RnnParams:
    return rnn_backward(params, rnn_forward(params, x, h0)[1], dy)[2]


def _double_sum(params: RnnParams, x: Array, h0: Array, dy: Array) -> RnnParams:
    return rnn_double_sum_backward(params, rnn_forward(params, x, h0)[1], dy)[2]


def _products(params: RnnParams, x: Array, h0: Array, dy: Array) -> RnnParams:
    return rnn_product_backward(params, rnn_forward(params, x, h0)[1], dy)[2]


def _forward_mode(params: RnnParams, x: Array, h0: Array, dy: Array) -> RnnParams:
    return rnn_forward_mode(params, x, h0, dy)[2]


FORMS: dict[str, Callable[[RnnParams, Array, Array, Array], RnnParams]] = {
    "recursion": _recursion,
    "double sum": _double_sum,
    "products": _products,
    "forward mode": _forward_mode,
}


def problem(steps: int) -> Arguments:
    """Parameters, one sequence, its first state and a cotangent for every step, all random."""
    rng = np.random.default_rng(0)
    H, D = _HIDDEN, _INPUTS
    params = RnnParams(rng.normal(size=(H, H)) / np.sqrt(H), rng.normal(size=(H, D)), rng.normal(size=H))
    return params, rng.normal(size=(steps, D, 1)), rng.normal(size=(H, 1)), rng.normal(size=(steps, H, 1))


def measure(form: str, steps: int) -> Cost:
    """Time and memory of one form."""
    arguments, gradient = problem(steps), FORMS[form]
    exact = _recursion(*arguments)
    seconds: list[float] = []
    found = gradient(*arguments)
    while len(seconds) < _RUNS and (sum(seconds) < _SECONDS or not seconds):
        started = time.perf_counter()
        gradient(*arguments)
        seconds.append(time.perf_counter() - started)
    tracemalloc.start()
    gradient(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    error = max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, exact, strict=True))
    return Cost(form, steps, min(seconds) * 1e3, peak / 1024, error)


def growth(costs: Sequence[Cost], what: str) -> dict[str, float]:
    """For each form the exponent p of T^p, from the largest T and one of about an eighth of it."""
    found = {}
    for form in FORMS:
        chosen = [cost for cost in costs if cost.form == form]
        before, last = chosen[-4:][0], chosen[-1]
        ratio = getattr(last, what) / getattr(before, what)
        found[form] = math.log(ratio) / math.log(last.steps / before.steps)
    return found


def run(json: bool, quick: bool, say: Callable[[str], None], folder: Path | None = None) -> int:
    """Measure, draw ``rnn-forms.svg`` in ``folder`` (default: the current one), and print; returns the exit code, 1
    where a form is not the recursion to 1e-12."""
    from handgrad.figures.rnn_forms import costs_figure
    from handgrad.figures.style import to_svg
    from handgrad.network.files import write_atomically

    costs = []
    for steps in (4, 8) if quick else (4, 8, 16, 32, 64, 128):
        costs += [measure(form, steps) for form in FORMS]
        say(f"{steps} steps, ms: {', '.join(f'{cost.form} {cost.ms:.3g}' for cost in costs[-len(FORMS) :])}")
    path = (folder or Path()) / FIGURE
    write_atomically(path, to_svg(costs_figure(costs)))
    say(f"figure: {path}")
    document = {
        "workload": NAME,
        "title": TITLE,
        "quick": quick,
        "machine": machine(),
        "versions": versions(("handgrad", "numpy")),
        "states": _HIDDEN,
        "costs": [asdict(cost) for cost in costs],
        "growth": {"ms": growth(costs, "ms"), "kib": growth(costs, "kib")},
        "figure": str(path),
    }
    print(json_format.dumps(document, indent=1, allow_nan=False) if json else _text(document))
    return 0 if all(cost.error < _TOLERANCE for cost in costs) else 1


def _text(document: dict[str, Any]) -> str:
    costs: list[dict[str, Any]] = document["costs"]
    lines = [f"{NAME}: {TITLE}, {_HIDDEN} states, one sequence, with the forward pass, float64"]
    lines += ["", f"{'T':>5}" + "".join(f"{form:>24}" for form in FORMS)]
    for steps in dict.fromkeys(cost["steps"] for cost in costs):
        row = (f"{c['ms']:.3g} ms {c['kib']:>7.0f} KiB" for c in costs if c["steps"] == steps)
        lines.append(f"{steps:>5}" + "".join(f"{cell:>24}" for cell in row))
    for what, word in (("ms", "time"), ("kib", "memory")):
        lines.append(
            f"{word} grows as T to the power of: "
            + ", ".join(f"{form} {p:.1f}" for form, p in document["growth"][what].items())
        )
    worst = max(cost["error"] for cost in costs)
    return "\n".join([*lines, f"largest relative difference to the recursion: {worst:.1e}"])
