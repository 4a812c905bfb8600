"""Whether the trained adder is exact, at any length, and what its state does."""

import numpy as np
import pytest

from handgrad.data.sums import all_sums, random_sums
from handgrad.labs import adder_exact
from handgrad.labs.adder import AdderPlan
from handgrad.labs.adder_exact import AtLength, Memory, at_length, exhaustive_test, memory
from handgrad.labs.adder_results import _by_length, _reason
from handgrad.labs.adder_state import _correlations, _told, carry_units, unrolled
from handgrad.labs.adder_training import answers, build_network, lengthened, train
from reporters import Log

SMALL = AdderPlan(bits=4, hidden=5, epochs=3, sequences=120)


@pytest.fixture(scope="module")
def trained():
    """With the defaults, seed 0, as the report trains."""
    return train(AdderPlan(epochs=6), Log())


def test_the_exhaustive_test_counts_every_pair(monkeypatch):
    monkeypatch.setattr(adder_exact, "_CHUNK", 10)
    network = train(SMALL, Log()).network
    sums = all_sums(4)
    wrong = [k for k in range(64) if (answers(network, sums.x[k : k + 1]) != sums.t[k]).any()]
    found = exhaustive_test(network, 4)
    assert (found.pairs, found.right) == (64, 64 - len(wrong))
    assert 0 < len(wrong) < 64
    for k, (a, b, said) in zip(wrong, found.wrong, strict=False):
        assert (a, b) == divmod(k, 8)
        assert said == int(answers(network, sums.x[k : k + 1])[0] @ [1, 2, 4, 8]) != a + b


def test_too_many_pairs_are_not_added():
    assert exhaustive_test(build_network(AdderPlan(bits=11)), 11) is None


def test_a_longer_network_says_the_same(trained):
    sums = random_sums(20, 8, np.random.default_rng(0))
    padded = np.zeros((20, 13, 2), np.float32)
    padded[:, :8] = sums.x
    longer = lengthened(trained.network, 13)
    np.testing.assert_array_equal(longer.outputs(padded)[:, :8], trained.network.outputs(sums.x))
    longer.parameters.flat[...] = 0
    assert trained.network.parameters.flat.any()


def test_margins_and_shares_are_those_of_the_answers(trained):
    weak = trained.at(1)
    rng = np.random.default_rng(4)
    found = at_length(weak, 12, np.random.default_rng(4), count=50)
    longer = lengthened(weak, 12)
    sums = random_sums(50, 12, rng)
    right = (answers(longer, sums.x) == sums.t).all(axis=1).mean()
    assert found.random == pytest.approx(right)
    assert found.margin < 0
    assert not found.exact
    exact = at_length(trained.network, 40, rng, count=50)
    assert exact.exact
    assert exact.margin > 0
    assert exact.accuracy == 1
    states = lengthened(trained.network, 40).activations(random_sums(200, 40, rng).x)[0]
    assert exact.saturated == pytest.approx((np.abs(states) > 0.9).mean(), abs=0.05)


def test_answers_that_are_no_numbers_are_wrong():
    sums = random_sums(3, 4, np.random.default_rng(0))
    logits = np.full((3, 4, 2), np.nan)
    assert (adder_exact._margins(logits, sums) == -np.inf).all()


def test_memory_measures_contraction():
    """Of W = diag(0.5, 1), U = 0 and nearly linear units, one direction fades by a half per column, one stays."""
    network = build_network(AdderPlan(bits=4, hidden=2))
    network.parameters["0.W"][...] = np.diag([0.5, 1])
    network.parameters["0.U"][...] = 1e-4 * np.array([[1, 1], [0, 0]])
    found = memory(network, 0, columns=12)
    assert found.forgetting == pytest.approx(0.5, rel=1e-3)
    network.parameters["0.W"][...] = np.diag([1, 1])
    found = memory(network, 0, columns=12)
    assert found.forgetting == pytest.approx(1, rel=1e-3)
    assert found.kept == pytest.approx(1, rel=1e-3)


def test_a_trained_adder_forgets_all_but_the_carry(trained):
    found = memory(trained.network, 0)
    assert found.forgetting < 0.9
    assert found.other[-1] > 100 * found.same[-1]


def test_one_addition_step_by_step(trained):
    found = unrolled(trained.network, 111, 127, 8)
    assert (found.number, found.right) == (238, True)
    assert found.h.shape == (16, 8)
    np.testing.assert_array_equal(found.p > 0.5, found.said == 1)
    h = np.tanh(trained.network.parameters["0.U"] @ [1, 1] + trained.network.parameters["0.b"])
    np.testing.assert_allclose(found.h[:, 0], h, atol=1e-5)
    assert not unrolled(build_network(AdderPlan()), 111, 127, 8).right


def test_correlations_are_pearsons():
    rng = np.random.default_rng(0)
    h, y = rng.normal(size=(50, 3)), rng.integers(0, 2, 50).astype(float)
    h[:, 2] = 0.25
    np.testing.assert_allclose(_correlations(h, y)[:2], [np.corrcoef(h[:, k], y)[0, 1] for k in (0, 1)])
    assert _correlations(h, y)[2] == 0


@pytest.mark.parametrize(
    ("h", "carry", "share"),
    [
        ([0.1, 0.9, 0.2, 0.8], [0, 1, 0, 1], 1),
        ([0.1, 0.9, 0.2, 0.8], [1, 0, 1, 0], 1),
        ([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], 0.75),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 0], 0.75),
    ],
)
def test_what_one_threshold_tells(h, carry, share):
    assert _told(np.array(h), np.array(carry, float)) == share


def test_units_go_with_the_carry_after_training_only(trained):
    after = carry_units(trained.network, 8, 0)
    assert abs(after.carry[after.best]) > 0.8
    assert after.told > after.most + 0.2
    assert carry_units(build_network(AdderPlan()), 8, 0).told < after.told


def at(bits, random, chains, margins):
    return AtLength(bits, 100, random, chains, np.array(margins, float), 0.2)


def test_findings_say_what_the_numbers_say():
    good = [at(2, 1, 1, [5, 4]), at(3, 1, 1, [5, 4, 3])]
    assert "exact on every sum tried of 2 and 3 bits" in _by_length(good, 2)
    assert "margin of a right bit stays: 4 in sums of 2 bits, 3 in those of 3" in _by_length(good, 2)
    fading = [at(2, 1, 1, [5, 4]), at(3, 1, 1, [5, 4, 1])]
    assert "margin of a right bit shrinks" in _by_length(fading, 2)
    bad = [at(2, 1, 1, [5, 4]), at(3, 0.5, 1, [5, -4, 1])]
    text = _by_length(bad, 2)
    assert (
        "exact on sums of 2 bits; right are 75 % at 3 bits. In sums of 3 bits the first wrong bit is at step 2" in text
    )
    assert "margin" not in text
    keeps, loses = Memory(np.array([1, 0.01]), np.array([2.0, 1.9])), Memory(np.array([1, 0.01]), np.array([2.0, 0.02]))
    assert "a memory that does not depend on the length" in _reason(keeps, good, 2)
    assert "does not prevent the wrong answers" in _reason(keeps, bad, 2)
    assert "does not keep the carries apart" in _reason(loses, good, 2)
