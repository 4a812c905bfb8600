"""Derivations of layers that walk through time."""

import shutil
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.derive import derive, names
from handgrad.derive.expression import Code
from handgrad.derive.kinds import layer_names, loop_names
from handgrad.derive.words import nodes
from handgrad.errors import InputError

FOLDER = Path(handgrad.layers.__file__).parent
NAMES = loop_names()


def lines_of(derivation):
    return [line for section in derivation.sections for line in section.lines]


@pytest.fixture
def changed(tmp_path):
    """Makes a folder with the layers, one text in rnn.py exchanged for another."""

    def change(old, new):
        shutil.copytree(FOLDER, tmp_path / "layers", dirs_exist_ok=True)
        path = tmp_path / "layers" / "rnn.py"
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        return tmp_path / "layers"

    return change


def test_loops_are_told_from_straight_lines():
    assert NAMES == ["rnn"]
    assert not set(NAMES) & set(layer_names())
    assert set(NAMES) <= {each.name for each in names()}


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_with_a_loop_derives_and_passes(name):
    derivation = derive(name)
    assert derivation.passed
    assert 0 <= derivation.worst < 1e-12
    assert derivation.sizes["T"] == 3
    assert len(set(derivation.sizes.values())) == len(derivation.sizes)
    assert not [node for line in lines_of(derivation) for node in nodes(line.equation) if isinstance(node, Code)]
    for section in derivation.sections:
        assert all((line.check is not None) == section.backward for line in section.lines)
    for form in (derivation.to_text(), derivation.to_text(unicode=False), derivation.to_latex(), derivation.to_html()):
        assert form


def test_what_it_says():
    text = derive("rnn").to_text()
    for equation in (
        "aₜ = W hₜ₋₁ + U xₜ + b",
        "hₜ = tanh(aₜ) where realₜ, else hₜ₋₁",
        "∂L/∂aₜ = ∂L/∂hₜ ⊙ (1 − hₜ²) where realₜ, else 0",
        "∂L/∂W = Σₜ ∂L/∂aₜ · hₜ₋₁ᵀ",
        "∂L/∂hₜ₋₁ ← ∂L/∂hₜ₋₁ + Wᵀ ∂L/∂aₜ",
    ):
        assert equation in text
    assert "h_{t-1}" in derive("rnn").to_latex()
    assert "<mi>t</mi><mo>−</mo><mn>1</mn>" in derive("rnn").to_html()


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("dh[t - 1] += W.T @ da", "dh[t - 1] += W @ da", {"dh", "da", "dW", "dU", "db", "dx"}),
        ("dW += da @ h[t - 1].T", "dW += da @ h[t].T", {"dW"}),
        ("dx[t] = U.T @ da", "dx[t] = 2 * (U.T @ da)", {"dx"}),
        ("db += da.sum(axis=1)", "db += da[:, 0]", {"db"}),
    ],
)
def test_a_wrong_line_does_not_pass(changed, old, new, wrong):
    derivation = derive("rnn", folder=changed(old, new))
    assert not derivation.passed
    failed = {line.origins[0].code for line in lines_of(derivation) if line.check and not line.check.passed}
    assert new in failed
    assert len({code.split()[0].split("[")[0] for code in failed} - wrong) == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dx[t] = U.T @ da", "dx[0] = U.T @ da", "expected a name, or one with the index t or t - 1, on the left"),
        ("dx[t] = U.T @ da", "print(t)", "expected an assignment, or"),
        (
            "    return dx, dh[-1]",
            "    dx = +dx\n    return dx, dh[-1]",
            "expected `for t in ...:` and then the return",
        ),
        ("Shapes: W (H, H), U (H, D),", "Shapes: W (H, H),", "does not say the shape of U"),
    ],
)
def test_a_form_that_cannot_be_read(changed, old, new, message):
    with pytest.raises(InputError, match=message):
        derive("rnn", folder=changed(old, new))
