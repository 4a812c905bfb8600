"""What a stranger tripped over: ``hg.check`` of a network that forgot a mean says one thing for one fault."""

from functools import partial

import numpy as np
import pytest

import handgrad as hg
from handgrad.check.reach import arrays_read_by, length_in_words

N = 8
rng = np.random.default_rng(1)
X, LABELS = rng.normal(size=(N, 4)), rng.integers(0, 3, N)
Y = np.eye(3)[LABELS]
POINT = {
    "W1": rng.normal(size=(4, 5)) / 2,
    "b1": rng.normal(size=5) / 9,
    "W2": rng.normal(size=(5, 3)) / 2,
    "b2": np.zeros(3),
}


def forward(p):
    a = np.tanh(X @ p["W1"] + p["b1"])
    z = np.exp(a @ p["W2"] + p["b2"])
    return a, z / z.sum(axis=1, keepdims=True)


def loss(p):
    return -np.log(forward(p)[1][np.arange(N), LABELS]).mean()


def forgotten(p):
    a, y = forward(p)
    d = y.copy()
    d[np.arange(N), LABELS] -= 1
    e = (d @ p["W2"].T) * (1 - a**2)
    return {"W1": X.T @ e, "b1": e.sum(axis=0), "W2": a.T @ d, "b2": d.sum(axis=0)}


def twice(p):
    a, y = forward(p)
    d = (y - Y) / N
    e = (d @ p["W2"].T) * (1 - a**2)
    dW2 = a.T @ d / N
    db2 = d.mean(axis=0)
    dW1 = X.T @ e / N
    db1 = e.mean(axis=0)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def uphill(p):
    a, y = forward(p)
    d = (Y - y) / N
    e = (d @ p["W2"].T) * (1 - a**2)
    return {"W1": X.T @ e, "b1": e.sum(axis=0), "W2": a.T @ d, "b2": d.sum(axis=0)}


def one_layer(p):
    a, y = forward(p)
    d = (y - Y) / N
    e = (d @ p["W2"].T) * (1 - a**2) / N
    return {"W1": X.T @ e, "b1": e.sum(axis=0), "W2": a.T @ d, "b2": d.sum(axis=0)}


def several(p):
    a, y = forward(p)
    d = (y - Y) / N
    e = (d @ p["W2"].T) * (1 - a**2)
    return {"W1": X.T @ e * N, "b1": e.mean(axis=0), "W2": a.T @ d * 2, "b2": -d.sum(axis=0)}


ALL = set(POINT)
numbers = partial(hg.check, loss, parameters=POINT, lines=False)


def said(report):
    """Which classes, of which parameters, beginning with which words."""
    return [(each.fault, set(each.parameters), each.explanation) for each in report.findings]


@pytest.mark.parametrize(
    ("gradients", "fault", "parameters", "words"),
    [
        (forgotten, "factor", ALL, "Every gradient is 8 times the right one, whatever the parameters; multiply it by 1/8. "
         "LABELS and X have 8 rows: most likely the division by that number is missing."),
        (twice, "factor", ALL, "Every gradient is 1/8 times the right one, whatever the parameters; multiply it by 8. "
         "LABELS and X have 8 rows: most likely the division by that number is made once too often."),
        (uphill, "sign", ALL, "Every gradient has the wrong sign: its negative is right."),
        (one_layer, "factor", {"W1", "b1"}, "The gradient of W1 and b1 is 1/8 times the right one, whatever the "
         "parameters; multiply it by 8. LABELS and X have 8 rows: most likely the division by that number is made once "
         "too often."),
    ],
)  # fmt: skip
def test_one_reason_for_one_factor(gradients, fault, parameters, words):
    assert said(numbers(gradients)) == [(fault, parameters, words)]


@pytest.mark.parametrize(
    ("gradients", "fault", "parameters", "begins", "edit"),
    [
        (forgotten, "mean", ALL, "Every gradient is 8 times the right one", "+    d = d / "),
        (uphill, "sign", ALL, "Every gradient has the wrong sign", "+    d = (y - Y) / N"),
        (one_layer, "mean", {"W1", "b1"}, "The gradient of W1 and b1 is 1/8", '+    e = (d @ p["W2"].T) * (1 - a**2)'),
    ],
)
def test_the_line_settles_the_reason_and_both_are_one_finding(gradients, fault, parameters, begins, edit):
    (finding,) = hg.check(loss, gradients, POINT).findings
    assert (finding.fault, set(finding.parameters)) == (fault, parameters)
    assert finding.explanation.startswith(begins)
    assert "most likely" not in finding.explanation
    assert finding.also == ()
    assert edit in finding.fix


def test_lines_that_mend_everything_leave_no_reason_over():
    findings = hg.check(loss, twice, POINT).findings
    assert all(each.fix and each.fault == "mean" for each in findings)
    assert sum(each.explanation.startswith("Every gradient is 1/8") for each in findings) == 1
    assert set().union(*(each.parameters for each in findings)) == ALL


def test_each_factor_is_said_with_its_own_parameters():
    found = {frozenset(names): text for _, names, text in said(numbers(several))}
    assert set(found) == {frozenset((name,)) for name in ALL}
    assert "W1 is 8 times" in found[frozenset(["W1"])]
    assert "b1 is 1/8 times" in found[frozenset(["b1"])]
    assert "W2 is 2 times" in found[frozenset(["W2"])]
    assert "b2 has the wrong sign" in found[frozenset(["b2"])]
    named = numbers(several, batch=N)
    assert {each.fault: set(each.parameters) for each in named.findings if each.fault != "mean"} == {
        "sign": {"b2"},
        "factor": {"W2"},
    }
    assert [each.parameters for each in named.findings if each.fault == "mean"] == [("W1",), ("b1",)]


def two_faults(p):
    """Neither the mean nor the derivative of tanh, and something else in the place of the latter."""
    a, y = forward(p)
    d = y - Y
    e = np.sort(d @ p["W2"].T, axis=0) * np.cos(37 * a)
    return {"W1": X.T @ e, "b1": e.sum(axis=0), "W2": a.T @ d, "b2": d.sum(axis=0)}


def test_two_faults_are_two_lines_each_with_what_it_spoils():
    findings = hg.check(loss, two_faults, POINT).findings
    assert {(each.line, frozenset(each.parameters)) for each in findings} == {
        (4, frozenset(["W2", "b2"])),
        (5, frozenset(["W1", "b1"])),
    }
    of_mean = next(each for each in findings if each.line == 4)
    assert of_mean.fault == "mean"
    assert of_mean.explanation.startswith("The gradient of W2 and b2 is 8 times the right one")


def test_arrays_that_a_function_reads():
    inside = {"Z": np.ones((11, 2))}

    class Data:
        def __init__(self):
            self.rows = np.ones((7, 2))

        def loss(self, weight, p):
            return weight * (loss(p) + self.rows.sum() + inside["Z"].sum())

    read = dict(arrays_read_by(partial(Data().loss, np.ones(5))))
    assert {"rows", "Z", "X", "LABELS", "argument 1"} <= set(read)
    assert length_in_words(loss, 8, [(4, 5)]) == "LABELS and X have 8 rows"
    assert length_in_words(loss, 8, [(8, 5)]) == "", "a number of features"
    assert length_in_words(loss, 32, []) == "X has 32 entries"
    assert length_in_words(loss, 9, []) == ""
    assert length_in_words(np.sum, 8, []) == ""


def normalized(p):
    z = X @ p["W1"] + p["b1"]
    s = np.sqrt(z.var(axis=0) + 1e-5)
    n = (z - z.mean(axis=0)) / s
    return s, n, n @ p["W2"] + p["b2"] - Y


def its_loss(p):
    return 0.5 * (normalized(p)[-1] ** 2).sum()


def its_gradients(p):
    s, n, d = normalized(p)
    e = d @ p["W2"].T
    e = (e - e.mean(axis=0) - n * (e * n).mean(axis=0)) / s
    return {"W1": X.T @ e, "b1": e.sum(axis=0), "W2": n.T @ d, "b2": d.sum(axis=0)}


def test_a_bias_before_a_normalization_is_right_and_noted():
    report = hg.check(its_loss, its_gradients, POINT)
    assert report.verdict == "right", report
    assert report.findings == ()
    assert report.notes == (
        "the loss does not depend on b1 (a bias before a normalization?): its gradient is 0, and so is yours",
    )


@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_a_bias_before_a_normalization_whose_gradient_is_not_0_is_wrong(scale):
    report = hg.check(its_loss, lambda p: {**its_gradients(p), "b1": scale * p["b1"]}, POINT, lines=False)
    assert [each.name for each in report.parameters if each.verdict == "wrong"] == ["b1"]


def test_units_that_are_off_prove_nothing():
    def off(p):
        return ((np.maximum(p["b1"] - 5, 0) + 1e-20 * p["b1"]) ** 2).sum() + (p["b2"] ** 2).sum()

    def gradients(p):
        return {"b1": 1e-20 * p["b1"], "b2": 2 * p["b2"]}

    report = hg.check(off, gradients, {"b1": POINT["b1"], "b2": np.arange(3.0)})
    assert {each.name: each.verdict for each in report.parameters} == {"b1": "inconclusive", "b2": "right"}
