"""Processes of the sides, rounds, and what is made of the times; with sides that only pretend to train."""

import os

import pytest

from handgrad.benchmarks import harness
from handgrad.benchmarks.harness import Method, Worker, WorkerError, measure, run_cases
from handgrad.benchmarks.machine import (
    OtherLoad,
    environment,
    forget_peak_memory,
    held_to,
    peak_memory,
    versions,
)
from handgrad.benchmarks.workload import OURS, Case, Side
from handgrad.cores import usable_cores
from handgrad.errors import HandgradError

CASE = Case("pretended", {"n": 3}, {"size": 3})
METHOD = Method(rounds=3, again=0, seconds=0.8, threads=(1,))


class Pretender:
    """Answers as a worker does: an epoch takes the next of ``seconds``, the last one for ever."""

    def __init__(self, name, seconds, log, loss=0.5):
        self.name, self.seconds, self.log, self.loss = name, list(seconds), log, loss
        self.pid = os.getpid()

    def ask(self, command, **arguments):
        if command == "load":
            return {"cold_s": 7.0, "loss": self.loss, "moved": 0.1, "projections": [0.1, 0.2]}
        self.log.append((self.name, arguments["epochs"]))
        seconds = self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        if seconds is None:
            raise WorkerError(f"{self.name} failed: out of memory")
        return {"seconds": seconds * arguments["epochs"]}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(harness, "_PAUSE", 0)


def pretend(*pretenders):
    sides = [OURS if p.name == "handgrad" else Side(p.name, p.name) for p in pretenders]
    return {side.name: (side, p) for side, p in zip(sides, pretenders, strict=True)}


def test_rounds_are_interleaved_and_ratios_are_of_medians():
    log = []
    ours = Pretender("handgrad", [0.2, 0.2, 0.2, 0.1, 0.4, 0.2], log)
    peer = Pretender("torch", [1.0, 2.0, 0.6, 0.4, 1.0], log)
    rows = measure("none", CASE, 5, pretend(ours, peer), 2, METHOD)
    # warm-up: two epochs one by one, then as many as take 0.8 s; the peer's epoch is longer than that
    assert log[:5] == [("handgrad", 1), ("handgrad", 1), ("handgrad", 4), ("torch", 1), ("torch", 1)]
    assert log[5:] == [("handgrad", 4), ("torch", 1)] * 3
    mine, theirs = rows
    assert mine.us_rounds == pytest.approx([0.02e6, 0.08e6, 0.04e6])
    assert mine.us_per_step == pytest.approx(0.04e6)
    assert theirs.us_per_step == pytest.approx(0.12e6)
    assert theirs.ratio == pytest.approx(3.0)
    assert (theirs.ratio_min, theirs.ratio_max) == pytest.approx((1.0, 6.0))
    assert (mine.ratio, mine.epoch_s, mine.cold_s, theirs.threads) == (None, pytest.approx(0.2), 7.0, 2)
    assert mine.same_result
    assert theirs.same_result


def test_the_quietest_rounds_count(monkeypatch):
    loads = iter([0.0, 0.9, 0.05, 0.2, 1.5, 0.3])
    monkeypatch.setattr(OtherLoad, "cores", lambda self: next(loads))
    peer = Pretender("torch", [1, 1, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [])
    sides = pretend(Pretender("handgrad", [1], []), peer)
    _, row = measure("none", CASE, 1, sides, 1, Method(rounds=3, again=2, seconds=0.8))
    assert row.us_rounds == [1.0e6, 3.0e6, 4.0e6], "five rounds, of which the second and the fifth were disturbed most"
    assert row.other_load == pytest.approx(0.25 / 3)
    loads = iter([0.0, 0.2, 0.0, 0.0, 9.9])
    peer = Pretender("torch", [1, 1, 1.0, 2.0, 3.0, 4.0, 5.0], [])
    sides = pretend(Pretender("handgrad", [1], []), peer)
    _, row = measure("none", CASE, 1, sides, 1, Method(rounds=3, again=2, seconds=0.8))
    assert row.us_rounds == [1.0e6, 3.0e6, 4.0e6], "three quiet rounds are enough"


def test_what_computes_something_else_is_not_measured():
    log = []
    rows = measure(
        "none",
        CASE,
        5,
        pretend(Pretender("handgrad", [1], log), Pretender("torch", [1], log, 0.6), Pretender("jax", [2], log)),
        1,
        METHOD,
    )
    assert ("torch", 1) not in log
    assert "ours 0.5" in rows[1].refused
    assert rows[1].us_per_step is None
    assert not rows[1].same_result
    assert rows[2].ratio == pytest.approx(2)


def test_a_peer_that_fails_on_the_way_is_told_and_the_others_go_on():
    log = []
    peer = Pretender("torch", [1, 1, 1, None], log)
    rows = measure("none", CASE, 5, pretend(Pretender("handgrad", [1], log), peer), 1, METHOD)
    assert rows[1].refused == "torch failed: out of memory"
    assert rows[1].us_rounds == []
    assert len(rows[0].us_rounds) == 3
    with pytest.raises(WorkerError, match="out of memory"):
        measure("none", CASE, 5, pretend(Pretender("handgrad", [1, 1, None], log)), 1, METHOD)


def test_a_worker_answers_survives_its_errors_and_ends():
    with Worker("numpy", 1) as worker:
        assert worker.facts["import_s"] >= 0
        with pytest.raises(WorkerError, match="no case is loaded"):
            worker.ask("run", epochs=1)
        with pytest.raises(WorkerError, match="numpy failed: KeyError"):
            worker.ask("load", workload="dense", settings={}, options={})
        settings = {"online": True, "widths": [2, 3, 5, 1], "samples": 7, "batch": 1}
        reply = worker.ask("load", workload="dense", settings=settings, options={})
        assert set(reply) == {"cold_s", "loss", "moved", "projections"}
        assert worker.ask("run", epochs=2)["seconds"] > 0
    assert worker.process.poll() is not None


def test_a_worker_that_dies_is_told():
    with Worker("numpy", 1) as worker:
        worker.process.kill()
        worker.process.wait()
        with pytest.raises(WorkerError, match="the process of numpy ended with exit code -9"):
            worker.ask("run", epochs=1)


def test_a_process_that_does_not_start_is_left_out_unless_it_is_ours(capfd):
    said = []
    lost = Side("lost", "no_such_library")
    rows, facts = run_cases("dense", [], [Side("numpy", "numpy"), lost], METHOD, said.append)
    assert (rows, list(facts)) == ([], ["numpy"])
    assert said == ["lost is left out: the process of no_such_library ended with exit code 1; its messages stand above"]
    assert "No module named 'handgrad.benchmarks.peers_no_such_library'" in capfd.readouterr().err


def test_our_process_must_start(monkeypatch):
    monkeypatch.setattr(harness.sys, "executable", "/bin/false")
    with pytest.raises(HandgradError, match="the process of handgrad ended with exit code 1"):
        run_cases("dense", [], [OURS], METHOD, print)


def test_a_process_is_held_to_its_threads(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--of-the-user")
    for threads in (1, 2):
        variables = environment(threads)
        assert {variables[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {
            str(threads)
        }
    assert "XLA_FLAGS" not in environment(2)
    assert "intra_op_parallelism_threads=1" in environment(1)["XLA_FLAGS"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot hold a process to cores")
def test_cores_are_held_and_given_back():
    before = usable_cores()
    with held_to(1):
        assert usable_cores() == before[-1:]
    assert usable_cores() == before


def test_versions_are_those_of_what_is_installed():
    found = versions(["numpy", "no-such-package"])
    assert set(found) == {"python", "numpy"}


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="this system does not tell how busy it is")
def test_the_load_of_others_leaves_out_what_is_measured(monkeypatch):
    load = OtherLoad([])
    seconds = iter([10.0, 16.0])
    monkeypatch.setattr(load, "_seconds", lambda: next(seconds))
    load.before, load.started = load._seconds(), load.started - 12
    assert load.cores() == pytest.approx(0.5, rel=0.1)
    with Worker("numpy", 1) as worker:
        without, everything = OtherLoad([worker.pid]), OtherLoad([])
        settings = {"online": True, "widths": [2, 64, 64, 1], "samples": 70, "batch": 1}
        worker.ask("load", workload="dense", settings=settings, options={})
        worker.ask("run", epochs=150)
        mine, both = without.cores(), everything.cores()
    if not both:
        pytest.skip("this system says that nothing is ever busy")
    assert both > mine, "the worker's own work must not count as that of others"


def test_a_system_that_does_not_tell_its_load(monkeypatch):
    monkeypatch.setattr(OtherLoad, "_seconds", lambda self: None)
    assert OtherLoad([]).cores() is None


def test_kernels_that_are_edited_on_the_way_make_the_measurement_void():
    facts = {}
    harness._note(facts, "handgrad", {"import_s": 0.5, "sources": "a1"})
    harness._note(facts, "handgrad", {"import_s": 0.3, "sources": "a1"})
    harness._note(facts, "torch", {"import_s": 1.5})
    harness._note(facts, "torch", {"import_s": 4.0})
    assert facts == {"handgrad": {"import_s": 0.3, "sources": "a1"}, "torch": {"import_s": 1.5}}
    with pytest.raises(WorkerError, match="kernels of handgrad were edited during the measurement"):
        harness._note(facts, "handgrad", {"import_s": 0.3, "sources": "b2"})


def test_peak_memory_is_told_and_what_came_after_the_warm_up():
    class Hungry(Pretender):
        held = 100.0

        def ask(self, command, **arguments):
            self.held += 1
            return super().ask(command, **arguments) | {"peak_mib": self.held}

    (row,) = measure("none", CASE, 5, pretend(Hungry("handgrad", [0.8], [])), 1, METHOD)
    assert row.peak_mib == 100 + 1 + 2 + 3, "load, two epochs of the warm-up, three rounds"
    assert row.grown_mib == 3


def test_peak_memory_grows_with_what_is_held_and_can_be_forgotten():
    peak = peak_memory()
    if peak is None:
        pytest.skip("this system does not tell")
    held = bytearray(64 * 2**20)
    assert peak_memory() >= peak
    assert peak_memory() >= 64
    del held
    forget_peak_memory()
    assert 1 < peak_memory() <= peak + 65
