"""The studies of the lab lenet, on few images: their numbers, and that their sentences follow from these."""

import math
from dataclasses import replace

import numpy as np
import pytest

from handgrad.figures.style import to_svg
from handgrad.labs.lenet import LenetSettings, run
from handgrad.labs.lenet_links import random_table, table_of
from handgrad.labs.lenet_studies import _common
from handgrad.labs.lenet_studies._common import Group, Kind, Outcome, compared
from handgrad.labs.lenet_training import load
from reporters import Log


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    dataset = load(LenetSettings().plan(), Log())
    few = replace(dataset, x=dataset.x[:120], t=dataset.t[:120], x_test=dataset.x_test[:50], t_test=dataset.t_test[:50])
    monkeypatch.setattr(_common, "load", lambda plan, reporter: few)


def test_the_study_of_links_compares_tables(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join("".join(map(str, row)) for row in random_table(30, 7).astype(int)))
    log = Log()
    result = run(LenetSettings(study="links", epochs=2, links=str(path)), log)
    document = result.document
    names = ["LeCun", "all links", "random, 60 links", str(path)]
    assert [each["name"] for each in document["trainings"]] == [name for name in names for _ in range(3)]
    assert [each["links"] for each in document["trainings"]] == [60] * 3 + [96] * 3 + [60] * 3 + [30] * 3
    assert {each["parameters"][2] for each in document["trainings"]} == {1516, 2416, 30 * 25 + 16}
    assert [each["seed"] for each in document["trainings"]] == [0, 1, 2] * 4
    (table,) = result.tables
    assert [row[0] for row in table.rows] == names
    for row, k in zip(table.rows, range(0, 12, 3), strict=True):
        accuracies = [100 * each["test_accuracy"] for each in document["trainings"][k : k + 3]]
        assert row[4] == f"{np.mean(accuracies):.2f}"
        assert row[5] == f"{min(accuracies):.2f} to {max(accuracies):.2f}"
    assert [picture.name for picture in result.pictures] == ["comparison", "links"]
    assert len(result.pictures[1].figure.axes) == 4  # LeCun's, and the three that were drawn
    for picture in result.pictures:
        assert to_svg(picture.figure).startswith(b"<?xml")
    assert [text.split(":")[0] for text in result.findings[:2]] == [
        "LeCun minus all links",
        "LeCun minus random, 60 links",
    ]
    assert len(log.records) == 12
    assert document["settings"]["links"] == names


def test_the_study_of_pooling_compares_three():
    result = run(LenetSettings(study="pooling", epochs=1, links="full"), Log())
    assert [row[0] for row in result.tables[0].rows] == ["trainable", "mean", "largest"]
    assert {tuple(each["parameters"][1:4]) for each in result.document["trainings"]} == {(12, 2416, 32), (0, 2416, 0)}
    assert [picture.name for picture in result.pictures] == ["comparison"]
    assert result.findings[0].startswith("trainable minus mean:")


def test_a_study_that_was_interrupted_tells_what_it_has():
    result = run(LenetSettings(study="pooling", epochs=2), Log(interrupt_at=7))
    assert result.interrupted
    assert len(result.document["trainings"]) == 2
    assert result.findings[0].startswith("The study was interrupted")
    assert [row[0] for row in result.tables[0].rows] == ["trainable", "mean"]
    nothing = run(LenetSettings(study="pooling", epochs=2), Log(interrupt_at=1))
    assert nothing.interrupted
    assert nothing.tables == []
    assert nothing.pictures == []


def group(name, accuracies):
    kind = Kind(name, LenetSettings().plan(), (table_of("lecun"),) * 3)
    return Group(kind, [Outcome(k, (a,), a, 0.1, (1,), 60, 1.0, 9.0) for k, a in enumerate(accuracies)])


def test_a_difference_is_told_with_the_chance_in_it():
    clear = compared(group("a", [0.95, 0.951, 0.952]), group("b", [0.90, 0.901, 0.902]))
    assert clear.startswith("a minus b: +5.00 points of test accuracy, with a standard error of 0.08")
    assert clear.endswith(": more than twice that.")
    vague = compared(group("a", [0.95, 0.90, 0.97]), group("b", [0.94, 0.93, 0.92]))
    assert vague.endswith(": not more than twice that.")
    assert compared(group("a", [0.5]), group("b", [0.25])) == "a minus b: +25.00 points of test accuracy."
    assert math.isnan(group("a", [0.5]).spread)
