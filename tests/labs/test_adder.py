"""The lab adder: settings, training, tests of the trained network, document."""

import json
from dataclasses import replace

import numpy as np
import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.data.sums import random_sums
from handgrad.errors import Diverged, UsageError
from handgrad.figures.style import to_svg
from handgrad.labs import adder_results, adder_training
from handgrad.labs.adder import STUDIES, AdderPlan, AdderSettings, run
from handgrad.labs.adder_basic import Examined, flow_epochs, published_adder
from handgrad.labs.adder_exact import exhaustive_test
from handgrad.labs.adder_state import CarryUnits
from handgrad.labs.adder_training import TrainedAdder, answers, build_network, train
from handgrad.labs.published import ADDER
from reporters import Log, drawn_here_alone

SMALL = AdderPlan(bits=4, hidden=5, epochs=3, sequences=120)


@pytest.fixture(scope="module")
def trained():
    """With the defaults, seed 0, as the report trains."""
    return train(AdderPlan(epochs=6), Log())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bits": 0}, "bits is 0, expected a whole number from 2 .* to 53"),
        ({"bits": 1}, "bits is 1, expected a whole number from 2"),
        ({"bits": -8}, "bits is -8"),
        ({"bits": 54}, "bits is 54, expected .* to 53 \\(a longer sum is not exact as a number\\)"),
        ({"bits": 2.5}, "bits is 2.5"),
        ({"hidden": 0}, "hidden is 0, expected a whole number of at least 1 and at most 4,096"),
        ({"hidden": 100_000}, "hidden is 100,000, expected a whole number of at least 1 and at most 4,096"),
        ({"epochs": 0}, "epochs is 0"),
        ({"sequences": -1}, "sequences is -1"),
        ({"sequences": 10**7}, "sequences is 10,000,000, expected"),
        ({"rate": 0.0}, "rate is 0.0, expected a finite number above 0"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"rate": -0.01}, "rate is -0.01"),
        ({"seed": -1}, "seed is -1"),
        ({"engine": "gpu"}, "engine is 'gpu', expected one of compiled, numpy"),
        ({"ask": True, "study": "clipping"}, "--ask was given with --study clipping"),
    ],
)
def test_settings_that_no_training_could_use_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        AdderSettings(**settings)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--bits 0", "bits is 0, expected a whole number from 2"),
        ("--bits 8.5", "--bits is '8.5', expected a whole number"),
        ("--bits many", "--bits is 'many', expected a whole number"),
        ("--study nothing", "study is 'nothing', expected one of gradient-flow, sequence-length, clipping"),
        ("--study clipping --rate 0.1", "--study clipping chooses rate itself, but --rate was given; leave it out"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(line, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "adder", *line.split()]) == 2
    out, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""
    assert list(tmp_path.glob("runs/*")) == []


def test_what_is_not_given_follows_from_what_is_run():
    assert AdderSettings().plan() == AdderPlan()
    assert AdderSettings(bits=5, seed=3).plan(bits=32, epochs=2) == AdderPlan(bits=5, epochs=2, seed=3)


def test_the_network_is_the_reports():
    network = build_network(AdderPlan(seed=5))
    sizes = {name: array.shape for name, array in network.parameters.items()}
    assert sizes == {"0.W": (16, 16), "0.U": (16, 2), "0.b": (16,), "1.W": (2, 16), "1.b": (2,)}
    assert network.loss == hg.SoftmaxCrossEntropy()
    W = build_network(AdderPlan(gain=3.0)).parameters["0.W"].astype(float)
    np.testing.assert_allclose(W @ W.T, 9 * np.eye(16), atol=1e-5)


def test_an_epoch_is_measured_before_it_is_learned_from():
    plan = replace(SMALL, epochs=1, sequences=adder_training.PIECE)  # one piece: answered by the untrained network
    log = Log()
    trained = train(plan, log)
    sums = random_sums(plan.sequences, plan.bits, np.random.default_rng([plan.seed, adder_training._DATA]))
    untrained = build_network(plan)
    wrong = answers(untrained, sums.x) != sums.t
    (row,) = trained.rows
    assert row.error == pytest.approx(wrong.mean())
    assert row.accuracy == pytest.approx(np.mean([not any(each) for each in wrong]))
    assert 0 < row.error < 1
    untrained.fit(sums.x, sums.t, epochs=1, batch_size=1, optimizer=hg.SGD(plan.rate), shuffle=False)
    np.testing.assert_array_equal(trained.network.parameters.flat, untrained.parameters.flat)
    assert row.loss == pytest.approx(untrained.history["loss"][0])


def test_pieces_do_not_change_what_is_learned(monkeypatch):
    whole = train(SMALL, Log())
    monkeypatch.setattr(adder_training, "PIECE", 7)
    np.testing.assert_array_equal(train(SMALL, Log()).network.parameters.flat, whole.network.parameters.flat)


def test_both_engines_learn_the_same():
    plan = replace(SMALL, epochs=1)
    a, b = (train(replace(plan, engine=name), Log()).network.parameters.flat for name in ("compiled", "numpy"))
    np.testing.assert_allclose(a, b, atol=1e-4)
    assert not np.array_equal(b, build_network(plan).parameters.flat)


def test_it_stops_when_asked(trained):
    perfect = trained.epochs_to_perfect
    log = Log()
    stopped = train(AdderPlan(stop_when_perfect=True), log)
    assert len(stopped.rows) == perfect == log.steps[-1][0] < len(trained.rows)
    np.testing.assert_array_equal(stopped.network.parameters.flat, trained.snapshots[perfect])
    assert [record["epoch"] for record in log.records] == list(range(1, perfect + 1))


def test_snapshots_are_the_network_after_each_epoch():
    seen = []
    trained = train(SMALL, Log(), after=lambda network, row: seen.append(network.parameters.flat.copy()))
    np.testing.assert_array_equal(trained.at(0).parameters.flat, build_network(SMALL).parameters.flat)
    for epoch in (1, 2, 3):
        np.testing.assert_array_equal(trained.at(epoch).parameters.flat, seen[epoch - 1])


def test_ctrl_c_keeps_what_was_learned():
    def interrupt(network, row):
        if row.epoch == 2:
            raise KeyboardInterrupt

    trained = train(SMALL, Log(), after=interrupt)
    assert trained.interrupted
    assert len(trained.rows) == 2


def test_with_the_defaults_it_is_perfect_by_the_published_epoch(trained):
    assert trained.epochs_to_perfect <= ADDER.epochs_to_perfect == 6
    found = exhaustive_test(trained.network, 8)
    assert (found.pairs, found.right, found.accuracy, found.wrong) == (16_384, 16_384, 1.0, ())


def test_the_published_training_stands_beside_the_reports_settings_alone():
    assert published_adder(AdderPlan(epochs=3, seed=9)) is ADDER
    assert published_adder(AdderPlan(bits=9)) is None
    assert published_adder(AdderPlan(rate=0.02)) is None
    assert ADDER.pairs == 16_129 == 128**2 - 255
    assert ADDER.row(5).accuracy == 0.719
    assert ADDER.row(9) is None


def test_gradients_are_looked_at_before_during_and_after():
    assert flow_epochs(TrainedAdder(SMALL, None)) == [0]
    rows = train(replace(SMALL, epochs=2), Log()).rows
    assert flow_epochs(TrainedAdder(SMALL, None, rows=rows)) == [0, 1, 2]
    perfect = [replace(rows[0], epoch=k, accuracy=float(k >= 6)) for k in range(1, 11)]
    assert flow_epochs(TrainedAdder(SMALL, None, rows=perfect)) == [0, 3, 10]


def test_the_document_has_what_was_promised():
    document = run(AdderSettings(epochs=4), Log()).document
    promised = {"accuracy", "epochs_to_perfect", "exhaustive_accuracy", "exhaustive_pairs", "length_accuracy"}
    assert promised | {"train_seconds"} <= document.keys()
    assert document["accuracy"] == document["exhaustive_accuracy"] == 1
    assert document["exhaustive_pairs"] == 16_384
    assert document["length_accuracy"] == dict.fromkeys(["8", "16", "64", "256", "1000"], 1.0)
    assert document["published"]["exhaustive_pairs"] == 16_129
    assert [flow["epoch"] for flow in document["gradient_flow"]] == [0, 1, 4]
    assert document["train_seconds"] > 0


def test_a_run_writes_its_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = "run adder --bits 5 --hidden 6 --epochs 2 --sequences 60 --json --quiet --out here"
    assert main(line.split()) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["length_accuracy"].keys() == {"5", "16", "64", "256", "1000"}
    assert document["published"] is None
    assert document["settings"]["stop_when_perfect"] is False
    figures = {path.stem for path in (tmp_path / "here" / "figures").iterdir()}
    assert figures == {"curves", "addition", "carry", "lengths", "gradient-flow"}
    network = hg.load(tmp_path / "here" / "model.safetensors")
    assert network.input_shape == (5, 2)
    page = (tmp_path / "here" / "report.html").read_text(encoding="utf-8")
    assert all(text.split(" ")[0] in page for text in document["findings"])


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_divergence_is_told_and_reported():
    settings = AdderSettings(bits=3, hidden=4, sequences=60, epochs=5, rate=1e38, ask=True)
    result = run(settings, Log())
    assert result.error == (
        "training diverged in epoch 1: the loss is no longer a finite number at learning rate 1e+38; the "
        "parameters are those from before training; try --rate 0.01"
    )
    assert result.document["epochs"] == 0
    assert result.document["asked"] == []
    np.testing.assert_array_equal(result.network.parameters.flat, build_network(settings.plan()).parameters.flat)
    assert (result.tables, result.pictures) == ([], [])
    assert result.findings == ["No epoch was finished, so the network was not tested."]


def test_a_later_divergence_leaves_the_last_whole_epoch(monkeypatch):
    fit, calls = hg.Sequential.fit, []

    def failing(network, *arguments, **options):
        calls.append(network)
        history = fit(network, *arguments, **options)
        if len(calls) == 4:  # the second piece of the second epoch
            raise Diverged("far off")
        return history

    monkeypatch.setattr(hg.Sequential, "fit", failing)
    result = run(AdderSettings(bits=3, hidden=4, sequences=2 * adder_training.PIECE, epochs=5), Log())
    assert "training diverged in epoch 2" in result.error
    assert "the parameters are those after epoch 1; try --rate 0.001" in result.error
    assert "What follows is about the network after epoch 1." in result.findings[0]
    assert result.document["epochs"] == 1
    whole = train(AdderPlan(bits=3, hidden=4, sequences=2 * adder_training.PIECE, epochs=1), Log())
    np.testing.assert_array_equal(result.network.parameters.flat, whole.network.parameters.flat)
    for picture in result.pictures:
        assert to_svg(picture.figure).startswith(b"<?xml")
    assert drawn_here_alone(result) == []


def test_ctrl_c_before_the_first_epoch_is_a_result(monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(hg.Sequential, "fit", interrupt)
    result = run(AdderSettings(bits=3), Log())
    assert result.interrupted
    assert result.document["accuracy"] is None
    assert result.findings[0] == "Training was interrupted after epoch 0 of 15."
    assert "No epoch was finished" in result.findings[1]


def test_studies_are_those_that_are_named():
    from handgrad.labs.adder_studies import STUDIES as FOUND

    assert tuple(FOUND) == STUDIES


@pytest.mark.parametrize(
    ("correlations", "sentence"),
    [
        ([0.1472], "The hidden unit goes with the carry at r = 0.147. "),
        ([0.1, -0.2], "None of 2 hidden units goes with the carry at |r| of at least 0.5, most of all unit 2"),
        ([0.9, -0.2], "1 of 2 hidden units goes with"),
        ([0.9, -0.6], "2 of 2 hidden units go with"),
    ],
)
def test_the_carry_in_a_sentence(correlations, sentence):
    carry = CarryUnits(np.array(correlations), np.zeros(len(correlations)), 0.75, 0.571)
    text = adder_results._carry(Examined(carry=carry))
    assert text.startswith(sentence)
    assert text.endswith("at 75 % of steps; always guessing the more frequent carry is right at 57.1 %.")


def test_one_is_one():
    result = run(AdderSettings(bits=3, hidden=1, epochs=1, sequences=50), Log())
    assert "1 tanh unit," in result.tables[0].title
    assert "for 1 epoch," in result.findings[0]
