"""What a stranger tripped over: losses that nobody calls, names that say nothing, parameters that are not seen."""

import pytest

from handgrad import InputError
from handgrad.check import check_file
from handgrad.check.source.repair import _without
from user_files import checked, names

LINE = """
import numpy as np
g = np.random.default_rng(0)
X, T = g.normal(size=(8, 3)), g.normal(size=(8, 2))
weights, offset = g.normal(size=(3, 2)), g.normal(size=2)
def cost(weights, offset): return ((X @ weights + offset - T) ** 2).mean()
def backprop():
    e = 2 * (X @ weights + offset - T) / T.size
    gw = X.T @ e
    gb = e.sum(0)
    return gw, gb
for k in range(50):
    gw, gb = backprop()
    weights -= .1 * gw; offset -= .1 * gb
"""

GRU = """
import numpy as np
rng = np.random.default_rng(4)
params = {"W": rng.normal(size=(3, 2)), "V": rng.normal(size=(2, 3)), "b": np.zeros((3, 1))}
inputs, targets = rng.normal(size=(2, 6)), rng.normal(size=(2, 6))
def forward(params):
    h = np.tanh(params["W"] @ inputs + params["b"])
    return h, params["V"] @ h
def step_cost(params):
    h, y = forward(params)
    err = 0.5 * np.sum((y - targets) ** 2)
    grads = {}
    d = y - targets
    grads["V"] = d @ h.T
    d = params["V"].T @ d * (1 - h**2)
    grads["W"] = d @ inputs.T
    grads["b"] = d.sum(axis=1, keepdims=True)
    return err, grads
for it in range(5):
    err, grads = step_cost(params)
    for k in params:
        params[k] -= 0.01 * grads[k]
"""

NET = """
import numpy as np
class Net:
    def __init__(self, rng):
        self.w1, self.bias1, self.v1 = rng.normal(size=(4, 6)), np.zeros(6), np.zeros((4, 6))
        self.w2, self.bias2, self.count = rng.normal(size=(6, 3)), np.zeros(3), 0
    def forward(self, X):
        self.X, self.a = X, np.tanh(X @ self.w1 + self.bias1)
        return self.a @ self.w2 + self.bias2
    def loss(self, X, T):
        self.e = self.forward(X) - T
        return 0.5 * np.sum(self.e**2)
    def backward(self):
        self.dw2 = self.a.T @ self.e
        self.d1 = (self.e @ self.w2.T) * (1 - self.a**2)
        self.dw1 = self.X.T @ self.d1
        self.dbias1 = self.d1.sum(axis=0)
    def step(self, lr=0.1):
        self.count -= 1
        self.v1 -= 0.1 * self.dw1
        self.w1 -= lr * self.dw1
        self.bias1 -= lr * self.dbias1
        self.w2 -= lr * self.dw2
        self.bias2 -= lr * np.einsum("ij->j", self.e)
rng = np.random.default_rng(1)
X, T = rng.normal(size=(9, 4)), rng.normal(size=(9, 3))
X -= 0.5 * X.mean(axis=0)
net = Net(rng)
for k in range(3):
    net.loss(X, T)
    net.backward()
    net.step()
"""


def unseen(report):
    """The notes on parameters that were not checked."""
    return [each for each in report.notes if "not checked" in each]


@pytest.mark.parametrize(
    "change",
    [
        ("", ""),
        ("cost", "loss"),
        ("def cost(weights, offset)", "def cost(offset, weights, T=T)"),
        ("weights -= .1 * gw; offset -= .1 * gb", "weights = weights - .1 * gw; offset = offset - .1 * gb"),
        ("offset -= .1 * gb", "offset -= .1 * gb\nprint(cost(weights, offset))"),
    ],
)
def test_a_loss_that_is_never_called_takes_the_variables_of_the_names_of_its_arguments(tmp_path, change):
    right = LINE.replace(*change) if change[0] else LINE
    report = checked(right, tmp_path)
    assert report.verdict == "right", report
    assert names(report) == {"weights", "offset"}
    report = checked(right.replace("e.sum(0)", "e.mean(0)"), tmp_path)
    assert names(report, "wrong") == {"offset"}


def test_a_loss_whose_arguments_are_something_else_at_module_level_is_not_taken(tmp_path):
    """``mse(X, T)`` of a prediction and a target, where the module's X is the input."""
    text = LINE.replace("def cost(weights, offset): return ((X @ weights + offset - T) ** 2).mean()",
                        "def mse(X, T): return ((X - X.mean() - T[:, :1]) ** 2).mean()")  # fmt: skip
    with pytest.raises(InputError, match="no function that returns the loss"):
        checked(text, tmp_path)


def test_a_score_of_the_data_is_no_loss(tmp_path):
    text = LINE.replace("def cost(weights, offset): return (", "def score(weights, offset): return 3 * (")
    with pytest.raises(InputError, match="no function that returns the loss"):
        checked(text, tmp_path)


@pytest.mark.parametrize(
    "name", ["step_cost", "train_step", "fit_once", "lossfun", "evaluate"], ids=lambda name: str(name)
)
@pytest.mark.parametrize("gradients", ["grads", "out"])
def test_what_a_step_subtracts_comes_from_the_backward_pass(tmp_path, name, gradients):
    text = GRU.replace("step_cost", name).replace("grads", gradients)
    report = checked(text, tmp_path)
    assert report.verdict == "right", report
    assert names(report) == {"W", "V", "b"}
    report = checked(text.replace("(1 - h**2)", "(1 - h)"), tmp_path)
    assert names(report, "wrong") == {"W", "b"}


def test_a_parameter_that_is_trained_and_has_no_gradient_is_said_to_be_unchecked(tmp_path):
    report = checked(NET, tmp_path)
    assert report.verdict == "right"
    assert names(report) == {"w1", "bias1", "w2"}
    line = 1 + NET.splitlines().index('        self.bias2 -= lr * np.einsum("ij->j", self.e)')
    assert unseen(report) == [
        f"self.bias2 is changed by the step in line {line}, but no gradient of it was found: not checked"
    ]


@pytest.mark.parametrize(
    "change",
    [
        ('np.einsum("ij->j", self.e)', "self.e.sum(axis=0)"),
        ('        self.bias2 -= lr * np.einsum("ij->j", self.e)\n', ""),
        ('np.einsum("ij->j", self.e)', "1e-4 * self.bias2"),
    ],
)
def test_steps_that_leave_nothing_unchecked_are_not_spoken_of(tmp_path, change):
    text = NET.replace(*change)
    if "sum(axis=0)" in change[1]:
        text = text.replace("self.e.sum(axis=0)", "self.dbias2").replace(
            "        self.dw2 =", "        self.dbias2 = self.e.sum(axis=0)\n        self.dw2 ="
        )
    assert unseen(checked(text, tmp_path)) == []
    assert unseen(checked(LINE, tmp_path)) == unseen(checked(GRU, tmp_path)) == []


def test_an_edit_that_mends_nothing_is_not_shown_beside_one_that_does():
    """Of several edits in a row, only those without which less would be right."""
    texts = ["a = 1\nb = 2\n", "a = 3\nb = 2\n", "a = 3\nb = 4\n"]
    assert _without(texts, 0) == ["a = 1\nb = 2\n", "a = 1\nb = 4\n"]
    assert _without([*texts, "a = 5\nb = 4\n"], 0) is None, "a later edit is of the same line"
    assert _without([texts[0], "a = 1\n"], 0) is None, "lines have moved"


RELU = """
import numpy as np
rng = np.random.default_rng(1)
n = 8
X = rng.normal(size=(n, 4))
Y = np.eye(3)[rng.integers(0, 3, n)]
params = {"W1": rng.normal(size=(4, 5)) / 2, "b1": np.zeros(5), "W2": rng.normal(size=(5, 3)) / 2, "b2": np.zeros(3)}
def forward(params):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.maximum(0, z1)
    e = np.exp(a1 @ params["W2"] + params["b2"])
    return z1, a1, e / e.sum(axis=1, keepdims=True)
def loss(params):
    return -(Y * np.log(forward(params)[2])).sum() / n
def gradients(params):
    z1, a1, y = forward(params)
    d = y - Y
    e = d @ params["W2"].T
    return {"W1": X.T @ e, "b1": e.sum(0), "W2": a1.T @ d, "b2": d.sum(0)}
"""


def test_of_two_faults_the_lines_are_named_and_no_others(tmp_path):
    """The mean and the derivative of a ReLU are missing; forward, which is run again, is not to blame."""
    path = tmp_path / "net.py"
    path.write_text(RELU, encoding="utf-8")
    report = check_file(path)
    lines = RELU.splitlines()
    at = {lines.index("    d = y - Y") + 1: {"W2", "b2"}, lines.index('    e = d @ params["W2"].T') + 1: {"W1", "b1"}}
    assert {each.line: set(each.parameters) for each in report.findings} == at
    assert report.findings[0].fault == "mean"
