"""Scaling to the unit square, and back into the network."""

import numpy as np

import handgrad as hg
from handgrad.data.dataset import Dataset
from handgrad.labs.points_scale import Scale


def test_training_points_fill_the_unit_square_and_a_constant_is_no_fault():
    x = np.array([[100.0, 7.0], [300.0, 7.0], [150.0, 7.0]])
    dataset = Dataset(x, x[:, :1], x[:1] - 100, x[:1, :1], ("a", "b"), ("0", "1"), "n", "s")
    scaled = Scale.of(x).dataset(dataset)
    np.testing.assert_allclose(scaled.x, [[0, 0], [1, 0], [0.25, 0]])
    np.testing.assert_allclose(scaled.x_test, [[-0.5, -100]])
    np.testing.assert_array_equal(dataset.x, x)
    assert scaled.t is dataset.t


def test_folded_in_the_network_takes_unscaled_features():
    rng = np.random.default_rng(0)
    x = rng.normal([1000.0, -3.0], [50.0, 0.01], (11, 2))
    network = hg.Sequential([hg.Dense(5), hg.Sigmoid(), hg.Dense(1)], input_shape=2, dtype="float64", seed=1)
    scale = Scale.of(x)
    expected = network.predict(scale.apply(x))
    scale.fold_into(network)
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-9)
