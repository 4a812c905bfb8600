"""Running a lab: what is saved, printed and returned, however it ends."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import handgrad as hg
from handgrad.errors import HandgradError, InputError
from handgrad.figures import style
from handgrad.labs import run_folder
from handgrad.labs.result import LabResult, Picture, Table
from handgrad.labs.runner import RunOptions, run_lab


@dataclass(frozen=True)
class Settings:
    seed: int = 3
    rate: float = 0.5
    path: str | None = None


@dataclass
class Lab:
    """A lab that does what the test wants."""

    end: BaseException | None = None
    interrupted: bool = False
    error: str = ""
    metrics: int = 2
    name: str = "toy"
    description: str = "a lab for tests"

    def run(self, settings, reporter):
        reporter.say("begin")
        for epoch in range(self.metrics):
            reporter.metrics({"epoch": epoch, "loss": float("nan")})
        if self.end is not None:
            raise self.end
        with style.look():
            figure, _ = style.new_figure(width=2.5, height=2)
        network = hg.Sequential([hg.Dense(2)], input_shape=3, seed=settings.seed)
        return LabResult(
            {"lab": "toy", "loss": float("nan"), "settings": {"rate": 0.25, "filled": True}},
            tables=[Table("t", "Title", ("n",), ((1,),))],
            pictures=[Picture("blank", "Nothing.", lambda: figure)],
            findings=["It works."],
            network=network,
            networks={"wide": network},
            interrupted=self.interrupted,
            error=self.error,
        )


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


FILES = {
    *("run.json", "config.toml", "environment.json", "metrics.jsonl", "model.safetensors", "wide.safetensors"),
    *("figures", "figures/blank.svg", "report.html"),
}


def files(path="run"):
    return {each.relative_to(path).as_posix() for each in Path(path).rglob("*")}


def status():
    return json.loads(Path("run/run.json").read_text())["status"]


def test_a_run_leaves_a_complete_folder(capsys):
    assert run_lab(Lab(), Settings(), RunOptions(out="run"), "handgrad run toy") == 0
    assert files() == FILES
    assert tomllib.loads(Path("run/config.toml").read_text()) == {
        "lab": "toy",
        "settings": {"rate": 0.25, "filled": True},
    }
    environment = json.loads(Path("run/environment.json").read_text())
    assert environment["seed"] == 3
    assert environment["command"] == "handgrad run toy"
    assert {"handgrad", "numpy", "numba", "python", "processor", "cores", "blas", "started"} <= environment.keys()
    assert [json.loads(line)["epoch"] for line in Path("run/metrics.jsonl").read_text().splitlines()] == [0, 1]
    assert hg.load("run/model.safetensors").seed == 3
    out, err = capsys.readouterr()
    assert "Title" in out
    assert "It works." in out
    assert out.endswith("run folder  run\nreport      run/report.html\n")
    assert err.startswith("begin\n")


def test_json_is_one_document_and_quiet_is_silent(capsys):
    assert run_lab(Lab(), Settings(), RunOptions(json=True, quiet=True)) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert out.count("\n") == 1
    assert document["loss"] is None
    assert document["status"] == "finished"
    assert document["error"] is None
    assert document["tables"]["t"]["rows"] == [[1]]
    assert Path(document["run"], "report.html").is_file()
    assert err == ""


def test_an_interrupted_run_is_saved_and_says_so(capsys):
    assert run_lab(Lab(interrupted=True), Settings(), RunOptions(out="run", json=True)) == 130
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "interrupted"
    assert err.endswith("handgrad: interrupted; what was done is saved in run; to go on: handgrad resume run\n")
    assert status() == "interrupted"
    assert files() == FILES
    assert "The run was interrupted" in Path("run/report.html").read_text()


def test_a_diverged_run_is_saved_and_says_so(capsys):
    assert run_lab(Lab(error="it diverged"), Settings(), RunOptions(out="run")) == 1
    out, err = capsys.readouterr()
    assert "It works." in out
    assert err.endswith("handgrad: it diverged\n")
    assert status() == "failed"
    assert files() == FILES
    assert "it diverged" in Path("run/report.html").read_text()


def test_a_run_that_cannot_begin_leaves_nothing_behind():
    with pytest.raises(InputError, match="no such data"):
        run_lab(Lab(end=InputError("no such data"), metrics=0), Settings(), RunOptions(out="run"))
    assert files(".") == set()


def test_a_run_that_fails_on_its_way_keeps_its_metrics():
    with pytest.raises(HandgradError):
        run_lab(Lab(end=HandgradError("broken")), Settings(path="x"), RunOptions(out="run"))
    assert files() == {"run.json", "config.toml", "environment.json", "metrics.jsonl"}
    assert status() == "unfinished"
    assert tomllib.loads(Path("run/config.toml").read_text())["settings"] == {"seed": 3, "rate": 0.5, "path": "x"}


@pytest.mark.parametrize(("metrics", "sentence"), [(0, "nothing to save"), (2, "metrics.jsonl is in run")])
def test_ctrl_c_before_there_is_a_result(capsys, metrics, sentence):
    assert run_lab(Lab(end=KeyboardInterrupt(), metrics=metrics), Settings(), RunOptions(out="run")) == 130
    assert sentence in capsys.readouterr().err
    assert Path("run").exists() is bool(metrics)


def test_ctrl_c_while_saving_keeps_the_network(capsys, monkeypatch):
    def stop(figure):
        raise KeyboardInterrupt

    monkeypatch.setattr(style, "to_svg", stop)
    assert run_lab(Lab(), Settings(), RunOptions(out="run")) == 130
    assert {"model.safetensors", "config.toml"} <= files()
    assert "report" not in capsys.readouterr().out.splitlines()[-1]


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(capsys, monkeypatch, tmp_path_factory):
    spare = tmp_path_factory.mktemp("spare")
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    write = run_folder.write_atomically

    def full(path, data):
        if path.name not in ("run.json", "config.toml", "environment.json") and "handgrad-" not in str(path):
            raise HandgradError(f"cannot write {path}: No space left on device; choose another folder")
        write(path, data)

    monkeypatch.setattr(run_folder, "write_atomically", full)
    monkeypatch.setattr("handgrad.network.files.write_atomically", full)
    assert run_lab(Lab(), Settings(), RunOptions(out="run", quiet=True)) == 1
    out, err = capsys.readouterr()
    assert "It works." in out
    assert err.count("\n") == 1
    assert "cannot write run/model.safetensors: No space left on device" in err
    (saved,) = spare.glob("handgrad-*/model.safetensors")
    assert str(saved) in err
    assert status() == "unfinished"  # with room on the disk it can be resumed
    assert hg.load(saved).seed == 3


def test_metrics_that_cannot_be_written_fail_the_run_at_its_end(capsys, monkeypatch):
    def full(self, record):
        raise HandgradError("cannot write metrics.jsonl: No space left on device")

    monkeypatch.setattr(run_folder.RunFolder, "append_metrics", full)
    assert run_lab(Lab(), Settings(), RunOptions(out="run", quiet=True)) == 1
    sentence = "cannot write metrics.jsonl: No space left on device; with room on the disk: handgrad resume run"
    assert capsys.readouterr().err == f"handgrad: {sentence}\n"
    assert files() == FILES
