"""Gradient flow: the norms of the lab adder against the exact backward pass, and against numerical derivatives."""

import numpy as np
import pytest

import handgrad as hg
import helpers
from handgrad.data.sums import random_sums
from handgrad.errors import InputError
from handgrad.labs.adder import AdderPlan
from handgrad.labs.adder_gradients import Flow, gradient_flow, state_gradients
from handgrad.labs.adder_training import build_network
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward
from handgrad.network.losses import SoftmaxCrossEntropy

T, H, B = 5, 3, 4


@pytest.fixture(scope="module")
def case():
    """A small network with biases, and sums."""
    network = build_network(AdderPlan(bits=T, hidden=H, gain=1.3, seed=2))
    network.parameters["0.b"][...] = [0.3, -0.2, 0.1]
    return network, random_sums(B, T, np.random.default_rng(0))


def parts(network, sums):
    """States' parameters, readout, input and states, in float64."""
    params = RnnParams(*(network.parameters[f"0.{name}"].astype(float) for name in "WUb"))
    V, c = (network.parameters[f"1.{name}"].astype(float) for name in "Wb")
    x = sums.x.transpose(1, 2, 0).astype(float)
    h, cache = rnn_forward(params, x, np.zeros((H, B)))
    return params, V, c, x, h, cache


def loss_of_step(V, c, h, t):
    """The loss of each sum (B,) at one step, from its state (H, B)."""
    return SoftmaxCrossEntropy().forward(V @ h + c[:, None], np.eye(2)[:, t])[0]


def test_each_is_what_the_exact_backward_pass_says_of_a_sequence_that_begins_there(case):
    network, sums = case
    params, V, c, x, h, _ = parts(network, sums)
    found = state_gradients(network, sums)
    assert found.shape == (T, T, H, B)
    for t in range(T):
        p = np.exp(V @ h[t] + c[:, None])
        dh_t = V.T @ (p / p.sum(axis=0) - np.eye(2)[:, sums.t[:, t]])
        np.testing.assert_allclose(found[t, t], dh_t, rtol=1e-12, atol=1e-15)
        for k in range(t):
            y, cache = rnn_forward(params, x[k + 1 : t + 1], h[k])
            dy = np.zeros_like(y)
            dy[-1] = dh_t
            np.testing.assert_allclose(found[t, k], rnn_backward(params, cache, dy)[1], rtol=1e-12, atol=1e-15)
        assert np.isnan(found[t, t + 1 :]).all()


def test_they_are_numerical_derivatives(case):
    network, sums = case
    params, V, c, x, h, _ = parts(network, sums)
    found = state_gradients(network, sums)
    t, k = T - 1, 1

    def loss(state):
        y, _ = rnn_forward(params, x[k + 1 : t + 1], state)
        return float(loss_of_step(V, c, y[-1], sums.t[:, t]).sum())

    helpers.assert_gradient(loss, h[k].copy(), found[t, k])


def test_the_sum_over_the_losses_is_what_backpropagation_carries(case):
    """dL/dW of the whole sequence, put together from them, is that of ``rnn_backward``."""
    network, sums = case
    params, _, _, _, h, cache = parts(network, sums)
    found = state_gradients(network, sums)
    dy = np.stack([found[t, t] for t in range(T)])
    dW = np.zeros((H, H))
    for k in range(T):
        dh = found[k:, k].sum(axis=0)
        dW += ((1 - h[k] ** 2) * dh) @ cache.h[k - 1].T
    np.testing.assert_allclose(dW, rnn_backward(params, cache, dy)[2].W, rtol=1e-12)


def test_norms_are_root_mean_squares_over_the_sums(case):
    network, sums = case
    flow = gradient_flow(network, T, 0, sums)
    found = state_gradients(network, sums)
    for t in range(T):
        for k in range(t + 1):
            lengths = [np.linalg.norm(found[t, k, :, n]) for n in range(B)]
            assert flow.norms[t, k] == pytest.approx(np.sqrt(np.mean(np.square(lengths))))
    assert np.isnan(flow.norms[1, 2])
    assert flow.radius == pytest.approx(1.3, rel=1e-5)
    assert flow.largest == pytest.approx(1.3, rel=1e-5)


def test_the_radius_is_not_the_largest_singular_value(case):
    network = build_network(AdderPlan(bits=T, hidden=2))
    network.parameters["0.W"][...] = [[0.5, 8.0], [0.0, -0.75]]
    flow = gradient_flow(network, T, 0)
    assert flow.radius == pytest.approx(0.75)
    assert flow.largest > 8


def test_factor_and_reach_of_a_geometric_fading():
    steps = np.arange(6)
    distance = (steps[:, None] - steps).astype(float)
    norms = np.where(distance >= 0, (1.0 + steps[:, None]) * 0.3**distance, np.nan)
    flow = Flow(norms, 1.0, 1.0)
    assert flow.factor == pytest.approx(0.3)
    np.testing.assert_allclose(flow.reach, 0.3**steps)
    nothing = Flow(np.zeros((3, 3)), 1.0, 1.0)
    assert np.isnan(nothing.factor)
    assert np.isnan(nothing.reach).all()


def test_a_sequence_of_one_step_has_its_own_gradient_alone():
    network = build_network(AdderPlan(bits=2, hidden=H))
    sums = random_sums(B, 1, np.random.default_rng(0))
    flow = gradient_flow(network, 1, 0, sums)
    assert flow.norms.shape == (1, 1)
    assert flow.norms[0, 0] > 0
    assert np.isnan(flow.factor)


def test_a_network_without_states_is_refused(case):
    dense = hg.Sequential([hg.Dense(2)], input_shape=(T, 2), loss=hg.SoftmaxCrossEntropy())
    with pytest.raises(InputError, match="the first layer is Dense.*, expected an RNN"):
        state_gradients(dense, case[1])


def test_small_weights_vanish_and_large_ones_explode():
    low, high = (gradient_flow(build_network(AdderPlan(bits=24, gain=g)), 24, 0) for g in (0.25, 4.0))
    assert low.factor < 0.3
    assert high.factor > 1.3
    assert low.reach[-1] < 1e-12
    assert high.reach[-1] > 1e3
