"""Lines and repair for functions that are already there: in a module, a notebook, around each other."""

import linecache
import os
import random
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import handgrad as hg
from handgrad.check.lines import merged
from handgrad.check.source.parts import split

rng = np.random.default_rng(0)
INPUTS, TARGETS = rng.normal(size=(3, 7)), rng.normal(size=(2, 7))
POINT = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=(2, 1))}


def outputs(p):
    return np.tanh(p["W"] @ INPUTS + p["b"])


def loss(p):
    return ((outputs(p) - TARGETS) ** 2).sum() / 2


def through_tanh(y, dy):
    return dy * (1 + y**2)


def gradients(p):
    y = outputs(p)
    d = through_tanh(y, y - TARGETS)
    return {"W": d @ INPUTS.T, "b": d.sum(axis=1, keepdims=True)}


def without_sum(p):
    y = outputs(p)
    d = (y - TARGETS) * (1 - y**2)
    return {
        "W": d @ INPUTS.T,
        "b": d[:, :1],
    }


def the_finding(report):
    assert report.verdict == "wrong"
    (finding,) = report.findings
    assert finding.fix, report
    return finding


def test_the_line_of_a_function_that_gradients_calls():
    finding = the_finding(hg.check(loss, gradients, POINT))
    assert (finding.file, finding.line) == ("through_tanh", 2)
    assert finding.source == "return dy * (1 + y**2)"
    assert finding.fix.startswith("--- a/through_tanh\n")
    assert "-    return dy * (1 + y**2)" in finding.fix
    assert set(finding.parameters) == {"W", "b"}


def test_lines_count_from_the_functions_own_first_line_and_reasons_stay():
    report = hg.check(loss, without_sum, POINT)
    finding = the_finding(report)
    assert (finding.file, finding.line) == ("without_sum", 6)
    assert "WRONG: the gradient of b (1 of 2 that were checked), because of line 6 of without_sum" in str(report)


def test_lines_can_be_left_out():
    report = hg.check(loss, gradients, POINT, lines=False)
    assert report.verdict == "wrong"
    assert all(each.line is None and not each.fix for each in report.findings)


def made(scale):
    """Functions inside a function, with what surrounds them."""

    def inner_loss(p):
        return float(scale * (p["w"] ** 3).sum())

    def inner_gradients(p):
        twice = 2 * scale
        return {"w": twice * p["w"] ** 2}

    return inner_loss, inner_gradients


def test_functions_inside_functions():
    finding = the_finding(hg.check(*made(5.0), {"w": np.arange(1.0, 4.0)}))
    assert finding.file == "inner_gradients"
    assert finding.line in (2, 3)


def weighted_loss(weight, p):
    return weight * loss(p)


def weighted(weight, p):
    return {name: weight * each for name, each in without_sum(p).items()}


@pytest.mark.parametrize(
    ("the_loss", "the_gradients"),
    [
        (lambda p: loss(p), lambda p: without_sum(p)),
        (partial(weighted_loss, 2.0), partial(weighted, 2.0)),
    ],
    ids=["lambda", "partial"],
)
def test_behind_a_lambda_or_a_partial(the_loss, the_gradients):
    finding = the_finding(hg.check(the_loss, the_gradients, POINT))
    assert (finding.file, finding.line) == ("without_sum", 6)


class Scaled:
    """State in an object."""

    def __init__(self, scale):
        self.scale = scale

    def loss(self, p):
        return float((self.scale * p["w"] ** 2).sum())

    def gradients(self, p):
        doubled = 2 * p["w"]
        return {"w": doubled - self.scale}


def test_methods_and_their_object():
    one = Scaled(np.arange(1.0, 4.0))
    finding = the_finding(hg.check(one.loss, one.gradients, {"w": np.array([0.5, -1.0, 2.0])}))
    assert finding.file in ("gradients", "Scaled")
    assert finding.source == 'return {"w": doubled - self.scale}'
    assert type(one) is Scaled
    assert np.array_equal(one.scale, np.arange(1.0, 4.0))


def test_nested_parameters_keep_their_names():
    def nested_loss(p):
        return float((p["layers"][0]["W"] ** 2).sum() + (p["layers"][1]["W"] ** 3).sum())

    def nested_gradients(p):
        first, second = p["layers"]
        return {"layers": [{"W": 2 * first["W"]}, {"W": 3 * second["W"]}]}

    point = {"layers": [{"W": np.array([1.0, 2.0])}, {"W": np.array([0.5, -2.0, 3.0])}]}
    finding = the_finding(hg.check(nested_loss, nested_gradients, point))
    assert (finding.line, finding.parameters) == (3, ("layers[1].W",))


def test_nothing_of_the_users_is_changed():
    before = INPUTS.copy(), TARGETS.copy(), {name: each.copy() for name, each in POINT.items()}
    function, environment = gradients.__code__, dict(os.environ)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    expected = np.random.rand(), random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    hg.check(loss, gradients, POINT)
    assert (np.random.rand(), random.random()) == expected  # noqa: NPY002
    assert np.array_equal(INPUTS, before[0])
    assert np.array_equal(TARGETS, before[1])
    assert all(np.array_equal(POINT[name], each) for name, each in before[2].items())
    assert gradients.__code__ is function
    assert dict(os.environ) == environment


CELL = """
import numpy as np

def cell_loss(p):
    return float((p["w"] ** 4).sum())

def cell_gradients(p):
    cube = p["w"] ** 3
    return {"w": 3 * cube}
"""


def in_a_notebook(source, name="<cell-1>"):
    """Functions as IPython makes them: the source of the cell is in linecache only."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    namespace = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), namespace)
    return namespace


def test_functions_of_a_notebook():
    cell = in_a_notebook(CELL)
    finding = the_finding(hg.check(cell["cell_loss"], cell["cell_gradients"], {"w": np.array([1.0, -2.0])}))
    assert (finding.file, finding.line, finding.source) == ("cell_gradients", 3, 'return {"w": 3 * cube}')
    assert '+    return {"w": 4 * cube}' in finding.fix


def test_a_source_that_is_not_what_runs_is_not_blamed():
    cell = in_a_notebook(CELL, "<cell-2>")
    other = CELL.replace("3 * cube", "4 * cube")
    linecache.cache["<cell-2>"] = (len(other), None, other.splitlines(True), "<cell-2>")
    report = hg.check(cell["cell_loss"], cell["cell_gradients"], {"w": np.array([1.0, -2.0])})
    assert report.verdict == "wrong"
    assert all(each.line is None for each in report.findings)


def test_without_sources_there_are_the_numbers():
    code = (
        "import handgrad as hg\n"
        "f, g = (lambda p: p['w'] ** 2), (lambda p: {'w': 3 * p['w']})\n"
        "report = hg.check(f, g, {'w': 2.0})\n"
        "print(report.verdict, [each.line for each in report.findings])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "wrong [None]\n"


def test_what_is_large_is_left_to_the_numbers(monkeypatch):
    monkeypatch.setattr("handgrad.check.source.live._MOST_PARAMETERS", 7)
    report = hg.check(loss, gradients, POINT)
    assert report.verdict == "wrong"
    assert all(each.line is None for each in report.findings)


def test_a_right_gradient_is_not_looked_at_twice(monkeypatch):
    monkeypatch.setattr("handgrad.check.lines.with_lines", lambda *_: pytest.fail("there is nothing to look for"))
    assert hg.check(loss, lambda p: {"W": 0 * p["W"], "b": 0 * p["b"]} if p is None else right(p), POINT)


def right(p):
    y = outputs(p)
    d = (y - TARGETS) * (1 - y**2)
    return {"W": d @ INPUTS.T, "b": d.sum(axis=1, keepdims=True)}


def test_one_reason_and_one_line_become_one_finding():
    reason = hg.Finding("sign", "The sign is wrong.", ("W",), ("factor",))
    line = hg.Finding("surplus-factor", "A factor too many.", ("W",), file="g", line=3, fix="+x")
    (both,) = merged((reason,), (line,))
    assert (both.fault, both.line, both.fix) == ("sign", 3, "+x")
    assert both.also == ("factor", "surplus-factor")
    assert both.explanation == "The sign is wrong. A factor too many."
    elsewhere = hg.Finding("mean", "Divided twice.", ("b",))
    assert merged((elsewhere,), (line,)) == (line, elsewhere)


def test_parts_of_a_text():
    text = "# handgrad: f\ndef f():\n    return 1\n\n# handgrad: g\ndef g():\n    return 2\n\n"
    assert split(text) == {"f": (1, "def f():\n    return 1\n"), "g": (5, "def g():\n    return 2\n")}
