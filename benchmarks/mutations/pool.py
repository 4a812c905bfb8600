"""Some worker processes, each asked one thing at a time, killed and replaced where they do not answer."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[1]
_LIFETIME = 100  # answers, then a fresh process: nothing that a checked file left behind lasts
_GRACE = 60.0  # seconds over the time limit before a worker is killed


class Worker:
    """One process. Not for two threads at once."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._answers = 0

    def ask(self, task: dict[str, Any]) -> dict[str, Any]:
        """The answer to a task, or what stands for one where there is none."""
        if self._process is None or self._answers >= _LIFETIME:
            self._start()
        self._answers += 1
        seconds = task["time_limit"] + _GRACE
        given, taken = self._process.stdin, self._process.stdout
        try:
            given.write(json.dumps(task).encode() + b"\n")
            given.flush()
            ready, _, _ = select.select([taken], [], [], seconds)
            line = taken.readline() if ready else b""
        except BrokenPipeError:
            ready, line = [True], b""
        if line:
            return json.loads(line)
        self.stop()
        why = "the checker's process ended" if ready else f"no answer after {seconds:.0f} seconds"
        return {"seconds": 0.0 if ready else seconds, "report": None, "error": why}

    def stop(self) -> None:
        """End the process and whatever it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self.stop()
        self._answers = 0
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": _path()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mutations.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )


def answers(tasks: Iterable[tuple[Any, dict[str, Any]]], jobs: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Ask every task (label, task), some at a time; yield (label, answer) as they come."""
    workers: list[Worker] = []
    mine = threading.local()

    def ask(label: Any, task: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if not hasattr(mine, "worker"):
            mine.worker = Worker()
            workers.append(mine.worker)
        return label, mine.worker.ask(task)

    pool = ThreadPoolExecutor(jobs)
    try:
        for future in as_completed([pool.submit(ask, *each) for each in tasks]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for each in workers:
            each.stop()


def _path() -> str:
    return os.pathsep.join(filter(None, [str(_FOLDER), os.environ.get("PYTHONPATH", "")]))
