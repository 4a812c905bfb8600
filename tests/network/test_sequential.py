"""The public face: shapes, names, targets, and one sentence for everything that does not fit."""

import numpy as np
import pytest

import handgrad as hg


def network(**options):
    return hg.Sequential([hg.Dense(4), hg.Tanh(), hg.Dense(3)], input_shape=(2,), **options)


X = np.random.default_rng(0).normal(size=(8, 2))
T = np.random.default_rng(1).random((8, 3))


def test_parameters_are_named_views():
    net = network()
    assert {name: value.shape for name, value in net.parameters.items()} == {
        "0.W": (4, 2),
        "0.b": (4,),
        "2.W": (3, 4),
        "2.b": (3,),
    }
    before = net.predict(X)
    net.parameters["2.b"][...] += 1
    assert np.allclose(net.predict(X), before + 1, atol=1e-6)
    with pytest.raises(KeyError, match="there are 0.W"):
        net.parameters["1.W"]


def test_the_seed_decides_everything():
    nets = [network(seed=seed) for seed in (5, 5, 6)]
    for net in nets:
        net.fit(X, T, epochs=3, batch_size=2)
    assert nets[0].parameters.flat.tobytes() == nets[1].parameters.flat.tobytes()
    assert nets[0].parameters.flat.tobytes() != nets[2].parameters.flat.tobytes()


def test_summary_counts_parameters_and_names_shapes():
    text = network(weight_decay=0.1).summary()
    lines = text.splitlines()
    assert any(line.split()[-2:] == ["4", "12"] for line in lines)
    assert any(line.split()[-2:] == ["3", "15"] for line in lines)
    assert "27 trainable parameters, float32" in lines[-1]
    assert "weight decay 0.1" in lines[-1]


def test_a_summary_fits_a_terminal():
    layer = hg.RNN(16, truncate=3)
    text = hg.Sequential([layer, hg.Dense(2)], input_shape=(8, 2), loss=hg.SoftmaxCrossEntropy()).summary()
    lines = text.splitlines()
    assert max(map(len, lines)) < 90
    assert lines[3].split()[-4:] == ["8", "x", "16", "304"]
    whole = f"{lines[3].removesuffix('304').rstrip().removesuffix('8 x 16').rstrip()} "
    for line in lines[4:]:
        if not line.startswith("    "):
            break
        whole += f"{line.strip()} "
    assert whole.strip() == repr(layer)


def test_class_numbers_and_one_hot_rows_are_the_same():
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    net = network(loss=hg.SoftmaxCrossEntropy())
    assert net.evaluate(X, labels) == net.evaluate(X, np.eye(3)[labels])
    assert np.allclose(net.predict(X).sum(axis=1), 1)
    assert np.allclose(np.log(net.predict(X)) - net.outputs(X), (np.log(net.predict(X)) - net.outputs(X))[:, :1])


def test_weight_two_is_a_sample_twice():
    net = network(dtype="float64")
    doubled = net.gradients(X, T, sample_weight=[2, 1, 1, 1, 1, 1, 1, 1])
    repeated = net.gradients(np.vstack([X, X[:1]]), np.vstack([T, T[:1]]))
    for name in doubled:
        assert np.allclose(doubled[name] * 8, repeated[name] * 9, rtol=1e-12)


def test_weight_zero_is_a_sample_that_is_not_there():
    nets = [network(dtype="float64") for _ in range(2)]
    kept = nets[0].gradients(X, T, sample_weight=[0, 1, 1, 1, 1, 1, 1, 1])
    gone = nets[1].gradients(X[1:], T[1:])
    assert np.allclose(kept["0.W"] * 8, gone["0.W"] * 7, rtol=1e-12)


BAD_DATA = [
    ((X[:, :1], T), "x has shape 8 x 1, expected samples x 2"),
    ((X[0], T), "x has shape 2, expected samples x 2"),
    ((X[:0], T[:0]), "x has no samples"),
    ((X, T[:5]), "x has 8 samples and y has 5"),
    ((X, T[:, :2]), "y has shape 8 x 2, expected samples x 3"),
    ((X.astype(complex), T), "x has dtype complex128, expected real numbers"),
    ((np.array([["a", "b"]] * 8), T), "x has dtype <U1, expected real numbers"),
    ((None, T), "x has dtype object"),
    (([[1, 2], [3]], T), "the rows of x have different lengths"),
    ((X, "words"), "y has dtype <U5"),
    ((np.where(np.arange(16).reshape(8, 2) == 5, np.nan, X), T), "x holds nan in row 2, column 1"),
    ((np.where(np.arange(16).reshape(8, 2) == 4, np.inf, X), T), "x holds inf in row 2, column 0"),
    ((np.where(np.arange(16).reshape(8, 2) == 4, 1e300, X), T), "x holds inf in row 2, column 0"),  # for float32
    ((X, np.where(np.arange(24).reshape(8, 3) == 7, np.nan, T)), "y holds nan in row 2, column 1"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_DATA)
def test_data_that_does_not_fit(arguments, message):
    with pytest.raises(hg.InputError, match=message) as caught:
        network().fit(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 1, 3], "y holds 3 in row 2, expected a class number from 0 to 2"), ([0, -1, 2], "y holds -1 in row 1")],
)
def test_labels_that_are_no_class(labels, message):
    with pytest.raises(hg.InputError, match=message):
        network(loss=hg.SoftmaxCrossEntropy()).fit(X[:3], np.array(labels))


def test_probabilities_outside_the_unit_interval():
    with pytest.raises(hg.InputError, match=r"y holds 2.0 in row 0, column 0, expected numbers in \[0, 1\]"):
        network(loss=hg.SigmoidCrossEntropy()).fit(X, T + 2 - T)


def test_numpy_numbers_are_numbers():
    net = hg.Sequential([hg.Dense(np.int64(3))], input_shape=np.int64(2), seed=np.int32(4))
    net.fit(X, T, epochs=np.int64(2), batch_size=np.uint8(2), threads=np.int64(1))
    assert len(net.history) == 2


BAD_OPTIONS = [
    ({"epochs": 0}, "epochs is 0, expected a whole number of at least 1"),
    ({"epochs": 1.5}, "epochs is 1.5"),
    ({"epochs": True}, "epochs is True"),
    ({"batch_size": 0}, "batch_size is 0"),
    ({"batch_size": -4}, "batch_size is -4"),
    ({"batch_size": "many"}, "batch_size is 'many'"),
    ({"threads": 0}, "threads is 0, expected a whole number of at least 1"),
    ({"threads": 1.5}, "threads is 1.5"),
    ({"seed": -1}, "seed is -1, expected a whole number of at least 0"),
    ({"seed": "a"}, "seed is 'a'"),
    ({"schedule": "cosine"}, r"schedule is 'cosine', expected one that is made, as CosineSchedule\(\)"),
    ({"early_stopping": 5}, "early_stopping is 5"),
    ({"callbacks": [3]}, "cannot be called"),
    ({"validation_data": X}, r"validation_data is not a pair, expected \(x, y\)"),
    ({"optimizer": "adan"}, "optimizer is 'adan', expected one of"),
    ({"engine": "gpu"}, "engine is 'gpu', expected one of compiled, numpy"),
    ({"validation_share": 0.0}, "validation_share is 0.0"),
    ({"validation_share": 1.0}, "validation_share is 1.0"),
    ({"validation_share": 0.1, "validation_data": (X, T)}, "both validation_data and validation_share"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_options_out_of_range(options, message):
    with pytest.raises(hg.UsageError, match=message):
        network().fit(X, T, **options)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 7, "sample_weight has shape 7, expected 8"),
        ([1.0] * 7 + [-1], "sample_weight holds -1.0 in row 7"),
        ([np.nan] + [1.0] * 7, "sample_weight holds nan in row 0"),
        (["a"] * 8, "sample_weight has dtype <U1"),
    ],
)
def test_sample_weights_that_do_not_fit(weights, message):
    with pytest.raises(hg.InputError, match=message):
        network().fit(X, T, sample_weight=weights)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hg.Sequential([], input_shape=2), "at least 1 layer"),
        (lambda: hg.Sequential([hg.Dense], input_shape=2), "not a layer"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=0), "input_shape is 0"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=(2, 3, 4)), "the input of Dense has shape 2 x 3 x 4"),
        (lambda: hg.Sequential([hg.RNN(1)], input_shape=2), "the input of RNN has shape 2, expected steps x features"),
        (lambda: hg.RNN(0), "width of an RNN layer is 0"),
        (lambda: hg.RNN(2, "softmax"), "the activation of RNN"),
        (lambda: hg.RNN(2, truncate=-1), "truncate of RNN is -1"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=2, loss=hg.SquaredError), "not a loss"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=2, dtype="float16"), "dtype is 'float16'"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=2, weight_decay=-1), "weight_decay is -1"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=2, weight_decay="a"), "weight_decay is 'a'"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=2, dtype="blah"), "dtype is 'blah'"),
        (lambda: hg.Sequential([hg.Dense(1)], input_shape=2, seed=1.7), "seed is 1.7"),
        (lambda: hg.EarlyStopping(patience="a"), "patience of EarlyStopping is 'a'"),
        (lambda: hg.LeakyReLU("a"), "slope of LeakyReLU is 'a'"),
        (lambda: hg.Dense(0), "width of a Dense layer is 0"),
        (lambda: hg.Dense(-3), "width of a Dense layer is -3"),
        (lambda: hg.LeakyReLU(1.5), "slope of LeakyReLU is 1.5, expected a number from 0 to below 1"),
        (lambda: hg.Sequential([hg.Dense(1, weights="gauss")], input_shape=2), "gauss"),
    ],
)
def test_networks_that_cannot_be(make, message):
    with pytest.raises((hg.UsageError, hg.InputError), match=message):
        make()
