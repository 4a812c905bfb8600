"""Workload ``lenet``: every side solves the same problem."""

from importlib.util import find_spec

import numpy as np
import pytest

import handgrad as hg
from bench_sides import after_an_epoch, assert_same, both
from handgrad.benchmarks import lenet, peers_handgrad
from handgrad.benchmarks.harness import Worker
from handgrad.benchmarks.workload import Fingerprint, disagreement

ONLINE = {"samples": 5, "batch": 1, "predict": False}
BATCH = {"samples": 22, "batch": 11, "predict": False}
ONE_IMAGE = {"samples": 3, "batch": 1, "predict": True}
SETTINGS = both(ONLINE, BATCH)


@SETTINGS
def test_a_problem_is_the_same_each_time(settings):
    assert_same(lenet.problem(settings), lenet.problem(settings))


def test_masked_kernels_come_back():
    kernels = np.random.default_rng(0).normal(size=(60, 5, 5))
    W, mask = lenet.masked(kernels)
    assert np.array_equal(lenet.linked(W), kernels)
    assert mask.sum() == 60
    assert np.array_equal(W * mask, W)


@SETTINGS
def test_the_reference_loss_is_that_of_the_network(settings):
    problem = lenet.problem(settings)
    loss = peers_handgrad.Lenet(problem, threads=1).net.evaluate(problem.x, problem.t, engine="numpy")
    assert lenet.reference_loss(problem, problem.parameters) == pytest.approx(loss, rel=1e-6)


@SETTINGS
def test_an_epoch_is_the_steps_of_the_equations(settings):
    """One step of plain SGD after the other, with gradients from the reference engine in float64."""
    problem = lenet.problem(settings)
    trainer = peers_handgrad.Lenet(problem, threads=1)
    net = hg.lenet5(activation=hg.Tanh(), dtype="float64")
    net.load_parameters(trainer.first)
    order = np.arange(settings["samples"]) if problem.online else next(problem.orders(1))
    for rows in order.reshape(-1, problem.batch):
        for name, gradient in net.gradients(problem.x[rows], problem.t[rows], engine="numpy").items():
            net.parameters[name][...] -= problem.lr * gradient
    trainer.train(1)
    for ours, name in zip(trainer.parameters(), net.parameters, strict=True):
        assert np.allclose(ours, net.parameters[name], rtol=1e-5, atol=1e-6), name
    trainer.reset()
    assert all(np.array_equal(p, q) for p, q in zip(trainer.parameters(), problem.parameters, strict=True))


def test_one_image_at_a_time_answers_for_all():
    problem = lenet.problem(ONE_IMAGE)
    trainer = peers_handgrad.Lenet(problem, threads=1)
    trainer.train(1)
    *parameters, answers = trainer.parameters()
    assert np.allclose(answers, trainer.net.predict(problem.x, engine="numpy"), atol=1e-6)
    assert all(np.array_equal(p, q) for p, q in zip(parameters, problem.parameters, strict=False))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_other_peers_go_our_way(library):
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    with Worker(library, 1) as worker:
        for settings in (ONLINE, BATCH, ONE_IMAGE):
            problem = lenet.problem(settings)
            ours = after_an_epoch(lenet, peers_handgrad.Lenet(problem, threads=1), problem)
            reply = worker.ask("load", workload="lenet", settings=settings, options={})
            theirs = Fingerprint(reply["loss"], reply["moved"], tuple(reply["projections"]))
            assert disagreement(ours, theirs) == ""
            answer = worker.ask("run", epochs=2)
            assert answer["seconds"] > 0
            assert answer["peak_mib"] is None or answer["peak_mib"] > 1


def test_every_bar_has_its_case():
    cases = {case.name for case in lenet.cases(quick=False) if not case.beyond}
    assert {bar.case for bar in lenet.BARS} == cases
    for case in [*lenet.cases(quick=False), *lenet.cases(quick=True)]:
        assert case.settings["samples"] % case.settings["batch"] == 0, "no step may be shorter than the others"
