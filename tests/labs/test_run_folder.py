"""The folder of a run."""

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from handgrad.errors import HandgradError, UsageError
from handgrad.labs import run_folder
from handgrad.labs.run_folder import RunFolder, json_text


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs_of_one_second_have_folders_of_their_own(here, monkeypatch):
    monkeypatch.setattr(run_folder.time, "strftime", lambda form: "20250102-030405")
    names = [RunFolder.create("points").path for _ in range(3)]
    stem = "runs/points-20250102-030405"
    assert list(map(str, names)) == [stem, f"{stem}-2", f"{stem}-3"]
    assert all(path.is_dir() for path in names)


def test_the_name_tells_lab_and_time(here):
    assert re.fullmatch(r"runs/points-\d{8}-\d{6}", RunFolder.create("points").path.as_posix())


def test_a_given_folder_may_be_new_deep_or_empty(here):
    assert RunFolder.create("points", "a/b/c").path.is_dir()
    Path("empty").mkdir()
    assert RunFolder.create("points", "empty").path == Path("empty")


def test_a_given_folder_must_not_hold_anything(here):
    Path("full").mkdir()
    Path("full/keep.txt").write_text("precious")
    Path("file").write_text("")
    with pytest.raises(UsageError, match="full, a folder that is not empty"):
        RunFolder.create("points", "full")
    with pytest.raises(UsageError, match="file, which is a file"):
        RunFolder.create("points", "file")
    with pytest.raises(UsageError, match="cannot be the name"):
        RunFolder.create("points", "a\0b")
    assert os.listdir("full") == ["keep.txt"]


def test_a_folder_that_cannot_be_made_is_one_sentence(here):
    Path("file").write_text("")
    with pytest.raises(HandgradError, match=r"cannot write the run folder file/x: Not a directory; choose .* --out"):
        RunFolder.create("points", "file/x")


def test_metrics_are_on_disk_when_the_call_returns(here):
    folder = RunFolder.create("points", "run")
    path = Path("run/metrics.jsonl")
    for epoch in range(3):
        folder.append_metrics({"epoch": epoch, "loss": np.float32(0.5), "bad": float("nan"), "name": "ü"})
        lines = path.read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines][-1] == {"epoch": epoch, "loss": 0.5, "bad": None, "name": "ü"}
    assert len(lines) == 3
    folder.close()
    folder.append_metrics({"epoch": 4})  # too late: without effect
    assert path.read_text("utf-8").splitlines() == lines


def test_a_full_disk_leaves_whole_lines(here, monkeypatch):
    folder = RunFolder.create("points", "run")
    folder.append_metrics({"epoch": 1})
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:5]))
    with pytest.raises(HandgradError, match=r"cannot write run.metrics.jsonl: No space left"):
        folder.append_metrics({"epoch": 2})
    assert Path("run/metrics.jsonl").read_text() == '{"epoch": 1}\n'


def test_files_are_written_whole_or_not_at_all(here, monkeypatch):
    folder = RunFolder.create("points", "run")
    folder.write("figures/a.svg", b"old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HandgradError, match="No space left"):
        folder.write("figures/a.svg", b"new")
    assert Path("run/figures/a.svg").read_bytes() == b"old"
    assert os.listdir("run/figures") == ["a.svg"]


def test_discard_takes_away_what_the_run_made_and_nothing_else(here):
    folder = RunFolder.create("points", "a/b")
    folder.write_toml("config.toml", {"lab": "points"})
    folder.write("figures/x.svg", b"")
    folder.discard()
    assert os.listdir() == []

    Path("mine").mkdir()
    folder = RunFolder.create("points", "mine/run")
    Path("mine/run/note.txt").write_text("mine")
    folder.discard()
    assert os.listdir("mine/run") == ["note.txt"]


def test_json_has_no_word_for_what_is_not_finite():
    document = {
        "a": [float("inf"), np.array([1.0, np.nan])],
        "b": (True, None, 2, "x"),
        "c": np.int64(4),
        "d": Path("p"),
    }
    assert json.loads(json_text(document)) == {"a": [None, [1.0, None]], "b": [True, None, 2, "x"], "c": 4, "d": "p"}
