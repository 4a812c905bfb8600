"""The words of a report: what a reader sees, in which order, and that nothing of it breaks a terminal or a page."""

import html.parser
import re
from pathlib import Path

import numpy as np
import pytest

from handgrad.check.faults import FAULTS
from handgrad.check.html import report_html
from handgrad.check.result import Finding, ParameterVerdict, Report
from handgrad.check.source.difference import difference
from handgrad.check.source.wording import explain, readable
from handgrad.check.words import columns, headline, ranges, report_text

DIFF = "--- a/net.py\n+++ b/net.py\n@@ -11,3 +11,3 @@\n a = 1\n-dW = -d @ x.T\n+dW = d @ x.T\n return dW\n"
FINDING = Finding(
    "sign",
    "The minus before `d @ x.T` does not belong here.",
    ("W",),
    ("factor",),
    "net.py",
    12,
    "dW = -d @ x.T",
    "dW[0, 1] = -0.25",
    "0.25",
    DIFF,
    (13, 15, 16, 17),
)
WRONG = ParameterVerdict("W", (3, 2), "wrong", 2.0, 6, (0, 1), -0.25, 0.25)
RIGHT = ParameterVerdict("b", (3,), "right", 1e-12, 3)
REPORT = Report("wrong", (WRONG, RIGHT), (FINDING,), ("the file was run",), "net.py")


def test_a_report_reads_from_the_verdict_to_the_notes():
    text = report_text(REPORT)
    inorder = [
        "net.py: WRONG: the gradient of W (1 of 2 that were checked), because of line 12",
        "net.py, line 12: sign flipped",
        "    12 | dW = -d @ x.T",
        "    is         dW[0, 1] = -0.25",
        "    should be  0.25",
        "The minus before `d @ x.T` does not belong here.",
        "This explains the numbers as well: constant factor.",
        "Lines 13 and 15 to 17 are wrong only because of this one; leave them as they are.",
        "applied to a copy and run, it makes every gradient right:",
        "    -dW = -d @ x.T\n    +dW = d @ x.T\n",
        "parameter  shape  verdict  rel. error  worst entry  given  numerical",
        "W          3 x 2  wrong       2.0e+00  [0, 1]       -0.25       0.25",
        "b          3      right       1.0e-12",
        "note: the file was run",
    ]
    places = [text.index(each) for each in inorder]
    assert places == sorted(places)
    assert text.isascii()
    assert "\x1b" not in text
    assert str(REPORT) == text


def test_colour_only_adds_codes():
    colored = report_text(REPORT, color=True)
    assert "\x1b[31m-dW = -d @ x.T\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == report_text(REPORT)


def test_sentences_are_wrapped_and_code_is_not():
    code = "`" + "x + " * 20 + "y`"
    report = Report("wrong", (WRONG,), (Finding("sign", f"Long words, {code} and some more of them.", ("W",)),))
    text = report_text(report, width=60)
    assert code in text
    assert max(len(line) for line in text.splitlines() if code not in line and "worst entry" not in line) <= 70


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (Report("right", (RIGHT,)), "right: the gradient is right"),
        (Report("right", (RIGHT, RIGHT), subject="f.py"), "f.py: right: all 2 gradients are right"),
        (Report("inconclusive", ()), "INCONCLUSIVE: nothing can be said about the gradient of any parameter"),
        (
            Report("inconclusive", (ParameterVerdict("k", (), "inconclusive", np.nan, 0), RIGHT)),
            "INCONCLUSIVE: nothing can be said about the gradient of k; the rest is right",
        ),
        (
            Report("right", (RIGHT,), (Finding("optimizer", "Wrong.", line=3, file="f.py"),), subject="f.py"),
            "f.py: RIGHT GRADIENTS, WRONG STEP: the gradient is right, but what is done with them is not",
        ),
        (
            Report("wrong", (WRONG,), (Finding("sign", "", line=3, file="gradients"),)),
            "WRONG: the gradient of W, because of line 3 of gradients",
        ),
    ],
)
def test_the_first_line_is_the_verdict(report, line):
    assert headline(report) == line
    assert report_text(report).startswith(line)


def test_what_was_not_verified_is_not_promised():
    unmended = Finding("other", "Look here.", ("W",), file="net.py", line=3, source="a = b")
    text = report_text(Report("wrong", (WRONG,), (FINDING, unmended), subject="net.py"))
    assert "makes every gradient right" not in text
    assert "mends a part of the gradients, not all" in text
    assert "the cause was not found; look here first" in text
    kink = Finding("kink", "The loss has a kink.", ("W",))
    assert "at a kink (not a fault)" in report_text(Report("right", (RIGHT,), (kink,)))


def test_wide_letters_take_two_columns():
    assert [columns(each) for each in ("W1", "权重", "e\u0301", "β")] == [2, 4, 1, 1]
    wide = ParameterVerdict("权重", (3, 2), "right", 0.0, 6)
    lines = report_text(Report("right", (wide, RIGHT))).splitlines()[2:]
    assert len({columns(line[: line.index("right")]) for line in lines if "right" in line}) == 1


def test_ranges_of_lines():
    assert ranges([]) == ""
    assert ranges([3]) == "3"
    assert ranges([4, 3]) == "3 and 4"
    assert ranges([1, 2, 3, 5, 7, 8, 9]) == "1 to 3, 5 and 7 to 9"


class _Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_notebook_gets_a_page_that_is_closed_and_escaped():
    evil = Finding("sign", "Say `<b>` & <script>alert(1)</script>.", ("W",), source="a < b", line=2, fix="+<i>\n")
    page = report_html(Report("wrong", (ParameterVerdict("<W>", (), "wrong", np.inf, 1, (), 1.0, 2.0),), (evil,)))
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen <= {"div", "pre", "code", "span", "table", "thead", "tbody", "tr", "th", "td"}
    assert "<code>&lt;b&gt;</code> &amp; &lt;script&gt;" in page
    assert "http" not in page
    assert REPORT._repr_html_() == report_html(REPORT)
    assert all(
        each in REPORT._repr_html_() for each in ("sign flipped", "dW[0, 1] = -0.25", "13 and 15 to 17", "note:")
    )


@pytest.mark.parametrize(
    ("old", "new", "phrase"),
    [
        ("d = a @ b", "d = a.T @ b", "`a` has to be transposed here"),
        ("d = a.T @ b", "d = a @ b", "`a` must not be transposed here"),
        ("d = a @ b", "d = b @ a", "the operands `a` and `b` stand in the wrong order"),
        ("d = e", "d = -e", "the minus before `e` is missing"),
        ("d = -e", "d = e", "the minus before `e` does not belong here"),
        ("d = e * f", "d = e * f * (1 - y**2)", "the factor `1 - y**2` is left out"),
        ("d = e * f * g", "d = e * f", "the factor `g` does not belong here"),
        ("d = e", "d = e / n", "the division by `n` is left out"),
        ("d = e / n", "d = e", "the division by `n` does not belong here"),
        ("d = (e) * g", "d = (e + dh) * g", "the term `dh` is left out"),
        ("d = e", "d = e - lam * w", "the term `- lam * w` is left out"),
        ("d = e + g", "d = e", "the term `g` does not belong here"),
        ("d = e", "d = e ** 2", "the exponent `2` is left out"),
        ("d = a + b * c", "d = a * b * c", "`a` and `b * c` are added, and have to be multiplied"),
        ("d = g * (c + i)", "d = g * (c - i)", "`+` stands where `-` belongs between `c` and `i`"),
        ("d = g * f * (1 - f)", "d = g * i * (1 - i)", "`f` stands where `i` belongs"),
        ("d += a @ h[t + 1].T", "d += a @ h[t].T", "`h[t + 1]` stands where `h[t]` belongs"),
        ('p["b"] = d.sum(axis=0)', 'p["b"] = d.sum(axis=1)', "`axis=0` stands where `axis=1` belongs"),
        ("d = e.mean(axis=0)", "d = e.sum(axis=0)", "`e.mean` stands where `e.sum` belongs"),
        ("d = e", "d = np.sum(e)", "`e` stands where `np.sum(e)` belongs"),
        ("d = e", "d += e", "`=` stands where `+=` belongs"),
        ("for t in range(3):", "for t in range(4):", "the loop runs over `range(3)`, and has to run over `range(4)`"),
        ("a = b = np.zeros(3)", "a, b = np.zeros(3), np.zeros(3)", "`a`, `b` are names of one and the same array"),
        ("", "d = e", "a line is missing: `d = e`"),
        ("d = e", "pass", "this line does not belong here"),
        ("d = e\nf = g", "h = i\nj = k", ""),
    ],
)
def test_an_edit_in_words(old, new, phrase):
    before, after = (f"first = 1\n{each + chr(10) if each else ''}last = 2\n" for each in (old, new))
    assert difference(before, after).phrase == phrase


def test_a_line_in_the_wrong_place():
    phrase = difference("a = 1\nb = 2\nc = 3\n", "b = 2\nc = 3\na = 1\n").phrase
    assert phrase == "the line `a = 1` stands in the wrong place"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_class_is_explained_in_whole_sentences(fault):
    for before, after in (("d = e\n", "d = e * f\n"), ("d = e\n", "i = j\nk = l\n")):
        text = explain(fault, before, after, "`d`", "h (line 7)")
        assert text.endswith("`d` should be the gradient of the loss with respect to `h` of line 7.")
        assert text[0].isupper() or text[0] == "`"
        assert ".." not in text


def test_names_of_forward_values():
    assert readable("W") == "`W`"
    assert readable("h (line 7)") == "`h` of line 7"
    assert readable("h.append (line 7)") == "what line 7 appends to `h`"
    assert readable("what is returned (line 7)") == "what line 7 returns"
    assert readable("W as used in line 3") == "`W` as line 3 uses it"
    assert readable("W as used in line 3, summed over the steps so far").endswith("it, summed over the steps so far")


def test_the_page_lists_every_class():
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")
    for each in FAULTS.values():
        assert f"| `{each.name}` | {each.title} | {each.meaning} |" in page
