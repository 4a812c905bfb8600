from functools import partial

import numpy as np
import pytest

from handgrad.check import numbers
from handgrad.check.faults import FAULTS
from handgrad.check.rules import RULES
from user_code import convolution, mlp, rnn

check = partial(numbers.check, lines=False)  # what the numbers say by themselves, without the sources


def of_mlp(fault, activation="sigmoid", named=True, **sizes):
    written = mlp(fault, activation, **sizes)
    return check(*written[:3], intermediate=written.values if named else None, batch=4)


def of_rnn(fault, named=True):
    written = rnn(fault)
    return check(*written[:3], intermediate=written.values if named else None, steps=4)


def found(report):
    """The classes, each with the parameters that it explains."""
    return {each.fault: set(each.parameters) for each in report.findings}


BOTH = {"W1", "b1"}
MLP = {
    "mean": {"W1", "b1", "W2", "b2"},
    "derivative-missing": BOTH,
    "derivative-place": BOTH,
    "sum-for-product": BOTH,
    "rows-dropped": BOTH,
    "sign": {"W1"},
    "factor": {"b1"},
    "data-factor": {"W1"},
    "never-written": {"b1"},
    "sum-missing": {"b1"},
    "sum-missing shape": {"b1"},
    "accumulator-seed": {"W1"},
    "accumulator-seed own": {"W2"},
    "transpose shape": {"W1"},
    "wrong-axis": {"b2"},
    "buffer-not-cleared": {"W1", "b1", "W2", "b2"},
    "mutation": {"b1"},
    "updated-early": BOTH,
}
RNN = {
    "mean": {"U", "W", "V", "b", "c"},
    "recurrent-term": {"U", "W", "b"},
    "boundary-step": {"U", "b"},
    "time-shift": {"W"},
    "path-lost": {"U"},
}
NUMBERS_DO_NOT_TELL = {"derivative-missing", "derivative-place", "sum-for-product", "rows-dropped", "sum-missing"}


def test_every_rule_belongs_to_a_class_and_stands_once():
    assert len(RULES) == len(set(RULES))
    assert {rule.replace("_", "-") for rule in RULES} <= set(FAULTS)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("fault", MLP)
def test_a_fault_of_a_dense_network_is_named(fault, activation):
    report = of_mlp(fault, activation)
    assert report.verdict == "wrong"
    assert found(report)[fault.split()[0]] == MLP[fault], report.findings
    others = set(found(report)) - {fault.split()[0]}
    assert others <= ({"mutation"} if fault == "updated-early" else set())


@pytest.mark.parametrize("fault", RNN)
def test_a_fault_of_a_recurrent_network_is_named(fault):
    report = of_rnn(fault)
    assert report.verdict == "wrong"
    assert found(report) == {fault: RNN[fault]}


@pytest.mark.parametrize("fault", ["rotation", "wrong-axis"])
def test_a_fault_of_a_convolution_is_named(fault):
    report = check(*convolution(fault)[:3])
    assert found(report) == {fault: {"K"}}


@pytest.mark.parametrize("make", [of_mlp, of_rnn])
def test_no_rule_speaks_of_a_right_network(make):
    assert make("").findings == ()
    assert make("").verdict == "right"


@pytest.mark.parametrize("fault", sorted(NUMBERS_DO_NOT_TELL))
def test_what_numbers_alone_do_not_tell_is_not_said(fault):
    report = of_mlp(fault, named=False)
    assert report.verdict == "wrong"
    assert report.findings == ()


@pytest.mark.parametrize("fault", ["recurrent-term", "boundary-step", "time-shift", "path-lost"])
def test_what_needs_the_time_steps_is_not_said_without(fault):
    report = of_rnn(fault, named=False)
    assert report.verdict == "wrong"
    assert report.findings == ()


def test_an_arbitrary_error_has_no_reason():
    written = mlp()

    def gradients(p):
        g = written.gradients(p)
        mixed = np.sin(37 * g["W1"] + np.arange(g["W1"].size).reshape(g["W1"].shape))
        return {**g, "W1": g["W1"] + 0.1 * mixed}

    report = check(written.loss, gradients, written.parameters, intermediate=written.values, batch=4)
    assert report.verdict == "wrong"
    assert report.findings == ()


def test_mean_and_a_constant_are_told_apart_by_another_size():
    for fault, scale, wanted in (("mean", 1, {"mean"}), ("", 4, {"factor"})):

        def resized(batch=4, fault=fault, scale=scale):
            written = mlp(fault, batch=batch)

            def gradients(p):
                return {name: scale * each for name, each in written.gradients(p).items()}

            return written.loss, gradients, written.parameters

        report = check(*resized(), resize=resized)
        assert set(found(report)) == wanted
        assert report.findings[0].also == ()
        alone = check(*resized())
        assert set(found(alone)) == {"factor"}
        assert alone.findings[0].also == ("mean",), "4 may be the batch"


def test_time_steps_tell_what_flows_back_from_what_is_replaced():
    for fault, wanted in (("recurrent-term", RNN["recurrent-term"]), ("path-lost", {"U"}), ("mean", RNN["mean"])):
        written = rnn(fault, batch=2)
        report = check(*written[:3], resize=lambda steps, f=fault: rnn(f, steps, batch=2)[:3])
        assert found(report) == {fault: wanted}


def test_the_transpose_of_a_square_matrix():
    assert found(of_mlp("transpose", sizes=(5, 5, 3))) == {"transpose": {"W1"}}
    symmetric = check(lambda p: (p["W"] ** 3).sum(), lambda p: {"W": 3 * p["W"].T ** 2}, {"W": np.ones((3, 3))})
    assert symmetric, "at this point, the transpose is right"


def test_another_parameters_gradient():
    written = mlp(sizes=(5, 5, 5))

    def exchanged(p):
        g = written.gradients(p)
        return {**g, "W1": g["W2"], "b2": g["b1"]}

    report = check(written.loss, exchanged, written.parameters)
    assert [each.fault for each in report.findings] == ["wrong-variable"]


def test_another_layers_input():
    written = mlp(sizes=(5, 5, 3))

    def exchanged(p):
        values = written.values(p)
        g = written.gradients(p)
        d = np.linalg.lstsq(values["a1"], g["W2"].T, rcond=None)[0].T
        return {**g, "W2": d @ values["x"].T}

    report = check(written.loss, exchanged, written.parameters, intermediate=written.values)
    assert found(report) == {"wrong-variable": {"W2"}}
    assert "with x where a1 belongs" in report.findings[0].explanation


def test_an_update_is_found_by_the_learning_rate_too():
    written = mlp()

    def at_rate(rate):
        def gradients(p):
            g = written.gradients(p)
            moved = {**p, "W2": p["W2"] - rate * g["W2"]}  # another dict: the user's parameters stay
            a1 = written.values(p)["a1"]
            d2 = np.linalg.lstsq(a1, g["W2"].T, rcond=None)[0].T
            d1 = (moved["W2"].T @ d2) * a1 * (1 - a1)
            return {**g, "W1": d1 @ written.values(p)["x"].T}

        return gradients

    report = check(written.loss, at_rate(0.5), written.parameters, at_rate=at_rate)
    assert found(report) == {"updated-early": {"W1"}}
    assert check(written.loss, at_rate(0.5), written.parameters).findings == ()


def test_a_loss_that_moves_with_the_calls_of_gradients_is_said():
    state = {"scale": 1.0}

    def gradients(p):
        g = {"w": 2 * state["scale"] * p["w"]}
        state["scale"] *= 1.5
        return g

    report = check(lambda p: state["scale"] * (p["w"] ** 2).sum(), gradients, {"w": np.arange(1.0, 4.0)})
    assert report.verdict == "wrong"
    assert "mutation" in found(report)


def adam(right):
    m, v, t = 0, 0, 0

    def update(p, g):
        nonlocal m, v, t
        t += 1
        m, v = 0.9 * m + 0.1 * g["w"], 0.999 * v + 0.001 * g["w"] ** 2
        c, d = 1 - 0.9**t, 1 - 0.999**t
        step = (m / c) / np.sqrt(v / d) if right else (m * c) / np.sqrt(v * d)
        return {"w": p["w"] - 1e-3 * step}

    return update


@pytest.mark.parametrize(
    ("update", "faulty"),
    [
        (adam(True), False),
        (adam(False), True),
        (lambda p, g: {"w": p["w"] - 0.1 * g["w"]}, False),
        (lambda p, g: {"w": p["w"] + 0.1 * g["w"]}, True),
    ],
)
def test_the_optimizer_and_not_the_gradient(update, faulty):
    w = np.random.default_rng(0).normal(size=5)
    report = check(lambda p: (p["w"] ** 2).sum(), lambda p: {"w": 2 * p["w"]}, {"w": w}, update=update)
    assert report.verdict == "right"
    assert set(found(report)) == ({"optimizer"} if faulty else set())
