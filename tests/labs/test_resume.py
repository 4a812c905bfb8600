"""Runs that are killed, interrupted, damaged or begun twice: what ``handgrad resume`` does with them."""

import json
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import handgrad as hg
from handgrad.cli import main
from handgrad.errors import HandgradError, InputError
from handgrad.labs.adder import AdderSettings
from handgrad.labs.counter import CounterSettings
from handgrad.labs.digits import DigitsSettings
from handgrad.labs.lenet import LenetSettings
from handgrad.labs.measurements import Measurements
from handgrad.labs.points import PointsSettings
from handgrad.labs.registry import LABS
from handgrad.labs.resume import resume_run
from handgrad.labs.run_folder import RunFolder
from handgrad.labs.runner import RunOptions, run_lab
from handgrad.training.checkpoints import Checkpoints

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from kill_and_resume import differences, killed_after, newest  # noqa: E402


class Killed(BaseException):
    """What a test raises where a process would be killed."""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def status(folder="run"):
    return json.loads(Path(folder, "run.json").read_text())["status"]


def run(settings, out="run", every="never"):
    lab = next(lab for lab in LABS.values() if type(settings) is lab.settings_class())
    return run_lab(lab, settings, RunOptions(out=out, quiet=True, checkpoint_every=every))


def adder(*more):
    return [sys.executable, "-m", "handgrad", "run", "adder", "--quiet", *more]


# ------------------------------------------------------------------------------------------------- the same bytes


@pytest.mark.parametrize(
    ("settings", "every", "most"),
    [
        (PointsSettings(epochs=60, hidden=(5,), log_every=5), "100", 1500),
        (PointsSettings(epochs=120, study="stages"), "100", 4000),
        (DigitsSettings(epochs=4, hidden=12, early_stopping=2), "11", 60),
        (AdderSettings(epochs=4, sequences=300), "130", 700),
        (AdderSettings(epochs=2, sequences=60, study="clipping"), "200", 2500),
        (CounterSettings(iterations=60), "7", 40),
        (LenetSettings(epochs=2), "10", 50),
    ],
    ids=["points", "points-stages", "digits", "adder", "adder-clipping", "counter", "lenet"],
)
def test_a_run_that_was_cut_off_again_and_again_ends_as_if_it_never_was(settings, every, most, monkeypatch):
    assert run(settings, "whole") == 0
    chance, lives, code = random.Random(f"{settings}"), 0, None
    took, left = Checkpoints.took, 0

    def counted(self, steps):
        nonlocal left
        left -= steps
        if left < 0:
            raise Killed
        took(self, steps)

    monkeypatch.setattr(Checkpoints, "took", counted)
    while code is None:
        left = chance.randint(1, most)
        lives += 1
        try:
            begun = Path("cut").exists()  # a run without a measurement or a checkpoint leaves nothing behind
            code = resume_run("cut", quiet=True) if begun else run(settings, "cut", every)
        except Killed:
            assert not Path("cut").exists() or status("cut") == "unfinished"
            assert lives < 100
            most = most * 6 // 5
    assert code == 0
    assert lives > 2
    assert list(differences(Path("whole"), Path("cut"))) == []
    assert status("cut") == "finished"
    assert not Path("cut/checkpoints").exists()


def test_kill_9_at_random_moments():
    """The real thing, in small: benchmarks/kill_and_resume.py does it at length."""
    words = ["--epochs", "60", "--checkpoint-every", "430"]
    subprocess.run(adder("--out", "whole", *words), check=True, capture_output=True)
    chance = random.Random(7)
    first = ["run", "adder", "--quiet", "--out", "cut", *words]
    for kill in range(4):
        begun = kill and Path("cut/run.json").exists()
        if not begun:
            shutil.rmtree("cut", ignore_errors=True)
        words = ["resume", "cut", "--quiet"] if begun else first
        killed_after(words, chance.uniform(0, 0.05) if kill else 0.0, Path("cut"))
    assert newest(Path("cut"))
    assert status("cut") == "unfinished"
    subprocess.run([sys.executable, "-m", "handgrad", "resume", "cut"], check=True, capture_output=True)
    assert list(differences(Path("whole"), Path("cut"))) == []
    assert status("cut") == "finished"


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "terminated"), ("SIGINT", 130, "interrupted")],
)
def test_signals_save_and_exit(number, code, word):
    words = ["--epochs", "150", "--checkpoint-every", "never"]
    process = subprocess.Popen(adder("--out", "cut", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (Path("cut/metrics.jsonl").exists() and Path("cut/metrics.jsonl").stat().st_size):
        assert process.poll() is None
    process.send_signal(getattr(signal, number))
    _, err = process.communicate()
    assert process.returncode == code
    assert f"handgrad: {word}; what was " in err.decode()
    assert err.decode().endswith("; to go on: handgrad resume cut\n")
    assert newest(Path("cut"))
    lines = Path("cut/metrics.jsonl").read_text().count("\n")
    assert 0 < lines < 150
    assert resume_run("cut", quiet=True) == 0
    assert run(AdderSettings(epochs=150), "whole") == 0
    assert list(differences(Path("whole"), Path("cut"))) == []


def test_a_reader_that_has_gone_does_not_end_the_training():
    words = f"{sys.executable} -m handgrad run adder --out cut --epochs 20 --json 2>&1 >said.json | head -n 1"
    done = subprocess.run(words, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("epoch")
    assert status("cut") == "finished"
    assert json.loads(Path("said.json").read_text())["epochs"] == 20


# ------------------------------------------------------------------------------------------------------- the report


def test_a_run_that_was_killed_while_it_made_its_report_makes_it_again(monkeypatch, capsys):
    from handgrad.figures import style

    def stop(figure):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(style, "to_svg", stop)
        with pytest.raises(Killed):
            run(AdderSettings(epochs=2, sequences=100), every="10")
    Path("run/.report.html.ab12_x9z").write_text("half")
    assert status() == "unfinished"
    capsys.readouterr()
    assert main(["resume", "run", "--json", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "finished"
    assert document["epochs"] == 2
    assert Path("run/report.html").is_file()
    assert not Path("run/.report.html.ab12_x9z").exists()
    assert len(Path("run/metrics.jsonl").read_text().splitlines()) == 2


def test_without_a_checkpoint_a_run_begins_again(monkeypatch, capsys):
    def stop(*given, **more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "over", stop)
        with pytest.raises(Killed):
            run(AdderSettings(epochs=3, sequences=100))
    assert Path("run/metrics.jsonl").read_text().count("\n") == 3
    assert main(["resume", "run"]) == 0
    assert "there is no checkpoint yet: beginning again" in capsys.readouterr().err
    assert Path("run/metrics.jsonl").read_text().count("\n") == 3
    assert json.loads(Path("run/environment.json").read_text())["resumed"]


def test_a_finished_run_is_left_alone(capsys):
    assert run(AdderSettings(epochs=1, sequences=50)) == 0
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")}
    capsys.readouterr()
    assert main(["resume", "run", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"lab": "adder", "status": "finished", "run": "run"}
    assert err == "handgrad: run is finished; there is nothing to go on with\n"
    assert {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")} == before


def test_a_run_is_resumed_from_anywhere(monkeypatch, tmp_path):
    """Its settings may name files, which are meant from where it was begun."""
    rows = "\n".join(f"{k % 5},{k % 3},{int(k % 5 > k % 3)}" for k in range(30))
    Path("mine.csv").write_text(f"a,b,label\n{rows}\n")
    settings = PointsSettings(data="mine.csv", epochs=20, hidden=(3,), log_every=5)
    assert run(settings, "whole") == 0
    took = Checkpoints.took

    def stop(self, steps):
        if self.latest is not None:
            raise Killed
        took(self, steps)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "took", stop)
        with pytest.raises(Killed):
            run(settings, "cut", "40")
    Path("elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert resume_run("../cut", quiet=True) == 0
    assert Path.cwd() == tmp_path / "elsewhere"
    assert list(differences(tmp_path / "whole", tmp_path / "cut")) == []


# ------------------------------------------------------------------------------------------------------- bad input


@pytest.fixture
def cut_off(monkeypatch):
    """A run of the adder that was killed with two checkpoints in its folder; returns them, the newest first."""
    saved = Checkpoints.save

    def save(self):
        saved(self)
        if self.latest.name >= "checkpoint-000003":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", save)
        with pytest.raises(Killed):
            run(AdderSettings(epochs=4, sequences=200), every="150")
    return sorted(Path("run/checkpoints").iterdir(), reverse=True)


def contents(folder="run"):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def refused(*words):
    """The one sentence on stderr with which a command ends, having changed nothing."""
    before = contents()
    done = subprocess.run([sys.executable, "-m", "handgrad", "resume", *words], capture_output=True, text=True)
    assert contents() == before
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.returncode, done.stderr


def test_a_damaged_checkpoint_leaves_the_older_one(cut_off, capsys):
    assert len(cut_off) == 2
    damaged = bytearray(cut_off[0].read_bytes())
    damaged[-40] ^= 4
    cut_off[0].write_bytes(damaged)
    assert main(["resume", "run"]) == 0
    err = capsys.readouterr().err
    assert f"{cut_off[0]} is damaged: its bytes are not those that were written; going on from the older" in err
    assert cut_off[0].read_bytes() == damaged
    assert run(AdderSettings(epochs=4, sequences=200), "whole") == 0
    assert list(differences(Path("whole"), Path("run"))) == []


def test_without_a_whole_checkpoint_nothing_is_overwritten(cut_off):
    for path in cut_off:
        path.write_bytes(path.read_bytes()[:99])
    code, sentence = refused("run")
    assert code == 1
    assert sentence.startswith("handgrad: no checkpoint can be used, and nothing was changed: run/checkpoints/check")


def test_a_checkpoint_of_another_run_is_refused(cut_off):
    shutil.move("run", "other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "over", lambda *given, **more: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run(AdderSettings(epochs=4, sequences=200, hidden=5), every="150")
    for path in Path("run/checkpoints").iterdir():
        path.write_bytes(Path("other/checkpoints", cut_off[0].name).read_bytes())
    code, sentence = refused("run")
    assert code == 1
    assert "belongs to another run: hidden = None, expected 5" in sentence


def test_measurements_that_are_missing_are_missed(cut_off):
    Path("run/metrics.jsonl").write_text("")
    code, sentence = refused("run")
    assert code == 1
    assert re.search(r"belongs to \d+ bytes of measurements, but there are fewer", sentence)


def test_another_version_is_named(cut_off, monkeypatch, capsys):
    monkeypatch.setattr(hg, "__version__", "9.9")
    before = contents()
    assert main(["resume", "run"]) == 1
    assert capsys.readouterr().err == "handgrad: run was begun with handgrad 0.1.0, this is 9.9; use that version\n"
    assert contents() == before


def test_what_is_no_run_is_a_sentence():
    Path("empty").mkdir()
    Path("bad").mkdir()
    with pytest.raises(InputError, match="nowhere is no folder, expected that of a run"):
        resume_run("nowhere")
    with pytest.raises(InputError, match=r"empty has no run\.json"):
        resume_run("empty")
    for text, sentence in (
        ("{", r"run\.json cannot be read"),
        ("[]", "is a list, expected an object"),
        ("{}", "is not what handgrad has written"),
    ):
        Path("bad/run.json").write_text(text)
        with pytest.raises(InputError, match=sentence):
            resume_run("bad")


def test_settings_that_no_lab_has_are_a_sentence(cut_off):
    document = json.loads(Path("run/run.json").read_text())
    for change, sentence in (
        ({"lab": "sonnets"}, "a run of the lab 'sonnets', expected one of points"),
        ({"settings": {"colour": 1}}, "has settings that the lab adder does not know"),
        ({"status": "failed"}, "has failed, and would again"),
    ):
        Path("run/run.json").write_text(json.dumps(document | change))
        with pytest.raises(InputError, match=sentence):
            resume_run("run")


# ------------------------------------------------------------------------------------------------------- one at a time


def test_a_second_process_in_a_folder_is_refused(cut_off):
    holding = Measurements(Path("run/metrics.jsonl"))
    code, sentence = refused("run")
    assert (code, sentence) == (1, "handgrad: run is in use by another process; wait until that has ended\n")
    holding.close()
    assert resume_run("run", quiet=True) == 0


def test_two_runs_that_begin_in_one_empty_folder():
    first = RunFolder.create("adder", "run")
    with pytest.raises(HandgradError, match=r"run is in use|not empty"):
        RunFolder.create("adder", "run")
    Path("run/metrics.jsonl").rename("elsewhere")
    assert RunFolder.create("adder", "run").path == Path("run")
    first.close()


def test_lines_that_are_there_are_not_written_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = Measurements(path)
    for k in range(4):
        assert lines.append(b"%d\n" % k)
    assert lines.position() == 8
    assert lines.holds(8)
    assert lines.holds(0)
    assert not lines.holds(7)  # not the end of a line
    assert not lines.holds(10)
    lines.truncate(6)
    assert not lines.append(b"0\n")
    assert lines.position() == 2
    lines.seek(4)
    assert not lines.append(b"2\n")
    assert lines.append(b"5\n")
    lines.close()
    assert path.read_bytes() == b"0\n1\n2\n5\n"
    assert not lines.append(b"6\n")


def test_after_a_full_disk_no_checkpoint_counts_lines_that_are_not_there(tmp_path, monkeypatch):
    lines = Measurements(tmp_path / "metrics.jsonl")
    monkeypatch.setattr("os.write", lambda file, data: 0)
    with pytest.raises(HandgradError, match="No space left on device"):
        lines.append(b"0\n")
    monkeypatch.undo()
    with pytest.raises(HandgradError, match="No space left on device"):
        lines.position()
