"""Optimizers: equal to PyTorch's over 50 steps, pure equations, in-place steps, and what is refused."""

import dataclasses
import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from handgrad.errors import UsageError
from handgrad.training.optimizers import OPTIMIZERS, SGD, Adadelta, AdaGrad, Adam, AdamW, RMSProp, optimizer

GOLDEN = Path(__file__).parents[1] / "golden" / "optimizers.npz"
P = 7

EVERY = [
    SGD(lr=0.05),
    SGD(lr=0.03, momentum=0.9),
    SGD(lr=0.03, momentum=0.8, nesterov=True),
    AdaGrad(lr=0.2, initial_accumulator=0.3),
    Adadelta(lr=0.7, rho=0.8, epsilon=1e-3),
    RMSProp(lr=0.02, alpha=0.9, epsilon=1e-2),
    RMSProp(lr=0.02, alpha=0.9, epsilon=1e-2, momentum=0.7),
    Adam(lr=0.05, beta1=0.8, beta2=0.95, epsilon=1e-2),
    AdamW(lr=0.05, beta1=0.8, beta2=0.95, epsilon=1e-2, weight_decay=0.2),
]
each = pytest.mark.parametrize("stepper", EVERY, ids=repr)


def golden():
    """(optimizer, start, path) of every case in the file."""
    with np.load(GOLDEN) as file:
        cases = [json.loads(str(case)) for case in file["cases"]]
        start, paths = file["start"], file["paths"]
    return [(OPTIMIZERS[case.pop("optimizer")](**case), start, path) for case, path in zip(cases, paths, strict=True)]


def gradient(theta):
    """Derivative of the golden problem, see golden/make_optimizers.py: sum log(1 + r^2) + 1/10 sum (theta - 1)^2."""
    used = theta[:-1]
    r = used[1:] - used[:-1] ** 2
    dr = 2 * r / (1 + r**2)
    g = np.zeros_like(theta)
    g[:-1] = (used - 1) / 5
    g[1:-1] += dr
    g[:-2] -= 2 * used[:-1] * dr
    return g


def test_the_hand_written_gradient_is_the_derivative_of_the_golden_problem():
    def f(theta):
        used = theta[:-1]
        return np.log1p((used[1:] - used[:-1] ** 2) ** 2).sum() + ((used - 1) ** 2).sum() / 10

    theta = np.random.default_rng(0).normal(size=P)
    steps = 1e-6 * np.eye(P)
    numerical = [(f(theta + step) - f(theta - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient(theta), numerical, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("stepper", "start", "path"), golden(), ids=[repr(stepper) for stepper, *_ in golden()])
def test_fifty_steps_are_pytorchs(stepper, start, path):
    theta, state = start.copy(), stepper.initial_state(P, np.float64)
    for step, expected in enumerate(path, start=1):
        stepper.update(theta, gradient(theta), state, step, stepper.lr)
        np.testing.assert_allclose(theta, expected, rtol=1e-12, atol=1e-12, err_msg=f"after step {step}")


def test_the_golden_file_has_every_optimizer_and_paths_that_move():
    kinds = [(stepper.kind, path) for stepper, _, path in golden()]
    assert {kind for kind, _ in kinds} == set(OPTIMIZERS)
    for _, path in kinds:
        assert path.shape == (50, P)
        assert np.all(np.abs(np.diff(path[:, :-1], axis=0)).sum(axis=0) > 0)


def random_step(stepper, dtype=np.float64, seed=0):
    """theta, g and the flat state somewhere in the middle of a training."""
    rng = np.random.default_rng(seed)
    theta, g = rng.normal(size=(2, P)).astype(dtype)
    return theta, g, rng.uniform(0.1, 1, stepper.slots * P).astype(dtype)


@each
def test_the_equation_is_pure(stepper):
    theta, g, state = random_step(stepper)
    vectors = tuple(state.reshape(stepper.slots, P))
    before = theta.copy(), g.copy(), state.copy()
    first = stepper.equation(theta, g, vectors, 3, 0.1)
    second = stepper.equation(theta, g, vectors, 3, 0.1)
    for old, new in zip(before, (theta, g, state), strict=True):
        np.testing.assert_array_equal(new, old)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not any(np.shares_memory(new, old) for new in (first[0], *first[1]) for old in (theta, g, state))


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_update_is_the_equation_in_place_and_keeps_the_dtype(stepper, dtype):
    theta, g, state = random_step(stepper, dtype)
    kept = g.copy()
    expected, vectors = stepper.equation(theta, g, tuple(state.reshape(stepper.slots, P)), 3, 0.07)
    assert expected.dtype == dtype
    # A rate and a step as the engines have them, NumPy's own numbers, must not turn float32 into float64.
    stepper.update(theta, g, state, np.int64(3), np.float64(0.07))
    np.testing.assert_array_equal(theta, expected)
    np.testing.assert_array_equal(state, np.concatenate([*vectors, np.empty(0, dtype)]))
    np.testing.assert_array_equal(g, kept)


@each
def test_the_rate_given_is_the_one_used(stepper):
    theta, g, state = random_step(stepper)
    other = dataclasses.replace(stepper, lr=stepper.lr * 3)
    theirs, their_state = theta.copy(), state.copy()
    stepper.update(theta, g, state, 2, other.lr)
    other.update(theirs, g, their_state, 2, other.lr)
    np.testing.assert_array_equal(theta, theirs)
    np.testing.assert_array_equal(state, their_state)


@each
def test_each_parameter_is_stepped_by_itself(stepper):
    theta, g, state = random_step(stepper)
    alone, alone_state = theta[2:5].copy(), state.reshape(stepper.slots, P)[:, 2:5].flatten()
    stepper.update(theta, g, state, 3, 0.1)
    stepper.update(alone, g[2:5], alone_state, 3, 0.1)
    np.testing.assert_array_equal(alone, theta[2:5])
    np.testing.assert_array_equal(alone_state, state.reshape(stepper.slots, P)[:, 2:5].flatten())


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_parameter_without_gradient_stays_finite_and_nan_stays_visible(stepper, dtype):
    numbers = {"epsilon": 1e-37} if hasattr(stepper, "epsilon") else {}
    stepper = dataclasses.replace(stepper, **numbers)
    theta = np.array([1, 2], dtype)
    state = np.zeros(stepper.slots * 2, dtype)
    stepper.update(theta, np.array([0, np.nan], dtype), state, 1, 0.1)
    assert theta[0] == pytest.approx(0.98 if stepper.kind == "adamw" else 1)
    assert np.isnan(theta[1])


def test_nesterovs_form_is_the_one_with_the_look_ahead():
    """Sutskever et al. (2013), eq. 3 and 4, seen from theta + mu v."""
    lr, mu = 0.02, 0.8
    stepper = SGD(lr=lr, momentum=mu, nesterov=True)
    ours = np.random.default_rng(1).normal(size=P)
    theta, v, state = ours.copy(), np.zeros(P), stepper.initial_state(P, np.float64)
    for step in range(1, 12):
        v = mu * v - lr * gradient(theta + mu * v)
        theta = theta + v
        stepper.update(ours, gradient(ours), state, step, lr)
        np.testing.assert_allclose(ours, theta + mu * v, rtol=1e-12)


@each
def test_hyper_begins_with_the_rate_and_holds_every_number(stepper):
    hyper = stepper.hyper()
    assert hyper.dtype == np.float64
    numbers = [getattr(stepper, field.name) for field in dataclasses.fields(stepper)]
    numbers = [n for n in numbers if n != getattr(stepper, "initial_accumulator", None)]
    np.testing.assert_array_equal(hyper, np.array(numbers, np.float64))
    assert hyper[0] == stepper.lr


@each
def test_state_begins_at_zero_in_the_networks_dtype(stepper):
    state = stepper.initial_state(13, np.float32)
    assert state.dtype == np.float32
    np.testing.assert_array_equal(
        state, np.full(stepper.slots * 13, getattr(stepper, "initial_accumulator", 0), np.float32)
    )


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_equation_is_called_after_its_kind_and_file(kind):
    module = importlib.import_module(f"handgrad.training.optimizers.{kind}")
    assert callable(getattr(module, f"{kind}_update"))
    assert OPTIMIZERS[kind].__module__ == module.__name__


@pytest.mark.parametrize(
    ("kind", "numbers", "message"),
    [
        (SGD, {"lr": 0}, "lr of SGD is 0, expected a finite number above 0"),
        (SGD, {"lr": -0.1}, "lr of SGD is -0.1"),
        (Adam, {"lr": np.nan}, "lr of Adam is nan"),
        (AdamW, {"lr": np.inf}, "lr of AdamW is inf"),
        (RMSProp, {"lr": "0.1"}, "lr of RMSProp is '0.1'"),
        (AdaGrad, {"lr": None}, "lr of AdaGrad is None"),
        (Adadelta, {"lr": True}, "lr of Adadelta is True"),
        (SGD, {"lr": 10**400}, "lr of SGD is 1000"),
        (SGD, {"lr": np.ones(2)}, r"lr of SGD is array\(\[1., 1.\]\)"),
        (SGD, {"momentum": 1}, "momentum of SGD is 1, expected a number from 0 to below 1"),
        (SGD, {"momentum": -0.1}, "momentum of SGD is -0.1"),
        (SGD, {"nesterov": True}, "nesterov of SGD is True with momentum 0, expected a momentum above 0"),
        (SGD, {"momentum": 0.9, "nesterov": "no"}, "nesterov of SGD is 'no', expected True or False"),
        (AdaGrad, {"epsilon": 0}, "epsilon of AdaGrad is 0, expected a finite number, at least 1e-37"),
        (AdaGrad, {"initial_accumulator": -1}, "initial_accumulator of AdaGrad is -1, expected a finite number, 0 or"),
        (Adadelta, {"rho": 1.0}, "rho of Adadelta is 1.0"),
        (Adadelta, {"epsilon": -1e-6}, "epsilon of Adadelta is -1e-06"),
        (RMSProp, {"alpha": 1.5}, "alpha of RMSProp is 1.5"),
        (RMSProp, {"epsilon": 1e-60}, "epsilon of RMSProp is 1e-60"),
        (RMSProp, {"momentum": np.nan}, "momentum of RMSProp is nan"),
        (Adam, {"beta1": 1}, "beta1 of Adam is 1"),
        (Adam, {"beta2": -1e-9}, "beta2 of Adam is -1e-09"),
        (Adam, {"epsilon": 0.0}, "epsilon of Adam is 0.0"),
        (AdamW, {"beta1": 2}, "beta1 of AdamW is 2"),
        (AdamW, {"beta2": 1}, "beta2 of AdamW is 1"),
        (AdamW, {"epsilon": 0}, "epsilon of AdamW is 0"),
        (AdamW, {"weight_decay": -0.01}, "weight_decay of AdamW is -0.01"),
    ],
)
def test_numbers_out_of_range_are_refused(kind, numbers, message):
    with pytest.raises(UsageError, match=message):
        kind(**numbers)


def test_numbers_are_kept_as_pythons_own():
    stepper = Adam(lr=np.float32(0.5), beta1=np.float64(0), beta2=0)
    assert all(type(number) is float for number in dataclasses.astuple(stepper))
    assert stepper == Adam(lr=0.5, beta1=0.0, beta2=0.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        stepper.lr = 1.0


def test_an_optimizer_is_found_by_name_in_any_case():
    assert optimizer("adam") == Adam()
    assert optimizer(" AdaGrad ", lr=0.3) == AdaGrad(lr=0.3)
    assert [type(optimizer(kind)) for kind in OPTIMIZERS] == [SGD, AdaGrad, Adadelta, RMSProp, Adam, AdamW]
    mine = SGD(lr=0.1, momentum=0.5)
    assert optimizer(mine) is mine
    assert optimizer(mine, lr=0.2) == SGD(lr=0.2, momentum=0.5)


@pytest.mark.parametrize(
    ("choice", "lr", "message"),
    [
        ("adamax", None, "optimizer is 'adamax', expected one of sgd, adagrad, adadelta, rmsprop, adam, adamw"),
        (Adam, None, r"optimizer is the class Adam, expected a name \(sgd, .*, as SGD\(lr=0.05\)"),
        (None, 0.1, "optimizer is of type NoneType"),
        ("sgd", 0, "lr of SGD is 0"),
        (SGD(), -1, "lr of SGD is -1"),
    ],
)
def test_an_unknown_optimizer_is_refused(choice, lr, message):
    with pytest.raises(UsageError, match=message):
        optimizer(choice, lr)
