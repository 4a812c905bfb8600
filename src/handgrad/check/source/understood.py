"""How much of a backward pass is understood: the share of its values that are true gradients."""

import re

import numpy as np

from handgrad.check.source.hooks import Event
from handgrad.check.source.roles import bases
from handgrad.check.source.truth import MANY, Truth


def explained(
    truth: Truth, events: list[Event], targets: dict[int, str] | None = None
) -> tuple[float, dict[int, list[float]]]:
    """How much of a backward pass is understood: for each site the share of its values that are true gradients.

    With ``targets``, the text that each site assigns to, a value counts a little more where its name says the same as
    what it is: ``dh`` the gradient of ``h``.
    """
    ratios: dict[int, list[float]] = {}
    named: dict[int, bool] = {}
    numbers: set[int] = set()
    for event in events:
        if event.kind == "u":
            continue
        if event.value.ndim == 0:
            numbers.add(event.number)
        seen = ratios.setdefault(event.number, [])
        if len(seen) >= MANY:
            continue
        found = truth.match(event.value)
        seen.append(found[1] if found is not None else float("nan"))
        if targets is not None and found is not None and event.number not in named:
            named[event.number] = _speaks(truth, event, targets.get(event.number, ""))
    for number in numbers:  # many are no gradients, nor meant to be
        if not any(np.isfinite(each) for each in ratios[number]):
            del ratios[number]
    usual = truth.usual
    score = 0.0
    for number, each in ratios.items():
        points = [
            1.0 if abs(r - 1) < 1e-4 or abs(r - usual) < 1e-3 * abs(usual) else 0.2 if np.isfinite(r) else 0.0
            for r in each
        ]
        # the first pass counts most: with two faults in a loop, a line that is mended is right there, and not later
        score += 0.6 * points[0] + 0.4 * sum(points) / len(points) + (0.25 if named.get(number) else 0.0)
    return score, ratios


def _speaks(truth: Truth, event: Event, target: str) -> bool:
    """Whether a target's name is made of the name of what it is the gradient of."""
    words = re.findall(r"[^\W\d]\w*", target)
    wanted = {base for word in words[-2:] for base in bases(word)}
    if not wanted:
        return False
    for each in truth.all_exact(event.value):
        if each.key[0] == "u":
            continue  # the gradient through one use only
        label = re.findall(r"[^\W\d]\w*", each.label.split(" (line")[0].split(" as used")[0])
        if len(label) <= 3 and any(word in (base, f"{base}s") for base in wanted for word in label):
            return True
    return False
