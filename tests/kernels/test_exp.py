import numpy as np
import pytest

from handgrad.kernels._exp import exp32, exp64, tanh32, tanh64


def spread(lowest, highest):
    x = np.linspace(lowest, highest, 1501)
    return np.concatenate([x, x * 1e-3, x * 1e-6])


@pytest.mark.parametrize(
    ("ours", "dtype", "lowest", "highest", "ulps"),
    [(exp32, np.float32, -87, 88, 2), (exp64, np.float64, -700, 700, 2)],
)
def test_exp_to_the_last_places(ours, dtype, lowest, highest, ulps):
    x = spread(lowest, highest).astype(dtype)
    got = np.array([ours(each) for each in x])
    expected = np.exp(x.astype(np.longdouble))
    assert np.abs((got - expected) / expected).max() < ulps * np.finfo(dtype).eps


@pytest.mark.parametrize(("ours", "dtype"), [(tanh32, np.float32), (tanh64, np.float64)])
def test_tanh_to_the_last_places_also_near_zero(ours, dtype):
    x = spread(-30, 30).astype(dtype)
    x = x[x != 0]
    got = np.array([ours(each) for each in x])
    expected = np.tanh(x.astype(np.longdouble))
    assert np.abs((got - expected) / expected).max() < 5 * np.finfo(dtype).eps


@pytest.mark.parametrize(("ours", "dtype"), [(exp32, np.float32), (exp64, np.float64)])
def test_beyond_the_range(ours, dtype):
    assert 0 <= ours(dtype(-1e4)) < 1e-37
    assert np.isfinite(ours(dtype(1e4)))
    assert ours(dtype(1e4)) > 1e38
    with np.errstate(invalid="ignore"):
        assert np.isnan(ours(dtype(np.nan)))
