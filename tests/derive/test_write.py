"""Lines of NumPy in, mathematics out: every sign, and brackets exactly where they are needed."""

import ast
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from handgrad.derive import expression as ex
from handgrad.derive.latex import LatexNotation, escape
from handgrad.derive.mathml import MathMLNotation, math
from handgrad.derive.text import TextNotation
from handgrad.derive.translate import Translation
from handgrad.derive.write import write

SIZES = {"M": 3, "N": 5, "B": 7}
VALUES = {
    "np": np,
    "own": np.cumsum,
    "exp": np.expm1,
    "tanh": np.tanh,
    "W": np.ones((3, 5)),
    "V": np.ones((3, 5)),
    "x": np.ones((5, 7)),
    "a": np.ones((3, 7)),
    "c": np.ones((3, 7)),
    "da": np.ones((3, 7)),
    "dW": np.ones((3, 5)),
    "W__1": np.ones((3, 5)),
    "b": np.ones(3),
    "l": np.ones(7),
    "s": 2.0,
    "lam": 0.5,
}
LINES = {
    # products
    "W @ x + b[:, None]": "W x + b",
    "da @ x.T": "∂L/∂a · xᵀ",
    "W.T @ da": "Wᵀ ∂L/∂a",
    "W__1.T @ da": "W⁽¹⁾ᵀ ∂L/∂a",
    "dW.T @ a": "(∂L/∂W)ᵀ a",
    "np.dot(W, x)": "W x",
    "(W + V) @ x": "(W + V) x",
    "(W @ x) * a": "(W x) ⊙ a",
    "(W * V) @ x": "(W ⊙ V) x",
    "(2 * W) @ x": "2 W x",
    "s * (W @ x)": "s W x",
    "-W @ x": "−W x",
    "(-W @ x).sum(axis=1)": "Σₙ (−(W x)ₙ)",
    "(W @ x).T": "(W x)ᵀ",
    "a * c * (a + c)": "a ⊙ c ⊙ (a + c)",
    "a * (c * a)": "a ⊙ c ⊙ a",
    "a * s * 2": "2 s a",
    "2 * 3 * a": "2 · 3 a",
    "da * s * (1 - a)": "s ∂L/∂a ⊙ (1 − a)",
    # signs
    "a - (c - a)": "a − (c − a)",
    "a - c - a": "a − c − a",
    "a + (c - a)": "a + c − a",
    "-a * c": "−a ⊙ c",
    "a * -c": "a ⊙ (−c)",
    "-(a + c)": "−(a + c)",
    "a - -c": "a − (−c)",
    "-a / s": "−a/s",
    "+a": "a",
    # fractions and powers
    "1 / (1 + np.exp(-a))": "1 / (1 + exp(−a))",
    "a / (s * c)": "a / (s c)",
    "a / s * c": "(a/s) ⊙ c",
    "a / (c / s)": "a/(c/s)",
    "(a + c) / s": "(a + c) / s",
    "a**2 / s": "a²/s",
    "(a + c)**2": "(a + c)²",
    "W__1**2": "(W⁽¹⁾)²",
    "da**2": "(∂L/∂a)²",
    "a**-1": "a⁻¹",
    "a**s": "a^s",
    "-a**2": "−a²",
    "(-a)**2": "(−a)²",
    "np.square(a)": "a²",
    "1e-8 + a": "10⁻⁸ + a",
    # functions
    "np.log1p(np.exp(-np.abs(a)))": "log(1 + exp(−|a|))",
    "np.expm1(a) * c": "(exp(a) − 1) ⊙ c",
    "np.sqrt(a + c) + np.sqrt(a)": "√(a + c) + √a",
    "np.maximum(a, 0)": "max(a, 0)",
    "np.tanh(s * a)**2": "(tanh(s a))²",
    "np.where(a > 0, a, s * a)": "a where a > 0, else s a",
    "1 + np.where(a > 0, a, c)": "1 + (a where a > 0, else c)",
    "a if s > 1 else c": "a where s > 1, else c",
    "c * (a >= 0)": "c ⊙ [a ≥ 0]",
    "np.ones_like(l) / l.size": "𝟏/B",
    # sums
    "a.sum(axis=0)": "Σⱼ aⱼ",
    "a.sum(axis=1)": "Σₙ aₙ",
    "np.sum(a, axis=1)": "Σₙ aₙ",
    "a.sum(1)": "Σₙ aₙ",
    "a.sum()": "Σⱼₙ aⱼₙ",
    "(W**2).sum()": "Σⱼₖ Wⱼₖ²",
    "(W__1**2).sum()": "Σⱼₖ (W⁽¹⁾ⱼₖ)²",
    "(W * V).sum()": "Σⱼₖ Wⱼₖ Vⱼₖ",
    "l.mean()": "1/B · Σₙ ℓₙ",
    "a.mean(axis=0)": "1/M · Σⱼ aⱼ",
    "(a**2).sum(axis=0) / 2": "1/2 · Σⱼ aⱼ²",
    "lam / 2 * (W**2).sum()": "λ/2 · Σⱼₖ Wⱼₖ²",
    "(a + c).sum(axis=0)": "Σⱼ (aⱼ + cⱼ)",
    "-(a * c).sum(axis=0)": "−Σⱼ aⱼ ⊙ cⱼ",
    "(a * l).sum(axis=0)": "Σⱼ aⱼ ⊙ ℓ",
    "(a * l).sum(axis=1)": "Σₙ ℓₙ aₙ",
    "(a - a.max(axis=0)).sum(axis=0)": "Σⱼ (aⱼ − maxₖ aₖ)",
    "(a - a.max(axis=0, keepdims=True)).sum(axis=1)": "Σₙ (aₙ − maxⱼ aⱼₙ)",
    "a * c.sum(axis=0) - a": "a ⊙ Σⱼ cⱼ − a",
    "c.sum(axis=0) * a": "(Σⱼ cⱼ) ⊙ a",
    "a / a.sum(axis=0)": "a / (Σⱼ aⱼ)",
    "a.sum(axis=0) / l": "(Σⱼ aⱼ) / ℓ",
    "-a.sum(axis=0) / s": "−1/s · Σⱼ aⱼ",
    "(W @ x).sum(axis=0)": "Σⱼ (W x)ⱼ",
    "(x.T @ W.T).sum(axis=0)": "Σₙ (xᵀ Wᵀ)ₙ",
    "(b[:, None] * a).sum(axis=1)": "Σₙ b ⊙ aₙ",
    "(b[:, None] * a).sum(axis=0)": "Σⱼ bⱼ aⱼ",
    "a.sum(axis=0).sum()": "Σₙ Σⱼ aⱼₙ",
    # what mathematics has no sign for
    "np.cumsum(a, axis=0)": "`np.cumsum(a, axis=0)`",
    "a[0]": "`a[0]`",
    "own(a)": "`own(a)`",
    "exp(a)": "`exp(a)`",  # not NumPy's
    "max(s, 0)": "`max(s, 0)`",
    "abs(a) + tanh(a)": "|a| + tanh(a)",
    "a[::2]": "`a[::2]`",
}


def translated(source, symbols=None):
    letters = {size: letter for letter, size in SIZES.items()}
    forward = {"a", "W"}
    translation = Translation(VALUES, lambda shape: tuple(letters.get(n, str(n)) for n in shape), forward)
    result = translation.expression(ast.parse(source, mode="eval").body)
    if symbols is not None:
        symbols.update({write(s, TextNotation()): shape for s, shape in translation.symbols.items()})
        symbols["repeated"] = {write(s, TextNotation()): shape for s, shape in translation.repeated.items()}
    return result


@pytest.mark.parametrize("source", LINES)
def test_text(source):
    assert write(translated(source), TextNotation()) == LINES[source]


@pytest.mark.parametrize("source", LINES)
def test_mathml_is_well_formed(source):
    formula = math(write(translated(source), MathMLNotation()), LINES[source])
    element = ElementTree.fromstring(formula)
    assert element.tag == "math"
    assert element.get("alttext") == LINES[source]
    children = {"mfrac": 2, "msup": 2, "msub": 2, "munder": 2, "msubsup": 3, "munderover": 3}
    for node in element.iter():
        assert len(node) == children.get(node.tag, len(node)), ElementTree.tostring(node)


@pytest.mark.parametrize("source", LINES)
def test_latex_is_balanced(source):
    formula = write(translated(source), LatexNotation())
    depth = 0
    for i, sign in enumerate(formula):
        if sign in "{}" and formula[i - 1 : i] != "\\":
            depth += 1 if sign == "{" else -1
            assert depth >= 0
    assert depth == 0
    assert formula.count(r"\left") == formula.count(r"\right")
    assert formula.isascii()


@pytest.mark.parametrize(
    ("source", "latex"),
    [
        ("da @ x.T", r"\frac{\partial L}{\partial a} \, x^{\top}"),
        ("W__1.T @ da", r"W^{(1)\top} \, \frac{\partial L}{\partial a}"),
        (
            "lam / 2 * (W__1**2).sum()",
            r"\frac{\lambda}{2} \, \sum_{j=1}^{M} \sum_{k=1}^{N} \left( W^{(1)}_{jk} \right)^{2}",
        ),
        ("a / a.sum(axis=0)", r"\frac{a}{\sum_{j=1}^{M} a_{j}}"),
        ("a - a.max(axis=0)", r"a - \max_{j} a_{j}"),
        ("np.where(a > 0, a, s * a)", r"\begin{cases} a & \text{where } a > 0 \\ s \, a & \text{else} \end{cases}"),
    ],
)
def test_latex(source, latex):
    assert write(translated(source), LatexNotation()) == latex


def test_ascii_spells_every_sign():
    for source in LINES:
        assert write(translated(source), TextNotation(unicode=False)).isascii(), source
    assert write(translated("da @ x.T"), TextNotation(unicode=False)) == "dL/da * x^T"
    assert write(translated("(W__1**2).sum()"), TextNotation(unicode=False)) == "sum_{jk} (W^(1)_{jk})^2"


def test_every_symbol_with_its_shape_in_order():
    symbols = {}
    translated("lam * (W @ x) + b[:, None] * l", symbols)
    repeated = symbols.pop("repeated")
    assert list(symbols.items()) == [("λ", ()), ("W", ("M", "N")), ("x", ("N", "B")), ("b", ("M",)), ("ℓ", ("B",))]
    assert repeated == {"b": ("B",), "ℓ": ("M",)}


def test_brackets_follow_the_meaning_not_the_source():
    """Whatever tree: reading the text with Python's rules gives the tree's value again."""
    values = {"p": 2.13, "q": 3.71, "r": 5.17, "s": 7.59}
    rng = np.random.default_rng(0)

    def tree(depth):
        if depth == 0:
            return ast.Name(str(rng.choice(list(values))), ast.Load())
        operator = [ast.Add, ast.Sub, ast.Mult, ast.Div][rng.integers(4)]()
        left, right = tree(depth - 1), tree(int(rng.integers(depth)))
        body = ast.BinOp(left, operator, right)
        return ast.UnaryOp(ast.USub(), body) if rng.random() < 0.2 else body

    for _ in range(200):
        node = ast.fix_missing_locations(tree(4))
        try:
            value = eval(ast.unparse(node), dict(values))
        except ZeroDivisionError:
            continue
        translation = Translation(values, lambda shape: (), ())
        text = write(translation.expression(node), TextNotation())
        readable = text.replace("−", "-").replace(" · ", "*")
        readable = readable.replace(" - ", "-").replace(" + ", "+").replace(" / ", "/").replace(" ", "*")
        assert eval(readable, dict(values)) == pytest.approx(value), text


def test_escaped_prose():
    assert escape(r"50 % of x_i & {y} #1 $ ~ ^ \ ✗ λ ×") == (
        r"50 \% of x\_i \& \{y\} \#1 \$ \textasciitilde{} \textasciicircum{} \textbackslash{} "
        r"\ensuremath{\times} \ensuremath{\lambda } \ensuremath{\times }"
    )


def test_an_expression_is_a_value():
    assert translated("a + c") == translated("a + c")
    assert isinstance(translated("a + c"), ex.Sum)
