"""The whole benchmark in its quick form, and the words and verdicts that are made of its numbers."""

import json
import sys

import pytest

from handgrad import benchmarks
from handgrad.benchmarks import __main__ as program
from handgrad.benchmarks import start
from handgrad.benchmarks.harness import Row, WorkerError
from handgrad.benchmarks.report import report_text
from handgrad.benchmarks.verdict import find_crossovers, judge_bars
from handgrad.benchmarks.workload import OURS, PEERS, Bar, Case
from handgrad.errors import UsageError


def row(case, side, threads, ratio, refused=""):
    numbers = None if refused else 2.0
    return Row(
        case,
        side,
        threads,
        {},
        us_per_step=numbers,
        cold_s=0.5,
        epoch_s=numbers,
        loss=0.1,
        ratio=ratio,
        ratio_min=ratio,
        ratio_max=ratio,
        same_result=not refused,
        refused=refused,
    )


def test_one_document_and_nothing_else_on_stdout(capfd):
    assert benchmarks.run("dense", ("numpy",), json=True, quick=True) == 0
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert document["workload"] == "dense"
    assert {"machine", "versions", "rows", "bars", "crossover"} <= set(document)
    assert document["machine"]["processor"]
    assert document["machine"]["cores"] >= 1
    assert document["versions"]["numpy"]
    assert [(r["case"], r["side"], r["threads"], r["same_result"]) for r in document["rows"]] == [
        ("online h=16", "handgrad", 1, True),
        ("online h=16", "numpy", 1, True),
        ("batch 32", "handgrad", 1, True),
        ("batch 32", "numpy", 1, True),
    ]
    for r in document["rows"]:
        assert r["refused"] is None
        assert r["us_per_step"] > 0
        assert r["cold_s"] > 0
        assert len(r["us_rounds"]) == document["method"]["rounds"]
        assert (r["ratio"] is None) == (r["side"] == "handgrad")
    assert all(bar["met"] is None for bar in document["bars"]), "torch and jax were not asked for"
    assert "online h=16, 1 thread, us/step: handgrad" in err
    text = report_text(document)
    assert document["machine"]["processor"] in text
    assert "same result" in text


def test_names_that_do_not_exist():
    with pytest.raises(UsageError, match="'rnns', expected one of dense, rnn, lenet, lstm, rnn-forms"):
        benchmarks.run("rnns", (), json=False, quick=True)
    with pytest.raises(UsageError, match="'tensorflow', expected one of numpy, torch, jax"):
        benchmarks.run("dense", ("numpy", "tensorflow"), json=False, quick=True)


def test_a_missing_peer_is_skipped_with_a_line(monkeypatch):
    monkeypatch.setattr(benchmarks, "find_spec", lambda name: None if name == "jax" else object())
    sides, skipped = benchmarks.choose_sides(("torch", "jax", "torch"))
    assert sides == [OURS, *PEERS["torch"]]
    assert skipped == ["jax is not installed: skipped (pip install jax to measure against it)"]


def test_a_result_that_differs_makes_the_exit_code_1(monkeypatch, capsys):
    rows = [row("online h=16", "handgrad", 1, None), row("online h=16", "numpy", 1, None, "the loss is wrong")]
    facts = {"handgrad": {"import_s": 0.1, "target": "znver4"}}
    monkeypatch.setattr(benchmarks, "run_cases", lambda *_: (rows, facts))
    assert benchmarks.run("dense", ("numpy",), json=False, quick=True) == 1
    assert "not compared: the loss is wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected", "code"),
    [
        (["dense", "--quick"], ("dense", ("numpy", "torch", "jax"), False, True), 0),
        (["dense", "--against", "numpy, jax", "--json"], ("dense", ("numpy", "jax"), True, False), 1),
    ],
)
def test_the_module_as_a_program(arguments, expected, code, monkeypatch):
    calls = []

    def run(workload, against, json, quick):
        calls.append((workload, against, json, quick))
        return code

    monkeypatch.setattr(program, "run", run)
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    assert program.main() == code
    assert calls == [expected]


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("wrong"), 2), (WorkerError("lost"), 1), (KeyboardInterrupt(), 130)]
)
def test_exit_codes(error, code, monkeypatch):
    def run(*_, **__):
        raise error

    monkeypatch.setattr(program, "run", run)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "dense"])
    assert program.main() == code


def test_a_bar_is_reached_where_the_smallest_ratio_reaches_it():
    bars = [Bar("a", "torch", 2.0), Bar("a", "jax", 2.0), Bar("b", "jax", 2.0)]
    rows = [row("a", "torch", 1, 2.0), row("a", "torch", 2, 9.0), row("a", "jax", 1, 9.0), row("a", "jax", 2, 1.9)]
    torch, jax, none = judge_bars(bars, rows)
    assert (torch["met"], torch["measured"]) == (True, {"1": 2.0, "2": 9.0})
    assert (jax["met"], none["met"], none["measured"]) == (False, None, {})
    assert judge_bars(bars[1:2], [row("a", "jax", 1, None, "refused")])[0]["met"] is None


def test_the_crossover_is_the_smallest_size_at_which_a_peer_wins():
    cases = [Case("large", {}, {"n": 30}), Case("small", {}, {"n": 10}), Case("middle", {}, {"n": 20, "m": 5})]
    rows = [
        row("large", "torch", 1, 0.5),
        row("large", "jax", 1, 0.9),
        row("small", "torch", 1, 3.0),
        row("small", "jax", 1, 1.0),
        row("middle", "torch", 1, 1.5),
        row("middle", "jax", 1, 0.8),
        row("small", "torch", 2, 4.0),
        row("large", "torch", 2, 2.0),
    ]
    one, two, other = find_crossovers(cases, rows)
    assert one["sizes"] == [10, 20, 30]
    assert one["first"] == {"size": 20, "peer": "jax", "ratio": 0.8}
    assert one["by_peer"] == {"torch": 30, "jax": 20}
    assert (two["threads"], two["sizes"], two["first"], two["by_peer"]) == (2, [10, 30], None, {"torch": None})
    assert (other["axis"], other["threads"], other["sizes"]) == ("m", 1, [5])
    assert find_crossovers(cases, [row("small", "handgrad", 1, None)]) == []


def test_the_words_of_bars_crossover_and_start():
    cases = [Case("a", {}, {"width": 10}), Case("b", {}, {"width": 20})]
    rows = [
        row("a", "handgrad", 1, None),
        row("a", "jax", 1, 1.5),
        row("b", "handgrad", 1, None),
        row("b", "jax", 1, 0.75),
    ]
    rows[0].other_load, rows[2].other_load = 0.02, 0.83
    document = {
        "workload": "dense",
        "title": "title",
        "machine": {"processor": "P", "target": "znver4", "cores": 2, "system": "S", "pinned": True},
        "versions": {"python": "3"},
        "method": {"rounds": 3, "seconds": 0.2, "threads": [1]},
        "skipped": ["torch is not installed"],
        "rows": [vars(each) | {"refused": None} for each in rows],
        "bars": judge_bars([Bar("a", "jax", 1.2), Bar("b", "jax", 2), Bar("b", "torch", 2)], rows),
        "crossover": find_crossovers(cases, rows),
        "start": {
            "import_s": {"jax": 0.5},
            "kernels_s": {"a": 4.0},
            "process": {
                "command": "handgrad run points",
                "cold_s": 16.0,
                "cold_at_most": 15.0,
                "cold_met": False,
                "announced": True,
                "warm_s": 1.5,
                "warm_at_most": 3.0,
                "warm_met": True,
            },
        },
    }
    text = report_text(document)
    for line in (
        "P (znver4), 2 cores; S",
        "torch is not installed",
        "reached       1.5 (1 thread)",
        "MISSED        0.75 (1 thread)",
        "not measured",
        "20, where jax takes 0.75 of our time",
        "16.00 s (bar 15 s: MISSED)",
        "1.50 s (bar 3 s: reached)",
        "a: first epoch with an empty kernel cache 4.00 s",
        "other processes kept 0.0 to 0.8 cores busy meanwhile",
    ):
        assert line in text
    rows[2].other_load = 0.04
    document["rows"] = [vars(each) | {"refused": None} for each in rows]
    assert "other processes" not in report_text(document)
    document["crossover"] = find_crossovers(cases[:1], rows)
    assert "none up to 10, the largest that was tried" in report_text(document)


def test_a_process_is_timed_cold_and_warm(monkeypatch):
    script = """
import os, pathlib, sys
assert sys.argv[1:] == ["run", "points", "--epochs", "1", "--quiet"]
cache = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
if not cache.exists():
    cache.mkdir()
    print("handgrad: compiling kernels", file=sys.stderr)
"""
    monkeypatch.setattr(start, "_CALL", script)
    monkeypatch.setattr(start, "find_spec", lambda name: object())
    said = []
    found = start.measure_process(said.append)
    assert found["announced"]
    assert len(found["warm_runs"]) == 5
    assert found["warm_s"] == sorted(found["warm_runs"])[2]
    assert found["cold_s"] not in found["warm_runs"]
    assert len(said) == 1


def test_a_process_that_cannot_be_timed_is_skipped(monkeypatch):
    monkeypatch.setattr(start, "find_spec", lambda name: object())
    monkeypatch.setattr(start, "_CALL", "raise SystemExit('handgrad: no such lab')")
    assert start.measure_process(print)["skipped"] == "it ended with exit code 1: handgrad: no such lab"
    monkeypatch.setattr(start, "find_spec", lambda name: None)
    assert start.measure_process(print)["skipped"] == "this handgrad has no command line"


def test_kernels_that_cannot_be_compiled_are_told(monkeypatch):
    class Lost:
        def __init__(self, *_):
            raise WorkerError("the process of handgrad ended")

    monkeypatch.setattr(start, "Worker", Lost)
    assert start.measure_kernels("dense", [], print) == {"skipped": "the process of handgrad ended"}
