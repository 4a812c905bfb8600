"""Initializers: moments against their formulas at a fixed seed, orthogonality, determinism, what is refused."""

import math

import numpy as np
import pytest

from handgrad.errors import InputError, UsageError
from handgrad.training.initializers import (
    INITIALIZERS,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LeCunNormal,
    LeCunUniform,
    Normal,
    Ones,
    Orthogonal,
    Zeros,
    fans,
    initializer,
)

DENSE, CONVOLUTION = (211, 307), (37, 11, 13, 7)  # outputs, inputs[, height, width]
SHAPES = {DENSE: (307, 211), CONVOLUTION: (11 * 13 * 7, 37 * 13 * 7)}  # shape -> fan_in, fan_out


def draw(init, shape, seed=0):
    return init(shape, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_count_the_connections_of_a_unit(shape):
    assert fans(shape) == SHAPES[shape]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("init", "variance"),
    [
        (Normal(), lambda fan_in, fan_out: 1),
        (Normal(mean=-0.3, std=0.2), lambda fan_in, fan_out: 0.04),
        (GlorotNormal(), lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        (HeNormal(), lambda fan_in, fan_out: 2 / fan_in),
        (LeCunNormal(), lambda fan_in, fan_out: 1 / fan_in),
    ],
)
def test_normal_distributions_have_their_moments(init, variance, shape):
    """Standard errors of the mean of z, z^2 and z^4 over n normal numbers: 1, sqrt(2) and sqrt(96), over sqrt(n)."""
    std = math.sqrt(variance(*SHAPES[shape]))
    z = (draw(init, shape) - getattr(init, "mean", 0)) / std
    error = 4 / math.sqrt(z.size)  # 4 standard errors
    assert z.shape == shape
    assert z.mean() == pytest.approx(0, abs=error)
    assert (z**2).mean() == pytest.approx(1, abs=error * math.sqrt(2))
    assert (z**4).mean() == pytest.approx(3, abs=error * math.sqrt(96))
    assert np.abs(z).max() > 3.5  # not truncated


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("init", "bound"),
    [
        (GlorotUniform(), lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out))),
        (HeUniform(), lambda fan_in, fan_out: math.sqrt(6 / fan_in)),
        (LeCunUniform(), lambda fan_in, fan_out: math.sqrt(3 / fan_in)),
    ],
)
def test_uniform_distributions_fill_their_interval_evenly(init, bound, shape):
    u = draw(init, shape) / bound(*SHAPES[shape])
    assert u.shape == shape
    assert 0.999 < np.abs(u).max() <= 1
    counts, _ = np.histogram(u, bins=20, range=(-1, 1))
    expected = u.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 43.8  # chi-squared, 19 degrees of freedom, 1 in 1000


@pytest.mark.parametrize("shape", [(53, 31), (31, 53), (41, 41), (1, 7), (7, 1), (1, 1), (29, 3, 5, 2), (5, 3, 4, 2)])
@pytest.mark.parametrize("gain", [1.0, 1.7])
def test_orthogonal_has_orthonormal_columns_or_rows_times_the_gain(shape, gain):
    W = draw(Orthogonal(gain), shape)
    assert W.shape == shape
    W = W.reshape(shape[0], -1)
    gram = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(min(W.shape)), atol=1e-13)


def test_orthogonal_prefers_no_direction():
    """Without the signs of R's diagonal, LAPACK's Q has a negative first entry almost always."""
    rng = np.random.default_rng(5)
    signs = [np.sign(np.diag(Orthogonal()((3, 2), rng))) for _ in range(400)]
    np.testing.assert_allclose(np.mean(signs, axis=0), 0, atol=0.2)  # 4 standard errors


def test_zeros_and_ones():
    np.testing.assert_array_equal(draw(Zeros(), (3, 5)), np.zeros((3, 5)))
    np.testing.assert_array_equal(draw(Ones(), (3,)), np.ones(3))


@pytest.mark.parametrize("kind", INITIALIZERS)
def test_the_seed_decides_and_the_result_is_a_new_float64_array(kind):
    init = initializer(kind)
    first, again, other = draw(init, (7, 5), 3), draw(init, (7, 5), 3), draw(init, (7, 5), 4)
    assert first.dtype == np.float64
    assert first.flags.c_contiguous
    assert first.flags.writeable
    np.testing.assert_array_equal(first, again)
    assert not np.shares_memory(first, again)
    assert kind in ("zeros", "ones") or np.all(first != other)


@pytest.mark.parametrize("kind", INITIALIZERS)
def test_a_vector_has_no_fans(kind):
    if kind in ("normal", "zeros", "ones"):
        assert draw(initializer(kind), (11,)).shape == (11,)
        return
    with pytest.raises(InputError, match=r"parameter of shape 11 by its fan-in, expected at least 2 axes .*; begin a"):
        draw(initializer(kind), (11,))


@pytest.mark.parametrize(
    ("kind", "numbers", "message"),
    [
        (Normal, {"std": -1}, "std of Normal is -1, expected a finite number, 0 or above"),
        (Normal, {"mean": np.nan}, "mean of Normal is nan, expected a finite number"),
        (Normal, {"std": "1"}, "std of Normal is '1'"),
        (Orthogonal, {"gain": 0}, "gain of Orthogonal is 0, expected a finite number above 0"),
        (Orthogonal, {"gain": np.inf}, "gain of Orthogonal is inf"),
    ],
)
def test_numbers_out_of_range_are_refused(kind, numbers, message):
    with pytest.raises(UsageError, match=message):
        kind(**numbers)


def test_an_initializer_is_found_by_name_in_any_case():
    assert initializer("normal") == Normal(mean=0.0, std=1.0)
    assert initializer("Glorot_Uniform") == GlorotUniform()
    mine = Orthogonal(gain=2)
    assert initializer(mine) is mine


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("xavier", "initializer is 'xavier', expected one of normal, glorot_uniform, glorot_normal, he_normal, he_uni"),
        (Zeros, "initializer is the class Zeros, expected a name"),
        (0.1, "initializer is of type float, expected a name"),
    ],
)
def test_an_unknown_initializer_is_refused(choice, message):
    with pytest.raises(UsageError, match=message):
        initializer(choice)
