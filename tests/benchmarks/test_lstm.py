"""Workload ``lstm``: every side solves the same problem."""

from importlib.util import find_spec

import numpy as np
import pytest

import handgrad as hg
from bench_sides import after_an_epoch, assert_same
from handgrad.benchmarks import choose_sides, lstm, peers_handgrad
from handgrad.benchmarks.harness import Row, Worker
from handgrad.benchmarks.verdict import judge_bars
from handgrad.benchmarks.workload import Bar, Fingerprint, disagreement

SMALL = {"vocabulary": 30, "embedding": 5, "hidden": 6}
ONLINE = {"samples": 7, "batch": 1, **SMALL}
BATCH = {"samples": 8, "batch": 4, **SMALL}
GENERATE = {"samples": 6, "batch": 3, "characters": 9, **SMALL}
SETTINGS = pytest.mark.parametrize("settings", [ONLINE, BATCH, GENERATE], ids=["online", "batch", "generate"])


@SETTINGS
def test_a_problem_is_the_same_each_time(settings):
    assert_same(lstm.problem(settings), lstm.problem(settings))


def test_the_lengths_are_those_of_the_poems():
    problem = lstm.problem({"samples": 4000, "batch": 256, **SMALL})
    lengths, counts = np.unique(problem.lengths, return_counts=True)
    assert lengths.max() == 50
    assert problem.lengths.mean() == pytest.approx(39.0, abs=0.5)
    assert set(lengths[np.argsort(-counts)][:3].tolist()) == {49, 33, 25}
    assert sum(lstm._COUNTS.values()) == 34646
    assert (lstm.problem(ONLINE).lengths == 32).all()


@pytest.mark.parametrize("settings", [ONLINE, BATCH], ids=["online", "batch"])
def test_the_reference_loss_is_that_of_the_network(settings):
    problem = lstm.problem(settings)
    net = peers_handgrad.Lstm(problem, threads=1).net
    loss = net.evaluate(problem.x, problem.t, lengths=problem.lengths, engine="numpy")
    assert lstm.reference_loss(problem, problem.parameters) == pytest.approx(loss, rel=1e-6)


def test_generation_takes_the_likeliest_each_time():
    problem = lstm.problem(GENERATE)
    assert problem.steps == 27
    trainer = peers_handgrad.Lstm(problem, threads=1)
    trainer.train(2)
    said = trainer.parameters()[-1].astype(int)
    given = np.concatenate([problem.first[:, None], said], axis=1)
    net = hg.Sequential(trainer.net.layers, input_shape=(10,), loss=trainer.net.loss)
    net.parameters.assign(trainer.net.parameters)
    assert np.array_equal(net.outputs(given).argmax(axis=2)[:, :9], said)


def test_a_bar_on_memory():
    rows = [Row("batch", "handgrad", 1, {}, peak_mib=100.0), Row("batch", "torch", 1, {}, ratio=3.0, peak_mib=190.0)]
    found = judge_bars([Bar("batch", "torch", 1.5), Bar("batch", "torch", 2.0, of="memory")], rows)
    assert [each["met"] for each in found] == [True, False]
    assert found[1]["measured"] == {"1": 1.9}


def test_sides_of_this_workload():
    sides, _ = choose_sides(("numpy",), lstm.PEERS)
    assert [side.name for side in sides] == ["handgrad"]


@pytest.mark.parametrize("side", ["torch", "torch-packed", "torch-cell", "jax"])
def test_the_peers_go_our_way(side):
    library = side.partition("-")[0]
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    options = next(each for each in lstm.PEERS[library] if each.name == side).options
    with Worker(library, 1) as worker:
        for settings in (ONLINE, BATCH, GENERATE):
            problem = lstm.problem(settings)
            ours = after_an_epoch(lstm, peers_handgrad.Lstm(problem, threads=1), problem)
            reply = worker.ask("load", workload="lstm", settings=settings, options=options)
            theirs = Fingerprint(reply["loss"], reply["moved"], tuple(reply["projections"]))
            assert disagreement(ours, theirs) == ""
            assert worker.ask("run", epochs=2)["seconds"] > 0


def test_every_bar_has_its_case():
    cases = {case.name for case in lstm.cases(quick=False) if not case.beyond}
    assert {bar.case for bar in lstm.BARS} == cases
    for case in [*lstm.cases(quick=False), *lstm.cases(quick=True)]:
        assert case.settings["samples"] % case.settings["batch"] == 0, "no step may be shorter than the others"
