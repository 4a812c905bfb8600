"""A dataclass as a command line."""

import inspect
from dataclasses import dataclass, field
from typing import Literal

import pytest
from cyclopts import App, CycloptsError

from handgrad.errors import HandgradError, UsageError
from handgrad.labs import command as module
from handgrad.labs.command import command_of
from handgrad.labs.registry import LABS
from handgrad.labs.runner import RunOptions


@dataclass(frozen=True)
class Settings:
    widths: tuple[int, ...] | None = field(default=None, metadata={"help": "Some widths.", "shown": "3,4"})
    rates: tuple[float, ...] = (0.5, 0.25)
    epochs: int = 5
    lr: float | None = None
    kind: Literal["a", "b"] = "a"
    log_every: int = 1
    fast: bool = False
    names: list[str] = field(default_factory=list)


class Lab:
    name, description, sentence = "toy", "a toy", "A toy."

    def settings_class(self):
        return Settings


@pytest.fixture
def run(monkeypatch):
    """Parses a command line; returns the settings and the options that the lab would run with."""
    seen = []
    monkeypatch.setattr(module, "run_lab", lambda lab, settings, options, typed: seen.append((settings, options)) or 0)
    app = App(result_action="return_value")
    app.default(command_of(Lab()))

    def parse(line):
        assert app(line.split(), exit_on_error=False, print_error=False) == 0
        return seen.pop()

    return parse


def test_defaults_are_those_of_the_dataclass(run):
    assert run("") == (Settings(), RunOptions())


def test_every_field_is_an_option(run):
    settings, options = run(
        "--widths 64,-2 --rates 1,2.5 --epochs -3 --lr 1e-3 --kind b --log-every 9 --fast --names x "
        "--out d --json --quiet"
    )
    assert settings == Settings((64, -2), (1.0, 2.5), -3, 1e-3, "b", 9, True, ["x"])
    assert options == RunOptions("d", json=True, quiet=True)


def test_an_option_given_twice_adds_to_the_list(run):
    assert run("--widths 3 --widths=4,5")[0].widths == (3, 4, 5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--widths 64,abc", "--widths is '64,abc', expected whole numbers with commas"),
        ("--widths 1.5", "--widths is '1.5', expected whole numbers with commas"),
        ("--rates 1,,2", "--rates is '1,,2', expected numbers with commas"),
        ("--epochs 1.5", "--epochs is '1.5', expected a whole number"),
        ("--lr fast", "--lr is 'fast', expected a number"),
        ("--log-every x", "--log-every is 'x', expected a whole number"),
    ],
)
def test_what_is_no_number_is_named(run, line, message):
    with pytest.raises((CycloptsError, HandgradError)) as raised:
        run(line)
    error = raised.value
    while not isinstance(error, UsageError):
        error = error.__cause__ or error.__context__
    assert message in str(error)


@pytest.mark.parametrize("line", ["--kind c", "--nothing 3", "3", "--epochs", "--no-fast", "--epochs 1 --epochs 2"])
def test_what_is_no_option_is_refused(run, line):
    with pytest.raises(CycloptsError):
        run(line)


def test_help_shows_defaults_in_words(capsys):
    app = App(result_action="return_value", help_format="plaintext")
    app.default(command_of(Lab()))
    app(["--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("A toy.", "Some widths. [default: 3,4]", "[default: 0.5,0.25]", "[choices: a, b] [default: a]"):
        assert part in text
    assert "Print one JSON document on stdout. --quiet" in text  # no default of a flag


@pytest.mark.parametrize("name", ["adder", "counter"])
def test_help_says_what_is_measured_and_where_to_read_on(name, capsys):
    app = App(result_action="return_value", help_format="plaintext")
    app.default(command_of(LABS[name]))
    app(["--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Settings" in text
    about = LABS[name].settings_class().about
    assert about in text
    assert f"docs/labs/{name}.md" in about


def test_the_labs_are_found_by_name():
    function = module.points
    assert list(inspect.signature(function).parameters)[-4:] == ["out", "json", "quiet", "checkpoint_every"]
    assert function.__doc__ == LABS["points"].sentence
    with pytest.raises(AttributeError, match="no lab 'nothing'"):
        module.nothing  # noqa: B018


def test_what_was_typed_can_be_typed_again(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/handgrad", "run", "points", "--data", "my file.csv"])
    assert module.typed() == "handgrad run points --data 'my file.csv'"
