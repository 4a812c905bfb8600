"""The process of one side: ``python -m handgrad.benchmarks.worker LIBRARY THREADS``.

It first says how long its imports took (NumPy's not among them: every worker has it). Then it reads one JSON object a
line from stdin and answers with one on stdout. What libraries print goes to stderr.

    {"command": "load", "workload": "dense", "settings": {...}, "options": {...}}
        builds network and data, trains one epoch  ->  {"cold_s": ..., "loss": ..., "moved": ..., "projections": [...]}
    {"command": "run", "epochs": k}
        from the first parameters again, k epochs  ->  {"seconds": ..., "peak_mib": ...}

An exception becomes ``{"error": "..."}``; the worker goes on. It ends when stdin does.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import Any

import numpy as np

from handgrad.benchmarks.machine import forget_peak_memory, peak_memory
from handgrad.benchmarks.workload import Trainer, fingerprint


class Worker:
    """The problem at hand and the trainer that solves it."""

    def __init__(self, library: str, threads: int) -> None:
        self.peers = import_module(f"handgrad.benchmarks.peers_{library}")
        self.threads = threads
        self.trainer: Trainer | None = None

    def load(self, workload: str, settings: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """Build the trainer of a case and train its first epoch."""
        self.trainer = None  # give the last one's memory back first
        gc.collect()
        forget_peak_memory()
        module = import_module(f"handgrad.benchmarks.{workload}")
        problem = module.problem(settings)
        started = time.perf_counter()
        trainer: Trainer = self.peers.TRAINERS[workload](problem, threads=self.threads, **options)
        trainer.train(1)
        cold = time.perf_counter() - started
        after = [np.asarray(each) for each in trainer.parameters()]
        loss = module.reference_loss(problem, after)
        self.trainer = trainer
        return {"cold_s": cold} | asdict(fingerprint(loss, problem.parameters, after))

    def run(self, epochs: int) -> dict[str, Any]:
        """Seconds that ``epochs`` epochs take."""
        if self.trainer is None:
            raise RuntimeError("no case is loaded")
        self.trainer.reset()
        started = time.perf_counter()
        self.trainer.train(epochs)
        return {"seconds": time.perf_counter() - started, "peak_mib": peak_memory()}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what ``request`` asks for."""
        arguments = {name: value for name, value in request.items() if name != "command"}
        commands: dict[str, Callable[..., dict[str, Any]]] = {"load": self.load, "run": self.run}
        try:
            return commands[request["command"]](**arguments)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}


def main(library: str, threads: int) -> None:
    """Serve until stdin ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    started = time.perf_counter()
    worker = Worker(library, threads)
    facts = worker.peers.prepare(threads)
    print(json.dumps({"import_s": time.perf_counter() - started} | facts), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
