import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.check.numerical import FLOOR, numerical_gradient, relative_error
from handgrad.errors import InputError, UsageError


def entries(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.3, 1.5, shape)


SMOOTH = {
    "cubic": (lambda x: (x**3).sum(), lambda x: 3 * x**2),
    "exp": (lambda x: np.exp(x).sum(), np.exp),
    "log of a sum": (lambda x: np.log(np.exp(x).sum()), lambda x: np.exp(x) / np.exp(x).sum()),
    "tanh": (lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2),
    "product": (lambda x: np.prod(x), lambda x: np.prod(x) / x),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("method", "tolerance"), [("auto", 1e-15), ("complex-step", 1e-15), ("central", 1e-11)])
def test_gradient_of_smooth_functions(name, method, tolerance):
    f, gradient = SMOOTH[name]
    x = entries(3, 5)
    found = numerical_gradient(f, x, method=method)
    assert found.gradient.shape == found.error.shape == x.shape
    assert found.method == ("central" if method == "central" else "complex-step")
    assert relative_error(gradient(x), found.gradient) < tolerance
    assert np.all(np.abs(found.gradient - gradient(x)) <= 10 * found.error), "the error is underestimated"


@pytest.mark.parametrize("method", ["auto", "central"])
def test_numbers_and_single_entries(method):
    assert numerical_gradient(lambda x: x**2, 3.0, method=method).gradient == pytest.approx(6, rel=1e-11)
    assert numerical_gradient(lambda x: x**2, 3.0, method=method).gradient.shape == ()
    assert numerical_gradient(lambda x: (x**2).sum(), [[3.0]], method=method).gradient.shape == (1, 1)


def test_auto_refuses_the_complex_step_where_it_is_wrong_in_silence():
    x = entries(3, 2) * np.array([[1, -1]])

    def f(x):
        return (np.abs(x) * x).sum()

    assert np.allclose(numerical_gradient(f, x, method="complex-step").gradient, np.abs(x)), (
        "it misses one of two terms"
    )
    found = numerical_gradient(f, x)
    assert found.method == "central"
    assert relative_error(2 * np.abs(x), found.gradient) < 1e-11


def test_auto_notices_one_wrong_entry_among_many():
    def f(x):
        return (x**2).sum() + np.abs(x[4, 6])  # complex all the same, so that only its value gives it away

    x = entries(5, 7)
    wanted = 2 * x
    wanted[4, 6] += 1
    assert relative_error(wanted, numerical_gradient(f, x).gradient) < 1e-10


@pytest.mark.parametrize("f", [lambda x: sum(math.exp(v) for v in x.ravel()), lambda x: np.exp(x.real).sum()])
def test_auto_falls_back_where_complex_numbers_do_not_get_through(f):
    found = numerical_gradient(f, entries(2, 3))
    assert found.method == "central"
    assert relative_error(np.exp(entries(2, 3)), found.gradient) < 1e-11


def test_a_cast_to_real_is_no_complex_step():
    def f(x):
        y = np.empty(3)
        y[...] = x**2  # NumPy drops the imaginary part and warns
        return y.sum()

    found = numerical_gradient(f, entries(3))
    assert found.method == "central"
    assert relative_error(2 * entries(3), found.gradient) < 1e-11


def test_central_differences_close_to_a_kink():
    x = np.array([1e-3, -1e-3, 0.4])
    found = numerical_gradient(lambda x: (np.maximum(x, 0) ** 3 + 2 * np.abs(x)).sum(), x, method="central")
    assert relative_error(3 * np.maximum(x, 0) ** 2 + 2 * np.sign(x), found.gradient) < 1e-7


def test_central_differences_close_to_where_the_function_ends():
    x = np.array([1e-3, 0.5])
    found = numerical_gradient(lambda x: np.log(x).sum(), x, method="central")
    assert relative_error(1 / x, found.gradient) < 1e-8


def test_a_function_may_spoil_what_it_is_given():
    def f(x):
        x *= 2
        return (x**2).sum()

    x = entries(4)
    for method in ("auto", "central"):
        assert relative_error(8 * entries(4), numerical_gradient(f, x, method=method).gradient) < 1e-10
    assert np.array_equal(x, entries(4))


def test_what_cannot_be_differentiated_is_said():
    with pytest.raises(UsageError, match="one of auto, complex-step, central"):
        numerical_gradient(np.sum, [1.0], method="forward")
    with pytest.raises(InputError, match=r"shape \(3,\), expected one real number"):
        numerical_gradient(lambda x: x, entries(3))
    with pytest.raises(InputError, match="a complex number, expected one real number"):
        numerical_gradient(lambda x: 1j, entries(3), method="central")
    with pytest.raises(InputError, match="use method 'central'"):
        numerical_gradient(lambda x: math.exp(x[0]), [1.0], method="complex-step")


def test_relative_error():
    assert relative_error([1.0, 2.0], [1.0, 4.0]) == 0.5
    assert relative_error([0.0], [0.0]) == 0
    assert relative_error([FLOOR / 2], [0.0]) == 0.5
    assert relative_error([1e-3], [0.0], floor=1e-2) == pytest.approx(0.1)
    assert relative_error(np.zeros((2, 3)), np.zeros((3, 2))) == math.inf
    assert math.isnan(relative_error([math.nan, 1.0], [1.0, 1.0]))
    assert relative_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.floats(-2, 2))
def test_both_methods_agree_on_polynomials(coefficients, x):
    def f(x):
        return np.polyval(coefficients, x)

    exact, central = (numerical_gradient(f, x, method=method) for method in ("complex-step", "central"))
    assert abs(exact.gradient - np.polyval(np.polyder(coefficients), x)) < 1e-13 * 100
    assert abs(exact.gradient - central.gradient) <= 1e-9
