"""What a stranger tripped over: gradients under names of their own, a division that was forgotten, several faults."""

import textwrap
from pathlib import Path

import pytest

from handgrad.check import check_file
from handgrad.check.result import Report

NET = """
    import numpy as np
    class Net:
        def __init__(self, rng):
            self.w1, self.bias1 = rng.normal(size=(4, 6)), np.zeros(6)
            self.w2, self.bias2 = rng.normal(size=(6, 3)), np.zeros(3)
        def loss(self, X, y):
            self.X, self.y = X, y
            self.z1 = X @ self.w1 + self.bias1
            self.a1 = np.tanh(self.z1)
            s = self.a1 @ self.w2 + self.bias2
            e = np.exp(s - s.max(axis=1, keepdims=True))
            self.p = e / e.sum(axis=1, keepdims=True)
            return -np.log(self.p[np.arange(len(y)), y]).mean()
        def backward(self):
            n = len(self.y)
            delta2 = self.p.copy()
            delta2[np.arange(n), self.y] -= 1
            delta2 /= n
            self.gw2 = self.a1.T @ delta2
            self.gb2 = delta2.sum(axis=0)
            delta1 = (delta2 @ self.w2.T) * (1 - self.a1 ** 2)
            self.gw1 = self.X.T @ delta1
            self.gb1 = delta1.sum(axis=0)
        def step(self):
            self.w1 -= 0.1 * self.gw1
            self.bias1 -= 0.1 * self.gb1
            self.w2 -= 0.1 * self.gw2
            self.bias2 -= 0.1 * self.gb2
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    net = Net(rng)
    for k in range(3):
        print(net.loss(X, y))
        net.backward()
        net.step()
"""


def checked(folder: Path, text: str) -> Report:
    """The report on a file with this text."""
    path = folder / "net.py"
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return check_file(path)


def test_the_step_says_whose_gradient_it_is(tmp_path: Path) -> None:
    """``self.gb1`` is the gradient of ``self.bias1``, whose name does not tell."""
    report = checked(tmp_path, NET)
    assert report.verdict == "right"
    assert {each.name for each in report.parameters} == {"w1", "bias1", "w2", "bias2"}


@pytest.mark.parametrize(
    ("line", "wrong", "names"),
    [
        ("self.gb1 = delta1.sum(axis=0)", "self.gb1 = delta1.mean(axis=0)", {"bias1"}),
        ("self.gb2 = delta2.sum(axis=0)", "self.gb2 = delta2.sum()", {"bias2"}),
    ],
)
def test_a_wrong_gradient_under_another_name_is_seen(tmp_path: Path, line: str, wrong: str, names: set[str]) -> None:
    """With the line, and an edit."""
    report = checked(tmp_path, NET.replace(line, wrong))
    assert report.verdict == "wrong"
    assert {each.name for each in report.parameters if each.verdict == "wrong"} == names
    assert [each.source for each in report.findings] == [wrong]
    assert f"+        {line}" in report.findings[0].fix


def test_a_division_that_was_forgotten_is_one_line(tmp_path: Path) -> None:
    """Not an edit of each line that is wrong because of it."""
    report = checked(tmp_path, NET.replace("            delta2 /= n\n", ""))
    assert len(report.findings) == 1
    added = [
        line for line in report.findings[0].fix.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert [line.replace(" ", "") for line in added] == ["+delta2=delta2/n"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("(1 - self.a1 ** 2)", "(1 + self.a1 ** 2)"), ("self.gw2 = self.a1.T @", "self.gw2 = 2 * self.a1.T @")),
        (("delta2 /= n", "delta2 /= 2 * n"), ("self.X.T @ delta1", "-self.X.T @ delta1")),
        (("-= 1\n", "-= 2\n"), ("delta1.sum(axis=0)", "delta1.mean(axis=0)")),
    ],
)
def test_two_faults_are_both_found_and_mended(tmp_path: Path, first: tuple[str, str], second: tuple[str, str]) -> None:
    """Also where the first one hides the second."""
    text = NET.replace(*first).replace(*second)
    lines = textwrap.dedent(text).lstrip("\n").splitlines()
    wanted = {lines.index(each) + 1 for each in lines if first[1].strip() in each or second[1] in each}
    report = checked(tmp_path, text)
    assert {each.line for each in report.findings} == wanted
    assert all(each.fix for each in report.findings)


EMPTY = """
    import numpy as np
    rng = np.random.default_rng(0)
    X, T, W = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.normal(size=(3, 2))
    def loss(W):
        return ((X @ W - T) ** 2).sum() / 2
    def gradients(W):
        dW = np.empty_like(W)
        for x, t in zip(X, T):
            dW += np.outer(x, x @ W - t)
        return {"W": dW}
"""


def test_what_nobody_has_set_is_never_taken_for_zero(tmp_path: Path) -> None:
    """Memory that happens to hold zeros would hide the fault in one run and show it in another."""
    for _ in range(3):
        report = checked(tmp_path, EMPTY)
        assert report.verdict == "wrong"
        assert [each.line for each in report.findings] == [7]
        assert "+    dW = np.zeros_like(W)" in report.findings[0].fix
