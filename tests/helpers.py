"""What the gradient tests share: numerical derivatives of their own, and the plumbing that every backward must have."""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from handgrad.layers.lstm import LstmParams
from handgrad.layers.rnn import RnnParams

FLOOR = 1e-8  # below this, a gradient counts as zero


def central_difference(f: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Derivative of a number by every entry of ``x``: central differences, extrapolated once (Richardson), error
    of the order step^4."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        differences = []
        for h in (step, step / 2):
            up, down = x.copy(), x.copy()
            up[index] += h
            down[index] -= h
            differences.append((f(up) - f(down)) / (2 * h))
        gradient[index] = (4 * differences[1] - differences[0]) / 3
    return gradient


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference, relative to the larger array's largest entry."""
    assert a.shape == b.shape
    return float(np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max(), FLOOR))


def assert_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, gradient: np.ndarray, tolerance: float = 1e-8):
    """``gradient`` is the derivative of ``f`` at ``x``, and is not trivially zero."""
    assert np.abs(gradient).max() > FLOOR, "a zero gradient proves nothing"
    assert relative_error(gradient, central_difference(f, x)) < tolerance


def assert_plumbing(backward: Callable[[np.ndarray], tuple[np.ndarray, ...]], dy: np.ndarray, inputs: list[Any]):
    """``backward`` changes none of ``inputs`` or its cotangent, gives the same twice, is linear in the cotangent, and
    hands out no array that is (a view of) one it was given."""
    before = [np.copy(each) for each in [*inputs, dy]]
    first = [np.copy(each) for each in backward(dy)]
    second = backward(dy)
    for now, then in zip([*inputs, dy], before, strict=True):
        assert np.array_equal(now, then), "backward changed what it was given"
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b), "a second call gives something else"
        assert not any(np.shares_memory(b, each) for each in [*inputs, dy]), "an output is a view of an input"
    other = np.random.default_rng(9).normal(size=dy.shape)
    for a, b, both in zip(first, backward(other), backward(2 * dy - 3 * other), strict=True):
        assert relative_error(2 * a - 3 * b, both) < 1e-12, "backward is not linear in its cotangent"


def by_the_checker(name: str, arguments: dict[str, Any]):
    """Forward and backward of a layer of ours, and its inputs, as ``handgrad.check_layer`` takes them.

    ``arguments``: those of ``<name>_forward`` by name, ``params`` a NamedTuple. Arrays that backward has no gradient
    for (targets), and numbers, are constants.
    """
    module = import_module(f"handgrad.layers.{name}")
    forward, backward = getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward")
    asked = {name: each.default for name, each in inspect.signature(backward).parameters.items()}
    taken = [each for each in asked if each in arguments or each == "cache"]
    (cotangent,) = (each for each in asked if each not in taken and asked[each] is inspect.Parameter.empty)

    def pull(cache, dy):
        values, cache = cache
        returned = backward(**{each: cache if each == "cache" else values[each] for each in taken}, **{cotangent: dy})
        returned = returned if type(returned) is tuple else (returned,)
        inputs = [each for each, value in arguments.items() if getattr(value, "dtype", None) == np.float64]
        inputs += ["params"] * ("params" in arguments)
        found = {}
        for each, gradient in zip(inputs, returned, strict=False):
            parts = gradient._asdict() if each == "params" else {each: gradient}
            found.update({f"params.{part}" if each == "params" else part: g for part, g in parts.items()})
        return {**dict.fromkeys(leaves), **found}

    def push(**values):
        y, cache = forward(**values)
        return y[0] if isinstance(y, tuple) else y, (values, cache)  # of an LSTM the states; nothing reads the cells

    leaves = [each for each in arguments if isinstance(arguments[each], np.ndarray)]
    leaves += [f"params.{each}" for each in getattr(arguments.get("params"), "_fields", ())]
    return push, pull, arguments


def recurrent_example(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Any]:
    """What ``rnn_forward`` takes, for a state of ``shape`` (H, B), by name: three steps of four inputs."""
    hidden, batch = shape
    params = RnnParams(*(rng.normal(size=size) for size in ((hidden, hidden), (hidden, 4), (hidden,))))
    return {"params": params, "x": rng.normal(size=(3, 4, batch)), "h0": rng.normal(size=(hidden, batch))}


def lstm_example(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Any]:
    """What ``lstm_forward`` takes, by name, for a state of ``shape`` (H, B): three steps of four inputs."""
    hidden, batch = shape
    params = LstmParams(*(rng.normal(size=(4 * hidden, *size)) for size in ((hidden,), (4,), ())))
    states = {name: rng.normal(size=(hidden, batch)) for name in ("h0", "c0")}
    return {"params": params, "x": rng.normal(size=(3, 4, batch)), **states}


def check_activation(forward: Callable[..., Any], backward: Callable[..., Any], *constants: float):
    """Everything that holds of an activation without parameters: gradient, plumbing, samples apart, size 1."""
    rng = np.random.default_rng(0)
    for shape in ((5, 3), (1, 1), (7, 2)):
        a = rng.normal(size=shape) * 2
        a += np.sign(a) * 0.05  # away from the kink of a rectifier
        dy = rng.normal(size=shape)
        y, cache = forward(a, *constants)
        assert y.shape == a.shape
        assert not np.shares_memory(y, a)
        da = backward(cache, dy, *constants)
        if shape != (1, 1) or np.abs(da).max() > FLOOR:
            assert_gradient(lambda a, dy=dy: float((forward(a, *constants)[0] * dy).sum()), a, da)
        assert_plumbing(lambda dy, cache=cache: (backward(cache, dy, *constants),), dy, [a, *cache])
        for k in range(shape[1]):  # a sample does not know the others
            alone, cache_alone = forward(a[:, [k]], *constants)
            assert np.allclose(alone, y[:, [k]], rtol=1e-14, atol=0)
            assert np.allclose(backward(cache_alone, dy[:, [k]], *constants), da[:, [k]], rtol=1e-13, atol=1e-300)


def check_loss(forward: Callable[..., Any], backward: Callable[..., Any], targets: Callable[[Any, tuple], np.ndarray]):
    """Everything that holds of a loss: gradient under random weights, plumbing, one value per sample, size 1."""
    rng = np.random.default_rng(0)
    for shape in ((5, 3), (1, 1), (2, 7)):
        y, t, dl = rng.normal(size=shape), targets(rng, shape), rng.normal(size=shape[1])
        l, cache = forward(y, t)  # noqa: E741
        assert l.shape == (shape[1],)
        dy = backward(cache, dl)
        if np.abs(dy).max() > FLOOR:  # a softmax of one class is constant
            assert_gradient(lambda y, t=t, dl=dl: float(forward(y, t)[0] @ dl), y, dy)
        else:
            assert shape == (1, 1)
        assert_plumbing(lambda dl, cache=cache: (backward(cache, dl),), dl, [y, t, *cache])
        for k in range(shape[1]):
            alone, cache_alone = forward(y[:, [k]], t[:, [k]])
            assert np.allclose(alone, l[k], rtol=1e-13)
            assert np.allclose(backward(cache_alone, dl[[k]]), dy[:, [k]], rtol=1e-12, atol=1e-300)


def layer_loss(forward: Callable[..., Any], dy: np.ndarray, options: dict[str, Any]) -> Callable[..., float]:
    """<dy, output> as a function of what ``forward`` takes."""
    return lambda *given: float((forward(*given, **options)[0] * dy).sum())


def check_maps(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    x: np.ndarray,
    params: Any = None,
    tolerance: float = 1e-8,
    **options: Any,
):
    """Everything that holds of a layer on maps (channels, height, width, batch): gradient of every array under a random
    cotangent, plumbing, samples apart, gradients of parameters additive over the samples. ``params``: a NamedTuple."""
    packed = () if params is None else (params,)
    y, cache = forward(*packed, x, **options)
    dy = np.random.default_rng(5).normal(size=y.shape)
    loss = layer_loss(forward, dy, options)

    def parts(dy, cache=cache):
        found = backward(*packed, cache, dy)
        return (found[0], *found[1]) if packed else (found,)

    assert not np.shares_memory(y, x)
    dx, *grads = parts(dy)
    assert_gradient(lambda x: loss(*packed, x), x, dx, tolerance)
    for name, gradient in zip(getattr(params, "_fields", ()), grads, strict=True):
        moved = lambda p, name=name: loss(params._replace(**{name: p}), x)  # noqa: E731
        assert_gradient(moved, getattr(params, name), gradient, tolerance)
    held = [each for each in cache if isinstance(each, np.ndarray)]
    assert_plumbing(parts, dy, [x, *(params or ()), *held])
    total = [np.zeros_like(gradient) for gradient in grads]
    for k in range(x.shape[-1]):
        alone, kept = forward(*packed, x[..., [k]], **options)
        assert np.allclose(alone, y[..., [k]], rtol=1e-13, atol=1e-15), "a sample knows the others"
        dx_alone, *of_sample = parts(dy[..., [k]], kept)
        assert np.allclose(dx_alone, dx[..., [k]], rtol=1e-12, atol=1e-14)
        total = [a + b for a, b in zip(total, of_sample, strict=True)]
    for a, b in zip(total, grads, strict=True):
        assert relative_error(a, b) < 1e-12, "the samples' gradients do not add up"
