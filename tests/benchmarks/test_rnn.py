"""Workload ``rnn``: every side solves the same problem."""

from importlib.util import find_spec

import numpy as np
import pytest

import handgrad as hg
from bench_sides import after_an_epoch, assert_same, both
from handgrad.benchmarks import peers_handgrad, peers_numpy, rnn
from handgrad.benchmarks.harness import Worker
from handgrad.benchmarks.workload import PEERS, Fingerprint, disagreement

ONLINE = {"hidden": 5, "steps": 4, "samples": 11, "batch": 1}
BATCH = {"hidden": 7, "steps": 5, "samples": 33, "batch": 11}
SETTINGS = both(ONLINE, BATCH)


@SETTINGS
def test_a_problem_adds_binary_numbers_and_is_the_same_each_time(settings):
    one, two = rnn.problem(settings), rnn.problem(settings)
    weight = 2 ** np.arange(settings["steps"])
    a, b = (one.x * weight[:, None]).sum(axis=1).T
    assert np.array_equal((one.t * weight).sum(axis=1), (a + b) % 2 ** settings["steps"])
    assert_same(one, two)


@SETTINGS
def test_the_reference_loss_is_that_of_the_network(settings):
    problem = rnn.problem(settings)
    loss = peers_handgrad.Rnn(problem, threads=1).net.evaluate(problem.x, problem.t, engine="numpy")
    assert rnn.reference_loss(problem, problem.parameters) == pytest.approx(loss, rel=1e-6)


@SETTINGS
def test_an_epoch_is_the_steps_of_the_equations(settings):
    """One step of plain SGD after the other, with gradients from the reference engine in float64."""
    problem = rnn.problem(settings)
    trainer = peers_handgrad.Rnn(problem, threads=1)
    layers = [hg.RNN(settings["hidden"]), hg.Dense(2)]
    loss = hg.SoftmaxCrossEntropy()
    net = hg.Sequential(layers, input_shape=(settings["steps"], 2), loss=loss, dtype="float64")
    net.load_parameters(trainer.first)
    order = np.arange(settings["samples"]) if problem.online else next(problem.orders(1))
    for rows in order.reshape(-1, problem.batch):
        for name, gradient in net.gradients(problem.x[rows], problem.t[rows], engine="numpy").items():
            net.parameters[name][...] -= problem.lr * gradient
    trainer.train(1)
    for ours, name in zip(trainer.parameters(), net.parameters, strict=True):
        assert np.allclose(ours, net.parameters[name], rtol=1e-5, atol=1e-6)


@SETTINGS
def test_numpy_goes_our_way_and_reset_puts_the_first_parameters_back(settings):
    problem = rnn.problem(settings)
    trainers = [peers_handgrad.Rnn(problem, threads=1), peers_numpy.Rnn(problem, threads=1)]
    ours, theirs = (after_an_epoch(rnn, trainer, problem) for trainer in trainers)
    assert disagreement(ours, theirs) == ""
    assert ours.moved > 1e-3, "an epoch that changes nothing proves nothing"
    for trainer in trainers:
        trainer.reset()
        assert all(np.array_equal(p, q) for p, q in zip(trainer.parameters(), problem.parameters, strict=True))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_other_peers_go_our_way(library):
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    with Worker(library, 1) as worker:
        for settings in (ONLINE, BATCH):
            problem = rnn.problem(settings)
            ours = after_an_epoch(rnn, peers_handgrad.Rnn(problem, threads=1), problem)
            for side in PEERS[library]:
                reply = worker.ask("load", workload="rnn", settings=settings, options=side.options)
                theirs = Fingerprint(reply["loss"], reply["moved"], tuple(reply["projections"]))
                assert disagreement(ours, theirs) == ""
                assert worker.ask("run", epochs=2)["seconds"] > 0


def test_every_bar_has_its_case():
    cases = {case.name for case in rnn.cases(quick=False) if not case.beyond}
    assert {bar.case for bar in rnn.BARS} == cases
    for case in [*rnn.cases(quick=False), *rnn.cases(quick=True)]:
        assert case.settings["samples"] % case.settings["batch"] == 0, "no step may be shorter than the others"
