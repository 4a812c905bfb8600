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
    """Makes a folder with the layers, one text in rnn.py, or another file, exchanged for another."""

    def change(old, new, name="rnn.py"):
        shutil.copytree(FOLDER, tmp_path / "layers", dirs_exist_ok=True)
        path = tmp_path / "layers" / name
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        return tmp_path / "layers"

    return change


def test_loops_are_told_from_straight_lines():
    assert NAMES == ["embedding", "lstm", "rnn"]
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
    for code in (derivation.to_latex(), derivation.to_html()):
        assert code.count("Before its loop") == len(derivation.preparations) >= 2
    for form in (derivation.to_text(), derivation.to_text(unicode=False), derivation.to_latex(), derivation.to_html()):
        assert form


def test_an_embedding_is_a_product_with_columns_of_one():
    text = derive("embedding").to_text()
    assert "xₜ = Eᵀ onehot(sₜ) where realₜ, else 0" in text
    assert "∂L/∂E = Σₜ onehot(sₜ) (∂L/∂xₜ where realₜ, else 0)ᵀ" in text
    assert "onehot(sₜ) has a column for each sample" in text


def test_a_cotangent_of_the_wrong_place_fails(changed):
    folder = changed("np.where(real[t], dx[t], 0).T)", "np.where(real[t], dx[t - 1], 0).T)", "embedding.py")
    assert not derive("embedding", folder=folder).passed


def test_what_it_says():
    text = derive("rnn").to_text()
    for equation in (
        "yₜ = hₜ",
        "∂L/∂hₜ ← ∂L/∂yₜ",
        "for every t, before the loop; 0 for t = 0",
        "realₜ: where a step is no padding",
        "Only the recursion takes lengths and truncate",
        "∂aₜ/∂W has, at i, l, j, n, the derivative of aₜⱼₙ by Wᵢₗ",
        "\nBefore its loop, rnn_backward does (executed, not typeset)\n  W, U, b = params\n  x, h, real, f = cache\n",
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
    ("old", "new"),
    [
        ("dh[t - 1] += W.T @ da", "dh[t - 1] += W @ da"),
        ("dh[t - 1] += W.T @ da", "dh[t - 1] = W.T @ da"),
        ("dh[t - 1] += np.where(real[t], 0, dh[t])", "dh[t - 1] += np.where(real[t], 0.1, dh[t])"),
        ("dW += da @ h[t - 1].T", "dW += da @ h[t].T"),
        ("dW += da @ h[t - 1].T", "dW = da @ h[t - 1].T"),
        ("dx[t] = U.T @ da", "dx[t] = 2 * (U.T @ da)"),
        ("db += da.sum(axis=1)", "db += da[:, 0]"),
    ],
)
def test_of_a_wrong_loop_the_wrong_line_alone_fails(changed, old, new):
    derivation = derive("rnn", folder=changed(old, new))
    assert not derivation.passed
    assert [line.origins[0].code for line in lines_of(derivation) if line.check and not line.check.passed] == [new]
    assert "its numerical derivative went on in its place" in derivation.to_text().replace("\n", " ")


@pytest.mark.parametrize(
    ("begin", "written"),
    [
        ("np.zeros_like(h)", "∂L/∂hₜ ← 𝟎"),
        ("np.concatenate([2 * dy, np.zeros_like(h[-1:])])", "∂L/∂hₜ ← `dh = np.concatenate([2 * dy"),
    ],
)
def test_what_begins_wrong_before_the_loop_fails_alone(changed, begin, written):
    folder = changed("np.concatenate([dy, np.zeros_like(h[-1:])])", begin)
    derivation = derive("rnn", folder=folder)
    assert not derivation.passed
    assert [line.origins[0].code for line in lines_of(derivation) if line.check and not line.check.passed] == [
        f"dh = {begin}"
    ]
    assert written in derivation.to_text()


def test_of_two_wrong_lines_both_fail(changed):
    folder = changed("dh[t - 1] += W.T @ da", "dh[t - 1] += W @ da")
    path = folder / "rnn.py"
    path.write_text(path.read_text().replace("dx[t] = U.T @ da", "dx[t] = -U.T @ da"))
    failed = [
        line.origins[0].code for line in lines_of(derive("rnn", folder=folder)) if line.check and not line.check.passed
    ]
    assert failed == ["dx[t] = -U.T @ da", "dh[t - 1] += W @ da"]


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
