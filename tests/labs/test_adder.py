"""The lab adder: settings, training, tests of the trained network, document."""

import json
from dataclasses import replace

import numpy as np
import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.data.sums import all_sums, random_sums
from handgrad.errors import UsageError
from handgrad.figures.style import to_svg
from handgrad.labs import adder_exact, adder_training
from handgrad.labs.adder import STUDIES, AdderPlan, AdderSettings, run
from handgrad.labs.adder_basic import flow_epochs, published_adder
from handgrad.labs.adder_exact import AtLength, Memory, at_length, exhaustive_test, memory
from handgrad.labs.adder_results import _by_length, _reason
from handgrad.labs.adder_state import _correlations, _told, carry_units, unrolled
from handgrad.labs.adder_training import TrainedAdder, answers, build_network, lengthened, train
from handgrad.labs.published import ADDER

SMALL = AdderPlan(bits=4, hidden=5, epochs=3, sequences=120)


class Log:
    """A reporter that remembers; ``lines`` are what it is told when it asks."""

    def __init__(self, lines=()):
        self.records, self.steps, self.replies, self.prompts = [], [], [], []
        self.lines = list(lines)

    def say(self, text):
        raise AssertionError(text)

    def metrics(self, record):
        self.records.append(record)

    def progress(self, done, total, text=""):
        self.steps.append((done, total, text))

    def ask(self, prompt):
        self.prompts.append(prompt)
        return self.lines.pop(0) if self.lines else None

    def answer(self, text):
        self.replies.append(text)


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


def test_the_exhaustive_test_counts_every_pair(monkeypatch):
    monkeypatch.setattr(adder_exact, "_CHUNK", 10)
    network = train(SMALL, Log()).network
    sums = all_sums(4)
    wrong = [k for k in range(64) if (answers(network, sums.x[k : k + 1]) != sums.t[k]).any()]
    found = exhaustive_test(network, 4)
    assert (found.pairs, found.right) == (64, 64 - len(wrong))
    assert 0 < len(wrong) < 64
    for k, (a, b, said) in zip(wrong, found.wrong, strict=False):
        assert (a, b) == divmod(k, 8)
        assert said == int(answers(network, sums.x[k : k + 1])[0] @ [1, 2, 4, 8]) != a + b


def test_too_many_pairs_are_not_added():
    assert exhaustive_test(build_network(AdderPlan(bits=11)), 11) is None


def test_the_published_training_stands_beside_the_reports_settings_alone():
    assert published_adder(AdderPlan(epochs=3, seed=9)) is ADDER
    assert published_adder(AdderPlan(bits=9)) is None
    assert published_adder(AdderPlan(rate=0.02)) is None
    assert ADDER.pairs == 16_129 == 128**2 - 255
    assert ADDER.row(5).accuracy == 0.719
    assert ADDER.row(9) is None


def test_a_longer_network_says_the_same(trained):
    sums = random_sums(20, 8, np.random.default_rng(0))
    padded = np.zeros((20, 13, 2), np.float32)
    padded[:, :8] = sums.x
    longer = lengthened(trained.network, 13)
    np.testing.assert_array_equal(longer.outputs(padded)[:, :8], trained.network.outputs(sums.x))
    longer.parameters.flat[...] = 0
    assert trained.network.parameters.flat.any()


def test_margins_and_shares_are_those_of_the_answers(trained):
    weak = trained.at(1)
    rng = np.random.default_rng(4)
    found = at_length(weak, 12, np.random.default_rng(4), count=50)
    longer = lengthened(weak, 12)
    sums = random_sums(50, 12, rng)
    right = (answers(longer, sums.x) == sums.t).all(axis=1).mean()
    assert found.random == pytest.approx(right)
    assert found.margin < 0
    assert not found.exact
    exact = at_length(trained.network, 40, rng, count=50)
    assert exact.exact
    assert exact.margin > 0
    assert exact.accuracy == 1
    states = lengthened(trained.network, 40).activations(random_sums(200, 40, rng).x)[0]
    assert exact.saturated == pytest.approx((np.abs(states) > 0.9).mean(), abs=0.05)


def test_answers_that_are_no_numbers_are_wrong():
    sums = random_sums(3, 4, np.random.default_rng(0))
    logits = np.full((3, 4, 2), np.nan)
    assert (adder_exact._margins(logits, sums) == -np.inf).all()


def test_memory_measures_contraction():
    """Of W = diag(0.5, 1), U = 0 and nearly linear units, one direction fades by a half per column, one stays."""
    network = build_network(AdderPlan(bits=4, hidden=2))
    network.parameters["0.W"][...] = np.diag([0.5, 1])
    network.parameters["0.U"][...] = 1e-4 * np.array([[1, 1], [0, 0]])
    found = memory(network, 0, columns=12)
    assert found.forgetting == pytest.approx(0.5, rel=1e-3)
    network.parameters["0.W"][...] = np.diag([1, 1])
    found = memory(network, 0, columns=12)
    assert found.forgetting == pytest.approx(1, rel=1e-3)
    assert found.kept == pytest.approx(1, rel=1e-3)


def test_a_trained_adder_forgets_all_but_the_carry(trained):
    found = memory(trained.network, 0)
    assert found.forgetting < 0.9
    assert found.other[-1] > 100 * found.same[-1]


def test_one_addition_step_by_step(trained):
    found = unrolled(trained.network, 111, 127, 8)
    assert (found.number, found.right) == (238, True)
    assert found.h.shape == (16, 8)
    np.testing.assert_array_equal(found.p > 0.5, found.said == 1)
    h = np.tanh(trained.network.parameters["0.U"] @ [1, 1] + trained.network.parameters["0.b"])
    np.testing.assert_allclose(found.h[:, 0], h, atol=1e-5)
    assert not unrolled(build_network(AdderPlan()), 111, 127, 8).right


def test_correlations_are_pearsons():
    rng = np.random.default_rng(0)
    h, y = rng.normal(size=(50, 3)), rng.integers(0, 2, 50).astype(float)
    h[:, 2] = 0.25
    np.testing.assert_allclose(_correlations(h, y)[:2], [np.corrcoef(h[:, k], y)[0, 1] for k in (0, 1)])
    assert _correlations(h, y)[2] == 0


@pytest.mark.parametrize(
    ("h", "carry", "share"),
    [
        ([0.1, 0.9, 0.2, 0.8], [0, 1, 0, 1], 1),
        ([0.1, 0.9, 0.2, 0.8], [1, 0, 1, 0], 1),
        ([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], 0.75),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 0], 0.75),
    ],
)
def test_what_one_threshold_tells(h, carry, share):
    assert _told(np.array(h), np.array(carry, float)) == share


def test_units_go_with_the_carry_after_training_only(trained):
    after = carry_units(trained.network, 8, 0)
    assert abs(after.carry[after.best]) > 0.8
    assert after.told > after.most + 0.2
    assert carry_units(build_network(AdderPlan()), 8, 0).told < after.told


def at(bits, random, chains, margins):
    return AtLength(bits, 100, random, chains, np.array(margins, float), 0.2)


def test_findings_say_what_the_numbers_say():
    good = [at(2, 1, 1, [5, 4]), at(3, 1, 1, [5, 4, 3])]
    assert "exact on every sum tried of 2 and 3 bits" in _by_length(good, 2)
    assert "margin of a right bit stays: 4 in sums of 2 bits, 3 in those of 3" in _by_length(good, 2)
    fading = [at(2, 1, 1, [5, 4]), at(3, 1, 1, [5, 4, 1])]
    assert "margin of a right bit shrinks" in _by_length(fading, 2)
    bad = [at(2, 1, 1, [5, 4]), at(3, 0.5, 1, [5, -4, 1])]
    text = _by_length(bad, 2)
    assert (
        "exact on sums of 2 bits; right are 75 % at 3 bits. In sums of 3 bits the first wrong bit is at step 2" in text
    )
    assert "margin" not in text
    keeps, loses = Memory(np.array([1, 0.01]), np.array([2.0, 1.9])), Memory(np.array([1, 0.01]), np.array([2.0, 0.02]))
    assert "a memory that does not depend on the length" in _reason(keeps, good, 2)
    assert "does not prevent the wrong answers" in _reason(keeps, bad, 2)
    assert "does not keep the carries apart" in _reason(loses, good, 2)


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
    result = run(AdderSettings(bits=3, hidden=4, sequences=60, epochs=5, rate=1e38), Log())
    assert "training diverged" in result.error
    assert result.document["epochs"] < 5
    for picture in result.pictures:
        assert to_svg(picture.figure).startswith(b"<?xml")


def test_ctrl_c_before_the_first_epoch_is_a_result(monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(hg.Sequential, "fit", interrupt)
    result = run(AdderSettings(bits=3), Log())
    assert result.interrupted
    assert result.document["accuracy"] is None
    assert result.findings[0] == "Training was interrupted after epoch 0 of 15."


def test_studies_are_those_that_are_named():
    from handgrad.labs.adder_studies import STUDIES as FOUND

    assert tuple(FOUND) == STUDIES
