"""How the next token is chosen from a language model's logits: temperature, top-k, top-p, or the most probable one.

    p_i = exp(a_i / temperature) / sum_j exp(a_j / temperature)        over the tokens that are left

First come those that the form allows; of them the ``top_k`` most probable; of these the fewest that together have
``top_p`` of the probability (Holtzman et al. 2020, The curious case of neural text degeneration, section 3.1).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.errors import UsageError
from handgrad.options import FACTOR, POSITIVE, number, whole

Float64 = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
TEMPERATURE = 0.8


@dataclass(frozen=True)
class Choice:
    """Below ``temperature`` 1 the probable becomes more probable. Raises UsageError: a temperature that is not above
    0, ``top_k`` below 1, ``top_p`` outside (0, 1], and ``greedy`` beside any of them."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    greedy: bool = False

    def __post_init__(self) -> None:
        for name, allowed in (("temperature", POSITIVE), ("top_p", FACTOR)):
            if getattr(self, name) is not None:
                number(_option(name), getattr(self, name), allowed)
        if self.top_k is not None:
            whole(_option("top_k"), self.top_k)
        given = [name for name in ("temperature", "top_k", "top_p") if getattr(self, name) is not None]
        if self.greedy and given:
            raise UsageError(
                f"--greedy takes the most probable character, but {_option(given[0])} was given; leave one out"
            )

    def probabilities(self, logits: Any, allowed: Mask) -> Float64:
        """Of every token (n, V), 0 of what is not to be chosen. ``logits`` (n, V); ``allowed`` (n, V), at least one
        token a row."""
        a = np.where(allowed, np.asarray(logits, np.float64), -np.inf)
        a = (a - a.max(axis=1, keepdims=True)) / (TEMPERATURE if self.temperature is None else self.temperature)
        if self.top_k is not None and self.top_k < a.shape[1]:
            least = np.partition(a, -self.top_k, axis=1)[:, -self.top_k, None]
            a = np.where(a >= least, a, -np.inf)
        p: Float64 = np.exp(a)
        p /= p.sum(axis=1, keepdims=True)
        return p if self.top_p is None else _nucleus(p, self.top_p)

    def pick(self, logits: Any, allowed: Mask, chance: Float64) -> np.ndarray[Any, np.dtype[np.int64]]:
        """A token for every row; ``chance`` (n,) in [0, 1) decides."""
        if self.greedy:
            best: np.ndarray[Any, np.dtype[np.int64]] = np.where(allowed, logits, -np.inf).argmax(axis=1)
            return best
        cumulated = self.probabilities(logits, allowed).cumsum(axis=1)
        reached = cumulated > (chance * cumulated[:, -1])[:, None]
        picked: np.ndarray[Any, np.dtype[np.int64]] = reached.argmax(axis=1)
        return picked


def _nucleus(p: Float64, share: float) -> Float64:
    order = np.argsort(-p, axis=1, kind="stable")
    ordered = np.take_along_axis(p, order, axis=1)
    before = ordered.cumsum(axis=1) - ordered  # the probability of those that come first
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, np.where(before < share, ordered, 0.0), axis=1)
    kept /= kept.sum(axis=1, keepdims=True)
    return kept


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
