"""``handgrad sample``: poems by a trained network."""

import json
import re
from pathlib import Path

import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.data.vocabulary import TAGS, Vocabulary
from handgrad.errors import InputError, UsageError
from handgrad.labs.sample import load_writer, sample
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form

VOCABULARY = Vocabulary(tuple("，。山水日月紅爲花？；"))


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made_run(name="run", lab="poems", vocabulary=VOCABULARY, entries=None):
    """A run folder, written by hand; the network is not trained."""
    folder = Path(name)
    folder.mkdir()
    (folder / "config.toml").write_text(f'lab = "{lab}"\n')
    entries = entries or len(VOCABULARY)
    layers = [hg.Embedding(entries, 5), hg.LSTM(7), hg.Dense(entries)]
    network = hg.Sequential(layers, input_shape=(9,), loss=hg.SoftmaxCrossEntropy(mean="tokens"), seed=1)
    network.save(folder / "model.safetensors")
    (folder / "vocabulary.json").write_text(vocabulary.to_json(), encoding="utf-8")
    return name


def test_starts_counts_and_seeds():
    run = made_run()
    found = sample(run, starts="山、日，月 水", count=2, seed=4)
    assert [each.given for each in found.asked] == ["山", "山", "日，月", "日，月", "水", "水"]
    assert all(poem.text.startswith(asked.written) for asked, poem in zip(found.asked, found.poems, strict=True))
    assert sample(run, starts="山、日，月 水", count=2, seed=4).poems == found.poems
    assert sample(run, starts="山、日，月 水", count=2, seed=5).poems != found.poems
    assert len({poem.text for poem in sample(run, count=8).poems}) > 4


def test_it_is_the_trained_network_that_writes():
    run = made_run()
    network = load_writer(run).network
    bias = network.parameters["2.b"]
    bias[...] = -50
    bias[VOCABULARY.index["花"]] = 50
    network.save(Path(run, "model.safetensors"))
    [poem] = sample(run, starts="山", form=Form(length=6)).poems
    assert poem.text == "山花花花花花"
    assert not poem.finished
    [poem] = sample(run, form=Form(2, 3), choice=Choice(greedy=True)).poems
    assert re.fullmatch("花花花.花花花[。？]", poem.text)


def test_the_state_goes_on_from_character_to_character():
    run = made_run()
    writer = load_writer(run)
    [poem] = sample(run, starts="山", choice=Choice(greedy=True), form=Form(length=8)).poems
    x = VOCABULARY.sequences([poem.text[:8]], steps=9).x
    logits = writer.network.outputs(x, engine="numpy")[0]
    allowed = [k for k in range(len(VOCABULARY)) if k >= len(TAGS) or k == 2]
    for place in range(1, len(poem.text)):
        best = max(allowed, key=lambda token: logits[place][token])
        assert VOCABULARY.name(best) == poem.text[place]


def test_a_form_that_the_corpus_knows_is_taken():
    run = made_run()
    found = sample(run, starts="红、为山", acrostic=None)
    assert [(each.given, each.written) for each in found.asked] == [("红", "紅"), ("为山", "爲山")]
    assert found.poems[0].text.startswith("紅")
    assert found.notes() == [
        "红 is not in the vocabulary, which writes it 紅",
        "为 is not in the vocabulary, which writes it 爲",
    ]
    found = sample(run, acrostic="日红", form=Form(line_length=2))
    assert re.fullmatch("日..紅.[。？]", found.poems[0].text)
    assert found.document()["acrostic"] == "日紅"


def test_the_commands_output(capsys):
    run = made_run()
    assert main(["sample", run, "--start", "红、山", "--count", "2", "--lines", "4", "--line-length", "3"]) == 0
    out, err = capsys.readouterr()
    poems = out.strip().split("\n\n")
    assert len(poems) == 4
    for poem in poems:
        assert re.fullmatch("([^，。？；]{3}[，。？；]){4}", poem.replace("\n", ""))
    assert err == "红 is not in the vocabulary, which writes it 紅\n"
    options = [
        "--start",
        "山",
        "--temperature",
        "0.5",
        "--top-k",
        "5",
        "--top-p",
        "0.9",
        "--seed",
        "3",
        "--length",
        "5",
    ]
    assert main(["sample", run, *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["run"], document["seed"], document["acrostic"]) == (run, 3, None)
    [poem] = document["poems"]
    assert set(poem) == {"start", "written", "text", "finished", "perplexity"}
    assert len(poem["text"]) <= 5
    assert main(["sample", run, "--count", "20", "--length", "2", "--seed", "1"]) == 0
    assert re.fullmatch(r"\d+ of 20 were cut at --length 2\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", "0"], "--temperature is 0.0, expected a finite number above 0"),
        (["--temperature", "-1"], "--temperature is -1.0, expected a finite number above 0"),
        (["--top-p", "0"], "--top-p is 0.0, expected a number above 0, at most 1"),
        (["--top-p", "1.01"], "--top-p is 1.01, expected a number above 0, at most 1"),
        (["--top-k", "0"], "--top-k is 0, expected a whole number of at least 1"),
        (["--lines", "0"], "--lines is 0, expected a whole number of at least 1"),
        (["--line-length", "-2"], "--line-length is -2, expected a whole number of at least 1"),
        (["--length", "0"], "--length is 0, expected a whole number of at least 1"),
        (["--count", "0"], "--count is 0, expected a whole number from 1 to 10,000"),
        (["--count", "10001"], "--count is 10,001, expected a whole number from 1 to 10,000"),
        (["--seed", "-1"], "seed is -1, expected a whole number of at least 0"),
        (["--greedy", "--count", "5"], "--greedy always writes the same poem, but --count is 5; leave one out"),
        (["--greedy", "--top-p", "0.5"], "--greedy takes the most probable character, but --top-p was given"),
        (["--start", "山", "--acrostic", "日月"], "both --start and --acrostic were given"),
        (["--acrostic", "日月", "--lines", "3"], "--acrostic has 2 characters, a line for each, but --lines is 3"),
        (["--acrostic", " "], "--acrostic is empty, expected a character for each line"),
        (
            ["--acrostic", "日，月"],
            "--acrostic is '日，月', and no line begins with '，'; expected the characters alone",
        ),
        (["--acrostic", "日 月"], "--acrostic is '日 月', and no line begins with ' '"),
        (["--start", "、 ,"], "--start is empty, expected a character or several"),
        (
            ["--start", "山水日", "--line-length", "2"],
            "--start 山水日 has a line of length 3, but --line-length is 2",
        ),
    ],
)
def test_options_that_cannot_be(options, message, capsys):
    assert main(["sample", made_run(), *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"handgrad: {message}")
    assert err.count("\n") == 1


def test_a_start_that_is_in_no_form_in_the_vocabulary(capsys):
    run = made_run()
    assert main(["sample", run, "--start", "山☃"]) == 1
    assert capsys.readouterr().err == (
        "handgrad: ☃ of --start 山☃ is not in the vocabulary of run, in no form; it has 11 characters, for example "
        "，。山水日月紅爲花\n"
    )
    with pytest.raises(InputError, match="湖、海 of --acrostic 湖海 are not in the vocabulary"):
        sample(run, acrostic="湖海")


def test_another_vocabulary_and_lines():
    run = made_run(vocabulary=Vocabulary(tuple("abcdefghijk")))
    assert sample(run, starts="ab").poems[0].text.startswith("ab")
    with pytest.raises(
        InputError, match="lines end with marks such as ， and 。, which the vocabulary of this run does"
    ):
        sample(run, form=Form(lines=2))


def without_network(status):
    Path(made_run(), "model.safetensors").unlink()
    Path("run/run.json").write_text(json.dumps({"status": status}))


@pytest.mark.parametrize(
    ("status", "verb"), [("failed", "failed"), ("interrupted", "was interrupted"), ("finished", "")]
)
def test_a_run_that_did_not_come_to_its_end_is_no_secret(capsys, status, verb):
    Path(made_run(), "run.json").write_text(json.dumps({"status": status}))
    assert main(["sample", "run", "--length", "3", "--seed", "1"]) == 0
    assert (f"run {verb}: this is what it had learned until then" in capsys.readouterr().err) == bool(verb)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda: None, "'run' does not exist, expected the folder of a run of poems"),
        (lambda: Path("run").write_text(""), "'run' is a file, expected the folder of a run of poems"),
        (lambda: Path("run").mkdir(), "run holds no config.toml, expected the folder of a run"),
        (lambda: made_run(lab="digits"), "run is a run of the lab digits, expected the folder of a run of poems"),
        (lambda: Path(made_run(), "config.toml").write_text("= 7"), "config.toml cannot be read"),
        (
            lambda: Path(made_run(), "model.safetensors").unlink(),
            "run holds no model.safetensors, expected the folder of a run of poems that came to its end$",
        ),
        (lambda: without_network("unfinished"), "that came to its end; to bring it there: handgrad resume run"),
        (lambda: without_network("finished"), "that came to its end; a study keeps no network"),
        (lambda: Path(made_run(), "vocabulary.json").unlink(), "run holds no vocabulary.json"),
        (lambda: Path(made_run(), "vocabulary.json").write_bytes(b"\xff"), "vocabulary.json cannot be read"),
        (lambda: Path(made_run(), "vocabulary.json").write_text("[]"), "vocabulary.json is not a vocabulary that"),
        (lambda: Path(made_run(), "model.safetensors").write_text(""), "model.safetensors is not a readable"),
        (lambda: made_run(entries=40), "model.safetensors answers 40 numbers and vocabulary.json has 15 entries"),
    ],
)
def test_folders_that_hold_no_run(prepare, message):
    prepare()
    with pytest.raises(InputError, match=message):
        sample("run")


def test_a_name_that_cannot_be(capsys):
    with pytest.raises(InputError, match="does not exist"):
        sample("a\0b")
    with pytest.raises(UsageError, match="--count is 2.5"):
        sample("run", count=2.5)
