"""Parameters that the loss never depends on are right with a gradient of 0; what is only off at these values is not."""

import pytest

from user_files import checked, names

NORMALIZED = """
import numpy as np
rng = np.random.default_rng(3)
X, T = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
p = {"W1": rng.normal(size=(3, 4)), "b1": np.zeros(4), "W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}
def forward(p):
    z = X @ p["W1"] + p["b1"]
    s = np.sqrt(z.var(axis=0) + 1e-5)
    n = (z - z.mean(axis=0)) / s
    h = np.tanh(n)
    return s, n, h, h @ p["W2"] + p["b2"]
def loss(p):
    return 0.5 * np.sum((forward(p)[-1] - T) ** 2)
def gradients(p):
    s, n, h, y = forward(p)
    d = y - T
    dn = d @ p["W2"].T * (1 - h**2)
    dz = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / s
    return {"W1": X.T @ dz, "b1": dz.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
"""

RELU = """
import numpy as np
rng = np.random.default_rng(3)
X, T = np.abs(rng.normal(size=(8, 3))), rng.normal(size=(8, 2))
p = {"W1": -np.abs(rng.normal(size=(3, 4))) - 5, "b1": np.zeros(4) - 5, "W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}
def forward(p):
    h = np.maximum(X @ p["W1"] + p["b1"], 0)
    return h, h @ p["W2"] + p["b2"]
def loss(p):
    return 0.5 * np.sum((forward(p)[-1] - T) ** 2)
def gradients(p):
    h, y = forward(p)
    d = y - T
    dz = 3 * d @ p["W2"].T * (h > 0)
    return {"W1": X.T @ dz, "b1": dz.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
"""

ZERO_DATA = """
import numpy as np
rng = np.random.default_rng(3)
X, S, T = rng.normal(size=(8, 3)), np.zeros((8, 2)), rng.normal(size=(8, 2))
p = {"W": rng.normal(size=(3, 2)), "U": rng.normal(size=(2, 2))}
def loss(p):
    return 0.5 * np.sum((X @ p["W"] + S @ p["U"] - T) ** 2)
def gradients(p):
    d = X @ p["W"] + S @ p["U"] - T
    return {"W": X.T @ d, "U": 7 * S.T @ d}
"""


def free(report):
    """The notes on parameters that the loss does not depend on."""
    return [each for each in report.notes if "does not depend" in each]


@pytest.mark.parametrize("given", ["dz.sum(axis=0)", "np.zeros(4)", "3 * dz.mean(axis=0)"])
def test_a_bias_before_a_normalization_has_the_gradient_0(tmp_path, given):
    report = checked(NORMALIZED.replace("dz.sum(axis=0)", given), tmp_path)
    assert report.verdict == "right", report
    assert names(report, "right") == {"W1", "b1", "W2", "b2"}
    assert report.findings == ()
    assert free(report) == [
        "the loss does not depend on b1 (a bias before a normalization?): its gradient is 0, and so is yours"
    ]


def test_a_gradient_that_is_not_0_is_wrong_there(tmp_path):
    report = checked(NORMALIZED.replace("dz.sum(axis=0)", "dn.sum(axis=0)"), tmp_path)
    assert names(report, "wrong") == {"b1"}
    assert free(report) == []


def test_it_is_right_beside_a_wrong_one(tmp_path):
    report = checked(NORMALIZED.replace("h.T @ d", "2 * h.T @ d"), tmp_path)
    assert names(report, "wrong") == {"W2"}
    assert names(report, "right") == {"W1", "b1", "b2"}


def test_a_parameter_whose_gradient_is_not_returned_is_not_called_right(tmp_path):
    report = checked(NORMALIZED.replace(', "b1": dz.sum(axis=0)', ""), tmp_path)
    assert "b1" not in names(report, "right")


def test_units_that_are_off_prove_nothing(tmp_path):
    """The gradient behind them is 0 at all values that are near, and wrong elsewhere."""
    report = checked(RELU, tmp_path)
    assert report.verdict == "inconclusive", report
    assert {"W1", "b1"} <= names(report, "inconclusive")
    assert free(report) == []


def test_data_that_are_zero_prove_nothing(tmp_path):
    report = checked(ZERO_DATA, tmp_path)
    assert report.verdict == "inconclusive", report
    assert names(report, "inconclusive") == {"U"}
    assert free(report) == []


@pytest.mark.parametrize("scale", ["0 *", "0 * p['W1'].sum() + 0 *"])
def test_a_loss_that_depends_on_no_parameter_is_inconclusive(tmp_path, scale):
    text = NORMALIZED.replace("return 0.5 *", f"return 1 + {scale}").replace("d = y - T", "d = 0 * (y - T)")
    report = checked(text, tmp_path)
    assert report.verdict == "inconclusive"
    assert names(report, "inconclusive") == names(report) == {"W1", "b1", "W2", "b2"}
