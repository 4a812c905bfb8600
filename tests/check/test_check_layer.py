from typing import NamedTuple

import numpy as np
import pytest

import handgrad as hg

RNG = np.random.default_rng(0)
W, B, X = RNG.normal(size=(2, 3)), RNG.normal(size=2), RNG.normal(size=(3, 4))


def forward(W, b, x):
    y = np.tanh(W @ x + b[:, None])
    return y, (W, x, y)


def backward(cache, dy):
    W, x, y = cache
    da = dy * (1 - y**2)
    return da @ x.T, da.sum(axis=1), W.T @ da


def found(report):
    return {each.fault: set(each.parameters) for each in report.findings}


def verdicts(report):
    return {each.name: each.verdict for each in report.parameters}


class Gradients(NamedTuple):
    dW: np.ndarray
    db: np.ndarray
    dx: np.ndarray


@pytest.mark.parametrize("inputs", [(W, B, X), {"W": W, "b": B, "x": X}])
@pytest.mark.parametrize(
    "returned", [lambda *g: g, list, lambda *g: Gradients(*g), lambda *g: dict(zip(["W", "b", "x"], g, strict=True))]
)
def test_inputs_and_gradients_in_every_form(inputs, returned):
    def packed(cache, dy):
        gradients = backward(cache, dy)
        return returned(gradients) if returned is list else returned(*gradients)

    report = hg.check_layer(forward, packed, inputs)
    assert report, report.parameters
    assert verdicts(report) == {"W": "right", "b": "right", "x": "right"}


def test_one_wrong_gradient_is_named():
    def wrong(cache, dy):
        dW, db, dx = backward(cache, dy)
        return dW, -db, dx

    report = hg.check_layer(forward, wrong, (W, B, X))
    assert verdicts(report) == {"W": "right", "b": "wrong", "x": "right"}
    assert found(report) == {"sign": {"b"}}


def test_either_order_of_the_arguments():
    assert hg.check_layer(forward, lambda dout, cache: backward(cache, dout), (W, B, X))
    assert hg.check_layer(forward, lambda p, q: backward(q, p), (W, B, X), dy_first=True)
    assert hg.check_layer(forward, lambda p, q: backward(p, q), (W, B, X))


def test_no_gradient_for_indices_and_constants():
    table = RNG.normal(size=(5, 3))

    def embed(table, index):
        return table[index], (table.shape, index)

    def its_backward(cache, dy):
        shape, index = cache
        dtable = np.zeros(shape)
        np.add.at(dtable, index, dy)
        return dtable, None

    index = np.array([[0, 3], [3, 1]])
    assert hg.check_layer(embed, its_backward, (table, index))
    assert hg.check_layer(embed, lambda cache, dy: its_backward(cache, dy)[0], (table, index))
    lost = hg.check_layer(
        embed, lambda c, dy: np.eye(5)[:, c[1].ravel()[::-1]] @ dy.reshape(-1, 3)[::-1] * 0, (table, index)
    )
    assert found(lost) == {"never-written": {"table"}}

    def leaky(x, slope):
        return np.where(x > 0, x, slope * x), (x, slope)

    assert hg.check_layer(leaky, lambda c, dy: np.where(c[0] > 0, dy, c[1] * dy), (X, 0.1))


def test_several_outputs_and_a_lost_path():
    def split(x):
        return (np.sin(x), x**2), x

    right = hg.check_layer(split, lambda x, dy: np.cos(x) * dy[0] + 2 * x * dy[1], X)
    assert right
    lost = hg.check_layer(split, lambda x, dy: np.cos(x) * dy[0], X)
    assert found(lost) == {"path-lost": {"x"}}
    assert "output 1" in lost.findings[0].explanation

    def residual(x):
        return x + np.sin(x), x

    around = hg.check_layer(residual, lambda x, dy: np.cos(x) * dy, X)
    assert found(around) == {"path-lost": {"x"}}


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("derivative-missing", lambda y, dy: dy),
        ("derivative-place", lambda y, dy: dy * (1 - np.tanh(y) ** 2)),
        ("derivative-place", lambda y, dy: dy * (1 - y**2) ** 2),
        ("sum-for-product", lambda y, dy: dy + (1 - y**2)),
        ("cotangent-ignored", lambda y, dy: 1 - y**2),
        ("never-written", lambda y, dy: np.zeros_like(y)),
        ("boundary-step", lambda y, dy: np.concatenate([dy[:1] * 0, (dy * (1 - y**2))[1:]])),
        ("rows-dropped", lambda y, dy: np.concatenate([(dy * (1 - y**2))[:, :1], 0 * dy[:, 1:]], axis=1)),
        ("time-shift", lambda y, dy: np.concatenate([(dy * (1 - y**2))[1:], 0 * dy[:1]])),
        ("factor", lambda y, dy: dy * (1 - y**2) / 2),
        ("rotation", lambda y, dy: (dy * (1 - y**2))[::-1, ::-1]),
    ],
)
def test_the_faults_of_an_activation(fault, wrong):
    report = hg.check_layer(lambda x: (np.tanh(x), np.tanh(x)), wrong, X)
    assert report.verdict == "wrong"
    main = report.findings[0]
    assert fault in (main.fault, *main.also), report.findings


def test_a_step_whose_successor_is_forgotten():
    V = RNG.normal(size=(3, 3)) / 2

    def run(xs):
        h, hs = np.zeros(3), []
        for x in xs:
            h = np.tanh(x + V @ h)
            hs.append(h)
        return np.array(hs), np.array(hs)

    def back(hs, dhs, flows=1):
        dxs, after = np.zeros_like(hs), np.zeros(3)
        for t in reversed(range(len(hs))):
            dxs[t] = (dhs[t] + flows * after) * (1 - hs[t] ** 2)
            after = V.T @ dxs[t]
        return dxs

    def run_complex(xs):
        hs, h = [], np.zeros(3)
        for x in xs:
            h = np.tanh(x + V @ h)
            hs.append(h)
        return np.stack(hs), np.stack(hs)

    assert hg.check_layer(run_complex, back, RNG.normal(size=(4, 3)))
    report = hg.check_layer(run, lambda hs, dy: back(hs, dy, 0), RNG.normal(size=(4, 3)))
    assert found(report) == {"recurrent-term": {"xs"}}


def test_backward_must_be_linear_repeatable_and_clean():
    clipped = hg.check_layer(forward, lambda c, dy: backward(c, np.clip(dy, -3, 3)), (W, B, X))
    assert clipped.verdict == "wrong"
    assert "cotangent-ignored" in found(clipped)
    assert "linear" in clipped.parameters[0].why

    kept = []

    def growing(cache, dy):
        kept.append([np.array(g) for g in backward(cache, dy)])
        return tuple(sum(each) for each in zip(*kept, strict=True))

    assert "buffer-not-cleared" in found(hg.check_layer(forward, growing, (W, B, X)))


def test_backward_that_spoils_its_cache_gives_something_else_when_called_again():
    def spoiling(cache, dy):
        W, x, y = cache
        y *= 0.5
        return backward(cache, dy)

    assert hg.check_layer(forward, spoiling, (W, B, X)).verdict == "wrong"

    def after(cache, dy):
        gradients = backward(cache, dy)
        cache[2][...] = 0
        return gradients

    report = hg.check_layer(forward, after, (W, B, X))
    assert report.verdict == "wrong"
    assert set(found(report)) == {"mutation"}

    def cotangent(cache, dy):
        gradients = backward(cache, dy)
        dy *= 0
        return gradients

    assert set(found(hg.check_layer(forward, cotangent, (W, B, X)))) == {"mutation"}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ((lambda x: x, lambda c, dy: dy, X), "forward returns ndarray, expected two: y, cache"),
        ((lambda x: (x, x, x), lambda c, dy: dy, X), "forward returns 3 values"),
        ((lambda x: 1 / 0, lambda c, dy: dy, X), "forward raises ZeroDivisionError"),
        ((lambda x: (x, x), lambda c, dy: 1 / 0, X), "backward raises ZeroDivisionError"),
        ((lambda x: (x, x), lambda c, dy: (dy, dy, dy), X), "backward returns 3 gradients, expected one for each of x"),
        ((lambda x: (x, x), lambda c, dy: dy, np.arange(3)), "hold no array of floats"),
        ((3, lambda c, dy: dy, X), "forward is int, expected a function"),
        ((lambda x: (x, x), None, X), "backward is NoneType, expected a function"),
    ],
)
def test_layers_of_no_use(layer, words):
    with pytest.raises(hg.InputError, match=words):
        hg.check_layer(*layer)


def test_float32_inputs_are_checked_in_float64():
    report = hg.check_layer(forward, backward, [each.astype(np.float32) for each in (W, B, X)])
    assert report
    assert "float32" in report.notes[0]


def test_assert_layer():
    hg.assert_layer(forward, backward, (W, B, X))
    with pytest.raises(AssertionError, match="wrong"):
        hg.assert_layer(forward, lambda c, dy: tuple(-each for each in backward(c, dy)), (W, B, X))
