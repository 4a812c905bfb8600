import functools
import importlib
import inspect
import pydoc
import subprocess
import sys
import time

import numpy as np
import pytest

import handgrad as hg
from handgrad.check.numbers import check
from handgrad.errors import InputError
from user_code import ACTIVATIONS, convolution, mlp, rnn

RNG = np.random.default_rng(0)
X = np.linspace(-1, 1, 12).reshape(3, 4)


def rectified(p):
    return float(np.maximum(p["W"] @ X + p["b"][:, None], 0).sum())


def rectified_gradients(p):
    d = (p["W"] @ X + p["b"][:, None] > 0) * 1.0
    return {"W": d @ X.T, "b": d.sum(axis=1)}


def point():
    return {"W": np.full((2, 3), 0.3), "b": np.zeros(2)}


def verdicts(report):
    return {each.name: each.verdict for each in report.parameters}


def verdict(report, name):
    return next(each for each in report.parameters if each.name == name)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_false_alarm_over_random_networks(activation):
    for seed in range(25):
        rng = np.random.default_rng([seed, 1])
        written = mlp("", activation, tuple(rng.integers(1, 12, 3)), int(rng.integers(1, 9)), seed)
        scale = 10.0 ** rng.integers(-2, 2)
        report = check(
            written.loss, written.gradients, {k: v * scale for k, v in written.parameters.items()}, seed=seed
        )
        assert "wrong" not in verdicts(report).values(), report.parameters
        assert not [each for each in report.findings if each.fault not in ("blind-objective", "kink", "float32-noise")]


def test_no_false_alarm_over_recurrent_and_convolutional_networks():
    for seed in range(12):
        rng = np.random.default_rng([seed, 2])
        steps = int(rng.integers(2, 6))
        report = check(*rnn("", steps, tuple(rng.integers(1, 9, 3)), int(rng.integers(1, 4)), seed)[:3], seed=seed)
        assert report, report.parameters
    assert check(*convolution()[:3])


@pytest.mark.parametrize("activation", ["tanh", "abs"])
def test_one_wrong_entry_is_found_and_named(activation):
    written = mlp("", activation, (17, 13, 3))

    def gradients(p):
        g = written.gradients(p)
        g["W1"][7, 5] += 1e-4 * np.abs(g["W1"]).max()
        return g

    report = check(written.loss, gradients, written.parameters, entries=500)
    assert verdicts(report) == {"W1": "wrong", "b1": "right", "W2": "right", "b2": "right"}
    found = verdict(report, "W1")
    assert found.worst == (7, 5)
    assert found.probed == 17 * 13
    assert found.error == pytest.approx(1e-4, rel=1e-3)
    assert found.given - found.numerical == pytest.approx(
        1e-4 * np.abs(written.gradients(written.parameters)["W1"]).max()
    )


def test_a_large_array_is_compared_as_a_whole_and_halved_down_to_the_entry():
    x, t = RNG.normal(size=(400, 3)), RNG.normal(size=(300, 3))
    parameters = {"W": RNG.normal(size=(300, 400)) / 20}

    def loss(p):
        return ((np.tanh(p["W"] @ x) - t) ** 2).sum()

    def gradients(p):
        y = np.tanh(p["W"] @ x)
        return {"W": (2 * (y - t) * (1 - y**2)) @ x.T}

    def spoiled(p):
        g = gradients(p)
        g["W"][123, 321] *= 3
        return g

    right, wrong = check(loss, gradients, parameters), check(loss, spoiled, parameters)
    assert right
    assert right.parameters[0].probed < 100
    assert verdict(wrong, "W").verdict == "wrong"
    assert verdict(wrong, "W").worst == (123, 321)


def test_entries_of_large_arrays_are_structural_random_and_the_largest():
    from handgrad.check.probe import choose

    gradient = np.zeros((50, 40))
    gradient[31, 17] = -5
    chosen = choose((50, 40), gradient, 100, np.random.default_rng(0))
    assert len(chosen) == len(set(chosen.tolist())) == 100
    assert {0, 39, 49 * 40, 50 * 40 - 1, 31 * 40 + 17} <= set(chosen.tolist())
    assert choose((5, 4), None, 100, np.random.default_rng(0)).tolist() == list(range(20))


def test_the_same_seed_gives_the_same_report():
    written = mlp("sign", sizes=(30, 20, 3))
    assert check(*written[:3], seed=3) == check(*written[:3], seed=3)


@pytest.mark.parametrize("kind", ["float", "list", "int", "float32", "nested", "bare", "named tuple"])
def test_parameters_of_every_kind(kind):
    from handgrad.layers.dense import DenseParams

    parameters = {
        "float": {"a": 1.5, "b": 2.0},
        "list": {"a": [1.0, 2.0], "b": [[0.5]]},
        "int": {"a": 3, "b": np.arange(3)},
        "float32": {"a": np.ones(2, np.float32)},
        "nested": {"layers": [{"W": np.ones((2, 2)), "b": np.ones(2)}, {"W": np.ones(3)}], "k": (np.ones(2), 2.0)},
        "bare": np.arange(3.0),
        "named tuple": DenseParams(np.ones((2, 3)), np.ones(2)),
    }[kind]

    def leaves(p):
        if isinstance(p, dict):
            return [leaf for each in p.values() for leaf in leaves(each)]
        if isinstance(p, list | tuple):
            return [leaf for each in p for leaf in leaves(each)]
        return [p]

    def loss(p):
        return sum((np.asarray(leaf) ** 3).sum() for leaf in leaves(p))

    def gradients(p):
        if isinstance(p, dict):
            return {key: gradients(each) for key, each in p.items()}
        if isinstance(p, DenseParams):
            return DenseParams(*(gradients(each) for each in p))
        if isinstance(p, list | tuple):
            return type(p)(gradients(each) for each in p)
        return 3 * np.asarray(p) ** 2

    report = check(loss, gradients, parameters)
    assert report, report
    assert bool(report.notes) == (kind in ("int", "float32"))
    if kind == "nested":
        assert [each.name for each in report.parameters] == [
            "layers[0].W",
            "layers[0].b",
            "layers[1].W",
            "k[0]",
            "k[1]",
        ]


def test_gradients_under_other_names_or_in_order():
    for returned in (
        lambda g: {"dW": g["W"], "db": g["b"]},
        lambda g: (g["W"], g["b"]),
        lambda g: (0.5, g),
        lambda g: {**g, "extra": 1},
    ):
        assert check(rectified, lambda p, r=returned: r(rectified_gradients(p)), point())


def test_what_is_missing_or_not_finite_or_of_another_shape_is_wrong_in_words():
    for change, words in (
        ({}, "returns no b"),
        ({"b": None}, "returns None for b"),
        ({"b": np.ones(3)}, "shape (3,), the parameter (2,)"),
        ({"b": np.array([0, np.nan])}, "NaN at [1]"),
        ({"b": np.array([np.inf, 0])}, "infinite at [0]"),
        ({"b": "text"}, "expected real numbers"),
    ):
        report = check(rectified, lambda p, c=change: {"W": rectified_gradients(p)["W"], **c}, point())
        assert verdicts(report) == {"W": "right", "b": "wrong"}
        assert words in verdict(report, "b").why


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda p: p["W"], r"an array of shape \(2, 3\), expected one number; sum"),
        (lambda p: None, "NoneType, expected one number"),
        (lambda p: 1j, "complex number, expected a real one"),
        (lambda p: 1 / 0, "loss raises ZeroDivisionError"),
        (3.0, "loss is float, expected a function"),
    ],
)
def test_a_loss_that_is_none(loss, words):
    with pytest.raises(hg.InputError, match=words):
        check(loss, rectified_gradients, point())


@pytest.mark.parametrize(
    ("gradients", "words"),
    [
        (lambda p: None, "gradients returns nothing, expected an array for each of W, b"),
        (lambda p: np.ones(2) @ np.ones(3), "gradients raises ValueError"),
        (lambda p: {"other": 1}, "gradients returns other, expected an array for each of W, b"),
    ],
)
def test_gradients_of_no_use(gradients, words):
    with pytest.raises(hg.InputError, match=words):
        check(rectified, gradients, point())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "holds no arrays"),
        ({"W": "text"}, "W is str, expected an array of real numbers"),
        ({"W": np.array([1, np.nan])}, r"W holds nan at \[1\]"),
        ({"W": np.array([1j])}, "array of complex128, expected an array of real numbers"),
    ],
)
def test_parameters_of_no_use(parameters, words):
    with pytest.raises(hg.InputError, match=words):
        check(rectified, rectified_gradients, parameters)


def test_options_out_of_range():
    for options in ({"tolerance": 0}, {"entries": 0}, {"seed": -1}):
        with pytest.raises(hg.UsageError):
            check(rectified, rectified_gradients, point(), **options)


def test_a_loss_that_is_not_finite_is_inconclusive():
    report = check(lambda p: np.nan, rectified_gradients, point())
    assert report.verdict == "inconclusive"
    assert "nan" in report.parameters[0].why


def test_a_loss_that_draws_is_held_if_it_can_be_and_else_said():
    def dropout(p):
        return float(((p["W"] * (np.random.rand(2, 3) > 0.5)) ** 2).sum())  # noqa: NPY002

    def its_gradients(p):
        return {"W": 2 * p["W"] * (np.random.rand(2, 3) > 0.5)}  # noqa: NPY002

    np.random.seed(0)  # noqa: NPY002
    held = check(dropout, its_gradients, {"W": np.ones((2, 3))})
    assert held
    assert "same draws" in held.notes[0]
    rng = np.random.default_rng(0)
    report = check(lambda p: rectified(p) + rng.normal(), rectified_gradients, point())
    assert report.verdict == "inconclusive"
    assert "draws random numbers" in report.parameters[0].why


def test_a_kink_is_no_fault_and_no_excuse():
    zeros = {"W": np.zeros((2, 3)), "b": np.zeros(2)}
    report = check(rectified, rectified_gradients, zeros)
    assert verdicts(report) == {"W": "inconclusive", "b": "inconclusive"}
    assert "kink" in verdict(report, "b").why
    assert [each.fault for each in report.findings] == ["kink"]
    opposite = check(rectified, lambda p: {k: -v for k, v in rectified_gradients(p).items()}, zeros)
    assert opposite.verdict == "wrong"

    def loss(p):
        return (np.maximum(p["z"], 0) * np.arange(1, 7)).sum() + (p["z"] ** 2).sum()

    z = np.array([0.0, 1.0, -1.0, 2.0, -0.5, 0.7])
    one = check(loss, lambda p: {"z": (p["z"] > 0) * np.arange(1, 7) + 2 * p["z"]}, {"z": z})
    assert one, "one entry at a kink among six is left out"
    wrong = check(loss, lambda p: {"z": (p["z"] >= -0.6) * np.arange(1, 7) + 2 * p["z"]}, {"z": z})
    assert verdict(wrong, "z").worst == (4,)


def test_rounding_of_float32_is_no_fault_and_no_excuse():
    W = RNG.normal(size=(2, 3))

    def loss(p):
        return float((np.tanh(p["W"].astype(np.float32) @ X.astype(np.float32)) ** 2).sum())

    def gradients(p, sign=1):
        y = np.tanh(p["W"].astype(np.float32) @ X.astype(np.float32))
        return {"W": sign * (2 * y * (1 - y**2)) @ X.T.astype(np.float32)}

    report = check(loss, gradients, {"W": W})
    assert report.verdict != "wrong"
    if report.verdict == "inconclusive":
        assert [each.fault for each in report.findings] == ["float32-noise"]
    assert check(loss, lambda p: gradients(p, -1), {"W": W}).verdict == "wrong"


def test_an_objective_that_sees_nothing_proves_nothing():
    def blind(p):
        e = np.exp(p["z"])
        return (e / e.sum(axis=0)).sum()

    def gradients(p):
        y = np.exp(p["z"]) / np.exp(p["z"]).sum(axis=0)
        return {"z": y - y * y.sum(axis=0)}

    z = {"z": RNG.normal(size=(4, 3))}
    report = check(blind, gradients, z)
    assert report.verdict == "inconclusive"
    assert [each.fault for each in report.findings] == ["blind-objective"]
    assert check(blind, lambda p: {"z": 0.1 * np.exp(p["z"])}, z).verdict == "wrong"


@pytest.mark.parametrize("sure", [1, 10, 20, 30, 40, 1000])
def test_a_softmax_that_is_sure_is_no_false_alarm(sure):
    def loss(p):
        z = p["z"] - p["z"].max(axis=0)
        return -(z - np.log(np.exp(z).sum(axis=0)))[0].sum()

    def gradients(p):
        e = np.exp(p["z"] - p["z"].max(axis=0))
        y = e / e.sum(axis=0)
        y[0] -= 1
        return {"z": y}

    z = np.random.default_rng(0).normal(size=(4, 3))
    z[0] += sure
    assert check(loss, gradients, {"z": z}).verdict != "wrong"


@pytest.mark.parametrize("limit", [0.5, 20.5, 60.5, 150.5])
def test_a_time_limit_holds_and_is_said(monkeypatch, limit):
    calls = []
    monkeypatch.setattr(time, "monotonic", lambda: float(len(calls)))  # a second a call

    def counted(p):
        calls.append(1)
        return rectified(p)

    report = check(counted, rectified_gradients, point(), time_limit=limit)
    assert len(calls) <= limit + 1
    assert report.verdict == "inconclusive"
    assert "time limit" in report.parameters[-1].why


def test_the_users_arrays_are_never_touched():
    parameters = point()
    check(rectified, lambda p: p["W"].fill(7) or rectified_gradients(p), parameters)
    assert np.array_equal(parameters["W"], point()["W"])


def test_assert_gradients_raises_with_the_report():
    hg.assert_gradients(rectified, rectified_gradients, point())
    with pytest.raises(AssertionError, match="wrong") as caught:
        hg.assert_gradients(rectified, lambda p: {**rectified_gradients(p), "W": -p["W"]}, point())
    assert "W" in str(caught.value)


@pytest.mark.parametrize(
    "before",
    [
        "",
        "import handgrad.check.faults",
        "from handgrad.check.numbers import check",
        "import handgrad.check.numbers as n",
        "hg.check",
        "hg.check_layer",
        "from handgrad.check import rules",
    ],
)
def test_check_is_callable_whatever_was_imported_before(before):
    code = f"""
import handgrad as hg
{before}
report = hg.check(lambda p: (p["w"] ** 2).sum(), lambda p: {{"w": 2 * p["w"]}}, {{"w": [1.0, 2.0]}})
import handgrad.check.faults as faults
assert report and faults.FAULTS and hg.check(lambda p: p["w"] ** 2, lambda p: {{"w": 2 * p["w"]}}, {{"w": 3.0}})
from handgrad import check
assert check is hg.check
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_callable_package_takes_what_check_takes():
    assert list(inspect.signature(hg.check).parameters)[:3] == list(inspect.signature(check).parameters)[:3]
    assert hg.check is importlib.import_module("handgrad.check")
    with pytest.raises(TypeError, match="unknown"):
        hg.check(rectified, rectified_gradients, point(), unknown=1)


def test_arrays_one_after_another_are_refused_with_what_to_do():
    w, b = np.ones(3), np.ones(3)

    def of_both(w, b):
        return (w * b).sum()

    for call in (hg.check, hg.assert_gradients, check):
        with pytest.raises(InputError, match=r"2 values one after another, expected one dict of arrays: pass .*'W': W"):
            call(of_both, lambda w, b: (b, w), w, b)


@pytest.mark.parametrize(
    ("loss", "gradients", "words"),
    [
        (lambda w, b: 0.0, lambda p: p, r"loss takes the arguments w, b, expected one .*dict.* pass {'w': w, 'b': b}"),
        (lambda p: 0.0, lambda w, b: (w, b), r"gradients takes the arguments w, b, .*read p\['w'\] there"),
        (lambda: 0.0, lambda p: p, "loss takes no argument, expected one"),
    ],
)
def test_functions_of_several_arrays_are_refused_with_what_to_do(loss, gradients, words):
    with pytest.raises(InputError, match=words):
        check(loss, gradients, {"w": np.ones(3), "b": np.ones(3)})


def test_functions_that_can_take_one_argument_are_taken():
    def with_more(p, scale=1.0, *rest, **named):
        return scale * (p["W"] ** 2).sum()

    gradients = functools.partial(lambda scale, p: {"W": 2 * scale * p["W"]}, 1.0)
    assert check(with_more, gradients, {"W": np.arange(3.0)})
    assert check(np.sum, np.ones_like, np.arange(3.0))


def test_help_shows_how_to_call_it():
    text = pydoc.plain(pydoc.render_doc(hg.check))
    assert "handgrad.check(loss, gradients, parameters, *, tolerance=" in text
    assert all(name in text for name in inspect.signature(check).parameters)
    assert " ".join(inspect.getdoc(check).split()) in " ".join(text.split())
