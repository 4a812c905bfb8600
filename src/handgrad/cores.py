"""How much of the processor this process has."""

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of processor time in so many of the clock


def usable_cores() -> list[int]:
    """The numbers of the cores that this process may use; in a container with less processor time than cores, of as
    many as that is worth."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    return cores[: _worth(_QUOTA) or None]


def _worth(file: Path) -> int:
    """How many cores a container's processor time is worth, rounded up; 0 where nothing is said."""
    try:
        quota, period = file.read_text(encoding="ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max"
        return 0
