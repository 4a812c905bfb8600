"""Networks on sequences: both engines agree, and what a user may ask of sequences at the public face."""

import numpy as np
import pytest

import handgrad as hg
from helpers import assert_gradient, relative_error

T, D, SAMPLES = 6, 3, 7
LENGTHS = np.array([6, 2, 4, 1, 6, 3, 5])


def network(activation="tanh", *, last=False, truncate=0, loss=None, dtype="float64", weight_decay=0.0):
    layers = [hg.RNN(5, activation, truncate=truncate), hg.Dense(4), hg.Tanh()]
    layers += [hg.RNN(3, activation, return_sequences=not last, truncate=truncate), hg.Dense(2)]
    loss = loss or hg.SoftmaxCrossEntropy()
    net = hg.Sequential(layers, input_shape=(T, D), loss=loss, dtype=dtype, seed=3, weight_decay=weight_decay)
    rng = np.random.default_rng(5)
    for value in net.parameters.values():  # biases, too, at random
        value += 0.2 * rng.normal(size=value.shape)
    return net


def data(last=False, samples=SAMPLES, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, T, D)), rng.random((samples, 2) if last else (samples, T, 2))


def spoiled(x, lengths):
    return np.where(np.arange(T)[:, None] < lengths[:, None, None], x, np.nan)


def same(a, b, tolerance=1e-10):
    return relative_error(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)) < tolerance


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("truncate", [0, 2])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
@pytest.mark.parametrize("samples", [1, SAMPLES])
def test_engines_agree(activation, last, truncate, lengths, samples):
    net = network(activation, last=last, truncate=truncate)
    x, y = data(last, samples)
    ends = None if lengths is None else lengths[1 : 1 + samples] if samples == 1 else lengths
    x = x if ends is None else spoiled(x, ends)
    for compiled, reference in zip(
        net.activations(x, lengths=ends), net.activations(x, lengths=ends, engine="numpy"), strict=True
    ):
        assert same(compiled, reference)
    assert same(net.predict(x, lengths=ends), net.predict(x, lengths=ends, engine="numpy"))
    assert same(net.evaluate(x, y, lengths=ends), net.evaluate(x, y, lengths=ends, engine="numpy"))
    loss, gradients = net.loss_and_gradients(x, y, lengths=ends)
    expected, references = net.loss_and_gradients(x, y, lengths=ends, engine="numpy")
    assert same(loss, expected)
    assert all(same(gradients[name], references[name]) for name in references)


@pytest.mark.parametrize(
    ("batch", "optimizer"), [(1, hg.SGD(0.05)), (1, hg.Adam(0.01)), (3, hg.SGD(0.05)), (7, hg.Adam(0.01))]
)
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
def test_engines_train_alike(batch, optimizer, lengths):
    x, y = data()
    x = x if lengths is None else spoiled(x, lengths)
    trained = []
    for engine in ("compiled", "numpy"):
        net = network(weight_decay=0.01 if batch == 3 else 0.0)
        history = net.fit(x, y, lengths=lengths, epochs=3, batch_size=batch, optimizer=optimizer, engine=engine)
        trained.append((history["loss"], net.parameters.flat.copy()))
    assert same(trained[0][0], trained[1][0])
    assert same(trained[0][1], trained[1][1])


@pytest.mark.parametrize("loss", [hg.SquaredError(), hg.HalfSquaredError(), hg.SoftmaxCrossEntropy()], ids=repr)
@pytest.mark.parametrize("last", [False, True])
def test_the_gradient_of_the_whole_network(loss, last):
    net = network(loss=loss, last=last)
    x, y = data(last)
    weights = np.random.default_rng(2).random(SAMPLES)
    gradients = net.gradients(x, y, sample_weight=weights, lengths=LENGTHS)

    def value(parameter):
        net.parameters[name][...] = parameter
        return net.loss_and_gradients(x, y, sample_weight=weights, lengths=LENGTHS, engine="numpy")[0]

    for name in net.parameters:
        before = net.parameters[name].copy()
        assert_gradient(value, before, gradients[name])
        net.parameters[name][...] = before


def test_padding_counts_for_nothing():
    """A batch of padded sequences is the mean of each by itself, without padding; NaN in x and y changes no bit."""
    net = network()
    x, y = data()
    loss, gradients = net.loss_and_gradients(x, y, lengths=LENGTHS)
    other = net.loss_and_gradients(spoiled(x, LENGTHS), spoiled(y, LENGTHS), lengths=LENGTHS)
    assert loss == other[0]
    assert all(np.array_equal(gradients[name], other[1][name]) for name in gradients)
    assert loss == pytest.approx(sum(_alone(net, x, y, k) for k in range(SAMPLES)) / SAMPLES, rel=1e-12)


def _alone(net, x, y, k):
    length = LENGTHS[k]
    short = hg.Sequential(net.layers, input_shape=(length, D), loss=net.loss, dtype="float64")
    short.parameters.assign(net.parameters)
    return short.evaluate(x[[k], :length], y[[k], :length])


def test_class_numbers_of_every_step():
    net = network()
    x, _ = data()
    labels = np.random.default_rng(3).integers(0, 2, (SAMPLES, T))
    hidden = np.where(np.arange(T) < LENGTHS[:, None], labels, -1)  # no class: but nobody reads it
    assert net.evaluate(x, labels, lengths=LENGTHS) == net.evaluate(x, hidden, lengths=LENGTHS)
    assert net.evaluate(x, labels) == pytest.approx(net.evaluate(x, np.eye(2)[labels]))
    assert net.predict(x).shape == (SAMPLES, T, 2)
    assert np.allclose(net.predict(x).sum(axis=2), 1)


def test_bits_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, T, D)), rng.integers(0, 2, (300, T))
    lengths = rng.integers(1, T + 1, 300)
    flats = []
    for threads in (1, 2):
        net = network(dtype="float32")
        net.fit(x, y, lengths=lengths, epochs=2, batch_size=256, threads=threads)
        flats.append(net.parameters.flat.tobytes())
    assert flats[0] == flats[1]


def test_a_saved_network_comes_back(tmp_path):
    net = network("relu", last=True, truncate=3)
    x, _ = data(last=True)
    net.save(tmp_path / "net.safetensors")
    again = hg.load(tmp_path / "net.safetensors")
    assert again.layers == net.layers
    assert np.array_equal(again.predict(x), net.predict(x))


def nan_at(x, sample, step, feature):
    x[sample, step, feature] = np.nan
    return x


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda net, x, y: net.evaluate(x, y, lengths=[6] * 6), "lengths has shape 6, expected 7; one number per"),
        (
            lambda net, x, y: net.evaluate(x, y, lengths=[0] + [6] * 6),
            "lengths holds 0 in row 0, expected whole numbers from 1 to 6",
        ),
        (lambda net, x, y: net.evaluate(x, y, lengths=[6] * 6 + [7]), "lengths holds 7 in row 6"),
        (lambda net, x, y: net.evaluate(x, y, lengths=[1.5] * 7), "lengths has dtype float64, expected whole numbers"),
        (
            lambda net, x, y: net.evaluate(x, y[:, :-1]),
            "y has shape 7 x 5 x 2, expected 7 x 6 x 2; targets for every step",
        ),
        (lambda net, x, y: net.evaluate(x[:, :-1], y), "x has shape 7 x 5 x 3, expected samples x 6 x 3"),
        (lambda net, x, y: net.predict(nan_at(x, 2, 4, 1)), "x holds nan in row 2, column 1 of step 4"),
        (lambda net, x, y: net.predict(np.zeros((3, 0, D))), "x has shape 3 x 0 x 3"),
        (lambda net, x, y: net.fit(x, y, validation_data=(x, y, None, None)), "validation_data is not a pair"),
    ],
)
def test_bad_sequences(ask, message):
    with pytest.raises((hg.InputError, hg.UsageError), match=message):
        ask(network(), *data())


def test_lengths_of_samples_that_are_no_sequences():
    with pytest.raises(hg.InputError, match="the network's samples are no sequences"):
        hg.Sequential([hg.Dense(1)], input_shape=2).predict(np.zeros((3, 2)), lengths=[1, 1, 1])


def test_validation_with_lengths():
    x, y = data()
    net = network()
    history = net.fit(x, y, lengths=LENGTHS, epochs=2, validation_data=(spoiled(x, LENGTHS), y, LENGTHS))
    assert history["validation_loss"][-1] == pytest.approx(net.evaluate(x, y, lengths=LENGTHS))


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
def test_states_given_and_carried_on(engine, lengths):
    net = network()
    x, _ = data()
    rng = np.random.default_rng(4)
    states = [rng.normal(size=(SAMPLES, n)) for n in (5, 3)]
    y, after = net.advance(x, states, lengths=lengths, engine=engine)
    expected, expected_after = net.advance(x, states, lengths=lengths, engine="numpy")
    assert same(y, expected)
    assert all(same(a, b) for a, b in zip(after, expected_after, strict=True))
    assert not same(y, net.outputs(x, lengths=lengths), 1e-3), "the states must matter"
    assert same(net.advance(x, lengths=lengths, engine=engine)[0], net.outputs(x, lengths=lengths))


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_a_sequence_in_pieces_is_the_whole_sequence(engine):
    layers = [hg.RNN(5), hg.RNN(4), hg.Dense(2)]
    whole = hg.Sequential(layers, input_shape=(6, D), loss=hg.SoftmaxCrossEntropy(), dtype="float64")
    piece = hg.Sequential(layers, input_shape=(2, D), loss=hg.SoftmaxCrossEntropy(), dtype="float64")
    piece.parameters.assign(whole.parameters)
    x, _ = data()
    states, pieces = None, []
    for first in (0, 2, 4):
        y, states = piece.advance(x[:, first : first + 2], states, engine=engine)
        pieces.append(y)
    assert same(np.concatenate(pieces, axis=1), whole.outputs(x), 1e-13)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([np.zeros((7, 5))], "1 states were given, expected 2"),
        ([np.zeros((7, 5)), np.zeros((7, 4))], "state 1 has shape 7 x 4, expected 7 x 3; one row per sequence"),
        ([np.zeros((7, 5)), np.full((7, 3), np.inf)], "state 1 holds inf in row 0, column 0"),
    ],
)
def test_states_that_do_not_fit(states, message):
    with pytest.raises(hg.InputError, match=message):
        network().advance(data()[0], states)


def test_sequences_of_another_length_are_refused_with_what_to_do():
    net = hg.Sequential([hg.RNN(3)], input_shape=(6, 2))
    with pytest.raises(hg.InputError, match="give lengths; for longer ones make a network with more steps"):
        net.predict(np.zeros((4, 5, 2)))
    with pytest.raises(hg.InputError, match="pad the sequences, and give lengths"):
        net.predict([[[1, 2]] * 6, [[1, 2]] * 5])
    with pytest.raises(hg.InputError, match="input_shape decides"):
        net.predict(np.zeros((4, 6, 3)))
