"""The studies of the lab adder, on small settings: their numbers, and that their sentences follow from these."""

import math
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from handgrad.data.sums import random_sums
from handgrad.errors import UsageError
from handgrad.figures.style import to_svg
from handgrad.labs.adder import AdderPlan, AdderSettings, run
from handgrad.labs.adder_gradients import Flow
from handgrad.labs.adder_studies import _common
from handgrad.labs.adder_studies._common import Group, counted, train_groups
from handgrad.labs.adder_training import EpochRow, TrainedAdder, build_network
from reporters import Log

clipping, gradient_flow, sequence_length = (
    import_module(f"handgrad.labs.adder_studies.{name}") for name in ("clipping", "gradient_flow", "sequence_length")
)
SMALL = {"hidden": 6, "epochs": 2, "sequences": 60}


@pytest.fixture
def quick(monkeypatch):
    """Few and short."""
    monkeypatch.setattr(_common.train_groups, "__defaults__", (None, None, 2))
    monkeypatch.setattr(sequence_length, "LENGTHS", (2, 5))
    monkeypatch.setattr(sequence_length, "TRIED", 20)
    monkeypatch.setattr(clipping, "RATES", (0.01, 0.1))


@pytest.mark.parametrize(
    ("study", "settings", "figures", "trainings"),
    [
        ("gradient-flow", {"bits": 6}, ["flows", "reach"], 12),
        ("sequence-length", {}, ["learning", "carried"], 4),
        ("clipping", {"bits": 4}, ["clipping"], 12),
    ],
)
def test_a_study_has_table_figures_findings_and_document(quick, study, settings, figures, trainings):
    listener = Log()
    result = run(AdderSettings(study=study, **SMALL, **settings), listener)
    assert [picture.name for picture in result.pictures] == figures
    for picture in result.pictures:
        assert to_svg(picture.figure).startswith(b"<?xml")
    assert result.findings
    document = result.document
    assert (document["lab"], document["study"], document["seed"]) == ("adder", study, 0)
    assert len(document["trainings"]) == len(listener.records) == trainings
    assert {each["seed"] for each in document["trainings"]} == {0, 1}
    assert document["train_seconds"] > 0
    (table,) = result.tables
    assert len(table.rows) == trainings // 2


@pytest.mark.parametrize("study", ["gradient-flow", "sequence-length", "clipping"])
@pytest.mark.parametrize("at", [1, 3])
def test_ctrl_c_ends_a_study_with_what_there_is(quick, study, at):
    result = run(AdderSettings(study=study, **SMALL), Log(interrupt_at=at))
    assert result.interrupted
    assert len(result.document["trainings"]) == (at - 1) // 2
    assert result.findings == ["The study was interrupted; tables and figures show what was trained until then."]


@pytest.mark.parametrize(
    ("study", "given", "name"),
    [
        ("sequence-length", {"bits": 8}, "bits"),
        ("clipping", {"rate": 0.1}, "rate"),
        ("gradient-flow", {"stop_when_perfect": True}, "stop-when-perfect"),
    ],
)
def test_what_a_study_chooses_itself_is_refused(study, given, name):
    with pytest.raises(UsageError, match=f"--study {study} chooses {name} itself, but --{name} was given"):
        run(AdderSettings(study=study, **given), Log())


def group(name, plan, *outcomes):
    """A group of trainings by their first perfect epoch, None for none, or an error."""
    runs = []
    for outcome in outcomes:
        rows = [EpochRow(k, 0.0, float(outcome == k), 1.0, 0.1 * k) for k in (1, 2)]
        runs.append(TrainedAdder(plan, None, rows=rows, error=outcome if isinstance(outcome, str) else ""))
    return Group(name, plan, runs)


def test_a_group_counts_its_trainings():
    found = group("one", AdderPlan(), 2, 2, None, "diverged")
    assert found.learned == [2, 2]
    assert found.median_epoch == 2
    assert found.accuracy == 0.5
    assert found.diverged == 1
    assert [row.accuracy for row in found.mean_rows()] == [0, 0.5]
    assert group("none", AdderPlan(), None).median_epoch is None
    assert [counted(k, 3) for k in (0, 1, 3)] == ["none of 3", "1 of 3", "all 3"]


def test_every_seed_of_a_group_is_trained_apart():
    plan = AdderPlan(bits=3, hidden=4, epochs=1, sequences=50)
    seen = []
    ((found,), interrupted) = train_groups({"a": plan}, Log(), lambda *given: seen.append(given[0]), seeds=2)
    assert not interrupted
    assert seen == ["a"]
    assert [each.plan.seed for each in found.runs] == [0, 1]
    assert not np.array_equal(*(each.network.parameters.flat for each in found.runs))


def flow(factor):
    steps = np.arange(4)
    distance = (steps[:, None] - steps).astype(float)
    return Flow(np.where(distance >= 0, float(factor) ** distance, np.nan), factor, factor)


def test_the_study_of_gradient_flow_says_what_came_out():
    plan = AdderPlan(bits=4)
    flows = {"radius 0.5": (flow(0.5), flow(0.5)), "radius 2": (flow(2.0), flow(0.5))}
    no, one = (group(f"BPTT({k})", replace(plan, truncate=k), 2, None if k == 1 else 2) for k in (1, 2))
    groups = [group("radius 0.5", plan, 2, 2), group("radius 2", plan, None, None), no, one]
    text = " ".join(gradient_flow._findings(groups, flows, plan))
    assert "last step's loss changes by a factor 0.125, 0.5 for each; it vanishes. Of the trainings all 2 come" in text
    assert "changes by a factor 8, 2 for each; it explodes. Of the trainings none of 2 come" in text
    assert "Where the first gradient vanishes, all 2 trainings" in text
    assert "Where the first gradient explodes, none of 2 trainings" in text
    assert "gradients across one step are needed" in text
    groups[2] = group("BPTT(1)", replace(plan, truncate=1), 2, 2)
    assert "hardly needed" in " ".join(gradient_flow._findings(groups, flows, plan))
    groups[3] = group("BPTT(2)", replace(plan, truncate=2), None, None)
    text = " ".join(gradient_flow._findings(groups, flows, plan))
    assert "needed" not in text.split("BPTT(1)")[1]


def test_the_study_of_clipping_says_what_came_out():
    def groups(free, norm, value):
        plan = AdderPlan()
        outcomes = dict(zip(clipping._BOUNDS, (free, norm, value), strict=True))
        return [
            group(f"rate {rate:g}, {name}", replace(plan, rate=rate), *[2 if rate in learned else None] * 2)
            for rate in clipping.RATES
            for name, learned in outcomes.items()
        ]

    text = " ".join(clipping._findings(groups({0.01}, {0.1, 0.3}, set()), {}, AdderPlan()))
    assert "Not clipped: every seed adds perfectly at the rate 0.01; at 0.03 none of 2" in text
    assert "Entries at most 0.1: no rate at which every seed adds perfectly" in text
    assert "A bound widens the range of rates: 2 of 5 (norm at most 1) against 1 without one" in text
    text = " ".join(clipping._findings(groups({0.01}, {0.1}, set()), {}, AdderPlan()))
    assert "No bound widens the range of rates here: 1 of 5 without one, 1 with norm at most 1" in text


def test_a_bound_holds_where_the_rate_is_too_large():
    """The core of the study: at rate 0.3 plain SGD fails, and with a bound on the norm it learns."""
    plan = AdderPlan(rate=0.3, epochs=4)
    found, _ = train_groups({"free": plan, "bounded": replace(plan, clip_norm=1.0)}, Log(), seeds=1)
    free, bounded = (each.runs[0] for each in found)
    assert free.error or free.accuracy < 0.2
    assert bounded.accuracy > 0.95


def test_gradient_norms_are_of_each_sum_for_itself():
    network = build_network(AdderPlan(bits=3, hidden=4))
    sums = random_sums(3, 3, np.random.default_rng(0))
    found = clipping.gradient_norms(network, sums.x, sums.t)
    alone = network.gradients(sums.x[1:2], sums.t[1:2], engine="numpy")
    assert found[1] == pytest.approx(math.sqrt(sum(float((g**2).sum()) for g in alone.values())), rel=1e-4)
    assert len(set(found.tolist())) > 1
