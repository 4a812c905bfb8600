"""The study of lengths of the lab ``counter``: its numbers and its sentences."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from handgrad.data.counting import random_sequences
from handgrad.errors import UsageError
from handgrad.figures.style import to_svg
from handgrad.labs.counter import STUDIES, CounterPlan, CounterSettings, run
from handgrad.labs.counter_basic import run_basic
from handgrad.labs.counter_studies import STUDIES as FUNCTIONS
from handgrad.labs.counter_studies import _measures, _words
from handgrad.labs.counter_studies._outcomes import VARIANTS, Outcome, Outcomes
from handgrad.labs.counter_surface import landscape, loss_over
from reporters import Log

length_module = import_module("handgrad.labs.counter_studies.length")


SMALL = {"study": "length", "lengths": (2, 4), "seeds": 3, "iterations": 25, "test_sequences": 40}


@pytest.fixture(scope="module")
def small():
    return run(CounterSettings(**SMALL), Log())


def test_every_study_exists():
    assert set(FUNCTIONS) == set(STUDIES)


def test_a_training_of_the_study_is_the_basic_run_of_its_seed(small):
    for method in ("exact", "published-2"):
        settings = CounterSettings(length=4, seed=0, iterations=25, test_sequences=40, method=method)
        basic = run_basic(settings, Log()).document
        assert basic["methods"][method]["w_rec"] != 1
        if method == "exact":
            assert small.document["w_rec"] == pytest.approx(basic["w_rec"], rel=1e-12)
            assert small.document["length"] == 4
    worst = [run_basic(CounterSettings(length=4, seed=seed, iterations=25, test_sequences=40), Log()).document
             for seed in range(3)]  # fmt: skip
    assert small.document["max_error"] == pytest.approx(max(each["max_error"] for each in worst), rel=1e-9)


def test_tables_have_every_variant_and_length(small):
    outcomes, errors, stability, terms = small.tables
    rows = [(variant, method) for variant, (_, methods) in VARIANTS.items() for method in methods]
    for table in (outcomes, errors):
        assert [row[:2] for row in table.rows] == rows
        assert all(cell is not None for row in table.rows for cell in row)
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert [row[0] for row in stability.rows] == [2, 4]
    assert all(len(row) == len(stability.columns) for row in stability.rows)
    assert [row[0] for row in terms.rows] == [f"{w:g}" for w in _measures.RECURRENT]
    assert len(small.document["outcomes"]) == len(rows) * 2


def test_pictures_are_drawn(small):
    names = [picture.name for picture in small.pictures]
    assert names == ["outcomes", "surface-published", "surface-robust", "cliff", "limits", "terms"]
    for picture in small.pictures:
        assert len(to_svg(picture.figure)) > 2000
        assert picture.caption


def test_what_the_study_chooses_may_not_be_given():
    for name, value in (("length", 5), ("rate", 0.1), ("start", (1.0, 1.0)), ("data", "x")):
        with pytest.raises(UsageError, match=f"--study length chooses {name} itself, but --{name} was given"):
            run(CounterSettings(study="length", **{name: value}), Log())


def test_an_interruption_leaves_the_tables():
    result = run(CounterSettings(**SMALL), Log(interrupt_at=30))
    assert result.interrupted
    assert result.findings == ["The study was interrupted; the tables show what was trained until then."]
    assert 0 < len(result.tables[0].rows) < len(VARIANTS) + 4
    early = run(CounterSettings(**SMALL), Log(interrupt_at=1))
    assert early.document["max_error"] is None


def test_one_length_and_one_step_work():
    result = run(CounterSettings(**SMALL | {"lengths": (1,), "seeds": 2}), Log())
    assert result.findings
    assert not any("to the power" in text for text in result.findings)


class TestMeasures:
    def test_terms_grow_with_the_length_as_they_must(self):
        x = np.ones((12, 2, 3))
        sizes = _measures.sensitivities(x)
        assert sizes[1.0] == 12 * 11 / 2
        assert sizes[0.5] == pytest.approx(sum(k * 0.5 ** (k - 1) for k in range(1, 12)))
        assert sizes[1.5] > 10 * sizes[1.0]

    def test_maps_of_terms_add_up_to_the_sensitivity(self):
        x = random_sequences(8, 5, 0).x
        for w_rec, terms in _measures.term_maps(x).items():
            s = ds = np.zeros(5)
            for bits in x:
                s, ds = w_rec * s + bits, s + w_rec * ds
            assert terms[-1].sum() == pytest.approx(ds.mean())

    def test_slices_have_the_derivative_of_their_loss(self):
        w_rec, loss, slope = _measures.slices(*random_sequences(6, 4, 0))
        step = w_rec[1] - w_rec[0]
        differences = (loss[2:] - loss[:-2]) / (2 * step)
        away = np.abs(w_rec[1:-1]) > 2 * step  # from the kink at 0
        np.testing.assert_allclose(slope[1:-1][away], differences[away], rtol=1e-2, atol=0.05)

    def test_the_loss_over_the_weights(self):
        x, t = random_sequences(5, 4, 0)
        w_rec, w_x = np.array([0.0, 0.5, 1.0]), np.array([-1.0, 1.0])
        loss = loss_over(w_rec, w_x, x, t)
        assert loss.shape == (2, 3)
        assert loss[1, 2] == 0
        np.testing.assert_allclose(loss[0, 1:], (t**2).sum() / 2)  # dead
        np.testing.assert_allclose(loss[1, 0], ((x - t) ** 2).sum() / 2)
        assert np.isfinite(loss_over(np.array([50.0]), np.ones(1), *random_sequences(400, 4, 0))).all()

    def test_a_landscape_shows_its_paths_as_far_as_it_can(self):
        x, t = random_sequences(5, 4, 0)
        paths = {"exact": np.array([[0.5, 0.5], [1.2, 5.0]]), "published-1": np.array([[0.5, 0.5], [-1e9, 1e9]])}
        panel = landscape("some", x, t, paths)
        assert panel.w_x[0] < 0 < 5 < panel.w_x[-1] < 20
        assert -1 < panel.w_rec[0] < 0
        dead = panel.loss[0, np.abs(panel.w_rec - 0.5).argmin()]
        assert dead == pytest.approx(1)


class TestWords:
    """The sentences say the other thing where the numbers are other."""

    def outcome(self, variant, method, length, fates, error):
        n = len(fates)
        return Outcome(variant, method, length, np.ones((2, n)), np.full(n, error), fates, np.ones((2, 2)))

    def outcomes(self, robust="learned", first_easy=0.1, second=0.01):
        found = []
        for length in (5, 10):
            fates = (robust,) * 4
            found += [self.outcome(v, "exact", length, fates, 1e-9 if robust == "learned" else 1.0) for v in VARIANTS]
            easy = first_easy if length == 5 else 9.0
            found.append(self.outcome("published", "published-1", length, ("dead",) * 4, easy))
            found.append(self.outcome("published", "published-2", length, ("not learned",) * 4, second))
        return Outcomes(found, {}, 1.0)

    def test_the_bar_is_judged(self):
        assert "at least 95 % at every length" in _words._robust(self.outcomes())
        assert "too few at 5 and 10" in _words._robust(self.outcomes(robust="dead"))

    def test_the_reports_sentences_are_judged(self):
        text = _words._report_says(self.outcomes())
        assert "always outputs correct results. That holds: for 4 of 4 seeds" in text
        assert "it struggles. That holds: 0 of 4 seeds learn, 4 end dead, 0 diverge" in text
        assert "That does not hold here: for 0 of 4 seeds" in _words._report_says(self.outcomes(first_easy=2.0))
        assert "more precise. That holds: " in _words._second(self.outcomes())
        assert "That does not hold here" in _words._second(self.outcomes(second=20.0))
        assert "That holds for some lengths" in _words._second(self.outcomes(second=5.0))

    def test_the_parts_are_counted(self):
        text = _words._parts(self.outcomes())
        assert "that learn at length 5 and 10: with all of them, 4 and 4; not clipped, 4 and 4" in text

    def test_growth_is_that_of_the_curvature(self):
        plan = CounterPlan()
        x5, x20 = (np.ones((n, 2, 3)) for n in (5, 20))
        measured = [_measures.stability(plan, np.full((2, 2), 0.5), x, x.cumsum(axis=0)) for x in (x5, x20)]
        assert 100 < measured[0].curvature < measured[1].curvature
        power = np.log(measured[1].curvature / measured[0].curvature) / np.log(4)
        assert f"to the power {power:.2g}" in _words._growth(measured)
        assert _words._growth(measured[:1]) == ""
        assert _words._wall([replace(measured[0], wall=float("nan"))]) == ""
        assert measured[0].limits["exact"] == pytest.approx(2 / measured[0].curvature, rel=1e-6)
        assert measured[0].first_step > 0
