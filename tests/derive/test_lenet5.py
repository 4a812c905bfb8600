"""``derive lenet5``: the report's network in the report's notation, every line executed."""

import shutil
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.cli import main
from handgrad.derive import derive, names
from handgrad.derive.expression import Code
from handgrad.derive.words import nodes
from handgrad.errors import UsageError

FOLDER = Path(handgrad.layers.__file__).parent


def lines_of(derivation):
    return [line for section in derivation.sections for line in section.lines]


@pytest.fixture(scope="module")
def lenet5():
    return derive("lenet5")


def test_it_is_listed_and_passes(lenet5):
    assert "lenet5" in {each.name for each in names()}
    assert lenet5.passed
    assert lenet5.worst < 1e-12
    assert not [node for line in lines_of(lenet5) for node in nodes(line.equation) if isinstance(node, Code)]
    for section in lenet5.sections:
        for line in section.lines:
            assert line.shapes
            assert line.check or not section.backward
    assert len(lenet5.checks) == 32  # 30 derivatives, and the forward line of each convolution beside conv.py


@pytest.mark.parametrize(
    "equation",
    [
        "Ỹ^(1,d) = b^(1,d) + Σ_{p: T⁽¹⁾_{pd} = 1} W^(1,p,d) ⊗ X^(0,p)",
        "Y⁽¹⁾ = A tanh(S Ỹ⁽¹⁾)",
        "m^(1,d)ᵢⱼ = Σᵤᵥ Y^(1,d)_{si+u,sj+v}/s²",
        "X̃^(1,d) = w^(1,d) m^(1,d) + a^(1,d)",
        "X⁽¹⁾ = A tanh(S X̃⁽¹⁾)",
        "Ỹ^(2,d) = b^(2,d) + Σ_{p: T⁽²⁾_{pd} = 1} W^(2,p,d) ⊗ X^(1,p)",
        "x̃⁽³⁾ = W⁽³⁾ x⁽²⁾ + b⁽³⁾",
        "L = 1/B · Σₙ ℓₙ",
        "∂L/∂x̃⁽⁵⁾ = ∂L/∂ℓ ⊙ (y ⊙ Σⱼ tⱼ − t)",
        "∂L/∂W⁽⁴⁾ = ∂L/∂x̃⁽⁴⁾ · x⁽³⁾ᵀ",
        "∂L/∂w^(2,d) = Σᵢⱼₙ ∂L/∂X̃^(2,d)ᵢⱼₙ · m^(2,d)ᵢⱼₙ",
        "∂L/∂a^(1,d) = Σᵢⱼₙ ∂L/∂X̃^(1,d)ᵢⱼₙ",
        "∂L/∂Y^(2,d)_{si+u,sj+v} = w^(2,d)/s² · ∂L/∂X̃^(2,d)ᵢⱼ",
        "∂L/∂Ỹ⁽²⁾ = S ∂L/∂Y⁽²⁾ ⊙ (A − (Y⁽²⁾)²/A)",
        "∂L/∂W^(2,p,d) = ∂L/∂Ỹ^(2,d) ⊗ X^(1,p)",
        "∂L/∂b^(2,d) = Σᵢⱼₙ ∂L/∂Ỹ^(2,d)ᵢⱼₙ",
        "∂L/∂X^(1,p) = Σ_{d: T⁽²⁾_{pd} = 1} rot180(W^(2,p,d)) ⊗̃ ∂L/∂Ỹ^(2,d)",
        "∂L/∂X^(0,p) = Σ_{d: T⁽¹⁾_{pd} = 1} rot180(W^(1,p,d)) ⊗̃ ∂L/∂Ỹ^(1,d)",
    ],
)
def test_the_report_s_notation(lenet5, equation):
    assert equation in lenet5.to_text(120)


def test_backward_lines_name_the_forward_lines_that_they_differentiate(lenet5):
    forward = {
        line.number: line for line in lines_of(lenet5) if line.number.isdigit() and not line.equation.left.partial
    }
    assert sorted(map(int, forward)) == list(range(1, 22))
    for line in lines_of(lenet5):
        if line.equation.left.partial and line.check:
            parts = set(line.number.split(", "))
            assert parts <= set(forward)
            read = {node for number in parts for node in nodes(forward[number].equation.right)}
            letters = {(node.letter, node.tilde) for node in read if hasattr(node, "tilde")}
            assert (line.equation.left.letter, line.equation.left.tilde) in letters


def test_in_latex(lenet5):
    latex = lenet5.to_latex()
    assert r"\tilde{Y}^{(1,d)} = b^{(1,d)} + \sum_{p:\, T^{(1)}_{pd} = 1} W^{(1,p,d)} \otimes X^{(0,p)}" in latex
    assert (
        r"\sum_{i=0}^{\mathrm{N'}_{2} - 1} \sum_{j=0}^{\mathrm{M'}_{2} - 1} \sum_{n=1}^{B} \frac{\partial L}" in latex
    )
    assert r"\mathbin{\tilde{\otimes}} \frac{\partial L}{\partial \tilde{Y}^{(2,d)}}" in latex


def test_the_sizes_are_lenet_5_s(lenet5):
    sizes = {str(each.value) for each in lenet5.notation if each.value is not None}
    assert {"32", "28", "14", "10", "5", "6", "16", "400", "120", "84"} <= sizes


@pytest.mark.parametrize(
    ("file", "old", "new", "lines"),
    [
        ("conv_forms/rotated_kernel.py", "dx[p] += wide(rot180(W[p, d]), dy[d])", "dx[p] += wide(W[p, d], dy[d])", 2),
        ("subsample.py", "= w[d] / s**2 * dy[d]", "= w[d] * dy[d]", 2),
        ("scaled_tanh.py", "da = dy * S * (A - y**2 / A)", "da = dy * S * (A - y**2)", 6),
    ],
)
def test_a_wrong_line_fails_wherever_it_stands_and_no_other(tmp_path, file, old, new, lines):
    shutil.copytree(FOLDER, tmp_path / "layers")
    path = tmp_path / "layers" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    derivation = derive("lenet5", folder=tmp_path / "layers")
    failed = [line.origins[-1].code for line in lines_of(derivation) if line.check and not line.check.passed]
    assert failed == [new if not new.startswith("=") else next(code for code in failed if new in code)] * lines


def test_another_activation(capsys):
    assert main(["derive", "lenet5", "--activation", "sigmoid"]) == 0
    assert "Y⁽¹⁾ = 1 / (1 + exp(−Ỹ⁽¹⁾))" in capsys.readouterr().out


def test_a_choice_that_it_does_not_have():
    with pytest.raises(UsageError, match="loss was given for lenet5, expected for mlp only"):
        derive("lenet5", loss="l2")
    with pytest.raises(UsageError, match="the activation is 'tan', expected one of"):
        derive("lenet5", hidden_activation="tan")


@pytest.mark.parametrize("name", ["dense", "softmax", "squared_error", "weight_decay", "leaky_relu"])
def test_what_is_no_activation_of_maps_is_refused(name):
    with pytest.raises(UsageError, match=f"the activation is '{name}', expected one of identity, relu"):
        derive("lenet5", hidden_activation=name)


def test_an_activation_is_refused_where_none_is_taken():
    with pytest.raises(UsageError, match="the activation was given for conv, expected for mlp and lenet5 only"):
        derive("conv", hidden_activation="tanh")
