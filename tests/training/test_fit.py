"""What fit does around the engines: orders, validation, early stopping, callbacks, Ctrl-C, divergence."""

import os
import signal

import numpy as np
import pytest

import handgrad as hg


def problem(samples=24, dtype="float32"):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, 2))
    t = (x[:, :1] * x[:, 1:] > 0).astype(float)
    net = hg.Sequential([hg.Dense(8), hg.Tanh(), hg.Dense(1), hg.Sigmoid()], input_shape=2, dtype=dtype, seed=1)
    return net, x, t


@pytest.fixture(params=["compiled", "numpy"])
def engine(request):
    return request.param


def test_the_loss_of_an_epoch_is_that_of_the_samples_in_their_turn(engine):
    net, x, t = problem(dtype="float64")
    twin, _, _ = problem(dtype="float64")
    history = net.fit(x, t, epochs=2, batch_size=1, optimizer=hg.SGD(0.1), shuffle=False, engine=engine)
    for epoch in history:
        losses = []
        for k in range(len(x)):
            loss, gradients = twin.loss_and_gradients(x[[k]], t[[k]], engine="numpy")
            losses.append(loss)
            for name, gradient in gradients.items():
                twin.parameters[name][...] -= 0.1 * gradient
        assert np.isclose(epoch.loss, np.mean(losses), rtol=1e-10)
    assert np.allclose(net.parameters.flat, twin.parameters.flat, rtol=1e-10)


def test_the_penalty_is_part_of_the_loss(engine):
    net, x, t = problem(dtype="float64")
    net.weight_decay = 0.0
    decayed = hg.Sequential(net.layers, input_shape=2, dtype="float64", seed=1, weight_decay=0.5)
    tiny = hg.SGD(1e-12)
    plain = net.fit(x, t, epochs=1, batch_size=24, optimizer=tiny, engine=engine).epochs[0].loss
    with_penalty = decayed.fit(x, t, epochs=1, batch_size=24, optimizer=tiny, engine=engine).epochs[0].loss
    weights = sum((net.parameters[name] ** 2).sum() for name in ("0.W", "2.W"))
    assert np.isclose(with_penalty - plain, 0.25 * weights, rtol=1e-8)


def test_shuffling_follows_the_seed_not_the_calls():
    runs = []
    for every in (1, 3, 50):
        net, x, t = problem()
        net.fit(x, t, epochs=50, batch_size=1, callbacks=[hg.Every(every, lambda *_: None)], seed=7)
        runs.append(net.parameters.flat.tobytes())
    assert runs[0] == runs[1] == runs[2]
    net, x, t = problem()
    net.fit(x, t, epochs=50, batch_size=1, seed=8)
    assert net.parameters.flat.tobytes() != runs[0]


def test_validation_share_holds_samples_out(engine):
    net, x, t = problem()
    history = net.fit(x, t, epochs=3, validation_share=0.25, engine=engine)
    assert len(history["validation_loss"]) == 3
    again, _, _ = problem()
    outside = again.fit(x, t, epochs=3, engine=engine)
    assert outside["validation_loss"] == []
    assert net.parameters.flat.tobytes() != again.parameters.flat.tobytes()


def test_validation_loss_is_that_of_evaluate(engine):
    net, x, t = problem()
    history = net.fit(x[:12], t[:12], epochs=4, validation_data=(x[12:], t[12:]), engine=engine)
    assert np.isclose(history["validation_loss"][-1], net.evaluate(x[12:], t[12:], engine=engine), rtol=1e-6)


def test_early_stopping_waits_keeps_the_best_and_says_so(engine):
    net, x, t = problem()
    seen = {}
    history = net.fit(
        x[:12],
        t[:12],
        epochs=2000,
        batch_size=1,
        optimizer=hg.SGD(0.5),
        validation_data=(x[12:], t[12:]),
        early_stopping=hg.EarlyStopping(patience=6, minimum_change=1e-4),
        callbacks=[lambda network, epoch: seen.update({epoch.epoch: network.parameters.flat.copy()})],
        engine=engine,
    )
    losses = history["validation_loss"]
    assert history.stopped == "early"
    assert len(history) == history.best_epoch + 6 < 2000
    assert min(losses) >= losses[history.best_epoch - 1] - 1e-4
    assert np.array_equal(net.parameters.flat, seen[history.best_epoch])
    assert "no improvement" in str(history)


def test_early_stopping_can_leave_the_last_parameters():
    net, x, t = problem()
    seen = {}
    rule = hg.EarlyStopping(patience=2, minimum_change=10.0, keep_best=False)
    history = net.fit(
        x, t, epochs=9, early_stopping=rule, callbacks=[lambda n, e: seen.update({e.epoch: n.parameters.flat.copy()})]
    )
    assert (len(history), history.best_epoch) == (3, 1)
    assert np.array_equal(net.parameters.flat, seen[3])


def test_callbacks_are_called_when_due_and_can_stop():
    net, x, t = problem()
    calls = []
    net.fit(x, t, epochs=10, callbacks=[hg.Every(4, lambda _, epoch: calls.append(epoch.epoch))])
    assert calls == [4, 8, 10]
    history = net.fit(x, t, epochs=10, callbacks=[lambda _, epoch: epoch.epoch == 3])
    assert (len(history), history.stopped) == (3, "callback")


def test_history_has_a_row_for_every_epoch_and_prints():
    net, x, t = problem()
    history = net.fit(x, t, epochs=45, schedule=hg.StepSchedule(15, 0.1), optimizer=hg.SGD(0.1))
    assert [epoch.epoch for epoch in history] == list(range(1, 46))
    assert np.allclose([history["learning_rate"][k] for k in (0, 15, 44)], [0.1, 0.01, 0.001])
    assert history["seconds"] == sorted(history["seconds"])
    lines = str(history).splitlines()
    assert lines[0].split() == ["epoch", "loss", "rate", "seconds"]
    assert lines[-1].split()[0] == "45"
    assert len(lines) < 25
    with pytest.raises(KeyError, match="there are epoch, loss"):
        history["accuracy"]


@pytest.mark.filterwarnings("ignore:(overflow|invalid value):RuntimeWarning")  # with the JIT off NumPy counts along
def test_divergence_keeps_the_last_finite_parameters(engine):
    net, x, t = problem()
    line = hg.Sequential([hg.Dense(1)], input_shape=2, seed=0)
    with pytest.raises(hg.Diverged, match=r"diverged in epoch \d+: .* learning rate 1.3; .* try 0.13") as caught:
        line.fit(x, t, epochs=500, batch_size=1, optimizer=hg.SGD(1.3), engine=engine)
    assert np.isfinite(line.parameters.flat).all()
    assert line.history.stopped == "diverged"
    assert len(line.history) >= 1
    assert np.isfinite(line.history["loss"]).all()
    assert f"epoch {len(line.history)} were kept" in str(caught.value)
    twin = hg.Sequential([hg.Dense(1)], input_shape=2, seed=0)
    twin.fit(x, t, epochs=len(line.history), batch_size=1, optimizer=hg.SGD(1.3), engine=engine)
    assert np.array_equal(twin.parameters.flat, line.parameters.flat)


@pytest.mark.skipif(os.name == "nt", reason="SIGINT cannot be raised for oneself there")
def test_ctrl_c_keeps_what_was_learned(engine):
    net, x, t = problem()
    before = signal.getsignal(signal.SIGINT)

    def interrupt(_, epoch):
        if epoch.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="after epoch"):
        net.fit(x, t, epochs=100, callbacks=[interrupt], seed=4, engine=engine)
    assert net.history.stopped == "interrupted"
    assert 3 <= len(net.history) <= 4
    twin, _, _ = problem()
    twin.fit(x, t, epochs=len(net.history), seed=4, engine=engine)
    assert twin.parameters.flat.tobytes() == net.parameters.flat.tobytes()
    assert signal.getsignal(signal.SIGINT) is before


def test_fit_works_outside_the_main_thread():
    from concurrent.futures import ThreadPoolExecutor

    net, x, t = problem()
    twin, _, _ = problem()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(net.fit, x, t, epochs=5).result()
    twin.fit(x, t, epochs=5)
    assert net.parameters.flat.tobytes() == twin.parameters.flat.tobytes()


def test_a_second_fit_goes_on_from_the_parameters():
    net, x, t = problem()
    first = net.fit(x, t, epochs=30, batch_size=1, optimizer=hg.SGD(0.1))["loss"][-1]
    second = net.fit(x, t, epochs=1, batch_size=1, optimizer=hg.SGD(0.1))["loss"][0]
    assert second < 1.5 * first
