"""``handgrad predict``: what a trained network says of pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handgrad as hg
from handgrad.cli import main
from handgrad.data.digits import load_digits_8x8
from handgrad.errors import InputError, UsageError
from handgrad.labs.predict import FORMS, load_reader, predict, read_digit


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the lab on the embedded digits, and some of its test images as pictures."""
    folder = tmp_path_factory.mktemp("predict")
    assert main(["run", "digits", "--out", str(folder / "run"), "--quiet", "--json", "--epochs", "20"]) == 0
    digits = load_digits_8x8(0)
    files = []
    for k in range(30):
        image = 255 - np.kron(digits.x_test[k].reshape(8, 8), np.ones((1, 1))) * 255
        path = folder / f"{k}.png"
        Image.fromarray(image.astype(np.uint8)).save(path)
        files.append(str(path))
    return str(folder / "run"), files, digits


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made_run(name, lab="digits", data="digits", network=None):
    """A run folder, written by hand."""
    folder = Path(name)
    folder.mkdir()
    (folder / "config.toml").write_text(f'lab = "{lab}"\n\n[settings]\ndata = "{data}"\n')
    if network is not None:
        network.save(folder / "model.safetensors")
    return name


def drawn(name="one.png", side=100):
    page = np.full((side, side), 250, np.uint8)
    page[20:80, 45:52] = 30
    Image.fromarray(page).save(name)
    return name


def test_pictures_of_what_was_learned_are_read(trained):
    run, files, digits = trained
    found = predict(run, files)
    assert found.errors == []
    reader = load_reader(run)
    said = reader.network.predict(digits.x_test[:30], engine="numpy")
    np.testing.assert_allclose([each.probabilities for each in found.answers], said, atol=0.02)
    right = np.mean([each.digit == t for each, t in zip(found.answers, digits.t_test, strict=False)])
    assert right > 0.9
    np.testing.assert_allclose(found.answers[3].image, digits.x_test[3].reshape(8, 8), atol=0.01)


def test_a_network_of_mnist_is_shown_28_by_28():
    network = hg.Sequential([hg.Dense(10)], input_shape=784, loss=hg.SoftmaxCrossEntropy())
    answer = read_digit(load_reader(made_run("run", data="mnist", network=network)), drawn())
    assert answer.image.shape == (28, 28)
    assert np.flatnonzero(answer.image.any(axis=1)).size == 20
    expected = network.predict(answer.image.reshape(1, 784), engine="numpy")[0]
    np.testing.assert_allclose(answer.probabilities, expected, rtol=1e-6)


def test_table_and_json_say_the_same(trained, capsys):
    run, files, _ = trained
    assert main(["predict", run, *files[:3]]) == 0
    table, err = capsys.readouterr()
    assert err == ""
    assert main(["predict", run, *files[:3], "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["run"], document["lab"], document["data"], document["errors"]) == (run, "digits", "digits", [])
    rows = [line.split() for line in table.splitlines()[4:]]
    for row, said in zip(rows, document["predictions"], strict=True):
        assert row[:2] == [said["file"], str(said["digit"])]
        assert [float(cell) for cell in row[2:]] == pytest.approx([100 * p for p in said["probabilities"]], abs=0.0501)
        assert said["probability"] == max(said["probabilities"])
        assert sum(said["probabilities"]) == pytest.approx(1)


def test_what_cannot_be_read_is_told_and_the_rest_is_read(trained, capsys):
    run, files, _ = trained
    Image.new("L", (90, 90), 200).save("blank.png")
    Path("text.png").write_text("none")
    assert main(["predict", run, "text.png", files[0], "blank.png", "none.png", "--json"]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [each["file"] for each in document["predictions"]] == [files[0]]
    assert [each["file"] for each in document["errors"]] == ["text.png", "blank.png", "none.png"]
    assert err.splitlines() == [f"handgrad: {each['error']}" for each in document["errors"]]
    assert (
        document["errors"][1]["error"] == "blank.png is blank, or nothing but noise: nothing stands out from the paper"
    )
    assert main(["predict", run, "blank.png"]) == 1
    assert capsys.readouterr().out == ""


def test_the_figure_is_written_where_it_is_asked_for(trained):
    run, files, _ = trained
    assert main(["predict", run, files[0], "--figure", "said.svg"]) == 0
    assert Path("said.svg").read_bytes().startswith(b"<?xml")
    Path("folder").mkdir()
    assert main(["predict", run, files[0], "--figure", "folder"]) == 2


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda: None, "'run' does not exist, expected the folder of a run of digits"),
        (lambda: Path("run").write_text(""), "'run' is a file, expected the folder of a run"),
        (lambda: Path("run").mkdir(), "run holds no config.toml, expected the folder of a run"),
        (lambda: made_run("run"), "run holds no model.safetensors, expected the folder of a run"),
        (
            lambda: made_run("run", lab="points"),
            "run is a run of the lab points, expected the folder of",
        ),
        (lambda: made_run("run", data="letters"), "says that the data are 'letters', expected one of digits, mnist"),
        (lambda: made_run("run", network=network(784, 10)), "reads 784 and answers 10 numbers, expected 64 and 10"),
        (lambda: made_run("run", network=network(64, 3)), "reads 64 and answers 3 numbers, expected 64 and 10"),
    ],
)
def test_what_is_no_run_of_digits_is_refused(prepare, message):
    prepare()
    with pytest.raises(InputError) as caught:
        predict("run", [drawn()])
    assert message in str(caught.value)


def test_settings_that_are_no_toml_are_refused():
    made_run("run")
    Path("run/config.toml").write_text("lab = ")
    with pytest.raises(InputError, match="config.toml cannot be read"):
        predict("run", [drawn()])


def network(inputs, outputs):
    return hg.Sequential([hg.Dense(outputs)], input_shape=inputs, loss=hg.SoftmaxCrossEntropy())


def test_no_picture_is_a_slip_of_usage(trained):
    with pytest.raises(UsageError, match="no picture was named; for example: handgrad predict"):
        predict(trained[0], [])
    assert main(["predict"]) == 2


def test_every_form_makes_what_its_network_takes():
    page = np.zeros((60, 60))
    page[10:50, 28:33] = 1
    for form in FORMS.values():
        assert form.scale(form.make(page)).shape == form.shape
