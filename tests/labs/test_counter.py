"""The lab ``counter``: settings, and what a run hands back."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from handgrad.cli import main
from handgrad.data.counting import random_sequences
from handgrad.errors import InputError, UsageError
from handgrad.figures.style import to_svg
from handgrad.labs import counter_basic
from handgrad.labs.counter import METHODS, CounterSettings, run, training_sequences
from handgrad.labs.counter_directions import count
from reporters import Log, drawn_here_alone


@pytest.fixture
def log():
    return Log()


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def small(**given):
    return CounterSettings(**{"iterations": 40, "test_sequences": 50, "engine": "numpy"} | given)


def text_of(result):
    return " ".join(result.findings)


class TestSettings:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"length": 0}, "length is 0, expected a whole number of at least 1"),
            ({"length": -5}, "length is -5"),
            ({"sequences": 0}, "sequences is 0"),
            ({"iterations": 0}, "iterations is 0"),
            ({"method": "third"}, "method is 'third', expected one of exact, published-1, published-2"),
            ({"setting": "wild"}, "setting is 'wild', expected one of robust, published"),
            ({"scale": "wide"}, "scale is 'wide', expected one of length, shared, none"),
            ({"engine": "gpu"}, "engine is 'gpu'"),
            ({"rate": 0.0}, "rate is 0.0, expected a finite number above 0"),
            ({"rate": float("nan")}, "rate is nan"),
            ({"clip": -1.0}, "clip is -1.0, expected a finite number, 0 or above"),
            ({"momentum": 1.0}, "momentum is 1.0, expected a number from 0 to below 1"),
            ({"start": (1.5,)}, "--start is 1.5, expected two numbers"),
            ({"log_every": 0}, "--log-every is 0, expected"),
            ({"start": (1.0, float("inf"))}, "w_x of --start is inf, expected a finite number"),
            ({"seed": -1}, "seed is -1, expected a whole number of at least 0"),
            ({"lengths": (5, 0), "study": "length"}, "a length of --lengths is 0"),
            ({"lengths": (5,)}, "--lengths was given, which belongs to --study length"),
            ({"seeds": 3}, "--seeds was given, which belongs to --study length"),
            ({"length": 10**6, "sequences": 1000}, "sequences is 1,000, and the length 1,000,000"),
        ],
    )
    def test_values_that_no_training_could_use(self, given, message):
        with pytest.raises(UsageError, match=re.escape(message)):
            CounterSettings(**given)

    def test_the_published_setting_is_the_reports(self):
        plan = CounterSettings(setting="published").plan()
        assert (plan.length, plan.sequences, plan.iterations) == (5, 4, 1000)
        assert (plan.rule.rate, plan.rule.scale, plan.rule.clip, plan.rule.momentum) == (0.001, "none", 0, 0)
        assert CounterSettings(setting="published", rate=0.01).plan().rule.rate == 0.01

    def test_sizes_come_from_the_file_and_must_fit_it(self):
        Path("bits.txt").write_text("0,1,1\n1,0,0\n", encoding="utf-8")
        plan, sequences = training_sequences(CounterSettings(data="bits.txt"))
        assert (plan.length, plan.sequences) == (3, 2)
        assert sequences.x[:, 0].tolist() == [0, 1, 1]
        assert training_sequences(CounterSettings(data="bits.txt", length=3))[0] == plan
        with pytest.raises(UsageError, match="--length is 4, but in bits.txt it is 3"):
            training_sequences(CounterSettings(data="bits.txt", length=4))
        with pytest.raises(UsageError, match="--sequences is 4, but in bits.txt it is 2"):
            training_sequences(CounterSettings(data="bits.txt", sequences=4))
        Path("bits.txt").write_text("0,1,nan\n", encoding="utf-8")
        with pytest.raises(InputError, match="bits.txt, line 1 holds 'nan' in place 3, expected 0 or 1"):
            training_sequences(CounterSettings(data="bits.txt"))

    def test_an_unknown_study(self, log):
        with pytest.raises(UsageError, match="study is 'depth', expected one of length"):
            run(CounterSettings(study="depth"), log)

    @pytest.mark.parametrize(
        ("line", "code", "message"),
        [
            ("run counter --length 0", 2, "length is 0, expected a whole number of at least 1"),
            ("run counter --method third", 2, 'Invalid value "third" for --method'),
            ("run counter --start 1", 2, "--start is 1, expected two numbers, w_rec and w_x"),
            ("run counter --data no.txt", 1, "there is no file no.txt"),
            ("run counter --data bits.txt --length 3", 2, "--length is 3, but in bits.txt it is 2"),
        ],
    )
    def test_the_command_line_answers_with_a_sentence(self, line, code, message, capsys):
        Path("bits.txt").write_text("0,1\n", encoding="utf-8")
        assert main(line.split()) == code
        assert message in capsys.readouterr().err


class TestRun:
    def test_the_default_counts_at_length_50(self, log):
        result = run(CounterSettings(length=50), log)
        document = result.document
        assert document["length"] == 50
        assert document["method"] == "exact"
        assert document["max_error"] < 1e-3
        assert document["learned"]
        assert (document["w_rec"], document["w_x"]) == (pytest.approx(1, abs=1e-6), pytest.approx(1, abs=1e-6))
        new = random_sequences(50, 1000, 0, part=1)
        y = result.network.predict(new.x.T[:, :, None])[:, :, 0].T
        assert document["max_error"] == pytest.approx(np.abs(y - new.t).max(), rel=1e-6, abs=1e-12)
        assert "it counts" in text_of(result)

    def test_matrices_are_output_input_and_target(self, log):
        result = run(small(), log)
        training, new, methods, forms = result.tables
        assert (training.name, new.name, methods.name) == ("matrices-training", "matrices-new", "methods")
        assert training.columns[:6] == ("step", "output 1", "2", "3", "4", "input 1")
        x, t = random_sequences(5, 4, 0)
        table = np.array(training.rows)
        assert np.array_equal(table[:, 5:9], x)
        assert np.array_equal(table[:, 9:], t)
        weights = np.array([[result.document["w_rec"]], [result.document["w_x"]]])
        np.testing.assert_allclose(table[:, 1:5], count(weights, x[:, None]).s[:-1, 0], rtol=1e-12)
        assert [row[0] for row in methods.rows] == list(METHODS)
        assert max(row[-1] for row in forms.rows) < 1e-9

    def test_angles_stand_in_the_document_for_every_iteration(self, log):
        result = run(small(method="published-1"), log)
        document = result.document
        own = document["methods"]["published-1"]
        assert len(own["angles"]) == 41
        assert np.nanmax(own["angles"]) > 1
        assert set(document["methods"]["exact"]["angles"]) == {0.0}
        assert document["w_rec"] == own["w_rec"]
        assert {record["label"] for record in log.records} == set(METHODS)

    def test_the_published_setting_fails_at_length_10_and_the_numbers_say_why(self, log):
        result = run(small(length=10, setting="published", iterations=1000), log)
        assert not result.document["learned"]
        assert result.document["methods"]["exact"]["fate"] == "dead"
        assert "it is dead, answers 0 to every training sequence" in text_of(result)
        limit = float(re.search(r"([\d.e-]+) for exact \(0\.001 is above it", text_of(result))[1])
        x, t = random_sequences(10, 4, 0)
        by_rec = np.concatenate([np.zeros((1, 4)), t.cumsum(axis=0)[:-1]])
        J = np.stack([by_rec.ravel(), t.ravel()])
        assert limit == pytest.approx(2 / np.linalg.eigvalsh(J @ J.T)[-1], rel=5e-3)
        assert "at the length 10" not in text_of(result)
        assert "the length 10 the first version struggles. That holds for this seed" in text_of(result)

    def test_one_step_works_and_says_what_it_cannot_teach(self, log):
        Path("bits.txt").write_text("1\n0\n1\n", encoding="utf-8")
        result = run(small(data="bits.txt", iterations=300), log)
        assert result.document["length"] == 1
        assert result.document["max_error"] < 1e-3
        assert "the training loss does not depend on w_rec" in text_of(result)

    def test_zeros_teach_nothing(self, log):
        Path("bits.txt").write_text("000\n000\n", encoding="utf-8")
        result = run(small(data="bits.txt"), log)
        assert "No training sequence holds a one" in text_of(result)
        assert not result.document["learned"]
        assert result.document["methods"]["exact"]["fate"] == "not learned"

    def test_divergence_is_told(self, log):
        result = run(small(length=50, start=(40.0, 1.0), setting="published"), log)
        assert "training diverged at iteration 0: the states of exact became larger" in result.error
        assert (result.document["w_rec"], result.document["w_x"]) == (40.0, 1.0)
        assert not result.document["learned"]
        assert all(to_svg(picture.figure) for picture in result.pictures)
        assert drawn_here_alone(result) == []

    def test_an_interruption_leaves_what_was_done(self):
        result = run(small(), Log(interrupt_at=8))
        assert result.interrupted
        assert 0 < result.document["iterations"] < 40
        assert "Training was interrupted after iteration" in text_of(result)

    def test_long_runs_are_cut_for_the_page_and_say_so(self, log):
        result = run(small(length=70, sequences=6, iterations=2), log)
        training = result.tables[0]
        assert len(training.rows) == 60
        assert "the first 4 of 6 sequences and the first 60 of 70 steps" in training.note
        assert "over the first 50 steps" in text_of(result)

    def test_forms_that_disagree_would_be_told(self, log, monkeypatch):
        forms = counter_basic.gradient_forms

        def spoiled(weights, sequences):
            found = forms(weights, sequences)
            return [*found[:-1], found[-1]._replace(gradient=(1.0, 2.0))]

        monkeypatch.setattr(counter_basic, "gradient_forms", spoiled)
        assert "they do NOT agree" in text_of(run(small(iterations=2), log))

    def test_a_start_on_a_kink_is_no_disagreement(self, log):
        result = run(small(start=(0.0, 0.0), iterations=2), log)
        assert "in 6 forms: all of them are 0. Central differences are left out" in text_of(result)
        assert "NOT agree" not in text_of(result)
        forms = result.tables[3]
        assert [row[-1] for row in forms.rows] == [0.0] * 6 + [None]
        assert "Not compared, next to a kink of the ReLU: central differences." in forms.note
        assert result.document["gradient_forms"]["central differences"]["difference"] is None

    def test_forms_are_compared_with_others_than_themselves(self, log):
        assert "in 7 forms: all of them are 0." in text_of(run(small(start=(-1.0, -1.0), iterations=2), log))
        assert "difference from the recursion is" in text_of(run(small(iterations=2), log))

    def test_json_on_stdout_and_the_same_bytes_twice(self, capsys):
        models = []
        for name in "ab":
            command = f"run counter --iterations 30 --json --quiet --out {name}"
            assert main(command.split()) == 0
            document = json.loads(capsys.readouterr().out)
            assert {"length", "method", "max_error", "w_rec", "w_x"} <= document.keys()
            assert document["status"] == "finished"
            models.append(Path(name, "model.safetensors").read_bytes())
            for figure in ("counts", "learning", "paths"):
                assert Path(name, "figures", f"{figure}.svg").is_file()
            page = Path(name, "report.html").read_text(encoding="utf-8")
            assert "largest error" in page
        assert models[0] == models[1]
