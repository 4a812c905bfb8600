"""The lab lenet."""

import json
from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.data.lenet_images import in_field
from handgrad.errors import InputError
from handgrad.labs import lenet_basic, lenet_results
from handgrad.labs.lenet import LenetSettings, run
from handgrad.labs.lenet_links import table_of
from handgrad.labs.lenet_maps import parameters_by_layer, way
from handgrad.labs.registry import LABS
from handgrad.labs.run_folder import json_text
from handgrad.labs.runner import RunOptions, run_lab
from handgrad.network.lenet import LENET_LAYERS, lenet5
from labs.lenet_parts import AS_PUBLISHED, small_digits
from reporters import Log, drawn_here_alone

FIGURES = ["curves", "confusion", "mistakes", "links", "kernels", "forward", "backward"]


@pytest.fixture
def log():
    return Log()


@pytest.fixture(scope="module")
def small():
    return small_digits()


@pytest.fixture
def few(small, monkeypatch):
    """The lab runs on these alone."""
    monkeypatch.setattr(lenet_basic, "load", lambda plan, reporter: small)
    return small


@pytest.fixture(scope="module")
def default(small):
    """A short run of the lab."""
    log = Log()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenet_basic, "load", lambda plan, reporter: small)
        return run(LenetSettings(epochs=6, batch_size=16), log), log


def test_the_document_has_what_was_promised(default, small):
    result, _ = default
    document = json.loads(json_text(result.document))
    assert document["parameters"] == AS_PUBLISHED
    assert document["layers"] == list(LENET_LAYERS)
    assert document["links"] == 60
    assert np.array(document["link_table"]).shape == (6, 16)
    assert document["images_per_second"] > 0
    assert document["train_seconds"] > 0
    assert (document["lab"], document["data"], document["epochs"]) == ("lenet", "digits-8x8", 6)
    assert document["settings"]["lr"] > 0
    said = result.network.predict(in_field(small.x_test.reshape(-1, 8, 8))).argmax(axis=1)
    assert document["test_accuracy"] == np.mean(said == small.t_test)
    assert document["test_wrong"] == np.sum(said != small.t_test)
    counts = np.array(document["confusion"])
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(small.t_test, minlength=10))
    assert result.error == ""
    assert not result.interrupted


def test_tables_and_findings_say_what_the_document_says(default):
    result, _ = default
    document, wrong = result.document, result.document["test_wrong"]
    tables = {table.name: table for table in result.tables}
    assert list(tables) == ["results", "layers", "classes"]
    accuracy = round(100 * document["test_accuracy"], 2)
    assert tables["results"].rows[1] == ("test", 90, wrong, accuracy, document["test_loss"])
    # LeCun et al. (1998), section II-B, print all of these
    assert [row[3:] for row in tables["layers"].rows[:5]] == [
        (156, 122_304),
        (12, 5_880),
        (1_516, 151_600),
        (32, 2_000),
        (48_120, 48_120),
    ]
    assert result.findings[0].startswith(f"{wrong} of 90 test images are called wrong")
    assert any("8 x 8, enlarged to 24 x 24" in text for text in result.findings)


def test_the_figures_are_of_this_run(default, small):
    result, log = default
    pictures = {picture.name: picture.figure for picture in result.pictures}
    assert list(pictures) == [name for name in FIGURES if name != "mistakes" or result.document["test_wrong"]]
    assert drawn_here_alone(result) == []
    loss, _ = pictures["curves"].axes
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), [record["test_loss"] for record in log.records])
    squares = pictures["links"].axes[0].patches
    filled = np.array([patch.get_facecolor()[3] > 0 for patch in squares]).reshape(6, 16)
    np.testing.assert_array_equal(filled, table_of("lecun"))


def test_every_kernel_stands_where_its_link_is(default):
    network, table = default[0].network, table_of("lecun")
    c1, c3, c5 = (kernels for _, kernels in lenet_results.kernels_of(network, table))
    assert (c1.shape, c3.shape, c5.shape) == ((1, 6, 5, 5), (6, 16, 5, 5), (16, 120, 5, 5))
    np.testing.assert_array_equal(np.isfinite(c3).all(axis=(2, 3)), table)
    np.testing.assert_allclose(c1[0], network.parameters["0.W"][:, 0], rtol=1e-6)
    # the map that C3 makes of one map of S2 that alone is not 0 says which kernel is whose
    row = [i for i, layer in enumerate(network.layers) if layer.kind == "conv"][1]
    for p in range(6):
        s2 = np.zeros((6, 14, 14, 1), np.float32)
        s2[p, 6, 6] = 1
        maps, _ = network.layers[row].forward(network.parameters.of_layer(row), s2)
        maps = maps[..., 0] - network.parameters[f"{row}.b"][:, None, None]
        for d in range(16):
            seen = maps[d, 2:7, 2:7][::-1, ::-1]
            expected = c3[p, d] if table[p, d] else np.zeros((5, 5))
            np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_the_way_there_and_back_is_the_networks(small):
    network = lenet5(seed=5)
    network.parameters.flat[...] += 0.02 * np.random.default_rng(0).normal(size=network.parameters.flat.size)
    x = in_field(small.x[:1].reshape(-1, 8, 8))
    found = way(network, x[0], (3, 7))
    assert [stage.name for stage in found.forward] == ["input", *LENET_LAYERS]
    shapes = [(1, 32, 32), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84, 1, 1), (10, 1, 1)]
    assert [stage.values.shape for stage in found.forward] == shapes
    np.testing.assert_allclose(found.probabilities, network.predict(x, engine="numpy")[0], rtol=1e-4)
    activations = network.activations(x, engine="numpy")
    np.testing.assert_allclose(found.forward[4].values, activations[7][0], rtol=1e-3, atol=1e-6)
    p = found.probabilities
    for label, stages in found.back.items():
        assert [stage.values.shape for stage in stages] == shapes
        np.testing.assert_allclose(stages[-1].values.ravel(), p - np.eye(10)[label], atol=1e-12)
        h, at = 1e-5, (0, 13, 17)  # the gradient at a pixel, by central differences
        losses = []
        for sign in (1, -1):
            moved = x[0].astype(np.float64)
            moved[at] += sign * h
            losses.append(-np.log(way(network, moved, ()).probabilities[label]))
        assert stages[0].values[at] == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=1e-5)


def test_another_network_has_no_such_way():
    network = hg.Sequential([hg.Dense(10)], input_shape=4, loss=hg.SoftmaxCrossEntropy())
    with pytest.raises(InputError, match="the network has 1 layers with connections, expected 7, as LeNet-5"):
        parameters_by_layer(network)


def test_divergence_is_told_and_reported(few, log):
    result = run(LenetSettings(lr=1e12, optimizer="sgd", activation="relu", epochs=3), log)
    assert "training diverged in epoch" in result.error
    assert np.isfinite(result.network.parameters.flat).all()
    assert result.document["stopped"] == "diverged"
    assert "confusion" in [picture.name for picture in result.pictures]


def test_ctrl_c_keeps_what_was_learned(few):
    log = Log(interrupt_after=2)
    result = run(LenetSettings(epochs=5), log)
    assert result.interrupted
    assert result.document["stopped"] == "interrupted"
    assert 2 <= result.document["epochs"] < 5
    assert any(text.startswith("Training was interrupted after epoch") for text in result.findings)


@pytest.mark.parametrize("late", ["finished", "pictures"])
def test_ctrl_c_after_the_training_loses_no_network(few, log, late, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(lenet_basic if late == "finished" else lenet_results, late, interrupt)
    result = run(LenetSettings(epochs=2), log)
    assert result.interrupted
    assert result.document["epochs"] == 2
    assert result.network is not None


def test_the_same_seed_gives_the_same_bytes_and_the_run_can_predict(few, tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        settings = LenetSettings(epochs=2, seed=seed)
        assert run_lab(LABS["lenet"], settings, RunOptions(out=name, quiet=True)) == 0
    models = {name: Path(name, "model.safetensors").read_bytes() for name in "abc"}
    assert models["a"] == models["b"] != models["c"]
    for figure in [path.name for path in Path("a/figures").iterdir()]:
        assert Path(f"a/figures/{figure}").read_bytes() == Path(f"b/figures/{figure}").read_bytes()
    assert "<svg" in Path("a/report.html").read_text()
    capsys.readouterr()
    pixels = few.x_test[0].reshape(8, 8)
    Image.fromarray((255 * pixels).astype(np.uint8)).save("one.png")
    assert main(["predict", "a", "one.png", "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)["predictions"]
    expected = hg.load("a/model.safetensors").predict(in_field(pixels[None]), engine="numpy")[0]
    np.testing.assert_allclose(said["probabilities"], expected, atol=0.02)
