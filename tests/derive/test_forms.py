"""The forms of a recurrent layer's gradient, typeset beside each other."""

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.derive import derive
from handgrad.derive.document import FORM_TOLERANCE
from handgrad.derive.expression import Code
from handgrad.derive.form_source import read_forms
from handgrad.derive.text import TextNotation
from handgrad.derive.words import nodes
from handgrad.derive.write import equation
from handgrad.errors import InputError
from handgrad.layers.rnn_forms import FORMS

FOLDER = Path(handgrad.layers.__file__).parent
TEXT = TextNotation()


@pytest.fixture(scope="module")
def rnn():
    return derive("rnn")


@pytest.fixture
def changed(tmp_path):
    """The derivation of rnn after one text in a form was exchanged for another."""

    def change(form, old, new):
        shutil.copytree(FOLDER, tmp_path / "layers", ignore=shutil.ignore_patterns("__pycache__"))
        path = tmp_path / "layers" / "rnn_forms" / f"{form}.py"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return derive("rnn", folder=tmp_path / "layers")

    return change


def failed(derivation):
    lines = [line for section in derivation.sections for line in section.lines]
    return {line.origins[0].code for line in lines if line.check and not line.check.passed}


def apart(derivation):
    return [form.name for form in derivation.forms if not form.passed]


def test_every_file_of_the_folder_is_a_form():
    assert sorted(FORMS) == sorted(path.stem for path in (FOLDER / "rnn_forms").glob("[!_]*.py"))
    assert [form.path for form in read_forms("rnn")] == [f"rnn_forms/{name}.py" for name in FORMS]
    assert read_forms("dense") == ()


def test_all_four_are_typeset_and_agree(rnn):
    assert rnn.passed
    assert [form.name for form in rnn.forms] == ["recursion", "double sum", "product", "forward mode"]
    assert [form.difference is None for form in rnn.forms] == [True, False, False, False]
    assert all(0 < form.difference <= FORM_TOLERANCE for form in rnn.forms[1:])
    assert len(rnn.sections) == 5
    assert all(line.check for section in rnn.sections[1:] for line in section.lines)
    assert not [
        n for section in rnn.sections for line in section.lines for n in nodes(line.equation) if type(n) is Code
    ]


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (0, ["∂L/∂hₜ ← ∂L/∂yₜ", "∂L/∂W = Σₜ ∂L/∂aₜ · hₜ₋₁ᵀ", "∂L/∂hₜ₋₁ ← ∂L/∂hₜ₋₁ + Wᵀ ∂L/∂aₜ"]),
        (1, ["∂Lₜ/∂hₜ = ∂L/∂yₜ", "δₜₖ = ∂Lₜ/∂hₖ ⊙ (1 − hₖ²)", "∂L/∂W = Σₜ Σ_{k≤t} δₜₖ hₖ₋₁ᵀ", "∂Lₜ/∂hₖ₋₁ = Wᵀ δₜₖ"]),
        (2, ["∂hₜ/∂hₜ = I", "∂Lₜ/∂hₖ = (∂hₜ/∂hₖ)ᵀ ∂L/∂yₜ", "∂hₜ/∂hₖ₋₁ = ∂hₜ/∂hₖ · diag(1 − hₖ²) W"]),
        (3, ["∂aₜ/∂W = W ∂hₜ₋₁/∂W + I ⊗ hₜ₋₁", "∂hₜ/∂W = ∂aₜ/∂W ⊙ (1 − hₜ²)"]),
    ],
)
def test_what_leads_to_the_gradient_of_the_weights(rnn, form, written):
    found = [equation(each, TEXT) for each in rnn.forms[form].equations]
    assert [each for each in found if each in written] == written
    assert sum(each.startswith("∂L/∂W = ") for each in found) == 1


def test_what_only_the_lines_say(rnn):
    text = rnn.to_text()
    for line in (
        "∂L/∂xₖ = Σ_{t≥k} Uᵀ δₜₖ",
        "∂L/∂h₀ = Σₜ ∂Lₜ/∂h₀",
        "∂L/∂h₀ = Σₜ (∂hₜ/∂h₀)ᵀ ∂L/∂yₜ",
        "∂L/∂b = Σₜ Σⱼₙ ∂L/∂yₜⱼₙ · ∂hₜⱼₙ/∂b",
        "time T H⁴",
        "⊗ multiplies every element with every element: (I ⊗ hₜ₋₁)ᵢₗⱼₙ = Iᵢⱼ hₜ₋₁ₗₙ.",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("form", "old", "new", "lines", "forms"),
    [
        ("double_sum", "dh = W.T @ delta", "dh = W @ delta", None, ["double sum"]),
        ("double_sum", "dU += delta @ x[k].T", "dU += delta @ x[t].T", {"dU += delta @ x[t].T"}, ["double sum"]),
        ("double_sum", "dx[k] += U.T @ delta", "dx[k] += -U.T @ delta", {"dx[k] += -U.T @ delta"}, ["double sum"]),
        ("double_sum", "dh0 += dh", "dh0 += 2 * dh", {"dh0 += 2 * dh"}, ["double sum"]),
        ("product", "return slope.T[:, :, None] * W", "return slope.T[:, :, None] * W.T", None, ["product"]),
        ("product", '@ step_jacobian(W, h[k], f)', "@ step_jacobian(W, h[k - 1], f)", None, ["product"]),
        ("forward_mode", "+ eye[:, :, None]", "- eye[:, :, None]", None, ["forward mode"]),
        ("forward_mode", "da_dh0 = W @ dh_dh0", "da_dh0 = W.T @ dh_dh0", None, ["forward mode"]),
        ("forward_mode", "h = activation(f, a)", "h = 2 * activation(f, a)", None, ["forward mode"]),
    ],
)  # fmt: skip
def test_a_wrong_line_of_a_form_does_not_pass(changed, form, old, new, lines, forms):
    derivation = changed(form, old, new)
    assert not derivation.passed
    assert apart(derivation) == forms
    assert failed(derivation)
    assert lines is None or failed(derivation) == lines
    assert f"The gradient by {forms[0]} is not that by recursion." in derivation.to_text().replace("\n", " ")


def test_a_carried_jacobian_is_judged_in_its_own_line(changed):
    derivation = changed("product", "dh_dh @ step_jacobian(W, h[k], f)", "step_jacobian(W, h[k], f) @ dh_dh")
    assert "dh_dh = step_jacobian(W, h[k], f) @ dh_dh" in failed(derivation)
    assert "∂hₜ/∂hₖ₋₁ = diag(1 − hₖ²) W ∂hₜ/∂hₖ" in derivation.to_text()


def test_a_form_that_differs_by_little_passes_its_lines_and_not_the_table(changed):
    derivation = changed("double_sum", "dh0 += dh", "dh0 += (1 + 1e-9) * dh")
    assert not failed(derivation)
    assert apart(derivation) == ["double sum"]
    assert not derivation.passed
    assert "✗ FAILED All 39 checks passed" in derivation.to_text()


@pytest.mark.parametrize(
    ("form", "old", "new", "message"),
    [
        ("double_sum", "for k in reversed(range(t + 1)):", "for k in range(t + 1):", r"expected `for k in reversed\("),
        ("double_sum", "        dh = dy[t]\n", "        print(t)\n", "expected an assignment, or"),
        ("double_sum", "RnnParams(dW, dU, db)\n", "RnnParams(W, dU, db)\n", "returns no dW, expected the gradients"),
        ("product", "def rnn_product_backward", "def product_backward", "has no function named rnn_"),
        ("forward_mode", "        h = activation(f, a)", "        h = activation(f, a.T)", "forward_mode.py:.*not run"),
    ],
)
def test_a_form_that_cannot_be_read(changed, form, old, new, message):
    with pytest.raises(InputError, match=message):
        changed(form, old, new)


def test_the_table_stands_in_every_format(rnn):
    html, latex = rnn.to_html_fragment(), rnn.to_latex()
    rows = [node for node in ElementTree.fromstring(html).iter("tr")]
    assert [row[0].text for row in rows] == ["form", *(form.name for form in rnn.forms)]
    assert len(rows[2][1].findall("div")) == len(rnn.forms[1].equations)
    assert "T<sup>2</sup> H<sup>3</sup>" in html
    assert r"\sum_{t=1}^{T} \sum_{k=1}^{t} \delta_{t,k}" in latex
    assert r"\sum_{t=k}^{T} U^{\top}" in latex
    assert r"\frac{\partial h_{t}}{\partial h_{k-1}}" in latex
    assert r"time $T^{2} \, H^{3}$, a product of matrices" in latex
    assert "<mi>t</mi><mo>=</mo><mi>k</mi>" in html
    assert rnn.to_text(unicode=False).isascii()
