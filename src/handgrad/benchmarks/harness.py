"""Measures sides against each other: each in a process of its own, one busy at a time, in interleaved rounds.

A round runs every side once for about the same time, one after the other, so that a busy machine is busy for all of
them. A round during which other processes kept the machine busy is run again, a limited number of times; the quietest
rounds count, whatever their times were. Medians over them, ratios of the medians, and the ratios' spread.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from handgrad.benchmarks.machine import OtherLoad, environment, held_to
from handgrad.benchmarks.workload import OURS, Case, Fingerprint, Side, disagreement
from handgrad.errors import HandgradError

QUIET = 0.1  # cores that other processes may keep busy during a round
_PAUSE = 0.05  # seconds between two runs: thread pools spin for a while before they sleep


@dataclass(frozen=True)
class Method:
    """``rounds`` of about ``seconds`` a side (at least one epoch), after one warm-up of the same length; at most
    ``again`` further ones in place of rounds that were disturbed."""

    rounds: int = 9
    again: int = 18
    seconds: float = 0.25
    threads: tuple[int, ...] = (1, 2)


@dataclass
class Row:
    """One side in one case. Times of an epoch step in microseconds; ``ratio``: theirs / ours, None for ours.

    ``cold_s``: building the network and its first epoch, in a process that has imported the library; ``epoch_s``: an
    epoch later on. ``other_load``: cores that other processes kept busy in the rounds that count, on average; None
    where the system does not tell. ``peak_mib``: the most memory that the side's process held, in MiB, and
    ``grown_mib`` how much of that came after the warm-up: nothing, where a step takes as much as the one before.
    ``refused`` says why the side was not measured; then the other numbers are None.
    """

    case: str
    side: str
    threads: int
    settings: dict[str, Any]
    us_per_step: float | None = None
    us_rounds: list[float] = field(default_factory=list)
    cold_s: float | None = None
    epoch_s: float | None = None
    loss: float | None = None
    ratio: float | None = None
    ratio_min: float | None = None
    ratio_max: float | None = None
    other_load: float | None = None
    peak_mib: float | None = None
    grown_mib: float | None = None
    same_result: bool = False
    refused: str = ""


class WorkerError(HandgradError):
    """A worker could not do what it was asked for."""


class Worker:
    """A side's process. ``facts`` is what it says of itself; ``import_s`` among them is how long its imports took."""

    def __init__(self, library: str, threads: int, variables: dict[str, str] | None = None) -> None:
        self.library = library
        with held_to(threads):
            self.process = subprocess.Popen(
                [sys.executable, "-m", "handgrad.benchmarks.worker", library, str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment(threads) | (variables or {}),
                start_new_session=True,  # Ctrl-C is for this process, which then ends its workers
            )
        try:
            self.facts = self._reply()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self.process.pid

    def _reply(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            raise WorkerError(f"the process of {self.library} ended with exit code {code}; its messages stand above")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerError(f"{self.library} failed: {reply['error']}")
        return reply

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for its answer. Raises WorkerError where there is none."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended: reading says so
            self.process.stdin.write(json.dumps({"command": command} | arguments) + "\n")
            self.process.stdin.flush()
        return self._reply()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@dataclass
class _Runner:
    """A side that takes part in the rounds of a case."""

    row: Row
    worker: Worker
    epochs: int = 1
    warm_mib: float | None = None

    def run(self) -> float:
        """Seconds of one epoch."""
        time.sleep(_PAUSE)
        reply = self.worker.ask("run", epochs=self.epochs)
        self.row.peak_mib = reply.get("peak_mib")
        return float(reply["seconds"]) / self.epochs

    def warm_up(self, seconds: float) -> None:
        """Find out how many epochs take about ``seconds``, and run them once."""
        self.run()
        self.epochs = max(1, min(100_000, round(seconds / max(self.run(), 1e-6))))
        if self.epochs > 1:
            self.run()
        self.warm_mib = self.row.peak_mib


def measure(
    workload: str, case: Case, steps: int, workers: dict[str, tuple[Side, Worker]], threads: int, method: Method
) -> list[Row]:
    """One case, all sides. ``steps``: of an epoch. The first of ``workers`` is ours, which the others must equal.

    Raises WorkerError where ours fails; a peer that fails, or that computes something else, is told in its row.
    """
    runners: list[_Runner] = []
    rows: list[Row] = []
    ours: Fingerprint | None = None
    for side, worker in workers.values():
        row = Row(case.name, side.name, threads, case.settings)
        rows.append(row)
        try:
            reply = worker.ask("load", workload=workload, settings=case.settings, options=side.options)
            row.cold_s, row.loss = reply.pop("cold_s"), reply["loss"]
            theirs = Fingerprint(reply["loss"], reply["moved"], tuple(reply["projections"]))
            ours = ours or theirs
            row.refused = disagreement(ours, theirs)
            if not row.refused:
                row.same_result = True
                runner = _Runner(row, worker)
                runner.warm_up(method.seconds)
                runners.append(runner)
        except WorkerError as error:
            if side == OURS:
                raise
            row.refused = str(error)
    loads = _rounds(runners, steps, method)
    _conclude(runners, steps, loads)
    return rows


def _rounds(runners: list[_Runner], steps: int, method: Method) -> list[float | None]:
    """Run every side in every round, and leave the times of those that count in the rows. Returns how many cores
    other processes kept busy in each of them."""
    loads: list[float | None] = []
    quiet = 0
    while quiet < method.rounds and len(loads) < method.rounds + method.again:
        load = OtherLoad(runner.worker.pid for runner in runners)
        for runner in runners:
            if runner.row.refused:
                continue
            try:
                runner.row.us_rounds.append(runner.run() / steps * 1e6)
            except WorkerError as error:
                if runner.row.side == OURS.name:
                    raise
                runner.row.refused, runner.row.us_rounds = str(error), []
        loads.append(load.cores())
        quiet += (loads[-1] or 0.0) <= QUIET
    quietest = sorted(sorted(range(len(loads)), key=lambda i: loads[i] or 0.0)[: method.rounds])
    for runner in runners:
        if not runner.row.refused:
            runner.row.us_rounds = [runner.row.us_rounds[i] for i in quietest]
    return [loads[i] for i in quietest]


def _conclude(runners: list[_Runner], steps: int, loads: list[float | None]) -> None:
    """Medians and ratios, from the times in the rows."""
    told = [load for load in loads if load is not None]
    ours = runners[0].row.us_rounds
    for runner in runners:
        row = runner.row
        if row.refused:
            continue
        row.us_per_step = statistics.median(row.us_rounds)
        row.epoch_s = row.us_per_step * steps / 1e6
        row.other_load = statistics.mean(told) if told else None
        if row.peak_mib is not None and runner.warm_mib is not None:
            row.grown_mib = row.peak_mib - runner.warm_mib
        if row.side != OURS.name:
            row.ratio = row.us_per_step / statistics.median(ours)
            each = [theirs / mine for theirs, mine in zip(row.us_rounds, ours, strict=True)]
            row.ratio_min, row.ratio_max = min(each), max(each)


def run_cases(
    workload: str,
    cases: Sequence[tuple[Case, int]],
    sides: Sequence[Side],
    method: Method,
    say: Callable[[str], None],
) -> tuple[list[Row], dict[str, dict[str, Any]]]:
    """All cases (each with the steps of its epoch) at all numbers of threads; also what each library's process says
    of itself. A peer whose process does not start is left out, with a line.

    Raises WorkerError where ours does not start or fails, and where kernels were edited in the meantime."""
    rows: list[Row] = []
    facts: dict[str, dict[str, Any]] = {}
    for threads in method.threads:
        workers: dict[str, tuple[Side, Worker]] = {}
        try:
            for side in sides:
                try:
                    workers[side.name] = side, Worker(side.library, threads)
                except WorkerError as error:
                    if side == OURS:
                        raise
                    say(f"{side.name} is left out: {error}")
                else:
                    _note(facts, side.library, workers[side.name][1].facts)
            for case, steps in cases:
                chosen = {name: pair for name, pair in workers.items() if name not in case.without}
                measured = measure(workload, case, steps, chosen, threads, method)
                rows += measured
                say(_line(case, threads, measured))
        finally:
            for _, worker in workers.values():
                worker.close()
    if OURS.library in facts:
        with Worker(OURS.library, 1) as worker:  # were the kernels edited since?
            _note(facts, OURS.library, worker.facts)
    return rows, facts


def _note(facts: dict[str, dict[str, Any]], library: str, told: dict[str, Any]) -> None:
    """Take down what a process says of itself; of several import times the shortest, which was disturbed least."""
    before = facts.get(library, told)
    if before.get("sources") != told.get("sources"):
        raise WorkerError(f"the kernels of {library} were edited during the measurement, which is void: run it again")
    facts[library] = told | {"import_s": min(before["import_s"], told["import_s"])}


def _line(case: Case, threads: int, rows: list[Row]) -> str:
    """A line of progress."""
    parts = [f"{row.side} {row.us_per_step:.4g}" if row.us_per_step else f"{row.side} refused" for row in rows]
    return f"{case.name}, {threads_text(threads)}, us/step: {', '.join(parts)}"


def threads_text(threads: int) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{threads} thread" if threads == 1 else f"{threads} threads"
