"""The derivation of the LSTM: forward, backward, and the Jacobians of a step in the letters of the report."""

import shutil
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.derive import derive
from handgrad.derive.jacobians import _shortened
from handgrad.errors import InputError

FOLDER = Path(handgrad.layers.__file__).parent


@pytest.fixture(scope="module")
def text():
    return derive("lstm").to_text(width=200)


@pytest.fixture
def changed(tmp_path):
    """Makes a folder with the layers, some texts in a file exchanged for others."""

    shutil.copytree(FOLDER, tmp_path / "layers")

    def change(name, edits):
        path = tmp_path / "layers" / name
        for old, new in edits.items():
            source = path.read_text()
            assert source.count(old) == 1
            path.write_text(source.replace(old, new))
        return tmp_path / "layers"

    return change


def failed(derivation):
    """The left sides of the lines that failed, as text."""
    lines = [line for section in derivation.sections for line in section.lines]
    return [line.origins[0].code.partition(" ")[0] for line in lines if line.check and not line.check.passed]


@pytest.mark.parametrize(
    "equation",
    [
        "aₜ = Wₕ hₜ₋₁ + Wₓ xₜ + b",
        "[aᵢₜ; a_{f,t}; a_{c,t}; aₒₜ] = aₜ",
        "iₜ = σ(aᵢₜ) where realₜ, else 0",
        "fₜ = σ(a_{f,t}) where realₜ, else 1",
        "c̃ₜ = tanh(a_{c,t})",
        "cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ c̃ₜ",
        "c_{end} = c_T",
        "∂L/∂c_T ← ∂L/∂c_{end}",
        "∂L/∂cₜ₋₁ ← ∂L/∂cₜ₋₁ + ∂L/∂cₜ ⊙ fₜ",
        "∂L/∂aₜ = [∂L/∂aᵢₜ; ∂L/∂a_{f,t}; ∂L/∂a_{c,t}; ∂L/∂aₒₜ]",
        "∂L/∂Wₕ = Σₜ ∂L/∂aₜ · hₜ₋₁ᵀ",
        "zₜ = [hₜ₋₁; xₜ]",
        "∂hₜ/∂oₜ = diag(tanh(cₜ))",
        "∂hₜ/∂fₜ = ∂hₜ/∂cₜ · diag(cₜ₋₁)",
        "∂hₜ/∂iₜ = ∂hₜ/∂cₜ · diag(c̃ₜ)",
        "∂hₜ/∂c̃ₜ = ∂hₜ/∂cₜ · diag(iₜ)",
        "∂hₜ/∂cₜ₋₁ = ∂hₜ/∂cₜ · diag(fₜ)",
        "∂hₜ/∂hₜ₋₁ = ∂hₜ/∂oₜ · diag(oₜ ⊙ (1 − oₜ)) Wₒₕ + ∂hₜ/∂fₜ · diag(fₜ ⊙ (1 − fₜ)) W_{fh} + "
        "∂hₜ/∂iₜ · diag(iₜ ⊙ (1 − iₜ)) Wᵢₕ + ∂hₜ/∂c̃ₜ · diag(1 − c̃ₜ²) W_{ch}",
        "∂hₜ/∂c̃ₜ · diag(1 − c̃ₜ²) W_{cx}",
        "∂hₜ/∂W_f = ∂hₜ/∂b_f ⊗ zₜ",
        "∂hₜ/∂W_c = ∂hₜ/∂b_c ⊗ zₜ",
        "∂hₜ/∂bₒ = ∂hₜ/∂oₜ · diag(oₜ ⊙ (1 − oₜ))",
        "∂cₜ/∂cₜ₋₁ = diag(fₜ)",
        "∂hₜ/∂W_f: B × H × H × (H + N)",
    ],
)
def test_what_it_typesets(text, equation):
    assert equation in text


def test_it_says_which_published_ones_lack_a_path(text):
    for note in (
        "the path through the candidate is missing as published, the one through o in the scan (002-7)",
        "the path through the candidate is missing as published (002-8)",
        "published as a product with diag(z), whose size does not fit; so for all four (002-9)",
        "published with the input gate for the forget gate (002-6)",
        "Numbers such as 002-7 are those of docs/errata.md",
    ):
        assert note in text
    errata = (Path(__file__).parents[2] / "docs" / "errata.md").read_text(encoding="utf-8")
    for number in range(1, 12):
        assert f"| 002-{number} |" in errata


def test_every_line_passes_in_every_format():
    derivation = derive("lstm", seed=3)
    assert derivation.passed
    assert len(derivation.checks) > 40
    assert derivation.worst < 1e-12
    assert r"\begin{bmatrix} h_{t-1} \\ x_{t} \end{bmatrix}" in derivation.to_latex()
    assert r"\tilde{c}_{t}" in derivation.to_latex()
    assert "<mtable><mtr><mtd>" in derivation.to_html()
    assert "sigma" in derivation.to_text(unicode=False)
    assert max(map(len, derivation.to_text(width=80, unicode=False).splitlines())) <= 80


STATE, CELL = "lstm_forms/state_jacobians.py", "lstm_forms/cell_jacobians.py"


def test_a_published_mistake_fails_in_its_own_line(changed):
    """What the report has, and the same of the cell: every line fails that has a mistake, and no other."""
    edits = {
        "dh_dc_prev = dh_dc @ diag(f[t])": "dh_dc_prev = dh_dc @ diag(i[t])",
        "        + dh_dg @ diag(1 - g[t] ** 2) @ W_gh\n": "",
        "        + dh_dg @ diag(1 - g[t] ** 2) @ W_gx\n": "",
        "dh_db_f, z)": "dh_db_i, z)",
    }
    changed(STATE, edits)
    edits = {
        "dc_dc_prev = diag(f[t])": "dc_dc_prev = diag(f[t - 1])",
        "        + dc_dg @ diag(1 - g[t] ** 2) @ W_gh\n": "",
    }
    folder = changed(CELL, edits)
    expected = ["dh_dc_prev", "dh_dh_prev", "dh_dx", "dh_dW_f", "dc_dc_prev", "dc_dh_prev"]
    assert failed(derive("lstm", folder=folder)) == expected


def test_mistakes_of_the_recursion_fail_in_their_own_lines(changed):
    """Gates swapped, a wrong forget path, a wrong slope: five lines, though every gradient is wrong."""
    edits = {
        "do = np.where(real[t], dh[t] * np.tanh(c[t]), 0)": "do = np.where(real[t], dh[t] * c[t], 0)",
        "        di = dc[t] * g[t]\n": "        di = dc[t] * i[t]\n",
        "            dc[t - 1] += dc[t] * f[t]\n": "            dc[t - 1] += dc[t] * i[t]\n",
        "da_g = dg * (1 - g[t] ** 2)": "da_g = dg * g[t] * (1 - g[t])",
        "[da_i, da_f, da_g, da_o]": "[da_f, da_i, da_g, da_o]",
    }
    derivation = derive("lstm", folder=changed("lstm.py", edits))
    recursion = derivation.sections[1].lines
    wrong = [line.origins[0].code for line in recursion if line.check and not line.check.passed]
    assert [code.partition(" ")[0] for code in wrong] == ["do", "di", "dc[t", "da_g", "da"]


def test_a_file_of_another_form_is_refused(changed):
    folder = changed(STATE, {"    # 1\n    z = ": "    for _ in range(1):\n        pass\n    z = "})
    with pytest.raises(InputError, match="straight lines"):
        derive("lstm", folder=folder)


@pytest.mark.parametrize(
    ("number", "short"), [("", ""), ("7", "7"), ("7, 6", "7, 6"), ("7, 6, 5, 1", "7–5, 1"), ("7, 5, 1", "7, 5, 1")]
)
def test_runs_of_numbers_are_shortened(number, short):
    assert _shortened(number) == short
