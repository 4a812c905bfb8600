"""Learning-rate schedules: against their closed forms, first and last step included, and what is refused."""

import math

import numpy as np
import pytest

from handgrad.errors import UsageError
from handgrad.training.schedules import ConstantSchedule, CosineSchedule, StepSchedule, WarmUpSchedule

LR, PER_EPOCH, EPOCHS = 0.3, 7, 13
TOTAL = PER_EPOCH * EPOCHS
STEPS = np.arange(TOTAL)

EVERY = [
    ConstantSchedule(),
    StepSchedule(every=3),
    StepSchedule(every=5, factor=0.5),
    CosineSchedule(),
    CosineSchedule(final=0.1),
    WarmUpSchedule(epochs=2),
    WarmUpSchedule(epochs=1.5, then=CosineSchedule(final=0.01)),
    WarmUpSchedule(epochs=13, then=StepSchedule(every=1)),
]
each = pytest.mark.parametrize("schedule", EVERY, ids=repr)


def rates(schedule, steps=STEPS):
    return schedule.rate(LR, steps, PER_EPOCH, TOTAL)


@each
def test_rates_are_above_zero_at_most_lr_and_float64(schedule):
    given = rates(schedule)
    assert given.dtype == np.float64
    assert given.shape == (TOTAL,)
    assert np.all(given > 0)
    assert np.all(given <= LR * (1 + 1e-15))


@each
def test_every_step_has_its_rate_alone_and_in_any_shape(schedule):
    together = rates(schedule)
    np.testing.assert_array_equal(rates(schedule, STEPS.reshape(EPOCHS, PER_EPOCH)), together.reshape(EPOCHS, -1))
    np.testing.assert_array_equal(rates(schedule, STEPS[40:53]), together[40:53])
    assert rates(schedule, np.array(17)) == together[17]
    assert rates(schedule, STEPS[:0]).shape == (0,)


@each
def test_rates_are_proportional_to_lr(schedule):
    np.testing.assert_allclose(schedule.rate(2 * LR, STEPS, PER_EPOCH, TOTAL), 2 * rates(schedule), rtol=1e-14)


def test_constant():
    np.testing.assert_array_equal(rates(ConstantSchedule()), LR)


def test_step_falls_after_every_so_many_epochs():
    given = rates(StepSchedule(every=5, factor=0.5))
    expected = [LR * 0.5 ** (k // PER_EPOCH // 5) for k in range(TOTAL)]
    np.testing.assert_allclose(given, expected, rtol=1e-15)
    # the last step of epoch 5 and the first of epoch 6; the first step and the last of all
    assert given[[0, 34, 35, 69, 70, -1]] == pytest.approx([LR, LR, LR / 2, LR / 2, LR / 4, LR / 4], rel=1e-15)
    assert rates(StepSchedule(every=5))[35] == pytest.approx(0.1 * LR)


@pytest.mark.parametrize("final", [0.0, 0.2, 1.0])
def test_cosine_is_equation_5_of_sgdr(final):
    given = rates(CosineSchedule(final=final))
    low = final * LR
    expected = [low + 0.5 * (LR - low) * (1 + math.cos(math.pi * k / TOTAL)) for k in range(TOTAL)]
    np.testing.assert_allclose(given, expected, rtol=1e-14)
    assert given[0] == pytest.approx(LR, rel=1e-15)
    assert rates(CosineSchedule(final=final), np.array(TOTAL)) == pytest.approx(low, abs=1e-16)
    # symmetric about the half of the training
    np.testing.assert_allclose(given[1:] + given[:0:-1], LR + low, rtol=1e-14)


def test_warm_up_climbs_evenly_and_hands_over():
    then = StepSchedule(every=4, factor=0.5)
    given = rates(WarmUpSchedule(epochs=2, then=then))
    np.testing.assert_allclose(given[:14], LR * np.arange(1, 15) / 14, rtol=1e-15)
    assert given[0] == pytest.approx(LR / 14)
    assert given[13] == LR
    np.testing.assert_array_equal(given[14:], then.rate(LR, np.arange(TOTAL - 14), PER_EPOCH, TOTAL - 14))
    assert given[[14, 41, 42, -1]] == pytest.approx([LR, LR, LR / 2, LR / 4])


def test_what_follows_a_warm_up_has_the_rest_of_the_training():
    given = rates(WarmUpSchedule(epochs=3, then=CosineSchedule()))
    rest = TOTAL - 21
    expected = [LR * (1 + math.cos(math.pi * k / rest)) / 2 for k in range(rest)]
    np.testing.assert_allclose(given[21:], expected, rtol=1e-14)


def test_a_warm_up_may_take_part_of_an_epoch_or_the_whole_training():
    np.testing.assert_allclose(rates(WarmUpSchedule(epochs=0.5))[:5], LR * np.array([1, 2, 3, 4, 4]) / 4, rtol=1e-15)
    np.testing.assert_array_equal(rates(WarmUpSchedule(epochs=1e-9)), LR)
    whole = rates(WarmUpSchedule(epochs=EPOCHS, then=CosineSchedule()))
    np.testing.assert_allclose(whole, LR * (STEPS + 1) / TOTAL, rtol=1e-15)


def test_a_warm_up_longer_than_the_training_is_refused():
    with pytest.raises(UsageError, match="WarmUpSchedule takes 13.5 epochs of a training of 13, expected at most all"):
        rates(WarmUpSchedule(epochs=13.5))


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (StepSchedule, {"every": 0}, "every of StepSchedule is 0, expected a whole number of epochs, at least 1"),
        (StepSchedule, {"every": 2.5}, "every of StepSchedule is 2.5"),
        (StepSchedule, {"every": True}, "every of StepSchedule is True"),
        (StepSchedule, {"every": "3"}, "every of StepSchedule is '3'"),
        (StepSchedule, {"every": 3, "factor": 0}, "factor of StepSchedule is 0, expected a number above 0, at most 1"),
        (StepSchedule, {"every": 3, "factor": 1.1}, "factor of StepSchedule is 1.1"),
        (CosineSchedule, {"final": -0.1}, "final of CosineSchedule is -0.1, expected a number from 0 to 1"),
        (CosineSchedule, {"final": np.nan}, "final of CosineSchedule is nan"),
        (WarmUpSchedule, {"epochs": 0}, "epochs of WarmUpSchedule is 0, expected a finite number above 0"),
        (WarmUpSchedule, {"epochs": np.inf}, "epochs of WarmUpSchedule is inf"),
        (
            WarmUpSchedule,
            {"then": "cosine"},
            "then of WarmUpSchedule is 'cosine', expected a schedule; for example Cos",
        ),
        (WarmUpSchedule, {"then": CosineSchedule}, "then of WarmUpSchedule is <class"),
    ],
)
def test_bad_values_are_refused(kind, values, message):
    with pytest.raises(UsageError, match=message):
        kind(**values)


def test_numpys_integers_are_whole_numbers():
    schedule = StepSchedule(every=np.int64(3))
    assert type(schedule.every) is int
    assert schedule == StepSchedule(every=3)
