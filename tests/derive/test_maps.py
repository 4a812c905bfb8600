"""Derivations of layers on maps: convolution along a link table, pooling, flattening."""

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import handgrad.layers
from handgrad.derive import derive, derive_module, names
from handgrad.derive.document import FORM_TOLERANCE
from handgrad.derive.expression import Code
from handgrad.derive.kinds import layer_names, loop_names, map_names
from handgrad.derive.words import nodes
from handgrad.errors import InputError

FOLDER = Path(handgrad.layers.__file__).parent
NAMES = map_names()


def lines_of(derivation):
    return [line for section in derivation.sections for line in section.lines]


def failed(derivation):
    return {line.origins[-1].code for line in lines_of(derivation) if line.check and not line.check.passed}


@pytest.fixture
def changed(tmp_path):
    """Makes a folder with the layers, one text in one file exchanged for another."""

    def change(file, old, new):
        shutil.copytree(FOLDER, tmp_path / "layers", dirs_exist_ok=True)
        path = tmp_path / "layers" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return tmp_path / "layers"

    return change


@pytest.fixture(scope="module")
def conv():
    return derive("conv")


def test_the_three_kinds_of_files_are_told_apart():
    assert NAMES == ["conv", "flatten", "max_pool", "mean_pool", "subsample"]
    assert not set(NAMES) & {*loop_names(), *layer_names()}
    assert set(NAMES) <= {each.name for each in names()}


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_on_maps_derives_and_passes(name):
    derivation = derive(name)
    assert derivation.passed
    assert 0 <= derivation.worst < 1e-12
    assert not [node for line in lines_of(derivation) for node in nodes(line.equation) if isinstance(node, Code)]
    assert all(line.check for section in derivation.sections if section.backward for line in section.lines)
    assert all(line.shapes for line in lines_of(derivation))
    assert derivation.to_text(unicode=False).replace("ü", "").isascii()
    assert r"\begin{document}" in derivation.to_latex()
    ElementTree.fromstring(derivation.to_html_fragment().replace("&#x2061;", ""))


@pytest.mark.parametrize(
    ("name", "equation"),
    [
        ("conv", "y^(d)ᵢⱼ = b^(d) + Σ_{p: T_{pd} = 1} Σᵤᵥ W^(p,d)ᵤᵥ x^(p)_{si+u,sj+v}"),
        ("conv", "∂L/∂W^(p,d)ᵤᵥ = Σᵢⱼₙ ∂L/∂y^(d)ᵢⱼₙ · x^(p)_{si+u,sj+v,n}"),
        ("conv", "∂L/∂x^(p)ₖₗ = Σ_{d: T_{pd} = 1} Σ_{s i + u = k, s j + v = l} W^(p,d)ᵤᵥ ∂L/∂y^(d)ᵢⱼ"),
        ("conv", "y^(d) = b^(d) + Σ_{p: T_{pd} = 1} W^(p,d) ⊗ x^(p)"),
        ("conv", "∂L/∂W^(p,d) = ∂L/∂y^(d) ⊗ x^(p)"),
        ("conv", "∂L/∂x^(p) = Σ_{d: T_{pd} = 1} rot180(W^(p,d)) ⊗̃ ∂L/∂y^(d)"),
        ("subsample", "m^(d)ᵢⱼ = Σᵤᵥ x^(d)_{si+u,sj+v}/s²"),
        ("subsample", "y^(d) = w^(d) m^(d) + a^(d)"),
        ("subsample", "∂L/∂w^(d) = Σᵢⱼₙ ∂L/∂y^(d)ᵢⱼₙ · m^(d)ᵢⱼₙ"),
        ("subsample", "∂L/∂x^(d)_{si+u,sj+v} = w^(d)/s² · ∂L/∂y^(d)ᵢⱼ"),
        ("mean_pool", "∂L/∂x^(d)_{si+u,sj+v} = ∂L/∂y^(d)ᵢⱼ/s²"),
        ("max_pool", "k^(d)ᵢⱼ = argmaxᵤᵥ x^(d)_{si+u,sj+v}"),
        ("max_pool", "∂L/∂x^(d)_{si+u,sj+v} = ∂L/∂y^(d)ᵢⱼ where k^(d)ᵢⱼ = s u + v, else 0"),
        ("flatten", "y_{(dH+i)V+j} = x^(d)ᵢⱼ"),
    ],
)
def test_what_stands_there(name, equation):
    assert equation in derive(name).to_text(120)


def test_in_latex_and_mathml(conv):
    latex = conv.to_latex()
    assert (
        r"y^{(d)}_{ij} = b^{(d)} + \sum_{p:\, T_{pd} = 1} \sum_{u=0}^{K - 1} \sum_{v=0}^{L - 1} W^{(p,d)}_{uv} \, "
        r"x^{(p)}_{si+u,sj+v}"
    ) in latex
    assert r"\sum_{s \, i + u = k,\; s \, j + v = l} W^{(p,d)}_{uv}" in latex
    assert (
        r"= \sum_{i=0}^{M - 1} \sum_{j=0}^{N - 1} \sum_{n=1}^{B} \frac{\partial L}{\partial y^{(d)}_{ijn}} \, x"
        in latex
    )
    assert r"\operatorname{rot180}\left( W^{(p,d)} \right) \mathbin{\tilde{\otimes}} \frac" in latex
    assert "<mi>s</mi><mi>i</mi><mo>+</mo><mi>u</mi><mo>,</mo>" in conv.to_html()


def test_the_forms_agree(conv):
    assert [form.name for form in conv.forms] == ["shifted products", "rotated kernel"]
    assert conv.forms[0].difference is None
    assert 0 < conv.forms[1].difference <= FORM_TOLERANCE
    assert len(conv.forms[0].equations) == len(conv.forms[1].equations) == 2


def test_must_the_kernel_be_rotated(conv):
    """In words, with a measured error behind each way: three are right and two wrong."""
    (answer,) = (remark for remark in conv.remarks if remark.startswith("Must the kernel be rotated?"))
    assert answer.count("✓") == 3
    assert answer.count("✗") == 2
    for way in ("shifted products: no", "yes, once, rot180(W) ⊗̃ ∂L/∂y", "which turns its kernel itself: no"):
        assert way in answer
    assert answer in " ".join(conv.to_text().split())


def test_the_answer_is_measured(changed):
    """Where rot180 turns nothing, the answer does not claim that it is right."""
    derivation = derive("conv", folder=changed("conv_forms/rotated_kernel.py", "w[::-1, ::-1]", "w[::1, ::1]"))
    (answer,) = (remark for remark in derivation.remarks if remark.startswith("Must the kernel be rotated?"))
    assert answer.count("✗") == 4
    assert not derivation.passed
    assert [form.passed for form in derivation.forms] == [True, False]


WRONG = [
    (
        "conv.py",
        "dx[p, u : u + s * M : s, v : v + s * N : s] += W[p, d][u, v] * dy[d]",
        "W[p, d][u, v]",
        "W[p, d][u, -1 - v]",
    ),
    ("conv.py", "dW[p, d][u, v] = (dy[d] * x[p, u :", "x[p, u", "x[0, u"),
    ("conv.py", "db[d] = dy[d].sum()", "dy[d]", "dy[d, 0]"),
    ("subsample.py", "= w[d] / s**2 * dy[d]", "w[d] / s**2", "w[d]"),
    ("subsample.py", "dw[d] = (dy[d] * m[d]).sum()", "m[d]", "w[d]"),
    ("subsample.py", "da[d] = dy[d].sum()", "dy[d]", "m[d]"),
    ("mean_pool.py", "= dy[d] / s**2", "s**2", "s"),
    ("max_pool.py", "= np.where(k[d] == s * u + v, dy[d], 0)", "s * u + v", "s * v + u"),
    ("flatten.py", "dx[d, i, j] = dy[(d * H + i) * V + j]", "(d * H + i) * V + j", "(d * V + j) * H + i"),
    ("conv_forms/rotated_kernel.py", "dW[p, d][:] = correlate(dy[d], x[p])", "dy[d]", "rot180(dy[d])"),
    ("conv_forms/rotated_kernel.py", "dx[p] += wide(rot180(W[p, d]), dy[d])", "rot180(W[p, d])", "W[p, d]"),
]


@pytest.mark.parametrize(("file", "line", "old", "new"), WRONG)
def test_a_wrong_line_fails_alone(changed, file, line, old, new):
    spoiled = line.replace(old, new)
    derivation = derive(Path(file).stem if "/" not in file else "conv", folder=changed(file, line, spoiled))
    assert len(failed(derivation)) == 1
    assert spoiled in failed(derivation).pop()
    assert "✗ FAILED" in derivation.to_text()


def test_a_file_of_ones_own(changed):
    path = changed("mean_pool.py", "= dy[d] / s**2", "= 2 * dy[d] / s**2") / "mean_pool.py"
    derivation = derive_module(path)
    assert not derivation.passed
    assert derivation.worst == pytest.approx(1)
    assert derive_module(FOLDER / "max_pool.py").passed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "        for u, v in np.ndindex(s, s):\n            # 1: y",
            "        for u, v in zip(M, N):\n            # 1: y",
            "u, v in np.nd",
        ),
        (
            "            dx[d, u : s * M : s, v : s * N : s] = dy[d] / s**2",
            "            print(d)",
            "expected an assignment",
        ),
        ("Shapes: x (D, H, V, B), y", "Shapes: y", "does not say the shape of x"),
        ("    return dx\n", "    dx = dx\n", "expected a return as the last line"),
        (
            "mean_pool_backward(cache: MeanPoolCache, dy: Array)",
            "mean_pool_backward(cache: MeanPoolCache)",
            "expected the",
        ),
    ],
)
def test_a_form_that_cannot_be_read(changed, old, new, message):
    with pytest.raises(InputError, match=message):
        derive("mean_pool", folder=changed("mean_pool.py", old, new))


MIXED = '''"""Maps as weighted sums of maps.

Source: nobody (2024), eq. 1.

Shapes: w (D, C), x (C, H, V, B), y (D, H, V, B).
"""

from typing import Any, NamedTuple

import numpy as np


class MixedParams(NamedTuple):
    w: Any


class MixedCache(NamedTuple):
    x: Any


def mixed_forward(params: MixedParams, x):
    w = params.w
    y = np.zeros((len(w), *x.shape[1:]), np.result_type(w, x))
    for d in range(len(w)):
        for p in range(len(x)):
            # 1
            y[d] += w[d, p] * x[p]
    return y, MixedCache(x)


def mixed_backward(params: MixedParams, cache, dy):
    w, (x,) = params.w, cache
    dw, dx = np.zeros_like(w), np.zeros_like(x)
    for d in range(len(w)):
        for p in range(len(x)):
            # 1
            dw[d, p] = (dy[d] * x[p]).sum()
            dx[p] += w[d, p] * dy[d]
    return dx, MixedParams(dw)
'''


def test_loops_over_all_maps_in_a_file_of_ones_own(tmp_path):
    """No sum is swallowed: what a loop adds up stands under a sum."""
    path = tmp_path / "mixed.py"
    path.write_text(MIXED, encoding="utf-8")
    derivation = derive_module(path)
    assert derivation.passed
    text = derivation.to_text()
    for equation in (
        "y^(d) = Σₚ w^(d,p) x^(p)",
        "∂L/∂w^(d,p) = Σᵢⱼₙ ∂L/∂y^(d)ᵢⱼₙ · x^(p)ᵢⱼₙ",
        "∂L/∂x^(p) = Σ_d w^(d,p) ∂L/∂y^(d)",
    ):
        assert equation in text
    assert r"\sum_{p=1}^{C} w^{(d,p)} \, x^{(p)}" in derivation.to_latex()
