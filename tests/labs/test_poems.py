"""The lab poems."""

import json
import math
import signal
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.data.vocabulary import PAD, START, Vocabulary
from handgrad.errors import InputError, UsageError
from handgrad.labs.poems import PoemsSettings, named_optimizer, run
from handgrad.labs.poems_baselines import baselines
from handgrad.labs.poems_habits import regular_length
from handgrad.labs.poems_studies.initialization import distinct_units, effective_rank
from handgrad.labs.poems_training import build_network, cross_entropy, duration, load, perplexity
from handgrad.labs.published import POEMS
from handgrad.labs.run_folder import json_text
from reporters import Log, drawn_here_alone
from verses import folder_of, poem

SMALL = {"embedding": 6, "hidden": 8, "batch_size": 16}


@pytest.fixture
def log():
    return Log()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(folder_of(tmp_path_factory.mktemp("tang"), [poem(k) for k in range(70)]))


@pytest.fixture(scope="module")
def default(folder):
    """A short run of the lab."""
    log = Log()
    return run(PoemsSettings(data_dir=folder, epochs=3, patience=3, **SMALL), log), log


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length": 0}, "--length is 0, expected a whole number from 1 to 1,000"),
        ({"length": 1001}, "--length is 1,001, expected a whole number from 1 to 1,000"),
        ({"vocabulary": 5}, "--vocabulary is 5, expected a whole number from 6 to 100,000"),
        ({"embedding": 0}, "--embedding is 0"),
        ({"hidden": 10**6}, "--hidden is 1,000,000, expected a whole number from 1 to 8,192"),
        ({"layers": 9}, "--layers is 9"),
        ({"epochs": 0}, "--epochs is 0"),
        ({"batch_size": -1}, "--batch-size is -1"),
        ({"patience": 0}, "--patience is 0"),
        ({"share": 0.0}, "--share is 0.0, expected a number above 0, at most 1"),
        ({"share": 1.1}, "--share is 1.1"),
        ({"dropout": 1.0}, "--dropout is 1.0, expected a number from 0 to below 1"),
        ({"lr": 0.0}, "--lr is 0.0, expected a finite number above 0"),
        ({"clip_norm": -1.0}, "--clip-norm is -1.0"),
        ({"optimizer": "lion"}, "--optimizer is 'lion', expected one of sgd, momentum, adagrad"),
        ({"engine": "gpu"}, "--engine is 'gpu'"),
        ({"seed": -1}, "seed is -1"),
        ({"text": "a", "data_dir": "b"}, "both --text and --data-dir were given, expected one of them"),
        ({"full": True}, "--full is for a study"),
        ({"full": True, "study": "optimizers", "share": 0.5}, "--full takes all poems, but --share was given"),
    ],
)
def test_settings_that_no_training_could_use_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        PoemsSettings(**settings)


def test_studies_that_do_not_exist_or_choose_themselves(log, folder):
    with pytest.raises(UsageError, match="--study is 'best', expected one of optimizers, initialization"):
        run(PoemsSettings(study="best"), log)
    for given in ({"lr": 0.1}, {"optimizer": "sgd"}):
        with pytest.raises(UsageError, match=f"--study optimizers chooses {next(iter(given))} itself"):
            run(PoemsSettings(study="optimizers", data_dir=folder, **given), log)


def test_the_defaults_are_the_reports():
    plan = PoemsSettings().plan()
    assert (plan.embedding, plan.hidden, plan.layers, plan.batch_size, plan.length) == (128, 256, 1, 256, 50)
    assert (plan.vocabulary, plan.share, plan.patience, plan.epochs) == (3500, 1.0, 1, 10)
    assert isinstance(plan.optimizer, hg.Adam)
    assert named_optimizer("momentum", 0.2) == hg.SGD(0.2, 0.9)
    assert PoemsSettings().plan(share=0.1, epochs=3).share == 0.1
    assert PoemsSettings(study="optimizers", full=True).plan(share=0.1, epochs=3).share == 1.0


def test_the_network(log, folder):
    plan = PoemsSettings(layers=2, dropout=0.25, embedding=5, hidden=7).plan()
    network = build_network(plan, 30, 11)
    assert [layer.kind for layer in network.layers] == [
        "embedding",
        "dropout",
        "lstm",
        "dropout",
        "lstm",
        "dropout",
        "dense",
    ]
    assert network.input_shape == (11,)
    assert network.loss == hg.SoftmaxCrossEntropy(mean="tokens")
    assert [layer.kind for layer in build_network(PoemsSettings().plan(), 30, 11).layers] == [
        "embedding",
        "lstm",
        "dense",
    ]


def test_the_document_has_what_was_asked_for(default):
    result, log = default
    document = json.loads(json_text(result.document))
    assert document["lab"] == "poems"
    assert document["poems_train"] + document["poems_test"] == document["cleaning"]["kept"] == 70
    assert 6 <= document["vocabulary"] <= 60
    for name in ("train_cross_entropy", "test_cross_entropy", "train_perplexity", "test_perplexity"):
        assert len(document[name]) == 3
    np.testing.assert_allclose(np.exp(document["test_cross_entropy"]), document["test_perplexity"])
    assert document["test_cross_entropy"][-1] < math.log(document["vocabulary"])
    assert document["tokens_per_second"] > 0
    assert document["epochs"] == 3
    assert document["cleaning"]["read"] == 70
    assert set(document["baselines"]) == {"unigram", "bigram"}
    assert [each["start"] for each in document["poems"]] == [s for s in POEMS.starts if s in result_vocabulary(result)]
    assert document["settings"]["lr"] == PoemsSettings().plan().optimizer.lr
    assert list(document["settings"]) == [each.name for each in fields(PoemsSettings)]
    assert document["published"]["poems"][0] == "日暮銅雀閣，山川上月華。"
    assert [record["epoch"] for record in log.records] == [1, 2, 3]
    assert log.steps[-1][:2] == (12, 12)


def result_vocabulary(result):
    return Vocabulary.from_json(result.files["vocabulary.json"], "")


def test_what_is_said_and_drawn(default):
    result, log = default
    assert [table.name for table in result.tables] == ["cleaning", "history", "poems"]
    assert [picture.name for picture in result.pictures] == ["curves", "places"]
    assert drawn_here_alone(result) == []
    text = " ".join(result.findings)
    assert "none of which stands on both sides, nor another version of it" in text
    assert "Counting pairs of characters reaches" in text
    lines = [line for line in log.lines if line.startswith("epoch")]
    assert len(lines) == 3
    assert "of test poems" in lines[0]
    assert "tokens/s" in lines[0]
    assert "left" in lines[0]
    samples = log.lines[log.lines.index(lines[0]) + 1]
    assert samples.strip()


def test_the_last_records_are_those_of_the_network_that_is_kept(default):
    result, _ = default
    plan = PoemsSettings(data_dir=result.document["source"], **SMALL).plan()
    material = load(plan, Log())
    kept = result.document["best_epoch"]
    assert cross_entropy(result.network, material.test, "numpy") == pytest.approx(
        result.document["test_cross_entropy"][kept - 1], rel=1e-5
    )
    assert cross_entropy(result.network, material.watched, "numpy") == pytest.approx(
        result.document["train_cross_entropy"][kept - 1], rel=1e-5
    )
    assert not {tuple(row) for row in material.train.x.tolist()} & {tuple(row) for row in material.test.x.tolist()}


def test_training_stops_when_the_test_perplexity_rises_and_keeps_the_best(folder, log):
    settings = PoemsSettings(data_dir=folder, epochs=60, lr=0.1, **SMALL)
    result = run(settings, log)
    losses = result.document["test_cross_entropy"]
    assert result.document["stopped"] == "early"
    assert len(losses) < 60
    assert losses[-1] >= losses[-2]
    assert result.document["best_epoch"] == len(losses) - 1 == int(np.argmin(losses)) + 1
    material = load(settings.plan(), log)
    assert cross_entropy(result.network, material.test, "compiled") == pytest.approx(min(losses), rel=1e-6)
    assert any("stopped because the test perplexity had risen" in text for text in result.findings)


def test_the_same_seed_gives_the_same_network(folder, default):
    again = run(PoemsSettings(data_dir=folder, epochs=3, patience=3, **SMALL), Log())
    assert np.array_equal(again.network.parameters.flat, default[0].network.parameters.flat)
    assert again.document["poems"] == default[0].document["poems"]


def test_ctrl_c_keeps_what_was_learned(folder):
    log = Log(interrupt_after=2)
    result = run(PoemsSettings(data_dir=folder, epochs=9, patience=9, **SMALL), log)
    assert result.interrupted
    assert 2 <= len(result.document["test_perplexity"]) <= 3
    assert result.network is not None
    assert "Training was interrupted after epoch" in result.findings[0]


def test_divergence_is_told(folder, log):
    result = run(PoemsSettings(data_dir=folder, epochs=3, optimizer="sgd", lr=1e30, **SMALL), log)
    assert "diverged" in result.error
    assert np.isfinite(result.network.parameters.flat).all()
    json_text(result.document)


def test_a_text_of_the_users_own(tmp_path, log):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(f"the {a} {b}" for a in ("cat", "dog", "cow", "hen") for b in ("sat", "ran", "ate")))
    result = run(PoemsSettings(text=str(path), epochs=2, **SMALL), log)
    assert result.document["data"] == "mine.txt"
    assert len(result.document["poems"]) == 7
    assert result.document["habits"] is None
    assert [picture.name for picture in result.pictures] == ["curves"]
    assert result.tables[-1].columns == ("start", "ours")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("one line", {}, "holds 1 poem, expected at least 2"),
        ("", {}, "holds nothing to learn from"),
        ("abcab\nbcabc", {"length": 3}, "all 2 poems of .* are longer than 3 characters"),
        ("aaaa\naaa\naa", {}, "no character but 'a' occurs more than once"),
    ],
)
def test_a_text_that_nothing_can_be_learned_from(tmp_path, log, content, options, message):
    path = tmp_path / "mine.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        run(PoemsSettings(text=str(path), **options), log)


def test_baselines_by_hand():
    vocabulary = Vocabulary(("a", "b"))
    train_part, test_part = vocabulary.sequences(["ab", "aa"]), vocabulary.sequences(["b"])
    unigram, bigram = baselines(train_part, test_part, len(vocabulary))
    # of 6 tokens a 3, b 1, <end> 2; 3 different ones; 4 can be predicted
    p = {"a": (3 + 0.75) / 9, "b": (1 + 0.75) / 9, "<end>": (2 + 0.75) / 9}
    assert unigram == pytest.approx(-(math.log(p["b"]) + math.log(p["<end>"])) / 2)
    # behind <start>: a twice, one follower; behind b: <end> once, one follower
    q = ((0 + 1 * p["b"]) / (2 + 1), (1 + 1 * p["<end>"]) / (1 + 1))
    assert bigram == pytest.approx(-(math.log(q[0]) + math.log(q[1])) / 2)
    assert PAD != START


def test_regular_poems():
    assert regular_length("山中有流水，借問不知名。") == 5
    assert regular_length("山中有流水日月，借問不知名水日。") == 7
    for text in (
        "山中有流水，借問不知。",
        "山中有流水，",
        "山中有流水，借問不知名",
        "山中，有流。",
        "",
        "山中有流水。",
    ):
        assert regular_length(text) is None


def test_times_are_told_in_words():
    assert [duration(t) for t in (5, 89, 90, 600, 7200)] == ["5 s", "89 s", "2 min", "10 min", "2.0 h"]
    assert perplexity(0) == 1
    assert perplexity(1e4) == math.inf


def test_distinct_units_and_rank():
    random = np.random.default_rng(0)
    states = random.normal(size=(50, 3))
    assert distinct_units(states[:, [0, 1, 2, 0, 0]]) == 3
    assert distinct_units(np.zeros((50, 4))) == 1
    assert distinct_units(states[:, [0, 0]] * [1, 1.0001]) == 1
    assert distinct_units(states[:, [0, 0]] * [1, 1.1]) == 2
    assert effective_rank(np.zeros((5, 4))) == 0
    assert effective_rank(np.outer(states[:, 0], [1, 2, 3])) == pytest.approx(1, abs=1e-6)
    assert effective_rank(np.linalg.qr(states)[0]) == pytest.approx(3)
    assert effective_rank(np.diag([1e3, 1e-161])) == 1, "a share that is below the smallest number"


@pytest.fixture
def quick(monkeypatch):
    """Studies of few epochs."""
    for study in ("optimizers", "initialization"):
        for name, value in (("SHARE", 1.0), ("EPOCHS", 2), ("BATCH", 16)):
            monkeypatch.setattr(sys.modules[f"handgrad.labs.poems_studies.{study}"], name, value)


def test_the_study_of_optimizers(folder, log, quick):
    result = run(PoemsSettings(study="optimizers", data_dir=folder, embedding=6, hidden=8), log)
    document = json.loads(json_text(result.document))
    names = [each["name"] for each in document["trainings"]]
    assert names == [
        "SGD",
        "momentum",
        "AdaGrad",
        "Adadelta",
        "RMSProp",
        "Adam",
        "AdaGrad, rate 0.01",
        "Adadelta, rate 1",
    ]
    assert all(len(each["test_perplexity"]) == 2 for each in document["trainings"])
    assert set(document["statements"]) == {"adagrad_nearly_stops", "adadelta_stays_high", "adam_is_best"}
    assert len(result.tables[0].rows) == 8
    assert [picture.name for picture in result.pictures] == ["comparison"]
    said = " ".join(result.findings)
    for name, holds in document["statements"].items():
        opening = {
            "adagrad_nearly_stops": "second half",
            "adadelta_stays_high": "stays high",
            "adam_is_best": "the best",
        }
        assert f'{opening[name]}" {"holds" if holds else "does not hold"} here' in said


def test_the_study_of_beginnings(folder, log, quick):
    result = run(PoemsSettings(study="initialization", data_dir=folder, embedding=6, hidden=8), log)
    units = json.loads(json_text(result.document))["units"]
    zeros, equal, drawn = units["zeros"], units["all equal"], units["Xavier"]
    assert zeros["distinct"] == [1, 1, 1]
    assert zeros["effective_rank"] == [0, 0, 0]
    assert zeros["parameters_with_gradient"] == ["2.b"]
    assert equal["distinct"][0] == 1  # later, rounding may tell units apart
    assert equal["effective_rank"][0] == pytest.approx(1, abs=1e-6)
    assert len(equal["parameters_with_gradient"]) == 6
    assert drawn["distinct"] == [8, 8, 8]
    assert min(drawn["effective_rank"]) > 1.5
    trainings = {each["name"]: each for each in result.document["trainings"]}
    assert trainings["zeros"]["test_cross_entropy"][-1] > trainings["Xavier"]["test_cross_entropy"][-1]
    assert [table.name for table in result.tables] == ["comparison", "units"]
    assert [picture.name for picture in result.pictures] == ["units", "comparison"]
    assert "only" not in result.findings[0] or "2.b" in result.findings[0]


def test_a_study_that_is_interrupted_tells_what_there_is(folder, quick):
    log = Log()
    log.metrics = lambda record, line=None: signal.raise_signal(signal.SIGINT) if record["label"] == "AdaGrad" else None
    result = run(PoemsSettings(study="optimizers", data_dir=folder, embedding=6, hidden=8), log)
    assert result.interrupted
    assert [each["name"] for each in result.document["trainings"]] == ["SGD", "momentum"]
    assert "statements" not in result.document


def test_the_command_line(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--data-dir", folder, "--epochs", "1", "--embedding", "6", "--hidden", "8", "--out", "run", "--json"]
    assert main(["run", "poems", *options]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["status"] == "finished"
    assert {"vocabulary", "poems_train", "poems_test", "test_cross_entropy", "test_perplexity"} <= set(document)
    assert "epoch   1" in err
    for name in ("model.safetensors", "vocabulary.json", "metrics.jsonl", "report.html", "figures/curves.svg"):
        assert Path("run", name).is_file()
    assert main(["run", "poems", "--data-dir", "none"]) == 1
    assert "the data folder none does not exist" in capsys.readouterr().err
    assert not Path("runs").exists() or not any(Path("runs").iterdir())
