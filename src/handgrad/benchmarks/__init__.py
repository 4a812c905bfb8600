"""Benchmarks: handgrad beside its peers, in one run. One file per workload; peers are loaded in processes of their own.

``run`` is what the command line calls; ``python -m handgrad.benchmarks dense`` is the same without it.
"""

import json as json_format
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from handgrad.benchmarks import rnn_forms
from handgrad.benchmarks.harness import Method, Row, run_cases
from handgrad.benchmarks.machine import machine, versions
from handgrad.benchmarks.report import report_text
from handgrad.benchmarks.start import measure_kernels, measure_process
from handgrad.benchmarks.verdict import find_crossovers, judge_bars
from handgrad.benchmarks.workload import OURS, PEERS, Side
from handgrad.cores import usable_cores
from handgrad.errors import unknown_choice

WORKLOADS = ("dense", "rnn", "lenet", "lstm")
_PACKAGES = ("handgrad", "numpy", "numba", "llvmlite", "scipy", "torch", "jax", "jaxlib")


def run(workload: str, against: tuple[str, ...], json: bool, quick: bool) -> int:
    """Measure ``workload`` against the peers named, print the result on stdout, and return the exit code.

    0: done, whatever bars were reached. 1: a peer computed something else, or failed, and was not compared. ``json``:
    exactly one JSON document on stdout. ``quick``: small cases and few rounds, to see that everything works; the
    numbers mean little. A peer that is not installed is left out, with a line. Progress goes to stderr.

    Raises UsageError for an unknown workload or peer, WorkerError where handgrad's own process fails.
    """
    if workload == rnn_forms.NAME:  # no peer takes part
        return rnn_forms.run(json, quick, _say)
    if workload not in WORKLOADS:
        raise unknown_choice("the workload", workload, (*WORKLOADS, rnn_forms.NAME))
    module = import_module(f"handgrad.benchmarks.{workload}")
    sides, skipped = choose_sides(against, getattr(module, "PEERS", PEERS))
    for line in skipped:
        _say(line)
    document = benchmark(workload, sides, quick) | {"skipped": skipped}
    print(json_format.dumps(document, indent=1, allow_nan=False) if json else report_text(document))
    return 1 if any(row["refused"] for row in document["rows"]) else 0


def choose_sides(against: Sequence[str], peers: Mapping[str, tuple[Side, ...]] = PEERS) -> tuple[list[Side], list[str]]:
    """Ours and the installed ones among the peers named, each once, and a line for each that is not installed.
    ``peers``: the sides of each library.

    Raises UsageError for a name that is no peer.
    """
    sides, skipped = [OURS], []
    for name in dict.fromkeys(against):
        if name not in peers:
            raise unknown_choice("a peer to measure against", name, tuple(peers))
        if find_spec(name) is None:
            skipped.append(f"{name} is not installed: skipped (pip install {name} to measure against it)")
        else:
            sides += peers[name]
    return sides, skipped


def benchmark(workload: str, sides: Sequence[Side], quick: bool) -> dict[str, Any]:
    """Measure, and put everything into one document that JSON can hold."""
    module = import_module(f"handgrad.benchmarks.{workload}")
    cases = module.cases(quick)
    most = len(usable_cores())
    threads = tuple(n for n in (1, 2) if n <= most and not (quick and n > 1))
    method = Method(rounds=2, again=0, seconds=0.02, threads=threads) if quick else Method(threads=threads)
    start = _start(workload, cases, quick)
    steps = [(case, module.problem(case.settings).steps) for case in cases]
    rows, facts = run_cases(workload, steps, sides, method, _say)
    start["import_s"] = {library: fact["import_s"] for library, fact in facts.items() if library != "numpy"}
    return {
        "workload": workload,
        "title": module.TITLE,
        "quick": quick,
        "machine": machine() | {"target": facts[OURS.library].get("target")},
        "kernels": facts[OURS.library].get("sources"),
        "versions": versions(_PACKAGES),
        "method": asdict(method),
        "rows": [_as_document(row) for row in rows],
        "bars": judge_bars(module.BARS, rows),
        "crossover": find_crossovers(cases, rows),
        "start": start,
    }


def _start(workload: str, cases: Sequence[Any], quick: bool) -> dict[str, Any]:
    """Cold and warm starts, while no other process of ours is there."""
    if quick:
        process = {"command": "handgrad run points --epochs 1 --quiet", "skipped": "this is a quick run"}
        return {"process": process, "kernels_s": {}}
    process = measure_process(_say)
    firsts: dict[str, Any] = {}
    for case in cases:
        for axis in case.axes:
            firsts.setdefault(axis, case)
    return {"process": process, "kernels_s": measure_kernels(workload, list(firsts.values()), _say)}


def _as_document(row: Row) -> dict[str, Any]:
    """The row as JSON can hold it, which has no NaN: a side that was refused may have met one."""
    loss = row.loss if row.loss is not None and math.isfinite(row.loss) else None
    return asdict(row) | {"loss": loss, "refused": row.refused or None}


def _say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)
