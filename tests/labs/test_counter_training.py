"""Training of counters side by side: steps, rates, clipping, and how a training ends."""

from dataclasses import replace

import numpy as np
import pytest

from handgrad.data.counting import random_sequences, running_count
from handgrad.labs.counter import RULES, CounterPlan
from handgrad.labs.counter_directions import count
from handgrad.labs.counter_training import Group, first_weights, max_errors, rates, train


def group(start, *, steps=5, method="exact", seed=0):
    return Group.of([(method, random_sequences(steps, 4, seed), np.array(start))])


def test_plain_steps_follow_the_gradient():
    members = group((0.5, 0.5))
    trained = train(members, RULES["published"], 3, engine="numpy")
    weights = members.start[:, 0].copy()
    for i in range(4):
        np.testing.assert_allclose(trained.weights[i, :, 0], weights, rtol=1e-9)
        s, _ = count(weights[:, None], members.x)
        assert trained.loss[i, 0] == pytest.approx(((s[:-1] - members.t) ** 2).sum() / 2)
        step, gradient = 1e-6, np.zeros(2)
        for k in range(2):
            for sign in (1, -1):
                w = weights.copy()
                w[k] += sign * step
                gradient[k] += sign * ((count(w[:, None], members.x).s[:-1] - members.t) ** 2).sum() / (4 * step)
        weights = weights - 0.001 * gradient


def test_counters_side_by_side_do_not_know_of_each_other():
    parts = [("exact", random_sequences(7, 4, 0), np.array([0.9, 0.3])),
             ("published-1", random_sequences(7, 4, 1), np.array([2.0, 1.9])),
             ("published-2", random_sequences(7, 4, 2), np.array([-0.5, 0.8]))]  # fmt: skip
    together = train(Group.of(parts), RULES["robust"], 25, engine="numpy")
    for r, part in enumerate(parts):
        alone = train(Group.of([part]), RULES["robust"], 25, engine="numpy")
        np.testing.assert_allclose(together.weights[:, :, [r]], alone.weights, rtol=1e-9)
        np.testing.assert_allclose(together.angles[:, :, [r]], alone.angles, atol=1e-6)


def test_without_angles_the_way_is_the_same():
    members = group((0.9, 0.3), method="published-1")
    with_angles = train(members, RULES["robust"], 10, engine="numpy")
    without = train(members, RULES["robust"], 10, engine="numpy", angles=False)
    assert np.array_equal(with_angles.weights, without.weights)
    assert np.isnan(without.angles[:, 1]).all()
    assert np.isfinite(with_angles.angles[:, 1]).all()


def test_a_step_is_clipped_as_a_whole_and_momentum_adds_up():
    rule = replace(RULES["robust"], clip=0.01)
    trained = train(group((0.1, 0.1)), rule, 2, engine="numpy")
    first, second = np.diff(trained.weights[:, :, 0], axis=0)
    assert np.linalg.norm(first) == pytest.approx(0.01)
    assert 0.01 < np.linalg.norm(second) <= 0.019 + 1e-12


@pytest.mark.parametrize("steps", [1, 2, 5, 50])
def test_the_rate_by_length_is_stable_whatever_the_bits(steps):
    rate = rates(RULES["robust"], steps, 3)
    for x in (np.ones((steps, 3)), random_sequences(steps, 3, 4).x):
        t = x.cumsum(axis=0)
        by_rec = np.concatenate([np.zeros((1, 3)), t.cumsum(axis=0)[:-1]])  # ds_n/dw_rec at (1, 1)
        trace = float(rate[0, 0] * (by_rec**2).sum() + rate[1, 0] * (t**2).sum())
        assert 0 < trace < 2 * (1 + RULES["robust"].momentum)  # what momentum bears, Polyak (1964)


def test_shared_rates_are_alike_and_no_larger():
    own, shared = (rates(replace(RULES["robust"], scale=scale), 10, 4) for scale in ("length", "shared"))
    assert shared[0, 0] == shared[1, 0] < own.min()


def test_from_the_unit_square_both_weights_grow_at_first():
    rng = np.random.default_rng(0)
    parts = [("exact", random_sequences(20, 4, i), rng.uniform(size=2)) for i in range(30)]
    trained = train(Group.of(parts), RULES["robust"], 1, engine="numpy")
    assert (np.diff(trained.weights, axis=0) > 0).all()


def test_dead_and_diverged_are_told_apart():
    x, t = running_count(np.ones((50, 4)))
    parts = [("exact", (x, t), np.array(w)) for w in ((1.0, 1.0), (-0.5, -0.5), (30.0, 1.0), (0.2, 0.2))]
    trained = train(Group.of(parts), RULES["published"], 2, engine="numpy")
    errors = max_errors(trained.final, running_count(x))
    assert trained.fates(errors)[:3] == ["learned", "dead", "diverged"]
    assert trained.diverged.tolist() == [False, False, True, False]
    assert trained.final[:, 2].tolist() == [30.0, 1.0]
    assert np.isnan(trained.loss[-1, 2])


def test_errors_do_not_depend_on_how_the_sequences_are_cut(monkeypatch):
    new, weights = random_sequences(6, 37, 1), np.array([[0.9, 1.0], [1.1, 1.0]])
    whole = max_errors(weights, new)
    monkeypatch.setattr("handgrad.labs.counter_training._TEST_NUMBERS", 50)
    assert np.array_equal(whole, max_errors(weights, new))
    s = count(weights[:, :1], new.x[:, None]).s[:-1, 0]
    assert whole[0] == np.abs(s - new.t).max() > 0
    assert whole[1] == 0


def test_the_start_follows_from_the_seed_or_is_given():
    draws = np.array([first_weights(CounterPlan(seed=seed)) for seed in range(200)])
    wide = np.array([first_weights(CounterPlan(seed=seed, rule=RULES["published"])) for seed in range(200)])
    assert 0 <= draws.min() < draws.max() < 1 < wide.max() < 2
    assert first_weights(CounterPlan(start=(-0.5, 3.0))).tolist() == [-0.5, 3.0]
