import pytest

from handgrad.derive.names import size_expression, size_parts, symbol
from handgrad.derive.text import TextNotation
from handgrad.derive.write import write

FORWARD = {"W", "x", "a", "l", "log_y", "y", "W__1", "a__2", "R"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("W", "W"),
        ("dW", "∂L/∂W"),
        ("dl", "∂L/∂ℓ"),
        ("l", "ℓ"),
        ("lam", "λ"),
        ("log_y", "log y"),
        ("dlog_y", "∂L/∂(log y)"),
        ("W__1", "W⁽¹⁾"),
        ("dW__1", "∂L/∂W⁽¹⁾"),
        ("log_y__2", "log y⁽²⁾"),
        ("x_t", "xₜ"),
        ("h_prev", "hₚᵣₑᵥ"),
        ("a_f", "a_f"),
        ("beta1", "β₁"),
        ("m_hat", "m̂"),
        ("lr", "η"),
        ("delta", "δ"),  # d + "elta" is no derivative
        ("dz", "dz"),  # no z in the forward pass
        ("velocity", "velocity"),
    ],
)
def test_symbols(name, text):
    assert write(symbol(name, FORWARD), TextNotation()) == text


@pytest.mark.parametrize(
    ("size", "parts", "text"), [("M", (1, "M"), "M"), ("4H", (4, "H"), "4 H"), ("3", (3, ""), "3")]
)
def test_sizes(size, parts, text):
    assert size_parts(size) == parts
    assert write(size_expression(size), TextNotation()) == text


def test_a_width_with_a_number():
    assert write(size_expression("M_2"), TextNotation()) == "M₂"
