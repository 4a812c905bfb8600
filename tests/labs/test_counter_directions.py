"""The three directions of the lab ``counter``: the exact gradient, and the published ones as they were published."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from handgrad.data.counting import random_sequences, running_count
from handgrad.labs.counter import METHODS
from handgrad.labs.counter_directions import (
    Exact,
    angle,
    build_network,
    count,
    product_form,
    product_terms,
    published_1,
    published_2,
    set_weights,
)
from handgrad.labs.counter_forms import disagreement, gradient_forms, kink_near
from handgrad.labs.counter_stability import condition, eigenvalues, rate_limits, response

REPORT = Path(__file__).parents[1] / "faults" / "reports" / "counter_004_code.py"


@pytest.fixture(scope="module")
def published():
    spec = importlib.util.spec_from_file_location("counter_004_code", REPORT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def some(steps, counters=5, n=3, seed=0):
    """Weights, some negative, and sequences of as many counters."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (steps, counters, n)).astype(float)
    return rng.normal(0.6, 0.6, (2, counters)), x, x.cumsum(axis=0)


@pytest.mark.parametrize("steps", [1, 2, 5, 11])
def test_the_first_version_is_that_of_the_museum(published, steps):
    weights, x, t = some(steps)
    ours = published_1(weights, x, t, count(weights, x))
    for r in range(x.shape[1]):
        theirs = published.coefficients(weights[1, [r]], weights[0, [r]], x[:, r], t[:, r])
        np.testing.assert_allclose(ours[:, r], -np.array(theirs), rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 5, 11])
def test_the_second_version_takes_the_summand_of_the_first_for_every_step(published, steps):
    weights, x, t = some(steps)
    ours = published_2(weights, x, t, count(weights, x))
    expected = np.zeros_like(ours)
    for n in range(steps):  # the first version over n + 1 steps, with the error of the last alone
        part, target = x[: n + 1], t[: n + 1]
        states = count(weights, part)
        alone = np.where(np.arange(n + 1)[:, None, None] == n, target, states.s[:-1])
        expected += published_1(weights, part, alone, states)
    np.testing.assert_allclose(ours, expected / steps, rtol=1e-12)


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("steps", [1, 2, 11])
def test_the_exact_gradient_is_the_product_form(steps, engine):
    weights, x, t = some(steps)
    np.testing.assert_allclose(Exact(x, t, engine)(weights), product_form(weights, x, t), rtol=1e-12, atol=1e-14)


def test_the_exact_gradient_is_the_derivative():
    weights, x, t = some(7, seed=3)
    gradient, step = Exact(x, t, "numpy")(weights), 1e-6

    def energy(w):
        return ((count(w, x).s[:-1] - t) ** 2).sum(axis=(0, 2)) / 2

    for k in range(2):
        move = np.eye(2)[:, [k]] * step
        slope = (energy(weights + move) - energy(weights - move)) / (2 * step)
        np.testing.assert_allclose(gradient[k], slope, rtol=1e-6, atol=1e-7)


def test_published_directions_are_not_the_gradient():
    weights, x, t = some(5)
    exact, states = Exact(x, t, "numpy")(weights), count(weights, x)
    for direction in (published_1, published_2):
        assert np.nanmax(angle(exact, direction(weights, x, t, states))) > 5


def test_product_terms_are_powers_of_the_recurrent_weight():
    x, _ = running_count(np.ones((4, 1)))
    weights = np.array([[0.5], [2.0]])
    states = count(weights, x[:, None])
    rec, inp = (each[:, :, 0, 0] for each in product_terms(weights, x[:, None], states))
    np.testing.assert_allclose(inp[3], [0.125, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(rec[3], [0.0, 2.0 * 0.25, 3.0 * 0.5, 3.5])
    assert np.array_equal(inp, np.tril(inp))


def test_a_dead_counter_has_no_direction():
    _, x, t = some(5, counters=1)
    weights = np.array([[0.5], [-1.0]])
    states = count(weights, x)
    assert not states.s.any()
    assert not Exact(x, t, "numpy")(weights).any()
    assert not published_1(weights, x, t, states).any()
    assert np.isnan(angle(np.zeros((2, 1)), np.ones((2, 1)))).all()


def test_angles_are_in_degrees_and_survive_large_numbers():
    a = np.array([[1.0, 1.0, 1e300, 2.0], [0.0, 0.0, 0.0, 0.0]])
    b = np.array([[0.0, -3.0, 1e300, 1.0], [2.0, 0.0, 1e300, np.sqrt(3)]])
    np.testing.assert_allclose(angle(a, b), [90, 180, 45, 60], rtol=1e-12)


def test_a_network_counts_with_the_answer():
    new = random_sequences(9, 20, 1)
    network = build_network(9)
    set_weights(network, np.ones((2, 1)))
    assert np.array_equal(network.predict(new.x.T[:, :, None])[:, :, 0].T, new.t)


def test_all_forms_agree_and_a_difference_is_measured():
    forms = gradient_forms(np.array([0.8, 1.3]), random_sequences(6, 4, 2))
    assert len(forms) == 7
    assert max(disagreement(form, forms[0]) for form in forms) < 1e-10
    assert all(g != 0 for g in forms[0].gradient)
    assert all(form.compared for form in forms)
    off = forms[1]._replace(gradient=(1.1 * forms[0].gradient[0], forms[0].gradient[1]))
    assert disagreement(off, forms[0]) > 1e-3


@pytest.mark.parametrize("start", [(0.0, 0.0), (0.0, 1.0), (-1.0, 1.0), (3e-7, -2e-7), (1e-6, 1e-6)])
def test_central_differences_are_not_compared_next_to_a_kink(start):
    forms = gradient_forms(np.array(start), random_sequences(6, 4, 2))
    assert [form.name for form in forms if not form.compared] == ["central differences"]
    assert max(disagreement(form, forms[0]) for form in forms[:-1]) < 1e-10


@pytest.mark.parametrize("length", [3, 7, 20])
def test_elsewhere_central_differences_agree(length):
    rng = np.random.default_rng(length)
    compared = 0
    for seed in range(40):
        start = rng.uniform(-2, 2, 2) * 10.0 ** -rng.integers(0, 5)
        forms = gradient_forms(start, random_sequences(length, 3, seed))
        if forms[-1].compared:
            compared += 1
            assert disagreement(forms[-1], forms[0]) < 1e-9, start
    assert compared > 20


def test_a_step_that_nothing_depends_on_is_no_kink():
    dead, zeros = np.array([-1.0, -1.0]), np.zeros((4, 1, 2))
    assert not kink_near(dead, np.ones((4, 1, 2)))
    assert not kink_near(np.zeros(2), zeros)


class TestStability:
    def sequences(self, steps=6, counters=3):
        parts = [random_sequences(steps, 4, seed) for seed in range(counters)]
        return tuple(np.stack([part[i] for part in parts], axis=1) for i in (0, 1))

    def test_the_response_of_the_gradient_is_the_hessian_at_the_answer(self):
        x, t = self.sequences()
        J = response("exact", x, t)
        by_rec = np.concatenate([np.zeros((1, *t.shape[1:])), t.cumsum(axis=0)[:-1]])
        for r in range(x.shape[1]):
            G = np.stack([by_rec[:, r].ravel(), t[:, r].ravel()])
            np.testing.assert_allclose(J[r], G @ G.T, rtol=1e-6)

    @pytest.mark.parametrize("method", METHODS)
    def test_below_the_limit_steps_come_closer_and_above_they_do_not(self, method):
        x, t = self.sequences()
        J = response(method, x, t)
        limits = rate_limits(J)
        assert (limits > 0).any()
        for r, limit in enumerate(limits):
            if limit == 0:  # repels at any rate
                assert all(np.abs(np.linalg.eigvals(np.eye(2) - rate * J[r])).max() > 1 for rate in (1e-6, 1e-4, 1e-2))
                continue
            for factor, closer in ((0.99, True), (1.01, False)):
                radius = np.abs(np.linalg.eigvals(np.eye(2) - factor * limit * J[r])).max()
                assert (radius < 1) == closer

    def test_an_answer_that_repels_has_the_limit_0_and_what_is_free_does_not_count(self):
        J = np.array([[[1.0, 0.0], [0.0, -1.0]], [[0.0, 0.0], [0.0, 4.0]], [[0.0, -2.0], [2.0, 0.0]]])
        np.testing.assert_allclose(rate_limits(J), [0, 0.5, 0], atol=1e-15)
        assert eigenvalues(J)[1].tolist() == [0, 4]
        assert condition(J)[0] == 1

    def test_a_rate_for_each_weight_improves_the_condition(self):
        x, t = self.sequences(steps=30)
        J = response("exact", x, t)
        rate = np.array([[1 / J[:, 0, 0].mean()], [1 / J[:, 1, 1].mean()]])
        assert (condition(J, rate) < condition(J) / 5).all()
