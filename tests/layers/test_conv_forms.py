"""The two forms of a convolution's gradient give the same numbers, and what each part of the second one is."""

from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
import handgrad.layers
from handgrad.layers.conv import ConvParams, conv_backward, conv_forward
from handgrad.layers.conv_forms import FORMS
from handgrad.layers.conv_forms.rotated_kernel import (
    conv_rotated_kernel_backward,
    conv_rotated_kernel_forward,
    correlate,
    rot180,
    spread,
    wide,
)
from helpers import check_maps, relative_error
from maps import CASES, TABLE, problem


def test_every_form_is_here():
    folder = Path(handgrad.layers.__file__).parent / "conv_forms"
    assert sorted(FORMS) == sorted(path.stem for path in folder.glob("[!_]*.py"))


@pytest.mark.parametrize(("maps", "kernel", "size", "stride", "padding", "links"), CASES)
def test_both_forms_agree(maps, kernel, size, stride, padding, links):
    params, x = problem(maps, kernel, size, links)
    y, cache = conv_forward(params, x, stride, padding, links)
    y_rotated, _ = conv_rotated_kernel_forward(params, x, stride, padding, links)
    assert relative_error(y, y_rotated) < 1e-14
    dy = np.random.default_rng(4).normal(size=y.shape)
    dx, grads = conv_backward(params, cache, dy)
    dx_rotated, grads_rotated = conv_rotated_kernel_backward(params, cache, dy)
    for a, b in zip((dx, *grads), (dx_rotated, *grads_rotated), strict=True):
        assert relative_error(a, b) < 1e-13


def test_gradients_and_plumbing():
    params, x = problem((2, 3), (2, 3), (5, 7))
    options = {"stride": 2, "padding": 1}
    check_maps(conv_rotated_kernel_forward, conv_rotated_kernel_backward, x, params, **options)


def test_the_correlation_slides_the_kernel_as_it_is():
    x = np.arange(12.0).reshape(3, 4, 1)
    w = np.array([[1.0, 2], [3, 4]])
    expected = [[x[i, j] + 2 * x[i, j + 1] + 3 * x[i + 1, j] + 4 * x[i + 1, j + 1] for j in range(3)] for i in range(2)]
    assert np.array_equal(correlate(w, x), expected)
    assert np.array_equal(rot180(w), [[4, 3], [2, 1]])


def test_the_wide_one_lays_the_kernel_down_turned():
    """Over a single 1, a correlation with a border gives the kernel turned; so the turned kernel gives the kernel."""
    w = np.array([[1.0, 2, 3], [4, 5, 6]])
    one = np.ones((1, 1, 1))
    assert np.array_equal(wide(w, one)[..., 0], rot180(w))
    assert np.array_equal(wide(rot180(w), one)[..., 0], w)


def test_zeros_between_the_rows_of_a_stride():
    dy = np.arange(1.0, 5).reshape(1, 2, 2, 1)
    assert np.array_equal(spread(dy, 2, 4, 3)[0, ..., 0], [[1, 0, 2], [0, 0, 0], [3, 0, 4], [0, 0, 0]])


@pytest.mark.parametrize("backward", ["not rotated", "rotated twice"])
def test_a_kernel_that_is_not_turned_once_is_wrong(backward):
    params, x = problem((1, 1), (3, 3), (5, 5))
    y, cache = conv_forward(params, x)
    right, _ = conv_backward(params, cache, y)
    kernel = params.W[0, 0] if backward == "not rotated" else rot180(rot180(params.W[0, 0]))
    assert relative_error(wide(kernel, y[0])[None], right) > 0.1
    symmetric = ConvParams(params.W + params.W[..., ::-1, ::-1], params.b)  # here nothing would be seen
    right, _ = conv_backward(symmetric, cache, y)
    assert relative_error(wide(symmetric.W[0, 0], y[0])[None], right) < 1e-14


@pytest.mark.parametrize("spoiled", [False, True], ids=["as it is", "spoiled"])
def test_the_checker_holds_the_second_form(spoiled):
    """By the checker that we give to others, with a stride, a border and a table; and it sees a wrong one."""
    params, x = problem((3, 5), (3, 3), (7, 5), TABLE)

    def push(W, b, x):
        y, cache = conv_rotated_kernel_forward(ConvParams(W, b), x, 2, 1, TABLE)
        return y, (ConvParams(W, b), cache)

    def pull(kept, dy):
        dx, grads = conv_rotated_kernel_backward(*kept, dy)
        return {"W": grads.W * (1.001 if spoiled else 1), "b": grads.b, "x": dx}

    report = hg.check_layer(push, pull, {"W": params.W, "b": params.b, "x": x})
    wrong = {each.name for each in report.parameters if each.verdict == "wrong"}
    assert wrong == ({"W"} if spoiled else set())
    assert len(report.parameters) == 3
    assert report.verdict == ("wrong" if spoiled else "right")
