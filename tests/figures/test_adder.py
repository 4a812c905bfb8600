"""Pictures of the lab adder."""

from types import SimpleNamespace

import numpy as np
import pytest

from handgrad.data.sums import sum_of
from handgrad.figures.adder import addition_figure, carry_figure, learning_figure, lengths_figure
from handgrad.figures.adder_gradients import flow_figure, reach_figure
from handgrad.figures.adder_studies import carried_figure, clipping_figure
from handgrad.figures.style import to_svg
from handgrad.labs.adder_exact import AtLength
from handgrad.labs.adder_gradients import Flow
from handgrad.labs.adder_training import EpochRow

RNG = np.random.default_rng(0)


def addition(a, b, bits, units, wrong=()):
    sums = sum_of(a, b, bits)
    said = sums.t[0].copy()
    said[list(wrong)] ^= 1
    p = np.where(said == 1, 0.9, 0.1)
    return SimpleNamespace(a=a, b=b, sums=sums, h=RNG.uniform(-1, 1, (units, bits)), p=p, said=said)


def named(figure):
    """Every axes has names on the axes that have numbers."""
    return all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes if axes.get_xticks().size)


def test_an_addition_shows_bits_states_and_wrong_answers():
    shown = addition(5, 3, 4, 6, wrong=[1, 3])
    figure = addition_figure(shown, np.array([0.1, 0.9, -0.5, 0.3, 0.0, -0.9]))
    upper, states, lower, _ = figure.axes
    assert [label.get_text() for label in upper.get_yticklabels()] == ["a = 5", "b = 3", "carry in"]
    assert upper.get_title(loc="left") == "what goes in, and the carry from the step before"
    assert [text.get_text() for text in upper.texts] == list("1010" + "1100" + "0111")
    assert [label.get_text() for label in states.get_yticklabels()] == [f"unit {k}" for k in (2, 4, 1, 5, 3, 6)]
    assert len(lower.patches) == 2
    assert [patch.get_x() + 0.5 for patch in lower.patches] == [1, 3]
    assert [text.get_text() for text in lower.texts][:4] == list("1110")
    assert "0.90" in [text.get_text() for text in lower.texts]


@pytest.mark.parametrize(("bits", "units"), [(2, 1), (8, 16), (53, 200)])
def test_an_addition_of_any_size_has_room(bits, units):
    figure = addition_figure(addition(1, 1, bits, units), RNG.uniform(-1, 1, units))
    width, height = figure.get_size_inches()
    assert width <= 7.2
    assert height < 10
    assert to_svg(figure).startswith(b"<?xml")


def test_a_long_number_does_not_run_into_the_margin():
    figure = addition_figure(addition(2**51, 7, 53, 3), np.zeros(3))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][:2] == ["a", "b = 7"]


def test_units_stand_in_the_order_of_the_carry():
    (axes,) = carry_figure(np.array([0.1, -0.8, 0.7]), np.array([0.5, 0.2, 0.0])).axes
    assert [bar.get_height() for bar in axes.patches] == [0.7, 0.1, -0.8]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", "1", "2"]
    assert axes.lines[0].get_ydata().tolist() == [0.0, 0.5, 0.2]


def test_lengths_and_margins():
    lengths = [AtLength(n, 10, share, 1.0, np.linspace(4, -1, n), 0.2) for n, share in ((8, 1.0), (1000, 0.5))]
    left, right = lengths_figure(lengths, 8).axes
    assert left.lines[0].get_ydata().tolist() == [100, 50]
    np.testing.assert_array_equal(right.lines[0].get_ydata(), lengths[-1].margins)
    low, high = right.get_ylim()
    assert low < -1 < 4 < high
    assert named(left.figure)
    nothing = [AtLength(3, 10, 0.0, 0.0, np.full(3, -np.inf), 0.2)]
    assert to_svg(lengths_figure(nothing, 3)).startswith(b"<?xml")


def test_learning_is_in_percent_and_beside_published():
    rows = [EpochRow(k, 0.5 / k, 0.25 * k, 1.0, 0.1) for k in (1, 2)]
    figure = learning_figure({"ours": rows}, {"published": rows[:1]})
    error, accuracy = figure.axes
    assert error.lines[0].get_ydata().tolist() == [50, 25]
    assert accuracy.lines[1].get_ydata().tolist() == [25]
    assert accuracy.get_yscale() == "linear"
    assert named(figure)


def flow(factor, steps=5):
    distance = (np.arange(steps)[:, None] - np.arange(steps)).astype(float)
    return Flow(np.where(distance >= 0, float(factor) ** distance, np.nan), factor, factor)


def test_flows_share_one_scale_and_later_states_have_no_colour():
    figure = flow_figure({"before": flow(0.1), "after": flow(3.0)})
    first, second, _ = figure.axes
    assert first.images[0].norm is second.images[0].norm
    assert (first.images[0].norm.vmin, second.images[0].norm.vmax) == pytest.approx((1e-4, 81))
    assert np.ma.getmaskarray(np.ma.masked_invalid(first.images[0].get_array()))[0, 1:].all()
    assert first.get_title(loc="left").endswith("ρ(W) = 0.10")


def test_four_flows_stand_in_two_rows_without_their_names():
    figure = flow_figure({str(k): flow(k) for k in (0.25, 1.0, 2.0, 4.0)}, named=False)
    panels, scale = figure.axes[:4], figure.axes[4]
    assert [axes.get_title(loc="left") for axes in panels] == [f"ρ(W) = {k}" for k in ("0.25", "1.00", "2.00", "4.00")]
    boxes = [axes.get_position() for axes in panels]
    assert boxes[0].y0 > boxes[2].y1
    assert boxes[0].x1 < boxes[1].x0
    assert (scale.get_position().y0, scale.get_position().y1) == pytest.approx((boxes[3].y0, boxes[1].y1))


@pytest.mark.parametrize("norms", [np.full((1, 1), 2.0), np.zeros((3, 3)), np.full((2, 2), np.nan)])
def test_flows_without_anything_to_compare_are_drawn(norms):
    assert to_svg(flow_figure({"one": Flow(norms, 1.0, 1.0)})).startswith(b"<?xml")


def test_reach_ends_where_nothing_is_left():
    left, right = reach_figure({"small": (flow(1e-7), flow(0.5))}, "radius").axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [1, 1e-7, 1e-14, 1e-21, np.nan])
    np.testing.assert_allclose(right.lines[0].get_ydata(), 0.5 ** np.arange(5))


def test_studies_show_every_seed_and_every_bound():
    (axes,) = carried_figure({4: [(0.0, 0.5), (1.0, 1.0)], 8: [(1.0, 1.0)]}, 1000).axes
    assert sorted(value for line in axes.lines for value in line.get_ydata()) == [0, 50, 100, 100, 100, 100]
    figure = clipping_figure({"free": [(0.1, 1.0), (1.0, 0.0)], "bounded": []}, {"free": [50.0, 0.5]}, 1.0)
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == [100, 0]
    assert right.get_yscale() == "log"
    assert named(figure)
