"""Every side solves the same problem, and one that does not is found out."""

from importlib.util import find_spec

import numpy as np
import pytest

import handgrad as hg
from bench_sides import after_an_epoch, assert_same, both
from handgrad.benchmarks import dense, peers_handgrad, peers_numpy
from handgrad.benchmarks.harness import Worker
from handgrad.benchmarks.workload import PEERS, Fingerprint, disagreement

ONLINE = {"online": True, "widths": [2, 7, 5, 1], "samples": 11, "batch": 1}
BATCH = {"online": False, "widths": [13, 7, 5], "samples": 33, "batch": 11}
SETTINGS = both(ONLINE, BATCH)


@SETTINGS
def test_a_problem_is_the_same_each_time(settings):
    one, two = dense.problem(settings), dense.problem(settings)
    assert_same(one, two)
    assert [p.shape for p in one.parameters[::2]] == [
        (m, n) for n, m in zip(settings["widths"][:-1], settings["widths"][1:], strict=True)
    ]


@SETTINGS
def test_the_reference_loss_is_that_of_the_network(settings):
    problem = dense.problem(settings)
    trainer = peers_handgrad.Dense(problem, threads=1)
    loss = trainer.net.evaluate(problem.x, problem.t, engine="numpy")
    assert dense.reference_loss(problem, problem.parameters) == pytest.approx(loss, rel=1e-6)


@SETTINGS
def test_an_epoch_is_the_steps_of_the_equations(settings):
    """One step of plain SGD after the other, with gradients from the reference engine in float64."""
    problem = dense.problem(settings)
    trainer = peers_handgrad.Dense(problem, threads=1)
    widths = settings["widths"][1:]
    layers = [layer for width in widths for layer in (hg.Dense(width), hg.Sigmoid() if problem.online else hg.ReLU())]
    loss = hg.SquaredError() if problem.online else hg.SoftmaxCrossEntropy()
    net = hg.Sequential(
        layers if problem.online else layers[:-1],
        input_shape=13 if not problem.online else 2,
        loss=loss,
        dtype="float64",
    )
    net.load_parameters(trainer.first)
    order = np.arange(settings["samples"]) if problem.online else next(problem.orders(1))
    for rows in order.reshape(-1, problem.batch):
        gradients = net.gradients(problem.x[rows], problem.t[rows], engine="numpy")
        for name, gradient in gradients.items():
            net.parameters[name][...] -= problem.lr * gradient
    trainer.train(1)
    for ours, name in zip(trainer.parameters(), net.parameters, strict=True):
        assert np.allclose(ours, net.parameters[name], rtol=1e-5, atol=1e-6)


@SETTINGS
def test_numpy_goes_our_way(settings):
    problem = dense.problem(settings)
    ours = after_an_epoch(dense, peers_handgrad.Dense(problem, threads=1), problem)
    theirs = after_an_epoch(dense, peers_numpy.dense(problem, threads=1), problem)
    assert disagreement(ours, theirs) == ""
    assert ours.moved > 1e-3, "an epoch that changes nothing proves nothing"


@SETTINGS
def test_reset_puts_the_first_parameters_back(settings):
    problem = dense.problem(settings)
    for trainer in (peers_handgrad.Dense(problem, threads=1), peers_numpy.dense(problem, threads=1)):
        trainer.train(2)
        assert not np.array_equal(trainer.parameters()[0], problem.parameters[0])
        once = [each.copy() for each in trainer.parameters()]
        trainer.reset()
        assert all(np.array_equal(a, b) for a, b in zip(trainer.parameters(), problem.parameters, strict=True))
        trainer.train(2)
        assert all(np.array_equal(a, b) for a, b in zip(trainer.parameters(), once, strict=True))


class Wrong(peers_numpy.OnlineDense):
    """Forgets the sigmoid's derivative in the first layer."""

    def _step(self, x, t):
        W1, b1, *_ = self.now
        before = W1.copy(), b1.copy()
        super()._step(x, t)
        y = 1 / (1 + np.exp(-(before[0] @ x + before[1])))
        for array, old in zip((W1, b1), before, strict=True):
            slope = (y * (1 - y)).reshape(-1, *[1] * (old.ndim - 1))
            array[...] = old + (array - old) / slope


def test_a_wrong_gradient_is_not_compared():
    problem = dense.problem(ONLINE)
    ours = after_an_epoch(dense, peers_handgrad.Dense(problem, threads=1), problem)
    theirs = after_an_epoch(dense, Wrong(problem, threads=1), problem)
    assert "another way" in disagreement(ours, theirs)


def test_what_a_disagreement_says():
    ours = Fingerprint(0.5, 0.1, (0.03, -0.2))
    assert disagreement(ours, Fingerprint(0.5 * (1 + 9e-5), 0.1, (0.03, -0.2))) == ""
    assert "the loss after one epoch is 0.5001, ours 0.5: relative difference 2.0e-04" in disagreement(
        ours, Fingerprint(0.5001, 0.1, (0.03, -0.2))
    )
    assert "another way" in disagreement(ours, Fingerprint(0.5, 0.1, (0.03, -0.202)))
    assert "another way" in disagreement(ours, Fingerprint(0.5, 0.102, (0.03, -0.2)))
    assert disagreement(ours, Fingerprint(float("nan"), 0.1, (0.03, -0.2))) != ""
    assert disagreement(ours, Fingerprint(0.5, float("nan"), (0.03, float("nan")))) != ""


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_other_peers_go_our_way(library):
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    with Worker(library, 1) as worker:
        for settings in (ONLINE, BATCH):
            problem = dense.problem(settings)
            ours = after_an_epoch(dense, peers_handgrad.Dense(problem, threads=1), problem)
            for side in (side for side in PEERS[library] if "flat" not in side.options):
                reply = worker.ask("load", workload="dense", settings=settings, options=side.options)
                theirs = Fingerprint(reply["loss"], reply["moved"], tuple(reply["projections"]))
                assert disagreement(ours, theirs) == ""
                assert reply["cold_s"] > 0
                assert worker.ask("run", epochs=2)["seconds"] > 0


def test_every_bar_has_its_case():
    cases = {case.name for case in dense.cases(quick=False) if not case.beyond}
    assert {bar.case for bar in dense.BARS} == cases
    for case in dense.cases(quick=True):
        assert case.name in cases
    for case in [*dense.cases(quick=False), *dense.cases(quick=True)]:
        assert case.settings["samples"] % case.settings["batch"] == 0, "no step may be shorter than the others"
