"""Streams of a seed and the stratified hold-out."""

import numpy as np
import pytest

from handgrad.data import data_stream, hold_out
from handgrad.errors import InputError, UsageError


def test_streams_repeat_and_differ_from_each_other_and_from_the_plain_seed():
    draws = {name: stream.random(7).tobytes() for name, stream in streams().items()}
    assert draws == {name: stream.random(7).tobytes() for name, stream in streams().items()}
    assert len(set(draws.values())) == len(draws)


def streams():
    return {
        "seed 3, part 0": data_stream(3, 0),
        "seed 3, part 1": data_stream(3, 1),
        "seed 4, part 0": data_stream(4, 0),
        "plain": np.random.default_rng(3),
        "spawned 0": np.random.default_rng(np.random.SeedSequence(3).spawn(2)[0]),
        "spawned 1": np.random.default_rng(np.random.SeedSequence(3).spawn(2)[1]),
    }


def test_a_numpy_integer_is_a_seed():
    assert data_stream(np.int64(3), 0).random() == data_stream(3, 0).random()


@pytest.mark.parametrize("seed", [-1, 1.5, "3", None, True])
def test_a_wrong_seed_is_a_usage_error(seed):
    with pytest.raises(UsageError, match=f"seed is {seed!r}, expected an integer of at least 0"):
        data_stream(seed, 0)


@pytest.mark.parametrize("seed", range(5))
def test_every_sample_is_in_one_part_in_order_and_every_class_has_its_share(seed):
    labels = np.random.default_rng(seed).permutation(np.repeat([0, 1, 2], [53, 17, 2]))
    train, test = hold_out(labels, 0.3, seed)
    assert sorted(np.concatenate([train, test])) == list(range(72))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    assert np.bincount(labels[test]).tolist() == [16, 5, 1]


def test_the_split_follows_the_seed():
    labels = np.arange(60) % 2
    assert np.array_equal(hold_out(labels, 0.5, 7)[1], hold_out(labels, 0.5, 7)[1])
    assert not np.array_equal(hold_out(labels, 0.5, 7)[1], hold_out(labels, 0.5, 8)[1])


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_both_parts_hold_every_class_however_small_the_share(share):
    labels = np.array(["a", "b", "a", "b", "b"])
    train, test = hold_out(labels, share, 0)
    assert set(labels[train]) == set(labels[test]) == {"a", "b"}


def test_errors():
    with pytest.raises(InputError, match="class 5 has 1 sample, expected at least 2"):
        hold_out(np.array([3, 3, 5]), 0.5, 0)
    for share in (0, 1, -0.5, float("nan")):
        with pytest.raises(UsageError, match="test share is .* between 0 and 1"):
            hold_out(np.array([3, 3]), share, 0)
