"""The published figures, against what the report says of them elsewhere, and against each other."""

import pytest

from handgrad.labs.published import LINEAR, LINEAR_TEST, PLATEAU, WIDTHS, XOR, published_points


@pytest.mark.parametrize(
    ("run", "loss", "accuracy", "seconds"), [(LINEAR, 0.4907, 0.9674, 20.0), (XOR, 1.8708, 0.9184, 19.5)]
)
def test_the_last_rows_of_part_1(run, loss, accuracy, seconds):
    assert (run.last.loss, run.last.accuracy, run.seconds, run.epochs) == (loss, accuracy, seconds, 5000)
    assert [row.epoch for row in run.rows] == list(range(0, 5001, 250))


@pytest.mark.parametrize("run", [LINEAR, XOR, *WIDTHS.values()])
def test_losses_fall_and_accuracies_rise(run):
    losses, accuracies = [row.loss for row in run.rows], [row.accuracy for row in run.rows]
    assert losses == sorted(losses, reverse=True)
    assert accuracies == sorted(accuracies)
    assert 0.4 < min(accuracies) < max(accuracies) < 1


def test_the_wider_of_equal_widths_is_better_and_slower():
    square = [WIDTHS[width, width] for width in (64, 128, 256, 512)]
    assert [run.last.loss for run in square] == sorted((run.last.loss for run in square), reverse=True)
    assert [run.seconds for run in square] == sorted(run.seconds for run in square)
    assert all(run.epochs == 2000 and run.data == "xor" for run in WIDTHS.values())


def test_the_plateau_is_that_of_one_answer_to_all_69_points():
    assert PLATEAU.epochs == 40_000
    assert PLATEAU.lr == 0.0005
    assert {(row.loss, row.accuracy) for row in PLATEAU.rows} == {(34.00, 0.5072)}
    assert round(35 / 69, 4) == 0.5072
    assert LINEAR_TEST.train_accuracy < LINEAR.row(2000).accuracy


def test_what_is_published_of_a_network():
    assert published_points("linear", (64, 64)) is LINEAR
    assert published_points("xor", (64, 64)) is XOR
    assert published_points("xor", (512, 256)) is WIDTHS[512, 256]
    assert published_points("linear", (512, 256)) is None
    assert published_points("xor", (64,)) is None
    assert LINEAR.row(251) is None
