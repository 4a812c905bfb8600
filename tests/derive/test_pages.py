import re
import shutil
import subprocess
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.derive import LayerSpec, derive, derive_module, derive_network, names

NAMES = [entry.name for entry in names()]


@pytest.fixture(scope="module")
def derivations():
    made = {name: derive(name) for name in NAMES}
    chain = [LayerSpec("dense", 64), LayerSpec("sigmoid"), LayerSpec("dense", 64), LayerSpec("leaky_relu")]
    made["deep"] = derive_network([*chain, LayerSpec("dense", 1)], "sigmoid_cross_entropy", optimizer="adam", inputs=2)
    return made


@pytest.fixture
def wrong(tmp_path):
    source = (Path(handgrad.layers.__file__).parent / "dense.py").read_text(encoding="utf-8")
    path = tmp_path / "dense.py"
    path.write_text(source.replace("dx = W.T @ da", "dx = -W.T @ da"), encoding="utf-8")
    return derive_module(path)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_text_keeps_to_its_width(derivations, width):
    for name, derivation in derivations.items():
        for line in derivation.to_text(width).splitlines():
            columns = sum(not unicodedata.combining(sign) for sign in line)  # a tilde stands over its letter
            assert columns <= width, (name, line)
            assert line == line.rstrip()
            assert "\x1b" not in line


def test_text_has_every_line_its_shapes_and_its_error(derivations):
    text = derivations["dense"].to_text()
    assert "  (1)   a = W x + b   a: M × B   W: M × N   x: N × B   b: M" in text
    line = next(line for line in text.splitlines() if "∂L/∂W = " in line)
    assert re.fullmatch(r"  \(1\)   ∂L/∂W = ∂L/∂a · xᵀ   ∂L/∂W: M × N   ∂L/∂a: M × B   x: N × B +\S+ ✓", line)
    assert "Sizes: M outputs, N inputs, B samples in the batch." in text
    assert "b along B" in text
    assert "✓ All 3 checks passed" in text
    for name, derivation in derivations.items():
        assert derivation.to_text().count(" ✓") >= len(derivation.checks), name


def test_text_gives_the_reason_that_the_file_gives(derivations):
    for text in (derivations["softmax_cross_entropy"].to_text(), derivations["softmax_cross_entropy"].to_html()):
        assert "subtracting the largest logit keeps exp from overflowing" in text


def test_ascii(derivations):
    for name, derivation in derivations.items():
        text = derivation.to_text(unicode=False)
        assert set(filter(str.isascii, text)) | set("ü") >= set(text), name  # a letter of an author's name
    assert "dL/dW = dL/da * x^T" in derivations["dense"].to_text(unicode=False)


def test_a_failed_line_shows_in_every_format(wrong):
    assert "✗ FAILED" in wrong.to_text()
    assert "X FAILED" in wrong.to_text(unicode=False)
    assert wrong.to_html().count('<span class="d-failed">') == 1
    assert '<p class="d-verdict d-failed">✗ FAILED: 1 of 3 checks' in wrong.to_html()
    assert wrong.to_latex().count(r"\fbox{\textbf{\ensuremath{\times} FAILED}}") == 1


def test_html_is_well_formed_and_needs_nothing_from_elsewhere(derivations):
    for name, derivation in derivations.items():
        page = derivation.to_html()
        assert page.startswith("<!DOCTYPE html>")
        assert derivation.to_html_fragment().split("</style>")[1].replace("h3", "h1").count("<math") == page.count(
            "<math"
        )
        assert not re.search(r"https?://|src=|href=|@import|url\(|<script", page), name
        tree = ElementTree.fromstring(derivation.to_html_fragment())
        assert tree.tag == "section"
        formulas = [node for node in tree.iter("math") if node.get("displaystyle") == "true"]
        assert len(formulas) == sum(len(section.lines) for section in derivation.sections)
        spoken = {node.get("alttext") for node in formulas}
        if name == "dense":
            assert "∂L/∂b = Σₙ ∂L/∂aₙ" in spoken


def test_html_shows_the_source_of_every_line(derivations):
    page = derivations["mlp"].to_html()
    assert re.search(r'<span class="d-place">dense.py:\d+</span> dW = da @ x.T</code>', page)
    assert re.search(r'<span class="d-place">weight_decay.py:\d+</span> dW = lam \* W \* dR</code>', page)
    assert re.search(r'<span class="d-place">sgd.py:\d+</span> theta = theta - lr \* g</code>', page)


def test_html_escapes_what_it_is_given():
    derivation = derive_network([LayerSpec("dense")], "squared_error", title="<b> & co", remarks=["1 < 2 & 3"])
    assert "<h1" in derivation.to_html()
    assert "&lt;b&gt; &amp; co" in derivation.to_html()
    assert "1 &lt; 2 &amp; 3" in derivation.to_html()
    assert r"1 \ensuremath{<} 2 \& 3" in derivation.to_latex()


def test_latex_is_a_whole_document(derivations):
    for name, derivation in derivations.items():
        page = derivation.to_latex()
        assert page.startswith(r"\documentclass")
        assert page.rstrip().endswith(r"\end{document}")
        assert page.count(r"\[ ") == sum(len(section.lines) for section in derivation.sections)
        assert page.count("{") - page.count(r"\{") == page.count("}") - page.count(r"\}"), name
        assert set(filter(str.isascii, page)) | set("ü") >= set(page), name
    assert r"\[ \frac{\partial L}{\partial W} = \frac{\partial L}{\partial a} \, x^{\top} \tag{1} \]" in (
        derivations["dense"].to_latex()
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(derivations, wrong, tmp_path):
    for name, derivation in [*list(derivations.items())[-2:], ("wrong", wrong)]:
        (tmp_path / f"{name}.tex").write_text(derivation.to_latex(), encoding="utf-8")
        run = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
            cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout[-2000:]
        assert "Overfull" not in run.stdout


def test_the_numbers_are_measured_when_asked_for(derivations):
    other = derive("dense", seed=5).to_text()
    assert "seed 5" in other
    assert other != derivations["dense"].to_text().replace("seed 0", "seed 5")
