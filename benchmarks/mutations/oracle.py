"""Which mutants are wrong: their gradients beside those of the right file. It knows nothing of the checker."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .subject import Overtime, Session, Subject, quiet

CLOSE = 1e-6  # relative: of what the numbers suggest
FLOOR = 1e-6  # times the largest gradient: an array smaller than this is compared with this
SECONDS = 3.0  # a mutant that runs longer is stillborn
POINTS = (1, 2)  # seeds of the random parameter points, after the file's own

Observation = list[dict[str, Any]]


@dataclass(frozen=True)
class Judgement:
    """What became of one mutant."""

    kind: str  # "live", "marginal", "equivalent", "raises", "hangs", "forward"
    difference: float = 0.0  # largest relative difference of any gradient
    looks: tuple[str, ...] = ()  # classes that the numbers by themselves suggest
    at_own_point: bool = True  # False: wrong at random parameters only
    why: str = ""  # of "raises"
    wrong: tuple[str, ...] = field(default=())  # paths of the wrong gradients


class Oracle:
    """The right gradients of one file, and the comparison with them."""

    def __init__(self, subject: Subject, text: str | None = None) -> None:
        self.subject = subject
        self.right = self._observe(subject.source() if text is None else text)

    def judge(self, text: str) -> Judgement:
        """Run a mutant. Never raises for what a mutant does."""
        try:
            seen = self._observe(text)
        except Overtime:
            return Judgement("hangs")
        except (Exception, SystemExit) as error:
            return Judgement("raises", why=f"{type(error).__name__}: {error}"[:200])
        if _apart(seen[0], self.right[0]) > self.subject.equal:
            return Judgement("forward")
        return self._compare(seen)

    def same(self, text: str) -> bool:
        """Whether a file has the right gradients: what a correction is held to."""
        return self.judge(text).kind == "equivalent"

    def observed(self, text: str) -> Observation | None:
        """Loss and gradients of a file that may raise."""
        try:
            return self._observe(text)
        except (Overtime, Exception, SystemExit):
            return None

    @staticmethod
    def apart(one: Observation, other: Observation) -> float:
        """The largest relative difference of any gradient of two observations."""
        return max(_apart(mine, yours) for mine, yours in zip(one[1:], other[1:], strict=True))

    def _observe(self, text: str) -> Observation:
        """The loss, then the gradients twice at each point: a second call shows what the first left behind."""
        with quiet(SECONDS):
            session = Session(self.subject, text)
            seen = [session.loss(), session.gradients(), session.gradients()]
            for seed in POINTS:
                session.move(seed)
                session.loss()
                seen += [session.gradients(), session.gradients()]
            return seen

    def _compare(self, seen: Observation) -> Judgement:
        pairs = list(zip(seen[1:], self.right[1:], strict=True))
        apart = [_apart(mine, right) for mine, right in pairs]
        worst = max(apart)
        equal, clear = self.subject.equal, self.subject.clear
        kind = "equivalent" if worst <= equal else "marginal" if worst <= clear else "live"
        wrong = {key for mine, right in pairs for key in right if _apart_by(mine, right, key) > equal}
        with np.errstate(all="ignore"):
            looks = suggestions(pairs, wrong) if kind == "live" else ()
        return Judgement(kind, worst, looks, max(apart[:2]) > equal, wrong=tuple(sorted(wrong)))


def _apart(mine: dict[str, Any], right: dict[str, Any]) -> float:
    """The largest relative difference of any array; infinite where one is missing, or of another shape."""
    if mine.keys() != right.keys():
        return np.inf
    return max((_apart_by(mine, right, key) for key in right), default=0.0)


def _apart_by(mine: dict[str, Any], right: dict[str, Any], key: str) -> float:
    a, b = mine.get(key), right[key]
    if a is None or b is None:
        return 0.0 if a is b else np.inf
    if a.shape != b.shape:
        return np.inf
    largest = max((np.max(np.abs(each), initial=0.0) for each in right.values() if each is not None), default=0.0)
    scale = max(np.max(np.abs(b), initial=0.0), FLOOR * largest, 1e-300)
    with np.errstate(all="ignore"):
        difference = np.max(np.abs(a - b), initial=0.0) / scale
    return float(difference) if np.isfinite(difference) else np.inf


def suggestions(pairs: list[tuple[dict[str, Any], dict[str, Any]]], wrong: set[str]) -> tuple[str, ...]:
    """Classes that the numbers show by themselves, as the table of classes describes them."""
    both = [(mine.get(key), right[key]) for mine, right in pairs for key in sorted(wrong)]
    if not both:  # a gradient too many
        return ()
    if any(a is None or b is None for a, b in both):
        return ("never-written",)
    if any(a.shape != b.shape for a, b in both):
        transposed = all(a.T.shape == b.shape and np.allclose(a.T, b, rtol=CLOSE, atol=0) for a, b in both)
        return ("transpose",) if transposed else ()
    found = []
    flat = np.concatenate([a.ravel() for a, _ in both]), np.concatenate([b.ravel() for _, b in both])
    ratio = float(np.vdot(flat[1], flat[0]).real / max(np.vdot(flat[1], flat[1]).real, 1e-300))
    if np.isfinite(ratio) and np.allclose(flat[0], ratio * flat[1], rtol=CLOSE, atol=1e-12):
        found = ["never-written"] if abs(ratio) < 1e-9 else ["sign"] if abs(ratio + 1) < CLOSE else ["factor", "mean"]
    if all(a.ndim == 2 and a.shape[0] == a.shape[1] and np.allclose(a.T, b, rtol=CLOSE) for a, b in both):
        found.append("transpose")
    first, second = pairs[0], pairs[1]
    if _apart(second[0], first[0]) > CLOSE and _apart(second[1], first[1]) <= CLOSE:
        found += ["buffer-not-cleared", "mutation", "accumulator-seed"]  # the second call differs from the first
    return tuple(found)
