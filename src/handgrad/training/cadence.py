"""How often something is done while training goes on: every so many steps, or every so many seconds."""

import re
from dataclasses import dataclass

from handgrad.errors import out_of_range

DEFAULT = "1min"
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|min|h)")


@dataclass(frozen=True)
class Cadence:
    """How often: every ``steps`` steps, or every ``seconds`` seconds, or never (both None)."""

    steps: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, text: str) -> "Cadence":
        """``500`` is steps; ``30s``, ``2min`` and ``1h`` are times; ``never``. UsageError for anything else."""
        given = str(text).strip().lower()
        if given == "never":
            return cls()
        if given.isascii() and given.isdigit() and int(given) > 0:
            return cls(steps=int(given))
        match = _TIME.fullmatch(given)
        if match and float(match[1]) > 0:
            return cls(seconds=float(match[1]) * _UNITS[match[2]])
        raise out_of_range("checkpoint_every", repr(text), "steps, as 500, or a time, as 30s or 2min, or never")
