"""Language models in both engines: tokens in, a mean over real tokens, states that go on, masks that do not depend on
how the work was divided."""

import numpy as np
import pytest

import handgrad as hg
from handgrad.network.engine import TrainingState
from handgrad.network.program import make_program
from helpers import assert_gradient
from teams import all_gone

V, T, SAMPLES = 7, 6, 9
LENGTHS = np.array([6, 1, 4, 4, 2, 6, 5, 3, 1])
CHAINS = {
    "lstm": [hg.Embedding(V, 3), hg.LSTM(4), hg.Dense(V)],
    "stacked": [hg.Embedding(V, 3), hg.LSTM(4, truncate=2), hg.Dropout(0.4), hg.LSTM(3), hg.Dense(V)],
    "rnn": [hg.Embedding(V, 3), hg.RNN(4), hg.Tanh(), hg.Dropout(0.2), hg.Dense(5), hg.Dense(V)],
}


def network(chain="lstm", dtype="float64", **options):
    loss = hg.SoftmaxCrossEntropy(mean="tokens")
    return hg.Sequential(CHAINS[chain], input_shape=(T,), loss=loss, dtype=dtype, seed=1, **options)


def data(samples=SAMPLES):
    rng = np.random.default_rng(0)
    return rng.integers(0, V, (samples, T)), rng.integers(0, V, (samples, T))


def spoiled(x, lengths):
    """Tokens that do not exist, in the padding."""
    return np.where(np.arange(T) < lengths[:, None], x, -(10**9))


def same(a, b, tolerance=1e-10):
    return np.abs(a - b).max() <= tolerance * max(np.abs(b).max(), 1e-3)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
def test_engines_agree(chain, lengths):
    net = network(chain, weight_decay=0.1)
    x, y = data()
    weights = np.random.default_rng(5).random(SAMPLES)
    loss, gradients = net.loss_and_gradients(x, y, lengths=lengths, sample_weight=weights)
    expected = net.loss_and_gradients(x, y, lengths=lengths, sample_weight=weights, engine="numpy")
    assert loss == pytest.approx(expected[0], rel=1e-12)
    for name in gradients:
        assert same(gradients[name], expected[1][name]), name
    pairs = zip(net.activations(x, lengths=lengths), net.activations(x, lengths=lengths, engine="numpy"), strict=True)
    assert all(same(a, b) for a, b in pairs)
    assert same(net.outputs(x, lengths=lengths), net.outputs(x, lengths=lengths, engine="numpy"))
    assert same(net.predict(x, lengths=lengths), net.predict(x, lengths=lengths, engine="numpy"))
    assert net.evaluate(x, y, lengths=lengths) == pytest.approx(
        net.evaluate(x, y, lengths=lengths, engine="numpy"), rel=1e-12
    )


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("optimizer", [hg.SGD(lr=0.3), hg.Adam(lr=0.01)], ids=["sgd", "adam"])
def test_training_agrees(chain, batch_size, optimizer):
    x, y = data()
    flats, histories = [], []
    for engine in ("compiled", "numpy"):
        net = network(chain)
        history = net.fit(
            x, y, lengths=LENGTHS, epochs=2, batch_size=batch_size, optimizer=optimizer, engine=engine, seed=3
        )
        flats.append(net.parameters.flat.copy())
        histories.append(history["loss"])
    assert same(*flats)
    assert histories[0] == pytest.approx(histories[1], rel=1e-10)
    assert not same(flats[0], network(chain).parameters.flat, 1e-4)


@pytest.mark.parametrize("chain", CHAINS)
def test_gradients_are_those_of_the_loss(chain):
    net = network(chain)
    if chain == "stacked":
        net = hg.Sequential(
            [hg.Embedding(V, 3), hg.LSTM(4), hg.LSTM(3), hg.Dense(V)],
            input_shape=(T,),
            loss=net.loss,
            dtype="float64",
        )
    x, y = data()
    gradients = net.gradients(x, y, lengths=LENGTHS)

    def value(parameter):
        net.parameters[name][...] = parameter
        return net.loss_and_gradients(x, y, lengths=LENGTHS, engine="numpy")[0]

    for name in net.parameters:
        before = net.parameters[name].copy()
        assert_gradient(value, before, gradients[name])
        net.parameters[name][...] = before


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_the_mean_is_over_real_tokens_and_padding_counts_for_nothing(engine):
    net = network()
    x, y = data()
    total, count = net.token_losses(spoiled(x, LENGTHS), spoiled(y, LENGTHS), LENGTHS, engine=engine)
    log_y = np.log(net.predict(x, lengths=LENGTHS))
    real = np.arange(T) < LENGTHS[:, None]
    expected = -np.take_along_axis(log_y, y[:, :, None], axis=2)[..., 0][real].sum()
    assert count == LENGTHS.sum()
    assert total == pytest.approx(expected, rel=1e-12)
    mean, gradients = net.loss_and_gradients(x, y, lengths=LENGTHS, engine=engine)
    assert mean == pytest.approx(expected / count, rel=1e-12)
    assert net.evaluate(x, y, lengths=LENGTHS, engine=engine) == pytest.approx(expected / count, rel=1e-12)
    other = net.loss_and_gradients(spoiled(x, LENGTHS), spoiled(y, LENGTHS), lengths=LENGTHS, engine=engine)
    assert other[0] == mean
    assert all(np.array_equal(gradients[name], other[1][name]) for name in gradients)


def test_history_and_validation_are_means_over_tokens():
    x, y = data()
    net = network()
    before = net.evaluate(x, y, lengths=LENGTHS)
    history = net.fit(
        x, y, lengths=LENGTHS, epochs=1, batch_size=4, optimizer=hg.SGD(lr=1e-12), validation_data=(x, y, LENGTHS)
    )
    assert history["loss"][0] == pytest.approx(before, rel=1e-9)
    assert history["validation_loss"][0] == pytest.approx(before, rel=1e-9)


@pytest.mark.parametrize("chain", ["lstm", "stacked"])
def test_bits_do_not_depend_on_threads(chain):
    x, y = data(300)
    lengths = np.random.default_rng(1).integers(1, T + 1, 300)
    flats = []
    for threads in (1, 2):
        net = network(chain, "float32")
        net.fit(x, y, lengths=lengths, epochs=2, batch_size=256, optimizer=hg.Adam(), threads=threads)
        flats.append(net.parameters.flat.tobytes())
    assert flats[0] == flats[1]


def wide(dtype):
    """A network whose output layer is divided into two parts, and sequences to train it on one at a time."""
    layers = [hg.Embedding(1100, 3), hg.LSTM(64), hg.Dense(1100)]
    loss = hg.SoftmaxCrossEntropy(mean="tokens")
    net = hg.Sequential(layers, input_shape=(T,), loss=loss, dtype=dtype, seed=1)
    rng = np.random.default_rng(3)
    return net, rng.integers(0, 1100, (SAMPLES, T)), rng.integers(0, 1100, (SAMPLES, T))


def test_threads_share_a_wide_output_layer_and_change_no_bit():
    flats = []
    for engine, threads in (("compiled", 1), ("compiled", 2), ("compiled", 3), ("numpy", 1)):
        net, x, y = wide("float64")
        program = make_program(net.layers, net.loss, net.parameters, net.architecture.input_shape, 0.0, 1, "online")
        assert program.parts == 2
        net.fit(x, y, lengths=LENGTHS, epochs=2, batch_size=1, optimizer=hg.SGD(0.5), threads=threads, engine=engine)
        flats.append(net.parameters.flat.copy())
    assert flats[0].tobytes() == flats[1].tobytes() == flats[2].tobytes()
    assert same(flats[0], flats[3])


def test_every_thread_leaves_a_training_that_is_not_finite_any_more():
    net, x, y = wide("float32")
    before = net.parameters.flat.copy()
    with np.errstate(all="ignore"), pytest.raises(hg.Diverged, match="epoch 1"):
        net.fit(x, y, epochs=3, batch_size=1, optimizer=hg.SGD(1e30), threads=2)
    assert np.array_equal(net.parameters.flat, before)
    assert all_gone()


@pytest.mark.parametrize("vocabulary", [3, 4, 5, 13])
def test_few_tokens_are_not_divided_into_parts_without_any(vocabulary):
    """Logits far below zero: what stands in a part that has no class would be the largest of all."""
    flats, losses = [], []
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, vocabulary, (SAMPLES, T)), rng.integers(0, vocabulary, (SAMPLES, T))
    for engine in ("compiled", "numpy"):
        layers = [hg.Embedding(vocabulary, 66_000 // vocabulary), hg.Dense(vocabulary)]
        loss = hg.SoftmaxCrossEntropy(mean="tokens")
        net = hg.Sequential(layers, input_shape=(T,), loss=loss, dtype="float64", seed=1)
        net.parameters["1.b"][...] = -3000
        history = net.fit(x, y, epochs=2, batch_size=1, optimizer=hg.SGD(0.001), engine=engine)
        losses.append(history["loss"])
        flats.append(net.parameters.flat.copy())
    assert same(*flats)
    assert same(*np.array(losses))


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_an_epoch_in_parts_is_the_whole_epoch_bit_by_bit(engine, batch_size):
    x, y = data()
    order = np.random.default_rng(2).permutation(SAMPLES)[None]
    results = []
    for cuts in ((0, 9), (0, 4, 6, 9)):
        net, optimizer = network("stacked", "float32"), hg.Adam()
        flat = net.parameters.flat
        state = TrainingState(optimizer, optimizer.initial_state(flat.size, flat.dtype), seed=7)
        batch = net._batch(x, y, None, LENGTHS)
        for first, stop in zip(cuts[:-1], cuts[1:], strict=True):
            rates = np.full((1, -(-(stop - first) // batch_size)), 0.01)
            losses = net._engine(engine).train(batch, order[:, first:stop], rates, batch_size, state).losses
        results.append((flat.tobytes(), losses))
    assert results[0] == results[1]


def test_dropout_follows_from_the_seed_and_is_left_out_where_nothing_is_trained():
    x, y = data()
    flats = []
    for seed in (0, 0, 1):
        net = network("stacked")
        net.fit(x, y, epochs=1, batch_size=SAMPLES, shuffle=False, seed=seed)
        flats.append(net.parameters.flat.copy())
    assert np.array_equal(flats[0], flats[1])
    assert not np.array_equal(flats[0], flats[2])
    without = [layer for layer in CHAINS["stacked"] if not isinstance(layer, hg.Dropout)]
    plain = hg.Sequential(without, input_shape=(T,), loss=net.loss, dtype="float64")
    net = network("stacked")
    plain.parameters.flat[:] = net.parameters.flat
    assert np.array_equal(net.outputs(x), plain.outputs(x))
    assert np.array_equal(net.gradients(x, y)["4.W"], plain.gradients(x, y)["3.W"])
    rate = hg.Sequential([hg.Dropout(0.5), hg.Dense(1)], input_shape=3)
    assert np.array_equal(rate.predict(np.ones((2, 3)))[0], rate.predict(np.ones((2, 3)))[1])


def test_dropout_without_sequences():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(20, 5)), rng.normal(size=(20, 2))
    flats = []
    for engine in ("compiled", "numpy"):
        net = hg.Sequential([hg.Dense(6), hg.Dropout(0.3), hg.Dense(2)], input_shape=5, dtype="float64")
        net.fit(x, t, epochs=2, batch_size=8, engine=engine)
        flats.append(net.parameters.flat)
    assert same(*flats)


def test_states_given_and_carried_on():
    net = network("stacked")
    x, _ = data()
    rng = np.random.default_rng(4)
    states = [tuple(rng.normal(size=(SAMPLES, n)) for _ in "hc") for n in (4, 3)]
    y, after = net.advance(x, states, lengths=LENGTHS)
    expected, expected_after = net.advance(x, states, lengths=LENGTHS, engine="numpy")
    assert same(y, expected)
    for pair, other in zip(after, expected_after, strict=True):
        assert all(same(a, b) for a, b in zip(pair, other, strict=True))
    assert not same(y, net.outputs(x, lengths=LENGTHS), 1e-3), "the states must matter"
    piece = hg.Sequential(net.layers, input_shape=(2,), loss=net.loss, dtype="float64")
    piece.parameters.assign(net.parameters)
    found, going = [], None
    for first in (0, 2, 4):
        part, going = piece.advance(x[:, first : first + 2], going)
        found.append(part)
    assert same(np.concatenate(found, axis=1), net.outputs(x), 1e-13)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("streams", [1, 2, 5, 8, 11])
def test_stepping_is_the_whole_sequence(chain, engine, streams):
    net = network(chain)
    x = np.resize(data()[0][::-1], (streams, T))
    whole = net.outputs(x)
    stepper = hg.Stepper(net, streams, engine=engine)
    for t in range(3):
        assert same(stepper.step(x[:, t]), whole[:, t], 1e-12)
    kept = stepper.state
    for t in range(3, T):
        assert same(stepper.step(x[:, t]), whole[:, t], 1e-12)
    stepper.state = kept
    assert same(stepper.step(x[:, 3]), whole[:, 3], 1e-12)
    stepper.reset()
    net.parameters.flat[:] *= 0.5
    assert same(stepper.step(x[:, 0]), net.outputs(x)[:, 0], 1e-12), "trained in between"


def test_a_saved_network_comes_back(tmp_path):
    net = hg.Sequential(
        [hg.Embedding(V, 3, weights=hg.Normal(std=0.1)), hg.LSTM(4, forget_bias=1.0), hg.Dropout(0.1), hg.Dense(V)],
        input_shape=T,
        loss=hg.SoftmaxCrossEntropy(mean="tokens"),
    )
    x, y = data()
    net.save(tmp_path / "net.safetensors")
    again = hg.load(tmp_path / "net.safetensors")
    assert again.layers == net.layers
    assert again.loss == net.loss
    assert again.input_shape == (T,)
    assert np.array_equal(again.outputs(x), net.outputs(x))
    assert again.token_losses(x, y) == net.token_losses(x, y)


def test_summary_and_first_parameters():
    net = hg.Sequential([hg.Embedding(11, 3), hg.LSTM(4, forget_bias=1.0), hg.Dense(11)], input_shape=(T,))
    text = net.summary()
    assert "6 x 3" in text
    assert "Embedding(tokens=11" in text
    assert f"{11 * 3 + 16 * (4 + 3 + 1) + 11 * 5:,} trainable" in text
    assert net.parameters["1.b"].tolist() == [0] * 4 + [1] * 4 + [0] * 8
    gates = np.split(net.parameters["1.W"].astype(float), 4)
    assert all(np.allclose(gate @ gate.T, np.eye(4), atol=1e-6) for gate in gates), "each gate by itself"


def test_the_logits_of_all_positions_never_exist():
    net = hg.Sequential(
        [hg.Embedding(500, 2), hg.LSTM(2), hg.Dense(500)], input_shape=50, loss=hg.SoftmaxCrossEntropy(mean="tokens")
    )
    for form, use in (("batch", "training"), ("batch", "losses"), ("one", "training")):
        program = make_program(net.layers, net.loss, net.parameters, net.architecture.input_shape, 0.0, 64, form, use)
        assert program.workspace < 64 * 50 * 500 / 4


def bad(x, row, step, token):
    x = x.copy()
    x[row, step] = token
    return x


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda net, x, y: net.evaluate(bad(x, 2, 3, V), y), "x holds 7 in row 2, step 3, expected 0 to 6"),
        (lambda net, x, y: net.evaluate(bad(x, 2, 3, -1), y), "x holds -1 in row 2, step 3, expected 0 to 6"),
        (lambda net, x, y: net.evaluate(x, bad(y, 0, 1, 9)), "y holds 9 in row 0, step 1, expected 0 to 6"),
        (lambda net, x, y: net.predict(x.astype(float)), "x has dtype float64, expected whole numbers from 0 to 6"),
        (lambda net, x, y: net.predict(x[:1].astype("float64")), "x has dtype float64, expected whole numbers"),
        (lambda net, x, y: net.predict(x[:, :-1]), "x has shape 9 x 5, expected samples x 6; one row of tokens"),
        (lambda net, x, y: net.predict(np.zeros((2, 7), int)), "make a network with more steps"),
        (lambda net, x, y: net.predict(np.zeros((0, T), int)), "x has no samples"),
        (lambda net, x, y: net.predict([[1, 2], [1]]), "the rows of x have different lengths"),
        (lambda net, x, y: net.evaluate(x[:2], [[1, 2], [1]]), "the rows of y have different lengths"),
        (lambda net, x, y: net.evaluate(x, y[:-1]), "x has 9 samples and y has 8, expected as many"),
        (lambda net, x, y: net.evaluate(x, y[:, 0]), "y has shape 9, expected samples x 6"),
        (lambda net, x, y: net.evaluate(x, np.eye(V)[y]), "y has dtype float64, expected whole numbers"),
        (lambda net, x, y: net.evaluate(x, y, lengths=[0] * 9), "lengths holds 0 in row 0"),
        (lambda net, x, y: net.advance(x, [np.zeros((9, 4))]), "state 0 is not a pair, expected the state h and the"),
        (lambda net, x, y: net.advance(x, [(np.zeros((9, 4)), np.zeros((9, 5)))]), "c of state 0 has shape 9 x 5"),
        (lambda net, x, y: hg.Stepper(net, 0), "streams is 0"),
        (lambda net, x, y: hg.Stepper(net, 2).step([1, V]), "tokens holds 7 in stream 1, expected 0 to 6"),
        (lambda net, x, y: hg.Stepper(net, 2).step([1]), "tokens has shape 1, expected 2; one for each stream"),
        (lambda net, x, y: hg.Stepper(net, 2).step([[1], [1, 2]]), "tokens has dtype object, expected whole numbers"),
        (lambda net, x, y: hg.Stepper(net, 2).step([0.5, 1]), "tokens has dtype float64, expected whole numbers"),
        (lambda net, x, y: hg.Stepper(net, 1, engine="fast"), "engine"),
    ],
)
def test_bad_tokens(ask, message):
    with pytest.raises((hg.InputError, hg.UsageError), match=message):
        ask(network(), *data())


TOKENS = hg.SoftmaxCrossEntropy(mean="tokens")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hg.SoftmaxCrossEntropy(mean="words"), "mean of SoftmaxCrossEntropy"),
        (lambda: hg.Embedding(0, 3), "the number of tokens of Embedding is 0"),
        (lambda: hg.Embedding(2**24 + 1, 3), "expected at most 16777216"),
        (lambda: hg.Dropout(1.0), "rate of Dropout is 1.0"),
        (lambda: hg.LSTM(0), "the width of an LSTM layer is 0"),
        (lambda: hg.LSTM(3, truncate=-1), "truncate of LSTM is -1"),
        (lambda: hg.Sequential([hg.LSTM(3)], input_shape=4), "an LSTM takes sequences"),
        (lambda: hg.Sequential([hg.Dense(3), hg.Embedding(3, 2)], input_shape=4), "it takes tokens, so it comes first"),
        (lambda: hg.Sequential([hg.Embedding(3, 2)], input_shape=(4, 2)), "it takes tokens, so it comes first"),
        (lambda: hg.Sequential([hg.Dropout(0.1)], input_shape=(1, 4, 4)), "put Flatten"),
        (lambda: hg.Sequential([hg.Dense(3)], input_shape=4, loss=TOKENS), "the loss is a mean over tokens"),
        (lambda: hg.Sequential([hg.LSTM(3)], input_shape=(4, 2), loss=TOKENS), "the loss is a mean over tokens"),
        (lambda: hg.Stepper(hg.Sequential([hg.Dense(3)], input_shape=4)), "does not go from token to token"),
    ],
)
def test_networks_that_do_not_fit(make, message):
    with pytest.raises((hg.InputError, hg.UsageError), match=message):
        make()


def test_sequences_of_numbers_may_end_in_tokens():
    """No embedding: the first layer is the LSTM, or the output layer itself."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(SAMPLES, T, 2)), data()[1]
    for layers in ([hg.LSTM(3), hg.Dense(V)], [hg.Dense(V)]):
        flats = []
        for engine in ("compiled", "numpy"):
            net = hg.Sequential(layers, input_shape=(T, 2), loss=TOKENS, dtype="float64")
            net.fit(x, y, lengths=LENGTHS, epochs=2, batch_size=4, optimizer=hg.Adam(), engine=engine)
            net.fit(x, y, lengths=LENGTHS, epochs=1, batch_size=1, optimizer=hg.SGD(lr=0.1), engine=engine)
            flats.append(net.parameters.flat)
        assert same(*flats)


def test_the_last_state_alone():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(SAMPLES, T, 2)), rng.normal(size=(SAMPLES, 3))
    flats = []
    for engine in ("compiled", "numpy"):
        net = hg.Sequential(
            [hg.LSTM(4), hg.LSTM(5, return_sequences=False), hg.Dense(3)], input_shape=(T, 2), dtype="float64"
        )
        net.fit(x, t, lengths=LENGTHS, epochs=2, batch_size=4, optimizer=hg.SGD(lr=0.1, momentum=0.5), engine=engine)
        net.fit(x, t, lengths=LENGTHS, epochs=1, batch_size=1, optimizer=hg.SGD(lr=0.1), engine=engine)
        flats.append(net.parameters.flat)
    assert same(*flats)
