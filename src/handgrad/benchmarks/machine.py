"""What a measurement stands on: the processor, the versions, and how a process is held to a number of threads."""

import os
import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from handgrad.cores import usable_cores

# Every library that brings threads of its own reads one of these when it is loaded.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def processor_name() -> str:
    """The processor as its maker calls it, or as near to that as the operating system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    """Processor, cores and system, for the JSON document."""
    return {
        "processor": processor_name(),
        "cores": len(usable_cores()),
        "cores_in_all": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.platform(),
        "pinned": hasattr(os, "sched_setaffinity"),
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Python's version and those of the installed ones among ``packages``; nothing is imported."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def environment(threads: int) -> dict[str, str]:
    """Environment of a process that is to compute with ``threads`` threads, whatever library it loads."""
    variables = dict(os.environ) | {name: str(threads) for name in _THREAD_VARIABLES}
    variables["JAX_PLATFORMS"] = "cpu"
    variables["CUDA_VISIBLE_DEVICES"] = ""
    variables.pop("XLA_FLAGS", None)
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return variables


@contextmanager
def held_to(threads: int) -> Iterator[None]:
    """Within, this thread may use its last ``threads`` cores only, and so may every process that it starts.

    XLA has no other dependable setting: it counts the cores that it may use. Does nothing where the system cannot.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-threads:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class OtherLoad:
    """Watches, from when it is made, how busy the processes are that are not being measured."""

    def __init__(self, pids: Iterable[int]) -> None:
        self.pids = {*pids, os.getpid()}
        self.started = time.perf_counter()
        self.before = self._seconds()

    def _seconds(self) -> float | None:
        """Processor seconds of everything else since the machine started; None where the system does not tell."""
        try:
            fields = [int(field) for field in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
            ticks = sum(fields) - fields[3] - fields[4]  # without idle time and waiting for disks; stolen time counts
            for pid in self.pids:
                ticks -= sum(int(field) for field in _stat_of(pid)[11:13])  # user, system
        except (OSError, ValueError, IndexError):
            return None
        return ticks / os.sysconf("SC_CLK_TCK")

    def cores(self) -> float | None:
        """Cores that everything else kept busy, on average, until now; None where the system does not tell."""
        now = self._seconds()
        if now is None or self.before is None:
            return None
        return max(0.0, (now - self.before) / max(time.perf_counter() - self.started, 1e-9))


def _stat_of(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` behind the command's name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def peak_memory() -> float | None:
    """The most memory, in MiB, that this process has held at one time; None where the system does not tell."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes where there is no /proc


def forget_peak_memory() -> None:
    """Count the peak from now on, where the system lets a process do that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
