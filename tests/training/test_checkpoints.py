"""Checkpoints: files that are right or refused, and trainings that end with the same bytes however often they begin."""

import errno
import json
import os
import random
import signal
import threading

import numpy as np
import pytest

import handgrad as hg
from handgrad.errors import HandgradError, InputError, UsageError
from handgrad.interrupt import Terminated, deferred_interrupt
from handgrad.network import files
from handgrad.training import checkpoint_file
from handgrad.training.cadence import Cadence
from handgrad.training.checkpoint_file import checkpoint_path, difference, numbered, read, to_bytes
from handgrad.training.checkpoints import Checkpoints, Training

TREE = {
    "floats": [0.1, 1e-308, float("inf"), -0.0],
    "whole": 2**127 + 1,
    "none": None,
    "text": "日",
    "yes": True,
    "arrays": [np.arange(3, dtype=np.float32), np.zeros((2, 0)), np.array(7, dtype=np.int64)],
    "nested": {"mask": np.array([True, False]), "number": np.float64(0.3)},
}


class Killed(BaseException):
    """What a test raises where a process would be killed."""


def same(one, other):
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


# ------------------------------------------------------------------------------------------------------ the file


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "checkpoint-000001.safetensors"
    path.write_bytes(to_bytes(TREE))
    expected = TREE | {"nested": {"mask": TREE["nested"]["mask"], "number": 0.3}}
    assert same(read(path), expected)
    assert to_bytes(TREE) == to_bytes(TREE)


def test_what_has_no_form_in_a_checkpoint_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="no form in a checkpoint"):
        to_bytes({"x": object()})


def test_every_flipped_bit_is_found(tmp_path):
    path = tmp_path / "checkpoint-000001.safetensors"
    whole = to_bytes({"a": np.arange(4, dtype=np.float32), "b": [1.5, "x"]})
    for at in range(len(whole)):
        broken = bytearray(whole)
        broken[at] ^= 1 << at % 8
        path.write_bytes(broken)
        try:
            found = read(path)
        except InputError:
            continue
        assert same(found, {"a": np.arange(4, dtype=np.float32), "b": [1.5, "x"]})  # a blank of the padding
        assert at < len(whole) - 16


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.999])
def test_a_file_that_is_cut_short_is_refused(tmp_path, share):
    path = tmp_path / "checkpoint-000001.safetensors"
    whole = to_bytes(TREE)
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="is damaged"):
        read(path)


def test_a_file_of_another_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint-000001.safetensors"
    monkeypatch.setattr(hg, "__version__", "0.0.7")
    path.write_bytes(to_bytes(TREE))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"written by handgrad 0\.0\.7 .*; go on with that version"):
        read(path)
    monkeypatch.setattr(checkpoint_file, "FORMAT", 99)
    path.write_bytes(to_bytes(TREE))
    monkeypatch.undo()
    with pytest.raises(InputError, match="format 99"):
        read(path)


def test_a_model_is_no_checkpoint(tmp_path):
    net = hg.Sequential([hg.Dense(1)], input_shape=2)
    net.save(tmp_path / "checkpoint-000001.safetensors")
    with pytest.raises(InputError, match="is damaged"):
        read(tmp_path / "checkpoint-000001.safetensors")


# ---------------------------------------------------------------------------------------------------- how often


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500", Cadence(steps=500)),
        ("30s", Cadence(seconds=30.0)),
        ("1.5 min", Cadence(seconds=90.0)),
        (".5H", Cadence(seconds=1800.0)),
        ("never", Cadence()),
    ],
)
def test_how_often(text, expected):
    assert Cadence.of(text) == expected


@pytest.mark.parametrize("text", ["", "0", "-3", "0s", "1.5", "2 weeks", "s", "²", "nan", "inf s"])
def test_how_often_in_other_words(text):
    with pytest.raises(UsageError, match="checkpoint_every is .*expected steps, as 500, or a time"):
        Cadence.of(text)


# ------------------------------------------------------------------------------------------------------ trainings


def problem(kind="dense", seed=1):
    rng = np.random.default_rng(5)
    if kind == "rnn":
        x, t = rng.normal(size=(50, 7, 3)), rng.normal(size=(50, 7, 2))
        net = hg.Sequential([hg.RNN(6), hg.Dense(2)], input_shape=(7, 3), seed=seed)
        return net, x, t, {"lengths": rng.integers(1, 8, 50)}
    x, t = rng.normal(size=(50, 5)), rng.normal(size=(50, 2))
    net = hg.Sequential([hg.Dense(9), hg.Tanh(), hg.Dense(2)], input_shape=5, seed=seed, weight_decay=1e-3)
    return net, x, t, {}


SETTINGS = {
    "online": {"batch_size": 1, "optimizer": hg.SGD(0.01)},
    "adam": {"batch_size": 7, "optimizer": hg.Adam(0.01), "schedule": hg.CosineSchedule(), "clip_norm": 0.5},
    "early": {"batch_size": 16, "optimizer": hg.RMSProp(0.02), "early_stopping": hg.EarlyStopping(2)},
    "shares": {"batch_size": 4, "optimizer": hg.SGD(0.02, 0.9, nesterov=True), "validation_share": 0.2},
}


def told(net):
    history = net.history
    return [(e.epoch, e.loss, e.learning_rate, e.validation_loss) for e in history], history.stopped, history.best_epoch


def fit(net, x, t, more, checkpoints=None, **given):
    net.fit(x, t, epochs=6, checkpoints=checkpoints, **({"seed": 3} | given), **more)
    return net


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("kind", ["dense", "rnn"])
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_training_that_was_cut_off_anywhere_ends_with_the_same_bytes(tmp_path, kind, settings, engine):
    given = SETTINGS[settings] | {"engine": engine}
    whole = fit(*problem(kind), **given)
    chance, lives, net = random.Random(f"{kind} {settings}"), 0, None
    while net is None:
        lives += 1
        checkpoints = Checkpoints(tmp_path / "run", str(chance.randint(1, 11)))
        left = chance.randint(3, 25)

        def took(steps, checkpoints=checkpoints):
            nonlocal left
            left -= steps
            if left < 0:
                raise Killed
            Checkpoints.took(checkpoints, steps)

        checkpoints.took = took
        try:
            net = fit(*problem(kind), checkpoints, **given)
        except Killed:
            assert lives < 300
    assert lives > 1
    assert net.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert told(net) == told(whole)


def test_checkpoints_by_themselves_change_nothing(tmp_path):
    whole = fit(*problem(), **SETTINGS["adam"])
    for every in ("1", "3", "10", "1000", "never", "1min"):
        net = fit(*problem(), Checkpoints(tmp_path / every, every), **SETTINGS["adam"])
        assert net.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
        assert told(net) == told(whole)
        assert len(numbered(tmp_path / every)) == (0 if every in ("1000", "never", "1min") else 2)


def cut_off(folder, steps=20, every="3", **given):
    """A training that was killed after so many steps."""
    checkpoints = Checkpoints(folder, every)
    done = 0

    def took(n):
        nonlocal done
        done += n
        if done > steps:
            raise Killed
        Checkpoints.took(checkpoints, n)

    checkpoints.took = took
    with pytest.raises(Killed):
        fit(*problem(), checkpoints, **(SETTINGS["adam"] | given))
    return [path for _, path in numbered(folder)]


def test_of_two_checkpoints_the_older_is_used_where_the_newer_is_damaged(tmp_path):
    whole = fit(*problem(), **SETTINGS["adam"])
    newest, older = cut_off(tmp_path)
    broken = newest.read_bytes()[:-1]
    newest.write_bytes(broken)
    heard = []
    checkpoints = Checkpoints(tmp_path, "never", announce=heard.append)
    net = fit(*problem(), checkpoints, **SETTINGS["adam"])
    assert net.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert heard == [
        f"{newest} is damaged: its bytes are not those that were written; going on from the older {older.name}"
    ]
    assert newest.read_bytes() == broken


def test_where_none_can_be_used_nothing_is_changed(tmp_path):
    paths = cut_off(tmp_path)
    for path in paths:
        path.write_bytes(path.read_bytes()[:100])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match="no checkpoint can be used, and nothing was changed: .* is damaged.*; .* is"):
        Checkpoints(tmp_path).load()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_new_checkpoint_never_takes_the_name_of_an_old_one(tmp_path):
    newest, older = cut_off(tmp_path)
    newest.write_bytes(b"damaged")
    checkpoints = Checkpoints(tmp_path, "5", announce=lambda text: None)
    fit(*problem(), checkpoints, **SETTINGS["adam"])
    left = [path for _, path in numbered(tmp_path)]
    assert newest.read_bytes() == b"damaged"
    assert newest in left
    assert older not in left
    assert len(left) == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"batch_size": 8}, "batch_size = 7, expected 8"),
        ({"seed": 4}, "seed = 3, expected 4"),
        ({"optimizer": hg.SGD(0.01)}, "kind = 'adam', expected 'sgd'"),
        ({"clip_norm": 0.25}, "clipping = "),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(tmp_path, change, sentence):
    cut_off(tmp_path)
    with pytest.raises(InputError, match=f"belongs to another training: {sentence}"):
        fit(*problem(), Checkpoints(tmp_path), **(SETTINGS["adam"] | change))


def test_a_checkpoint_of_another_network_or_of_other_data_is_refused(tmp_path):
    cut_off(tmp_path)
    _, x, t, more = problem()
    other = hg.Sequential([hg.Dense(4), hg.Tanh(), hg.Dense(2)], input_shape=5, seed=1)
    with pytest.raises(InputError, match="belongs to another training: network = "):
        fit(other, x, t, more, Checkpoints(tmp_path), **SETTINGS["adam"])
    net, x, t, more = problem()
    x[3, 2] += 1e-3
    with pytest.raises(InputError, match="belongs to another training: data = "):
        fit(net, x, t, more, Checkpoints(tmp_path), **SETTINGS["adam"])


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    one = Checkpoints(tmp_path, "1", run={"lab": "a", "settings": {"seed": 1}})
    with one.training() as training:
        training.attach("x", lambda: {}, lambda saved: None)
        training.step()
    with pytest.raises(InputError, match="belongs to another run: seed = 1, expected 2"):
        Checkpoints(tmp_path, run={"lab": "a", "settings": {"seed": 2}}).load()


def test_differences_are_named():
    assert difference({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}) == "c = 2, expected 3"
    assert difference({"a": 1}, {"a": 1, "b": 2}) == "b = None, expected 2"
    assert difference(1, None) == "1, expected None"


def test_a_full_disk_costs_checkpoints_and_nothing_else(tmp_path, monkeypatch):
    whole = fit(*problem(), **SETTINGS["adam"])
    folder, heard = tmp_path / "run", []
    cut_off(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    checkpoints = Checkpoints(folder, "9", announce=heard.append)
    net = fit(*problem(), checkpoints, **SETTINGS["adam"])
    assert net.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    (sentence,) = heard
    assert sentence.startswith(f"no checkpoint could be written: cannot write {folder}")
    assert sentence.endswith(f": No space left on device; {max(before).name} is the latest, and training goes on")


def test_what_a_killed_process_was_writing_is_swept_away(tmp_path):
    cut_off(tmp_path)
    (tmp_path / ".checkpoint-000009.safetensors.ab12_x9z").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    Checkpoints(tmp_path).load()
    assert {path.name[:5] for path in tmp_path.iterdir()} == {"check", "notes"}


def test_diverged_stays_diverged(tmp_path):
    net, x, t, more = problem()
    given = {"batch_size": 5, "optimizer": hg.SGD(1e4), "epochs": 9, "checkpoints": None}
    for every in ("3", "1000"):
        plain = hg.Sequential([hg.Dense(9), hg.ReLU(), hg.Dense(2)], input_shape=5, seed=1)
        with pytest.raises(hg.Diverged) as expected:
            plain.fit(x, t, **given)
        for _ in range(2):  # the second goes on from the end of the first
            net = hg.Sequential([hg.Dense(9), hg.ReLU(), hg.Dense(2)], input_shape=5, seed=1)
            with pytest.raises(hg.Diverged) as met:
                net.fit(x, t, **(given | {"checkpoints": Checkpoints(tmp_path / every, every)}))
            assert str(met.value) == str(expected.value)
            assert net.parameters.flat.tobytes() == plain.parameters.flat.tobytes()


# -------------------------------------------------------------------------------------------------- several trainings


def count(checkpoints, name, steps, log, stop=None):
    """A training that counts."""
    at = {"n": 0}
    with checkpoints.training(name) as training:
        training.attach("count", lambda: dict(at), at.update)
        while at["n"] < steps:
            if stop is not None and at["n"] == stop:
                raise Killed
            at["n"] += 1
            log.append((name, at["n"]))
            training.step()
    return at["n"]


def test_finished_trainings_are_not_repeated(tmp_path):
    log = []
    checkpoints = Checkpoints(tmp_path, "4")
    assert count(checkpoints, "a", 6, log) == 6
    with pytest.raises(Killed):
        count(checkpoints, "b", 7, log, stop=5)
    assert log == [*(("a", n) for n in range(1, 7)), *(("b", n) for n in range(1, 6))]
    log.clear()
    checkpoints = Checkpoints(tmp_path, "4")
    assert [count(checkpoints, *each, log) for each in (("a", 6), ("b", 7), ("c", 2))] == [6, 7, 2]
    assert log == [*(("b", n) for n in range(3, 8)), ("c", 1), ("c", 2)]


def test_trainings_come_in_their_order(tmp_path):
    checkpoints = Checkpoints(tmp_path, "1")
    count(checkpoints, "a", 2, [])
    with pytest.raises(InputError, match="was made in the training 'a', expected 'b'"):
        Checkpoints(tmp_path).training("b")


def test_a_state_that_is_not_there_is_a_sentence(tmp_path):
    count(Checkpoints(tmp_path, "1"), "a", 2, [])
    with Checkpoints(tmp_path).training("a") as training, pytest.raises(InputError, match="has no state of other"):
        training.attach("other", dict, dict)


def test_what_is_restored_late_is_restored_by_fit(tmp_path):
    seen = []
    for _ in range(2):
        net, x, t, more = problem()
        with Checkpoints(tmp_path, "1").training() as training:
            training.attach("late", lambda: {"n": 1}, lambda saved: seen.append(saved["n"]), late=True)
            assert seen == []
            fit(net, x, t, more, training, **SETTINGS["adam"])
    assert seen == [1]


def test_a_training_without_checkpoints_keeps_nothing():
    with Training(None) as training:
        training.attach("x", dict, dict)
        training.step(3)
    assert not training.kept
    assert training.room is None


class Watching:
    def __init__(self):
        self.parts, self.epochs = [], []

    def part(self, steps, of, seconds):
        self.parts.append((steps, of, seconds))

    def __call__(self, net, epoch):
        self.epochs.append((epoch.epoch, len(self.parts)))


@pytest.mark.parametrize("kept", [True, False])
def test_progress_is_told_within_an_epoch(tmp_path, kept):
    watching = Watching()
    whole = fit(*problem(), **SETTINGS["adam"])
    checkpoints = Checkpoints(tmp_path, "3") if kept else None
    net = fit(*problem(), checkpoints, callbacks=[watching], **SETTINGS["adam"])
    assert net.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    steps, of, seconds = zip(*watching.parts, strict=True)
    assert len(steps) > 6
    assert steps == tuple(sorted(set(steps)))
    assert steps[-1] == 48
    assert set(of) == {48}
    assert seconds == tuple(sorted(seconds))
    assert [epoch for epoch, _ in watching.epochs] == [1, 2, 3, 4, 5, 6]
    assert watching.epochs[-1][1] == len(steps)


# ------------------------------------------------------------------------------------------------------ signals


def press(number, after):
    """A callback that sends a signal once."""
    sent = []

    def look(net, epoch):
        if epoch.epoch == after and not sent:
            sent.append(1)
            os.kill(os.getpid(), number)

    return look


def test_ctrl_c_saves_and_stops_and_training_goes_on_from_there(tmp_path):
    whole = fit(*problem(), **SETTINGS["adam"])
    net = problem()[0]
    look = press(signal.SIGINT, 3)
    with pytest.raises(KeyboardInterrupt, match="by Ctrl-C"):
        fit(net, *problem()[1:], Checkpoints(tmp_path, "never"), callbacks=[look], **SETTINGS["adam"])
    assert net.history.stopped == "interrupted"
    assert len(net.history) == 3
    assert len(numbered(tmp_path)) == 1
    again = fit(*problem(), Checkpoints(tmp_path, "never"), **SETTINGS["adam"])
    assert again.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert told(again) == told(whole)


def test_sigterm_saves_and_ends_the_process_with_143(tmp_path):
    whole = fit(*problem(), **SETTINGS["early"])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as ended:
        fit(
            *problem(), Checkpoints(tmp_path, "never"), callbacks=[press(signal.SIGTERM, 2)], **SETTINGS["early"]
        )  # fmt: skip
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before
    again = fit(*problem(), Checkpoints(tmp_path, "never"), **SETTINGS["early"])
    assert again.parameters.flat.tobytes() == whole.parameters.flat.tobytes()


def test_of_two_deferrals_the_outer_one_knows():
    with deferred_interrupt() as outer:
        with deferred_interrupt() as inner:
            signal.raise_signal(signal.SIGINT)
        assert not inner.pressed
        assert outer.pressed
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)  # the second does what it always does
    with pytest.raises(KeyboardInterrupt):
        outer.raise_it()


def test_other_threads_train_too(tmp_path):
    found = []

    def work():
        found.append(fit(*problem(), Checkpoints(tmp_path, "5"), **SETTINGS["adam"]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0].parameters.flat.tobytes() == fit(*problem(), **SETTINGS["adam"]).parameters.flat.tobytes()


def test_the_header_is_json(tmp_path):
    from safetensors import safe_open

    path = checkpoint_path(tmp_path, 12)
    path.write_bytes(to_bytes({"n": 1}))
    assert path.name == "checkpoint-000012.safetensors"
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["handgrad_checkpoint"])
    assert json.loads(header["content"]) == {"n": 1}
    assert header["version"] == hg.__version__
    with pytest.raises(HandgradError, match="cannot write"):
        Checkpoints(path / "below")._write(path / "below" / "x", b"")
