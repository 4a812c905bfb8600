"""Questions and answers of the lab adder, also through a pipe."""

import json
import subprocess
import sys

import numpy as np
import pytest

from handgrad.labs.adder import AdderPlan, AdderSettings, run
from handgrad.labs.adder_ask import Asked, answer_text, converse
from handgrad.labs.adder_training import build_network
from handgrad.labs.console import ConsoleReporter
from reporters import Log


@pytest.fixture(scope="module")
def network():
    """A network that always says 1, so that it is right about few sums."""
    network = build_network(AdderPlan(bits=4, hidden=2))
    network.parameters.flat[...] = 0
    network.parameters["1.b"][1] = 3
    return network


def test_two_integers_are_added_until_an_empty_line(network):
    person = Log(["7", " 7 ", "+1", "007", "", "5"])
    assert converse(network, 4, person) == [Asked(7, 7, 15), Asked(1, 7, 15)]
    assert person.answers == ["5"]
    assert person.prompts[0] == "first integer, 0 to 7 (1000 or an empty line ends): "
    assert person.prompts[1].startswith("second integer, 0 to 7")
    assert person.replies[0] == "   7   0 1 1 1\n+  7   0 1 1 1\n= 15   1 1 1 1   wrong: the sum is 14"


@pytest.mark.parametrize("lines", [["1000"], ["3", "1000"], [""], ["3", "   "], [], ["3"]])
def test_it_ends_at_1000_an_empty_line_or_the_end(network, lines):
    person = Log(lines)
    assert converse(network, 4, person) == []
    assert person.replies == []


def test_1000_is_a_number_where_it_could_be_meant():
    network = build_network(AdderPlan(bits=11, hidden=2))
    person = Log(["1000", "1000"])
    (asked,) = converse(network, 11, person)
    assert (asked.a, asked.b) == (1000, 1000)
    assert person.prompts[0] == "first integer, 0 to 1023 (an empty line ends): "


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("8", "'8'"),
        ("-1", "'-1'"),
        ("1.5", "'1.5'"),
        ("abc", "'abc'"),
        ("1e2", "'1e2'"),
        ("1_0", "'1_0'"),
        ("٣", "'٣'"),
        ("3 4 5", "'3 4 5'"),
        ("nan", "'nan'"),
        ("9" * 5000, f"'{'9' * 30}...'"),
    ],
)
def test_what_is_no_number_in_range_is_told_in_a_sentence_and_asked_again(network, text, shown):
    person = Log([text, "2", text, "5", ""])
    assert [(each.a, each.b) for each in converse(network, 4, person)] == [(2, 5)]
    first, second, _ = person.replies
    expected = "expected a whole number from 0 to 7; give another, 1000 or an empty line ends"
    assert first == f"the first integer is {shown}, {expected}"
    assert second == f"the second integer is {shown}, {expected}"


def test_both_integers_may_stand_in_a_line(network):
    person = Log(["2 5", " 7\t+1 ", "3 9", "6", "4 5", "1", "2 1000", "3 3"])
    assert [(each.a, each.b) for each in converse(network, 4, person)] == [(2, 5), (7, 1), (6, 1)]
    assert person.answers == ["3 3"]
    told = [reply for reply in person.replies if reply.startswith("the")]
    assert [reply.split(",")[0] for reply in told] == ["the second integer is '9'", "the second integer is '4 5'"]


def test_a_right_sum_is_called_right():
    x = np.array([[1, 1], [0, 1], [1, 0], [0, 0]])
    text = answer_text(Asked(5, 3, 8), x, np.array([0, 0, 0, 1]))
    assert text == "  5   0 1 0 1\n+ 3   0 0 1 1\n= 8   1 0 0 0   right"


def test_what_was_asked_is_in_the_results():
    settings = AdderSettings(epochs=4, ask=True)
    result = run(settings, Log(["111", "127", "1000"]))
    assert result.document["asked"] == [{"a": 111, "b": 127, "said": 238, "right": True}]
    (table,) = (each for each in result.tables if each.name == "asked")
    assert table.rows == ((111, 127, 238, 238, "right"),)
    assert "asked" not in run(AdderSettings(bits=3, epochs=1, sequences=50), Log()).document


def test_ctrl_c_at_the_prompt_keeps_everything():
    class Gone(Log):
        def ask(self, prompt):
            raise KeyboardInterrupt

    result = run(AdderSettings(bits=3, epochs=1, sequences=50, ask=True), Gone())
    assert result.interrupted
    assert result.document["exhaustive_pairs"] == 16
    assert len(result.pictures) == 5


def piped(tmp_path, text, *options):
    line = ["run", "adder", "--epochs", "4", "--seed", "0", "--ask", "--quiet", "--out", "here", *options]
    return subprocess.run(
        [sys.executable, "-m", "handgrad", *line], input=text, capture_output=True, cwd=tmp_path, check=False
    )


def test_through_a_pipe(tmp_path):
    done = piped(tmp_path, b"111\n127\n128\n\xff\n3\n4\n\n", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["asked"] == [
        {"a": 111, "b": 127, "said": 238, "right": True},
        {"a": 3, "b": 4, "said": 7, "right": True},
    ]
    told = done.stderr.decode("utf-8", "replace")
    assert "first integer, 0 to 127 (1000 or an empty line ends): 111\n" in told
    assert "= 238   1 1 1 0 1 1 1 0   right\n" in told
    assert "the first integer is '128', expected a whole number from 0 to 127" in told
    assert "Traceback" not in told


def test_at_the_end_of_the_input_the_results_are_printed(tmp_path):
    done = piped(tmp_path, b"1\n2")
    assert done.returncode == 0
    out = done.stdout.decode()
    assert "What was asked" in out
    assert out.rstrip().endswith("report      here/report.html")


def test_the_console_reads_lines_to_the_end(monkeypatch, capsys, tmp_path):
    path = tmp_path / "typed"
    path.write_text("5\r\n\n7")
    with path.open() as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        reporter = ConsoleReporter(quiet=True)
        assert [reporter.ask("? ") for _ in range(4)] == ["5", "", "7", None]
    reporter.answer("so")
    assert capsys.readouterr().err == "? 5\n? \n? 7\n? \nso\n"
    monkeypatch.setattr(sys, "stdin", None)
    assert reporter.ask("? ") is None
