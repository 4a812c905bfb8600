"""How long a whole process takes: ``handgrad run points --epochs 1 --quiet``, with a kernel cache empty and full.

And how long the kernels of each case need to be compiled, in a process that has imported everything.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from handgrad.benchmarks.harness import Worker, WorkerError
from handgrad.benchmarks.machine import environment
from handgrad.benchmarks.workload import OURS, Case
from handgrad.cores import usable_cores

WARM_BAR, COLD_BAR = 3.0, 15.0  # seconds of wall clock
_COMMAND = ("run", "points", "--epochs", "1", "--quiet")
_CALL = "import sys; from handgrad.__main__ import process; sys.exit(process())"  # what the installed script does
_WARM_RUNS = 5


def measure_process(say: Callable[[str], None]) -> dict[str, Any]:
    """Wall clock of the command. ``{"skipped": why}`` where there is no command line or it fails."""
    text = f"handgrad {' '.join(_COMMAND)}"
    if find_spec("handgrad.cli") is None:
        return {"command": text, "skipped": "this handgrad has no command line"}
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(len(usable_cores())) | {"NUMBA_CACHE_DIR": f"{folder}/cache"}
        seconds = []
        announced = False
        for i in range(1 + _WARM_RUNS):
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", _CALL, *_COMMAND], env=variables, cwd=folder, capture_output=True, text=True
            )
            seconds.append(time.perf_counter() - started)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                return {"command": text, "skipped": f"it ended with exit code {done.returncode}: {last}"}
            announced = announced or (i == 0 and "compiling" in done.stderr)
    warm = statistics.median(seconds[1:])
    say(f"{text}: first {seconds[0]:.2f} s, later {warm:.2f} s")
    return {
        "command": text,
        "cold_s": seconds[0],
        "cold_at_most": COLD_BAR,
        "cold_met": seconds[0] < COLD_BAR,
        "announced": announced,
        "warm_s": warm,
        "warm_at_most": WARM_BAR,
        "warm_met": warm < WARM_BAR,
        "warm_runs": seconds[1:],
    }


def measure_kernels(workload: str, cases: Sequence[Case], say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds to the end of the first epoch of each case, one after the other, when nothing is compiled yet. What a
    later case shares with an earlier one is compiled by then."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Worker(OURS.library, 1, {"NUMBA_CACHE_DIR": folder}) as worker:
                for case in cases:
                    reply = worker.ask("load", workload=workload, settings=case.settings, options={})
                    found[case.name] = reply["cold_s"]
                    say(f"{case.name}, first epoch with an empty kernel cache: {reply['cold_s']:.2f} s")
        except WorkerError as error:
            return found | {"skipped": str(error)}
    return found
