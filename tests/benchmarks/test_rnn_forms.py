"""``rnn-forms``: four forms, the same numbers, different growth."""

import json

import pytest

from handgrad.benchmarks import rnn_forms, run
from handgrad.figures.rnn_forms import costs_figure


def test_a_quick_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("rnn-forms", ("torch",), json=True, quick=True) == 0
    out = capsys.readouterr()
    document = json.loads(out.out)
    assert {cost["form"] for cost in document["costs"]} == set(rnn_forms.FORMS)
    assert all(cost["error"] < 1e-12 and cost["ms"] > 0 and cost["kib"] > 0 for cost in document["costs"])
    assert (tmp_path / document["figure"]).read_bytes().startswith(b"<?xml")
    assert run("rnn-forms", (), json=False, quick=True) == 0
    assert "largest relative difference to the recursion" in capsys.readouterr().out


def test_a_form_that_is_wrong_is_exit_code_1(tmp_path, monkeypatch, capsys):
    right = rnn_forms.FORMS["products"]
    monkeypatch.setitem(rnn_forms.FORMS, "products", lambda *a: right(*a)._replace(b=right(*a).b * (1 + 1e-9)))
    assert rnn_forms.run(True, True, lambda text: None, tmp_path) == 1
    capsys.readouterr()


def test_growth_is_the_power_of_the_steps():
    costs = [
        rnn_forms.Cost(form, steps, ms=2.0 * steps**p, kib=steps, error=0.0)
        for steps in (4, 8, 16)
        for p, form in enumerate(rnn_forms.FORMS)
    ]
    assert list(rnn_forms.growth(costs, "ms").values()) == pytest.approx([0, 1, 2, 3])
    time, memory = costs_figure(costs).axes
    assert [line.get_label() for line in time.lines] == list(rnn_forms.FORMS)
    assert list(memory.lines[0].get_ydata()) == [4, 8, 16]
    assert time.get_xlabel() == memory.get_xlabel() == "steps T"
    assert (time.get_ylabel(), memory.get_ylabel()) == ("time (ms)", "memory (KiB)")


def test_memory_of_forward_mode_does_not_grow_with_the_steps():
    assert rnn_forms.measure("forward mode", 64).kib < 1.1 * rnn_forms.measure("forward mode", 8).kib
