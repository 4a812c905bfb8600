"""``handgrad derive FILE.py`` on a file of one's own that walks through time."""

import re
from pathlib import Path

import pytest

from handgrad.cli import main
from handgrad.derive import derive_module
from handgrad.errors import InputError

LAYER = '''"""A leaky integrator.

Source: nobody (2024), eq. 1.

Shapes: V (K, N), z (T, N, B), s0 (K, B).
"""

from typing import Any, NamedTuple

import numpy as np


class LeakyParams(NamedTuple):
    V: Any


class LeakyCache(NamedTuple):
    z: Any
    s: Any
    u: Any


def leaky_forward(params: LeakyParams, z, s0):
    V = params.V
    T = len(z)
    s, u = np.empty((T + 1, *s0.shape), s0.dtype), np.empty((T, *s0.shape), s0.dtype)
    s[-1] = s0
    for t in range(T):
        # 1
        u[t] = np.tanh(V @ z[t])
        # 2
        s[t] = 0.5 * s[t - 1] + u[t]
    return s[:T], LeakyCache(z, s, u)


def leaky_backward(params: LeakyParams, cache, dout):
    V = params.V
    z, s, u = cache
    dV, dz = np.zeros_like(V), np.zeros_like(z)
    ds = np.concatenate([dout, np.zeros_like(s[-1:])])
    for t in reversed(range(len(z))):
        # 2
        ds[t - 1] += 0.5 * ds[t]
        # 1
        slope = 1 - u[t] ** 2
        dV += (ds[t] * slope) @ z[t].T
        dz[t] = V.T @ (ds[t] * slope)
    return dz, ds[-1], LeakyParams(dV)
'''


GATED = '''"""A gated layer.

Shapes: W (H, H), U (H, D), V (H, H), x (T, D, B), h0 (H, B).
"""

from typing import NamedTuple

import numpy as np


class Params(NamedTuple):
    W: np.ndarray
    U: np.ndarray
    V: np.ndarray


class Cache(NamedTuple):
    x: np.ndarray
    h: np.ndarray
    z: np.ndarray
    c: np.ndarray


def gru_forward(params: Params, x, h0):
    W, U, V = params
    T = len(x)
    h = np.empty((T + 1, *h0.shape), h0.dtype)
    z, c = np.empty((T, *h0.shape), h0.dtype), np.empty((T, *h0.shape), h0.dtype)
    h[-1] = h0
    for t in range(T):
        # 1
        u = V @ h[t - 1] + U @ x[t]
        # 2
        z[t] = 1 / (1 + np.exp(-u))
        # 3
        a = W @ h[t - 1] + U @ x[t]
        # 4
        c[t] = np.tanh(a)
        # 5
        h[t] = z[t] * h[t - 1] + (1 - z[t]) * c[t]
    return h[:T], Cache(x, h, z, c)


def gru_backward(params: Params, cache: Cache, dy):
    W, U, V = params
    x, h, z, c = cache
    dW, dU, dV, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V), np.zeros_like(x)
    dh = np.concatenate([dy, np.zeros_like(h[-1:])])
    dz, dc = np.zeros_like(z), np.zeros_like(z)
    for t in reversed(range(len(x))):
        # 5
        dz[t] = dh[t] * (h[t - 1] - c[t])
        dc[t] = dh[t] * (1 - z[t])
        dh[t - 1] += dh[t] * z[t]
        # 4
        da = dc[t] * (1 - c[t] ** 2)
        # 3
        dW += da @ h[t - 1].T
        dU += da @ x[t].T
        dh[t - 1] += W.T @ da
        dx[t] += U.T @ da
        # 2
        du = dz[t] * z[t] * (1 - z[t])
        # 1
        dV += du @ h[t - 1].T
        dU += du @ x[t].T
        dh[t - 1] += V.T @ du
        dx[t] += U.T @ du
    return dx, dh[-1], Params(dW, dU, dV)
'''


@pytest.fixture
def leaky(tmp_path):
    def write(*changes):
        text = LAYER
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "leaky.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_it_is_typeset_and_checked_step_by_step(leaky):
    derivation = derive_module(leaky())
    text = derivation.to_text()
    assert derivation.passed
    assert 0 < derivation.worst < 1e-12
    assert len(derivation.checks) == 4  # with what ds begins as; of a slope there is no derivative
    assert derivation.forms == ()
    for equation in (
        "uₜ = tanh(V zₜ)",
        "sₜ = 0.5 sₜ₋₁ + uₜ",
        "yₜ = sₜ",
        "∂L/∂sₜ ← ∂L/∂yₜ",
        "slopeₜ = 1 − uₜ²",
        "∂L/∂V = Σₜ (∂L/∂sₜ ⊙ slopeₜ) zₜᵀ",
        "∂L/∂zₜ = Vᵀ (∂L/∂sₜ ⊙ slopeₜ)",
        "T = 3",
    ):
        assert equation in text


RECURSION, WEIGHTS, INPUTS = (
    "ds[t - 1] += 0.5 * ds[t]",
    "dV += (ds[t] * slope) @ z[t].T",
    "dz[t] = V.T @ (ds[t] * slope)",
)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (RECURSION, "ds[t - 1] += ds[t]", ["ds[t - 1] += ds[t]"]),
        (RECURSION, "ds[t - 1] = 0.5 * ds[t]", ["ds[t - 1] = 0.5 * ds[t]"]),
        (WEIGHTS, "dV += (dout[t] * slope) @ z[t].T", ["dV += (dout[t] * slope) @ z[t].T"]),
        ("slope = 1 - u[t] ** 2", "slope = 1 - s[t] ** 2", [WEIGHTS, INPUTS]),  # of a slope there is no derivative
        ("s[t] = 0.5 * s[t - 1] + u[t]", "s[t] = 0.7 * s[t - 1] + u[t]", [RECURSION]),  # forward, another function
    ],
)
def test_the_wrong_line_fails_and_no_other(leaky, old, new, wrong):
    derivation = derive_module(leaky((old, new)))
    assert not derivation.passed
    lines = [line for section in derivation.sections for line in section.lines]
    assert [line.origins[0].code for line in lines if line.check and not line.check.passed] == wrong
    assert "its numerical derivative went on in its place" in derivation.to_text().replace("\n", " ")


def test_where_no_line_can_be_told_from_the_others_they_fail_together(leaky):
    """Two lines that add to one derivative, with the number of the same forward line."""
    twice = RECURSION + "\n        ds[t - 1] += 0.5 * ds[t]"
    derivation = derive_module(leaky((RECURSION, twice)))
    lines = [line for section in derivation.sections for line in section.lines]
    assert [line.origins[0].code for line in lines if line.check and not line.check.passed] == [RECURSION, RECURSION]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    for t in range(T):", "    for i in range(T):", "expected `for t in ...:`; call the step t"),
        ("z (T, N, B)", "z (5, N, B)", "block of leaky.py has no T, expected the number of steps in it; write, for"),
        ("    s[-1] = s0\n", "    s[-1] = s0\n    m = 0\n", None),
        ("        u[t] = np.tanh(V @ z[t])", "        u.append(V @ z[t])", "expected an .*; write what a step gives"),
        ("        slope = 1 - u[t] ** 2", "        slope = 1 - u[t].sum(axis=7)", "leaky.py:4.: `slope.*not run"),
        ("(params: LeakyParams, z, s0)", "(params, z, s0)", "parameters as its first argument, and its class behind a"),
        ("Shapes: V (K, N), z", "Shapes: z", "not say the shape of V; write `Shapes: W .M, N., x .N, B..` or its like"),
        ("return s[:T], LeakyCache(z, s, u)", "return s[:T]", "gives ndarray, expected `return y, cache`"),
        ("cache, dout):", "cache, dout, z):", "takes params, cache, dout, z, expected the parameters, the cache and"),
        (
            "        s[t] = 0.5 * s[t - 1] + u[t]",
            "        s0 = 0.5 * s0 + u[t]\n        s[t] = s0",
            r"leaky.py:32: `s0 = 0.5 \* s0 \+ u\[t\]` hands s0 on to the next step, expected an array .*write s0\[t\]",
        ),
        ("    return dz, ds", "    dV = 1 * dV\n    return dz, ds", "and then the return, as the last"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read_is_refused_in_one_sentence(leaky, capsys, old, new, message):
    path = leaky((old, new))
    if message is None:  # more preparation before the loop is no hindrance
        assert derive_module(path).passed
        return
    with pytest.raises(InputError, match=message):
        derive_module(path)
    assert main(["derive", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def without_errors(text):
    return re.sub(r"\d(\.\d)?e-1\d", "small", text)


def test_the_page_shows_what_the_command_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "derive.md").read_text(encoding="utf-8")
    source, shown = re.search(r"```python\n(.*?)```.*?```text\n(.*?)```", page, re.DOTALL).groups()
    Path("elman.py").write_text(source, encoding="utf-8")
    assert main(["derive", "elman.py"]) == 0
    assert without_errors(capsys.readouterr().out) == without_errors(shown)

    (line,) = re.findall(r"^ .* FAILED$", page, re.MULTILINE)
    assert source.count("+= W.T @ da") == 1
    Path("elman.py").write_text(source.replace("+= W.T @ da", "+= W @ da"), encoding="utf-8")
    assert main(["derive", "elman.py"]) == 3
    assert [each for each in capsys.readouterr().out.splitlines() if each.endswith("✗ FAILED")] == [line]


def test_a_file_with_one_layer_may_have_another_name(leaky):
    renamed = leaky().rename(leaky().with_name("mine.py"))
    assert derive_module(renamed).passed
    renamed.write_text(LAYER + LAYER.replace("leaky", "other"), encoding="utf-8")
    with pytest.raises(InputError, match=r"no function mine_forward, expected mine_forward and mine_backward, in the"):
        derive_module(renamed)


OUTSIDE = "dh = np.concatenate([dy, np.zeros_like(h[-1:])])"
INSIDE = [
    (OUTSIDE, "dh = np.zeros_like(h)"),
    ("        # 5\n        dz", "        dh[t] += dy[t]\n        # 5\n        dz"),
]


@pytest.mark.parametrize("before", [[], INSIDE], ids=["dy before the loop", "dy in the loop"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dh[t - 1] += dh[t] * z[t]", "dh[t - 1] += dh[t] * (1 - z[t])"),
        ("dh[t - 1] += V.T @ du", "dh[t - 1] += V @ du"),
        ("dx[t] += U.T @ du", "dx[t] = U.T @ du"),
        ("dU += du @ x[t].T", "dU += 2 * du @ x[t].T"),
        ("du = dz[t] * z[t] * (1 - z[t])", "du = dz[t] * (1 - z[t])"),
    ],
)
def test_of_several_lines_that_add_to_one_derivative_the_wrong_one_fails(tmp_path, before, old, new):
    text = GATED
    for each, other in [*before, (old, new)]:
        assert text.count(each) == 1
        text = text.replace(each, other)
    path = tmp_path / "gru.py"
    path.write_text(text, encoding="utf-8")
    lines = [line for section in derive_module(path).sections for line in section.lines]
    assert [line.origins[0].code for line in lines if line.check and not line.check.passed] == [new]
