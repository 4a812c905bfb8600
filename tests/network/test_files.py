"""Model files: round trip, strictness, and nothing lost when something goes wrong."""

import os
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import handgrad as hg


@pytest.fixture
def net():
    layers = [hg.Dense(4, weights="he_normal"), hg.LeakyReLU(0.2), hg.Dense(3)]
    return hg.Sequential(
        layers, input_shape=2, loss=hg.SoftmaxCrossEntropy(), weight_decay=0.5, dtype="float64", seed=9
    )


def test_round_trip(net, tmp_path):
    path = tmp_path / "net.safetensors"
    net.save(path)
    again = hg.load(path)
    assert repr(again) == repr(net)
    assert (again.weight_decay, again.dtype, again.seed) == (0.5, np.dtype("float64"), 9)
    assert again.parameters.flat.tobytes() == net.parameters.flat.tobytes()
    x = np.random.default_rng(0).normal(size=(5, 2))
    assert np.array_equal(again.predict(x), net.predict(x))
    assert os.listdir(tmp_path) == ["net.safetensors"], "a temporary file was left behind"


def test_initializers_with_numbers_come_back(tmp_path):
    made = hg.Sequential([hg.Dense(3, weights=hg.Normal(std=0.1), biases=hg.Zeros())], input_shape=2)
    made.save(tmp_path / "net")
    assert repr(hg.load(tmp_path / "net")) == repr(made)


def test_the_same_network_gives_the_same_bytes(net, tmp_path):
    net.save(tmp_path / "a")
    net.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_entry_that_does_not_fit_is_listed(net, tmp_path):
    net.save(tmp_path / "net")
    arrays = load_file(tmp_path / "net")
    del arrays["0.b"]
    arrays["extra"] = np.zeros(2)
    arrays["2.W"] = arrays["2.W"].T.copy()
    save_file(arrays, tmp_path / "wrong")
    before = net.parameters.flat.copy()
    with pytest.raises(hg.InputError) as caught:
        net.load_parameters(tmp_path / "wrong")
    text = str(caught.value)
    for part in ("missing 0.b", "unexpected extra", "2.W has shape 4 x 3, expected 3 x 4", str(tmp_path / "wrong")):
        assert part in text
    assert np.array_equal(net.parameters.flat, before)


def test_files_that_are_no_model(net, tmp_path):
    empty, text, foreign = tmp_path / "empty", tmp_path / "text", tmp_path / "foreign"
    empty.write_bytes(b"")
    text.write_text("not a model " * 50)
    save_file({"w": np.zeros(2)}, foreign)
    net.save(tmp_path / "net")
    whole = (tmp_path / "net").read_bytes()
    (tmp_path / "short").write_bytes(whole[:-8])
    for path, message in [
        (empty, "not a readable safetensors file"),
        (text, "not a readable safetensors file"),
        (tmp_path / "short", "not a readable safetensors file"),
        (foreign, "no handgrad architecture"),
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path, "is a folder"),
    ]:
        with pytest.raises(hg.InputError, match=message) as caught:
            hg.load(path)
        assert str(path) in str(caught.value)


def test_an_unknown_layer_is_named(net, tmp_path, monkeypatch):
    net.save(tmp_path / "net")
    from handgrad.network import files

    monkeypatch.setattr(files, "LAYERS", {"dense": hg.Dense})
    with pytest.raises(hg.InputError, match="leaky_relu"):
        hg.load(tmp_path / "net")


def test_a_failed_write_keeps_the_older_file(net, tmp_path, monkeypatch):
    path = tmp_path / "net"
    net.save(path)
    older = path.read_bytes()
    net.parameters.flat[...] += 1

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(hg.HandgradError, match="cannot write .*No space left on device"):
        net.save(path)
    assert path.read_bytes() == older
    assert os.listdir(tmp_path) == ["net"]


@pytest.mark.skipif(sys.platform == "win32", reason="the null device is not a folder only elsewhere")
def test_a_folder_that_cannot_be_written(net, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(hg.HandgradError, match="cannot write"):
        net.save(tmp_path / "file" / "net")
    with pytest.raises(hg.HandgradError, match="cannot write"):
        net.save(tmp_path / "no such folder" / "net")
