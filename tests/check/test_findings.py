"""How several findings are told: by their lines, each line once, in words that fit what is wrong."""

import json
import textwrap
from pathlib import Path

import pytest

from handgrad.check import check_file
from handgrad.check.html import report_html
from handgrad.check.mending import patched
from handgrad.check.result import Finding, Report
from handgrad.check.source import examine
from handgrad.check.source.activations import about_derivative
from handgrad.check.source.inorder import in_order
from handgrad.check.source.roles import Roles
from handgrad.check.source.text import unified_diff
from handgrad.check.source.wording import explain

LAYERS = """
    import numpy as np
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    W1, b1 = rng.normal(size=(4, 5)), rng.normal(size=5)
    W2, b2 = rng.normal(size=(5, 3)), rng.normal(size=3)
    def first_backward(d, z):
        d = d * (z > 0)
        db1 = d.sum(axis=0)
        return x.T @ d, db1
    def loss(W1, b1, W2, b2):
        h = np.maximum(x @ W1 + b1, 0)
        return ((h @ W2 + b2 - t) ** 2).sum() / 2
    def gradients(W1, b1, W2, b2):
        z = x @ W1 + b1
        h = np.maximum(z, 0)
        d = h @ W2 + b2 - t
        db2 = d.sum(axis=0)
        dW2 = h.T @ d
        dW1, db1 = first_backward(d @ W2.T, z)
        return dW1, db1, dW2, db2
"""


def checked(folder: Path, *changes: tuple[str, str]) -> tuple[str, Report]:
    """The text of a file with these faults, and its report."""
    text = textwrap.dedent(LAYERS).lstrip("\n")
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong, 1)
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    return text, check_file(path)


def test_findings_stand_in_the_order_of_their_lines_and_so_do_their_diffs(tmp_path: Path) -> None:
    """Though the later line is the first that runs."""
    text, report = checked(tmp_path, ("db1 = d.sum(axis=0)", "db1 = d.mean(axis=0)"), ("dW2 = h.T", "dW2 = -h.T"))
    assert [each.source for each in report.findings] == ["db1 = d.mean(axis=0)", "dW2 = -h.T @ d"]
    right = textwrap.dedent(LAYERS).lstrip("\n")
    mended = patched(text, [each.fix for each in report.findings])
    assert mended.replace("= (h.T", "= h.T").replace("d.sum(axis=0, keepdims=False)", "d.sum(axis=0)") == right


def test_a_line_that_is_a_finding_is_not_said_to_be_wrong_because_of_another_one(tmp_path: Path) -> None:
    """And what several findings spoil is said once, with all of them."""
    text, report = checked(
        tmp_path, ("d = h @ W2 + b2 - t", "d = h @ W2 + b2 + t"), ("d = d * (z > 0)", "d = d * (z < 0)")
    )
    lines = {each.line for each in report.findings}
    number = {line.strip(): place for place, line in enumerate(text.splitlines(), start=1)}
    assert lines == {number["d = d * (z < 0)"], number["d = h @ W2 + b2 + t"]}
    assert all(lines.isdisjoint(each.downstream) for each in report.findings)
    both = number["db1 = d.sum(axis=0)"]
    assert all(both in each.downstream for each in report.findings)
    one, two = sorted(lines)
    assert report.lines[both] == f"wrong because of lines {one} and {two}"
    assert report.lines[number["db2 = d.sum(axis=0)"]] == f"wrong because of line {two}"
    assert json.loads(report.to_json())["lines"][str(one)] == "wrong here"
    for shown in (" ".join(str(report).split()), report_html(report)):
        assert f"only because of lines {one} and {two}" in shown


def test_a_relu_is_explained_as_one(tmp_path: Path) -> None:
    """And not as a sigmoid."""
    _, report = checked(tmp_path, ("d = d * (z > 0)", "d = d * (z < 0)"))
    (finding,) = report.findings
    assert "ReLU" in finding.explanation
    assert "sigmoid" not in finding.explanation
    assert "tanh" not in finding.explanation


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("dz = da * (1 - z ** 2)", "dz = da * (1 - a ** 2)", "tanh"),
        ("dz = da * (1 - z * z)", "dz = da * (1 - a * a)", "tanh"),
        ("dz = (da * z) * (1 - z)", "dz = (da * a) * (1 - a)", "sigmoid"),
        ("dz = da * (a > 0) * (1 - g ** 2)", "dz = da * (z > 0) * (1 - g ** 2)", "ReLU"),
        ("dz = da * (1 - z)", "dz = da * (1 - a)", ""),  # what flows around a gate, perhaps
        ("dz = da * slope(a)", "dz = da * slope(z)", ""),
    ],
)
def test_a_derivative_is_explained_for_its_own_activation(before: str, after: str, kind: str) -> None:
    """Or for any, where its form does not tell."""
    words = about_derivative(f"x = 1\n{before}\n", f"x = 1\n{after}\n")
    assert words.startswith("The derivative of an activation")
    assert [each for each in ("sigmoid", "tanh", "ReLU") if each in words] == ([kind] if kind else [])


def test_a_condition_is_no_derivative() -> None:
    """``if t < 1`` says nothing about activations."""
    assert about_derivative("if t < 1:\n    d = 0\n", "if t > 1:\n    d = 0\n") == ""


def test_a_sentence_that_begins_with_a_symbol_leaves_it_as_it_is() -> None:
    """h_t, not H_t."""
    words = explain("time-shift", "a = h[t] + b\nc = 1\n", "a = h[t - 1] + (b)\nc = (1)\n", "`a`", "")
    assert words.startswith("Here h_t stands where h_{t-1} belongs")


TEXT = "a = 1\nb = 2\nc = 3\nd = 4"


def chain(*texts: str) -> list[str]:
    """A diff for each step from one text to the next."""
    return [unified_diff(one, two, "net.py") for one, two in zip(texts, texts[1:], strict=False)]


def edit(line: int, fix: str) -> Finding:
    """A finding with a correction."""
    return Finding("other", "", line=line, fix=fix, file="net.py")


@pytest.mark.parametrize("end", ["", "\n"])
def test_diffs_are_made_anew_for_another_order(end: str) -> None:
    """A line put in, a line taken out, a line changed; with and without an end of the last line."""
    text = TEXT + end
    steps = [text, text.replace("d = 4", "d = 40"), text.replace("d = 4", "d = 40").replace("b = 2\n", "")]
    steps.append("z = 0\n" + steps[-1])
    fixes = chain(*steps)
    findings = [
        Finding("other", "", line=line, fix=fix, file="net.py") for line, fix in zip((4, 2, 1), fixes, strict=True)
    ]
    found = in_order([*findings, Finding("other", "no edit", line=1)], text)
    assert [each.line for each in found] == [1, 2, 4, 1]
    assert patched(text, [found[0].fix]) == "z = 0\n" + text
    assert patched(text, [each.fix for each in found if each.fix]) == steps[-1]


def test_edits_of_one_line_keep_their_order() -> None:
    """The second one is made in what the first one left."""
    fixes = chain(
        TEXT, TEXT.replace("4", "5"), TEXT.replace("4", "5").replace("b = 2", "b = 3"), TEXT.replace("4", "6")
    )
    findings = [
        Finding("other", "", line=line, fix=fix, file="net.py") for line, fix in zip((4, 2, 4), fixes, strict=True)
    ]
    assert [each.fix for each in in_order(findings, TEXT)] == fixes


SLOW = """
    import time
    import numpy as np
    W = np.arange(6.0).reshape(2, 3) + 1
    def loss(W):
        time.sleep(0.06)
        return float(np.sum(np.cos(W) * W ** 3))
    def gradients(W):
        again = np.cos(W)
        return {"W": again * W ** 2 + 7 * np.sin(np.sin(W)) - W ** 5}
"""


@pytest.mark.parametrize("seconds", ["0.06", "0"])
def test_where_one_run_is_slow_smaller_data_are_advised(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    """More time is advised where it would help."""
    monkeypatch.setattr(examine, "_SEARCH_SECONDS", 0.3)
    monkeypatch.setattr(examine, "_SEARCH_SHARE", 0.0)
    text = textwrap.dedent(SLOW).lstrip("\n").replace("0.06", seconds)
    report = examine.examine(text, "net.py", Roles())
    (note,) = [each for each in report.notes if "the time was over" in each]
    assert ("make the data smaller, a few samples show the same fault" in note) == (seconds != "0")
    assert ("--time-limit gives it more" in note) == (seconds == "0")
    if report.findings:
        assert report.findings[0].source != "again = np.cos(W)"
