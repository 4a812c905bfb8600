"""What a run says on stderr and on stdout."""

import json
import re

import pytest

from handgrad.errors import HandgradError
from handgrad.labs.console import ConsoleReporter, cell_text, metrics_line, paragraph, print_result, table_text
from handgrad.labs.result import LabResult, Table
from handgrad.labs.run_folder import RunFolder

ROW = {"epoch": 250, "loss": 1.33765, "accuracy": 0.952043, "right_share": 1.0, "test_accuracy": 0.9, "seconds": 0.02}


def test_a_measurement_is_a_line_with_columns_that_stay():
    first, second = metrics_line(ROW), metrics_line(ROW | {"epoch": 5000, "loss": 0.016, "accuracy": 1.0})
    assert first == "epoch    250  loss 1.338      accuracy  95.20 %  right 100.00 %     0.02 s"
    assert second.index("right") == first.index("right")
    assert metrics_line({"label": "(64, 64)", "epoch": 1, "validation_loss": None}) == (
        "(64, 64)  epoch      1  validation loss -"
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1.0, "1.000"), (0.48671, "0.4867"), (99.6, "99.60"), (12345.678, "1.235e+04"), (1e-9, "1e-09"), (1234.0, "1234")]
    + [
        (5000, "5000"),
        (12345, "12,345"),
        (None, "-"),
        (float("nan"), "-"),
        ("xor", "xor"),
        (True, "yes"),
        (0.0, "0.000"),
    ],
)
def test_cells(cell, text):
    assert cell_text(cell, 4) == text


def test_a_table_has_numbers_at_the_right_and_words_at_the_left():
    table = Table("t", "Title", ("name", "loss"), (("a", 1.5), ("long", None)), note="Note.")
    assert table_text(table).splitlines() == [
        *("Title", "", "name   loss", "----  -----", "a     1.500", "long      -", "", "Note."),
    ]


def test_paragraphs_are_as_wide_as_the_terminal_but_not_wider_than_is_easy_to_read(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert max(map(len, paragraph("word " * 60).splitlines())) <= 50
    monkeypatch.setenv("COLUMNS", "300")
    assert max(map(len, paragraph("word " * 60).splitlines())) <= 100


def test_log_goes_to_stderr_and_metrics_to_the_file(tmp_path, capsys):
    folder = RunFolder.create("points", tmp_path / "run")
    reporter = ConsoleReporter(folder)
    reporter.say("[bold]begin[/bold]")
    reporter.metrics(ROW)
    reporter.progress(1, 2)  # stderr is no terminal: no bar
    reporter.progress(2, 2)
    reporter.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["[bold]begin[/bold]", metrics_line(ROW)]
    assert json.loads((tmp_path / "run/metrics.jsonl").read_text()) == ROW
    assert reporter.records == 1


def test_quiet_says_nothing_and_keeps_the_metrics(tmp_path, capsys):
    folder = RunFolder.create("points", tmp_path / "run")
    reporter = ConsoleReporter(folder, quiet=True)
    reporter.say("begin")
    reporter.metrics(ROW)
    reporter.progress(1, 2)
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "run/metrics.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize("color", [True, False])
def test_on_a_terminal_a_bar_moves_and_goes_away(monkeypatch, capsys, color):
    monkeypatch.setenv("FORCE_COLOR" if color else "TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    if not color:
        monkeypatch.setenv("NO_COLOR", "1")
    reporter = ConsoleReporter()
    reporter.progress(1, 4, "training")
    reporter.metrics(ROW)
    reporter.progress(4, 4)
    assert reporter._progress is None
    err = capsys.readouterr().err
    assert "4/4" in err
    assert "accuracy  95.20 %" in err
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", err)) is color


def test_training_goes_on_when_the_metrics_cannot_be_written(tmp_path, capsys, monkeypatch):
    folder = RunFolder.create("points", tmp_path / "run")

    def full(record):
        raise HandgradError("cannot write metrics.jsonl: No space left on device")

    monkeypatch.setattr(folder, "append_metrics", full)
    reporter = ConsoleReporter(folder)
    reporter.metrics(ROW)
    reporter.metrics(ROW)
    assert reporter.write_error == "cannot write metrics.jsonl: No space left on device"
    assert capsys.readouterr().err.count("training goes on without it") == 1


def test_results_are_tables_and_findings_on_stdout(capsys):
    print_result(LabResult({}, tables=[Table("t", "Title", ("n",), ((1,),))], findings=["It works."]))
    out, err = capsys.readouterr()
    assert out == "Title\n\nn\n-\n1\n\nIt works.\n"
    assert err == ""
