"""The optimizers' kernels: the same steps as the equations, on the whole vector and on slices of it."""

import dataclasses
import importlib

import numpy as np
import pytest

from handgrad.kernels import _jit
from handgrad.training.optimizers import OPTIMIZERS, SGD, Adadelta, AdaGrad, Adam, AdamW, RMSProp

EVERY = [
    SGD(lr=0.05),
    SGD(lr=0.03, momentum=0.9),
    SGD(lr=0.03, momentum=0.8, nesterov=True),
    AdaGrad(lr=0.2, initial_accumulator=0.3),
    AdaGrad(),
    Adadelta(lr=0.7, rho=0.8, epsilon=1e-3),
    Adadelta(),
    RMSProp(lr=0.02, alpha=0.9, epsilon=1e-2),
    RMSProp(lr=0.02, alpha=0.9, epsilon=1e-2, momentum=0.7),
    Adam(lr=0.05, beta1=0.8, beta2=0.95, epsilon=1e-2),
    Adam(),
    AdamW(lr=0.05, beta1=0.8, beta2=0.95, epsilon=1e-2, weight_decay=0.2),
    AdamW(),
]
each = pytest.mark.parametrize("stepper", EVERY, ids=repr)
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@_jit.kernel
def drive(address, start, stop, size, step, hyper, params, grads, state):
    """Call an update by its address, as the interpreter does."""
    _jit.call(
        address,
        start,
        stop,
        size,
        step,
        _jit.pointer(hyper, 0),
        _jit.pointer(params, 0),
        _jit.pointer(grads, 0),
        _jit.pointer(state, 0),
    )


def address(stepper, dtype):
    importlib.import_module(f"handgrad.kernels.{stepper.kind}")
    return _jit.address(f"{stepper.kind}_update", np.dtype(dtype))


def beginning(stepper, P, dtype, seed=0):
    """A generator, parameters, state."""
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=P).astype(dtype), stepper.initial_state(P, dtype)


@each
@dtypes
@pytest.mark.parametrize("P", [1, 37])
def test_fifty_steps_are_the_equations(stepper, dtype, P):
    at, hyper = address(stepper, dtype), stepper.hyper()
    rng, params, state = beginning(stepper, P, dtype)
    theta, slots = params.copy(), state.copy()
    given, expected = [], []
    for step in range(1, 51):
        g = rng.normal(size=P).astype(dtype)
        kept = g.copy()
        hyper[0] = stepper.lr / (1 + step / 10)  # as a schedule does
        drive(at, 0, P, P, step, hyper, params, g, state)
        stepper.update(theta, g, slots, step, hyper[0])
        np.testing.assert_array_equal(g, kept)
        given.append(np.concatenate([params, state]).reshape(-1, P))
        expected.append(np.concatenate([theta, slots]).reshape(-1, P))
    tolerance = 1e-6 if dtype == np.float32 else 1e-12
    for k in range(1 + stepper.slots):  # the parameters, then each vector of the state
        ours, theirs = np.array(given)[:, k], np.array(expected)[:, k]
        # The floor is for numbers that pass through zero: relative to the largest on the way.
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


@each
@dtypes
def test_slices_give_the_bits_of_the_whole(stepper, dtype):
    """Threads share out the parameters: the model must not depend on how many there are."""
    P = 131
    at, hyper = address(stepper, dtype), stepper.hyper()
    results = []
    for cuts in ([0, P], [0, P // 2, P], [0, 1, 18, 19, 67, P], [0, 64, 128, P]):
        rng, params, state = beginning(stepper, P, dtype)
        for step in range(1, 8):
            g = rng.normal(size=P).astype(dtype)
            for start, stop in zip(cuts, cuts[1:], strict=False):
                drive(at, start, stop, P, step, hyper, params, g, state)
        results.append((params, state))
    for params, state in results[1:]:
        np.testing.assert_array_equal(params, results[0][0])
        np.testing.assert_array_equal(state, results[0][1])


@each
@dtypes
def test_nothing_outside_the_slice_is_touched(stepper, dtype):
    P, start, stop = 29, 5, 18
    rng, params, _ = beginning(stepper, P, dtype)
    state = rng.uniform(0.1, 1, stepper.slots * P).astype(dtype)
    g = rng.normal(size=P).astype(dtype)
    before, slots_before, hyper = params.copy(), state.copy(), stepper.hyper()
    for first, last in ((start, stop), (stop, stop)):
        drive(address(stepper, dtype), first, last, P, 3, hyper, params, g, state)
    inside = np.zeros(P, bool)
    inside[start:stop] = True
    np.testing.assert_array_equal(params != before, inside)
    np.testing.assert_array_equal(state != slots_before, np.tile(inside, stepper.slots))
    np.testing.assert_array_equal(hyper, stepper.hyper())


@each
@dtypes
def test_a_parameter_without_gradient_stays_finite_and_nan_stays_visible(stepper, dtype):
    P = 71
    numbers = {"epsilon": 1e-37, "initial_accumulator": 0.0}
    fields = {field.name for field in dataclasses.fields(stepper)}
    stepper = dataclasses.replace(stepper, **{name: numbers[name] for name in fields & set(numbers)})
    _, params, state = beginning(stepper, P, dtype)
    before = params.copy()
    g = np.zeros(P, dtype)
    broken = [0, 13, 64, 70]
    g[broken] = [np.nan, np.inf, np.nan, np.inf]
    with np.errstate(invalid="ignore", over="ignore"):
        drive(address(stepper, dtype), 0, P, P, 1, stepper.hyper(), params, g, state)
    sound = np.setdiff1d(np.arange(P), broken)
    decay = 1 - stepper.lr * getattr(stepper, "weight_decay", 0)
    np.testing.assert_allclose(params[sound], before[sound] * decay, rtol=1e-6)
    assert not np.isfinite(params[broken]).any()


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_has_its_kernel_under_its_name(kind):
    assert callable(getattr(importlib.import_module(f"handgrad.kernels.{kind}"), f"{kind}_update"))
