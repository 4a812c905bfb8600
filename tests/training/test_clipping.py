"""Clipping: the equations, both engines, and that it bounds what a step does."""

import numpy as np
import pytest

import handgrad as hg
from handgrad.training.clipping import clip_by_global_norm, clip_by_value

RNG = np.random.default_rng(0)


def test_by_value():
    g = np.array([-3.0, -0.5, 0.0, 0.5, np.inf, np.nan])
    assert np.array_equal(clip_by_value(g, 0.5), [-0.5, -0.5, 0.0, 0.5, 0.5, np.nan], equal_nan=True)


def test_by_global_norm_keeps_the_direction():
    g = RNG.normal(size=17)
    length = np.linalg.norm(g)
    assert np.array_equal(clip_by_global_norm(g, 1.01 * length), g)
    short = clip_by_global_norm(g, 0.3 * length)
    assert np.linalg.norm(short) == pytest.approx(0.3 * length, rel=1e-14)
    assert np.allclose(short / g, 0.3)
    assert np.isnan(clip_by_global_norm(np.array([1.0, np.nan]), 0.5)).any(), "NaN must stay visible"


def trained(engine, batch, *, threads=None, samples=9, dtype="float64", optimizer=None, **bounds):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(samples, 4, 3)), 10 * rng.normal(size=(samples, 4, 2))
    net = hg.Sequential([hg.RNN(5), hg.Dense(2)], input_shape=(4, 3), dtype=dtype, seed=2, weight_decay=0.1)
    optimizer = optimizer or hg.SGD(0.01)
    net.fit(x, y, epochs=2, batch_size=batch, optimizer=optimizer, engine=engine, threads=threads, **bounds)
    return net.parameters.flat.copy()


@pytest.mark.parametrize("bounds", [{"clip_value": 0.3}, {"clip_norm": 2.0}], ids=str)
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("optimizer", [hg.SGD(0.01), hg.Adam(0.01)], ids=["sgd", "adam"])
def test_engines_agree_and_the_bound_matters(bounds, batch, optimizer):
    compiled = trained("compiled", batch, optimizer=optimizer, **bounds)
    assert np.allclose(compiled, trained("numpy", batch, optimizer=optimizer, **bounds), rtol=1e-10, atol=1e-13)
    assert not np.allclose(compiled, trained("numpy", batch, optimizer=optimizer), rtol=1e-4)


@pytest.mark.parametrize("bounds", [{"clip_value": 0.01}, {"clip_norm": 0.5}], ids=str)
def test_bits_do_not_depend_on_threads(bounds):
    one, two = (trained("compiled", 256, threads=n, samples=300, dtype="float32", **bounds) for n in (1, 2))
    assert one.tobytes() == two.tobytes()


def test_a_step_is_no_longer_than_the_bound():
    net = hg.Sequential([hg.RNN(5), hg.Dense(2)], input_shape=(4, 3), dtype="float64")
    before = net.parameters.flat.copy()
    x, y = RNG.normal(size=(1, 4, 3)), 1000 * RNG.normal(size=(1, 4, 2))
    net.fit(x, y, epochs=1, batch_size=1, optimizer=hg.SGD(0.1), clip_norm=2.0)
    assert np.linalg.norm(net.parameters.flat - before) == pytest.approx(0.2, rel=1e-12)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"clip_value": 1, "clip_norm": 1}, "both clip_value and clip_norm were given"),
        ({"clip_value": 0}, "clip_value is 0, expected a finite number above 0"),
        ({"clip_norm": -1.0}, "clip_norm is -1.0"),
        ({"clip_norm": "a"}, "clip_norm is 'a'"),
    ],
)
def test_bounds_that_cannot_be(bounds, message):
    with pytest.raises(hg.UsageError, match=message):
        trained("compiled", 1, **bounds)
