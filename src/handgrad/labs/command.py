"""A lab's dataclass as its command line: ``handgrad.labs.command:points`` is the command of the lab ``points``.

The command is made when it is asked for, so that listing the labs imports none of them.
"""

import dataclasses
import inspect
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args, get_type_hints

from cyclopts import Group, Parameter, Token

from handgrad.errors import UsageError
from handgrad.labs.registry import LABS, Lab
from handgrad.labs.runner import RunOptions, run_lab

_HELP = {
    "out": "Folder of the run, new or empty, instead of runs/LAB-TIME.",
    "json": "Print one JSON document on stdout.",
    "quiet": "No progress and no log on stderr.",
    "checkpoint_every": "Steps, as 500, or a time, as 30s or 2min, or never; to go on: handgrad resume.",
}
_OUTPUT = Group("Output", sort_key=2)


def __getattr__(name: str) -> Callable[..., int]:
    if name not in LABS:
        raise AttributeError(f"module {__name__!r} has no lab {name!r}")
    return command_of(LABS[name])


def command_of(lab: Lab) -> Callable[..., int]:
    """A function with a keyword for every setting of ``lab`` and every option of a run, that runs the lab. The
    attribute ``about`` of its settings, if it has one, stands above them in its help."""
    settings_class = lab.settings_class()
    group = Group("Settings", help=getattr(settings_class, "about", ""), sort_key=1)
    own = [field.name for field in dataclasses.fields(settings_class)]

    def command(**given: Any) -> int:
        settings = settings_class(**{name: value for name, value in given.items() if name in own})
        options = RunOptions(**{name: value for name, value in given.items() if name not in own})
        return run_lab(lab, settings, options, typed())

    parameters = [*_parameters(settings_class, group), *_parameters(RunOptions, _OUTPUT)]
    command.__name__ = lab.name
    command.__doc__ = lab.sentence
    command.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def typed() -> str:
    """What was typed, as a shell would take it again."""
    return shlex.join(["handgrad", *sys.argv[1:]])


def _parameters(settings_class: type[Any], group: Group) -> list[inspect.Parameter]:
    hints = get_type_hints(settings_class, include_extras=True)
    return [_parameter(field, hints[field.name], group) for field in dataclasses.fields(settings_class)]


def _parameter(field: "dataclasses.Field[Any]", hint: Any, group: Group) -> inspect.Parameter:
    """One option. A field's metadata may have ``help``, and ``shown``: the default in words."""
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    options: dict[str, Any] = {
        "help": field.metadata.get("help") or _HELP.get(field.name, ""),
        "group": group,
        "negative": "",
    }
    if "shown" in field.metadata:
        options["show_default"] = lambda _, shown=field.metadata["shown"]: shown
    options |= {"show_default": False} if hint is bool else {"allow_leading_hyphen": True}
    number, several = _number_of(hint)
    if number is not None:
        options |= {"converter": _reader(field.name, number, several), "n_tokens": 1}
        if several and default is not None and "shown" not in field.metadata:
            options["show_default"] = lambda value: ",".join(map(str, value))
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[hint, Parameter(**options)]
    )


def _number_of(hint: Any) -> tuple[type | None, bool]:
    """``int`` or ``float``, and whether several, of ``int``, ``tuple[int, ...]`` and either ``| None``; else None."""
    for each in (hint, *get_args(hint)):
        if each in (int, float):
            return each, False
        if getattr(each, "__origin__", None) is tuple and each.__args__[1:] == (...,):
            return each.__args__[0], True
    return None, False


def _reader(name: str, number: type, several: bool) -> Callable[[Any, Sequence[Token]], Any]:
    """A converter of ``64``, or of ``64,64``. Cyclopts' own would round 1.5 epochs to 2."""
    one = "a whole number" if number is int else "a number"
    expected = f"{one.removeprefix('a ')}s with commas, for example 64,64" if several else one

    def convert(_: Any, tokens: Sequence[Token]) -> Any:
        text = ",".join(token.value for token in tokens)
        try:
            return tuple(number(part) for part in text.split(",")) if several else number(text)
        except ValueError:
            raise UsageError(f"--{name.replace('_', '-')} is {text!r}, expected {expected}") from None

    return convert
