"""Functions that live in a notebook, a REPL or an imported module: their sources become a text that can be examined."""

import copy
import dis
import inspect
import io
import os
import random
import textwrap
import time
import types
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from handgrad.check.result import Finding
from handgrad.check.source.build import connect
from handgrad.check.source.calls import Call
from handgrad.check.source.capture import Capture
from handgrad.check.source.module import UserModule
from handgrad.check.source.parts import MARK, translated
from handgrad.check.source.quiet import quiet
from handgrad.check.source.roles import Roles
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.state import State
from handgrad.check.source.things import data_names

SECONDS = 8.0
_MOST_DATA = 10_000_000  # entries of arrays
_MOST_PARAMETERS = 100_000
_PARTS = 60  # functions and classes

Function = Callable[..., Any]


class Part(NamedTuple):
    """A function or a class and its source."""

    name: str
    source: str  # without the indentation of its first line
    thing: Any


def findings_in(
    loss: Function, gradients: Function, parameters: Any, wrong: set[str], *, seconds: float = SECONDS, seed: int = 0
) -> tuple[Finding, ...]:
    """The lines at fault in ``gradients`` and the functions it calls, with verified diffs; () where the sources cannot
    be had, or what runs from them is not wrong in the same parameters.

    ``file`` of a finding is the name of the function or class, ``line`` counts from its first line. Nothing of the
    user's is changed: what the functions read is copied.
    """
    states = np.random.get_state(), random.getstate()  # noqa: NPY002 - the user's own draws go on as if nothing were
    environment = dict(os.environ)
    try:
        return _Live(loss, gradients, parameters, time.monotonic() + seconds).findings(wrong, seed)
    except (Exception, TimeUp):  # whatever stands in the way: the numbers and the reasons are there without this
        return ()
    finally:
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])
        os.environ.clear()
        os.environ.update(environment)


class _Live:
    """One examination."""

    def __init__(self, loss: Function, gradients: Function, parameters: Any, deadline: float) -> None:
        self.roots = {"loss": loss, "gradients": gradients}
        self.parameters = parameters
        self.deadline = deadline
        self.parts: dict[str, Part] = {}
        self.others: dict[str, Any] = {}  # what the parts refer to and is not defined by them
        for function in self.roots.values():
            self._collect(_unwrapped(function))

    # the sources

    def _collect(self, function: Any) -> None:
        """A function or a class, and all of the same module that it refers to."""
        waiting = [function]
        seen: set[int] = set()
        while waiting and len(seen) < _PARTS:
            thing = waiting.pop(0)
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            known = _surroundings(thing)
            if thing.__name__ == "<lambda>":
                names = _looked_up(thing.__code__) | set(thing.__code__.co_freevars)
            else:
                source = textwrap.dedent(inspect.getsource(thing))
                self.parts.setdefault(thing.__name__, Part(thing.__name__, source, thing))
                names = _looked_up(compile(source, "<part>", "exec"))
            for name in sorted(names & known.keys()):
                value = known[name]
                if _is_own(value, thing) and value.__name__ == name:
                    waiting.append(value)
                elif name not in self.parts:
                    self.others.setdefault(name, value)
                    waiting += [each for each in _classes_of(value, thing) if id(each) not in seen]

    def text(self) -> str:
        """All sources in one, each behind a line that names it; classes and decorators before what uses them."""
        ordered = sorted(self.parts.values(), key=lambda each: _place(each.thing))
        return "".join(f"{MARK}{each.name}\n{each.source.rstrip()}\n\n" for each in ordered)

    # the run

    def findings(self, wrong: set[str], seed: int) -> tuple[Finding, ...]:
        """Examine, and translate what is found to the functions' own lines."""
        from handgrad.check.source.examine import examine_scenario

        text = self.text()
        module = UserModule(text, "<functions>")
        memo: dict[int, Any] = {}
        if _size([*self.others.values()]) > _MOST_DATA or _size([self.parameters]) > _MOST_PARAMETERS:
            return ()  # the search takes hundreds of runs
        module.namespace.update({name: _copied(value, memo) for name, value in self.others.items()})
        with quiet(io.StringIO()):
            module.execute()
            module.find_functions()
            for value in memo.values():
                _adopt(value, module.namespace)
            scenario = self._scenario(module, memo)
            scenario.deadline = self.deadline
            report = examine_scenario(scenario, text, module.name, seed)
        if {each.name for each in report.parameters if each.verdict == "wrong"} != wrong:
            return ()
        mended = any(each.fix for each in report.findings)  # beside an edit it is said that more is wrong, and where
        return translated([each for each in report.findings if mended], text)

    def _scenario(self, module: UserModule, memo: dict[int, Any]) -> Scenario:
        capture = Capture(module, Roles(), self.deadline)
        capture.state = State({})
        capture.state.add_namespace("globals", module.namespace, data_names(module.namespace))
        parameters = copy.deepcopy(self.parameters)
        for number, (role, function) in enumerate(self.roots.items()):
            call = Call(self._root(module, role, function, memo), f"call{number}", backward=role == "gradients")
            call.loss = role == "loss"
            call.args, call.keywords = _given(function, parameters, memo)
            code = module.function(call.name).__code__
            call.names = code.co_varnames[: code.co_argcount]
            capture.calls.append(call)
            capture.state.add(call.root, {"args": call.args, "keywords": call.keywords})
        scenario = Scenario(module, capture)
        scenario.deadline = self.deadline
        connect(scenario, capture)
        _as_passed(scenario)
        return scenario

    def _root(self, module: UserModule, role: str, function: Function, memo: dict[int, Any]) -> str:
        """The name under which the module knows one of the two functions."""
        plain = _unwrapped(function)
        if plain.__name__ != "<lambda>":
            names = plain.__qualname__.rpartition("<locals>.")[2], plain.__name__
            return str(next(name for name in names if module.has(name)))
        cells = tuple(
            types.CellType(module.namespace.get(name, _copied(cell.cell_contents, memo)))
            for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True)
        )
        moved = types.FunctionType(plain.__code__, module.namespace, role, plain.__defaults__, cells)
        module._owners[f"<{role}>"] = moved
        return f"<{role}>"


def _as_passed(scenario: Scenario) -> None:
    """Only what was passed as parameters counts as such, under the names that the numbers use."""
    call = scenario.calls[0]
    place = (call.root, "args", len(call.args) - 1)
    passed = [each for each in scenario.parameters if each.path[:3] == place]
    gradients = {}
    for each in passed:
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in each.path[3:])
        gradients[name.removeprefix(".") or "parameters"] = scenario.gradients[each.name]
        each.name = name.removeprefix(".") or "parameters"
    scenario.parameters, scenario.gradients = passed, gradients


def _unwrapped(function: Any) -> Any:
    """The Python function behind a partial or a method. Raises TypeError for anything else."""
    while isinstance(function, partial):
        function = function.func
    if isinstance(function, types.MethodType):
        function = function.__func__
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"{function!r} is not a Python function")
    return function


def _given(function: Any, parameters: Any, memo: dict[int, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of the plain function: those of a partial, the object of a method, and the parameters."""
    args: list[Any] = [parameters]
    keywords: dict[str, Any] = {}
    while isinstance(function, partial):
        args = [*(_copied(each, memo) for each in function.args), *args]
        keywords = {key: _copied(each, memo) for key, each in (function.keywords | keywords).items()}
        function = function.func
    if isinstance(function, types.MethodType):
        args = [_copied(function.__self__, memo), *args]
    return args, keywords


def _surroundings(thing: Any) -> dict[str, Any]:
    """What a function's or a class's names mean: its module, and the functions around it."""
    if isinstance(thing, type):
        functions = [each for each in vars(thing).values() if isinstance(each, types.FunctionType)]
        return {name: value for each in functions for name, value in _surroundings(each).items()}
    cells = zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True)
    inner = {}
    for name, cell in cells:
        try:
            inner[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return {**thing.__globals__, **inner}


def _looked_up(code: types.CodeType) -> set[str]:
    """The names that some code looks up in its surroundings; not its own variables, and no attributes."""
    names = {each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            names |= _looked_up(each)
    return names


def _is_own(value: Any, beside: Any) -> bool:
    """A function or a class of the same module."""
    if not isinstance(value, types.FunctionType | type) or value.__name__ == "<lambda>":
        return False
    return bool(value.__module__ == beside.__module__)


def _classes_of(value: Any, beside: Any, depth: int = 3) -> list[Any]:
    """Classes of the same module whose instances a value is or holds."""
    if depth == 0:
        return []
    if isinstance(value, list | tuple):
        return [one for each in value[:30] for one in _classes_of(each, beside, depth - 1)]
    if isinstance(value, dict):
        return [one for each in list(value.values())[:30] for one in _classes_of(each, beside, depth - 1)]
    if _is_own(type(value), beside):
        return [type(value), *_classes_of(getattr(value, "__dict__", {}), beside, depth - 1)]
    return []


def _size(values: list[Any]) -> int:
    """Entries of the arrays among some values, and in their lists and dicts."""
    count = 0
    for each in values:
        if isinstance(each, np.ndarray):
            count += each.size
        elif isinstance(each, dict | list | tuple):
            count += _size([*each.values()] if isinstance(each, dict) else [*each])
    return count


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of data; functions, classes and modules as they are."""
    if isinstance(value, types.ModuleType | types.FunctionType | types.BuiltinFunctionType | type):
        return value
    return copy.deepcopy(value, memo)


def _adopt(value: Any, namespace: dict[str, Any]) -> None:
    """Make the copy of an instance one of the class that is watched."""
    own = namespace.get(type(value).__name__)
    if isinstance(own, type) and own is not type(value) and own.__module__ == "__main__" and hasattr(value, "__dict__"):
        value.__class__ = own


def _place(thing: Any) -> tuple[bool, int]:
    """Where a part goes: as in its file or cell, classes first, since functions look their names up when they run."""
    code = getattr(thing, "__code__", None)
    return code is not None, code.co_firstlineno if code is not None else 0
