import numpy as np
import pytest

from handgrad.kernels._exp import exp32, exp64, log32, log64, tanh32, tanh64


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


@pytest.mark.parametrize(("ours", "dtype"), [(log32, np.float32), (log64, np.float64)])
def test_log_to_the_last_places(ours, dtype):
    x = np.concatenate([np.linspace(1, 4000, 1501), np.logspace(-30, 30, 700), 1 + np.logspace(-6, 0, 300)])
    x = x[x != 1].astype(dtype)
    got = np.array([ours(each) for each in x])
    expected = np.log(x.astype(np.longdouble))
    assert np.abs((got - expected) / expected).max() < 3 * np.finfo(dtype).eps
    assert ours(dtype(1)) == 0
    with np.errstate(invalid="ignore"):
        assert np.isnan(ours(dtype(np.nan)))


def test_tanh_never_leaves_its_range_and_keeps_nan():
    for ours, dtype in ((tanh32, np.float32), (tanh64, np.float64)):
        assert 0.9999995 < ours(dtype(1e4)) <= 1
        assert -1 <= ours(dtype(-1e4)) < -0.9999995
        with np.errstate(invalid="ignore"):
            assert np.isnan(ours(dtype(np.nan)))
