"""Run a user's file once and keep the calls of its forward, loss and backward, with the values they were given."""

import ast
import dis
import sys
import time
import types
from typing import Any

import numpy as np

from handgrad.check.source.calls import Call, Link, known_as, name_at, read_arguments, same_owner
from handgrad.check.source.limits import available, limited, line_in
from handgrad.check.source.module import UserModule
from handgrad.check.source.quiet import Output, quiet
from handgrad.check.source.results import looks_like_gradients, loss_names, names_returned, parts, scalar_paths
from handgrad.check.source.roles import Roles, bases, is_loss_in_backward, is_slope
from handgrad.check.source.state import Path, State
from handgrad.check.source.things import data_names

_RETURNS = {dis.opmap[each] for each in ("RETURN_VALUE", "RETURN_CONST") if each in dis.opmap}
_RESTARTS = 8  # steps that may be passed over
_NESTED = 20  # calls inside a call that are looked at


class Enough(BaseException):
    """Raised out of the user's file when what is needed has been seen."""


class Capture:
    """Watches the calls of a module while it runs."""

    def __init__(self, module: UserModule, roles: Roles, deadline: float) -> None:
        self.module = module
        self.roles = roles
        self.deadline = deadline
        self.calls: list[Call] = []
        self.state: State | None = None
        self.output = Output()
        self.stopped_at: int | None = None  # the line that was running when the time was over
        self.error: Exception | None = None  # what the file ended with
        self.left: object = None  # the code of sys.exit; None if the file did not leave so
        self._restarts = 0
        self._inside: types.FrameType | None = None
        self._objects: dict[int, Link] = {}
        self._open: dict[types.FrameType, Call] = {}
        self._drivers: list[types.CodeType] = []
        self._loop_variables = _loop_variables(module)
        self._driven: dict[str, dict[str, Any]] = {}  # variables of functions that called forward or backward

    def run(self) -> BaseException | None:
        """Execute the file. Returns the exception that it ended with, if it is the user's own."""
        error: BaseException | None = None
        with quiet(self.output, self.module.text, self.module.name):
            try:
                with limited(self.deadline - time.monotonic(), self._strike):
                    sys.setprofile(self._profile)
                    self.module.execute()
            except Enough:
                pass
            except SystemExit as problem:
                self.left = problem.code if problem.code is not None else 0
            except Exception as problem:
                error = self.error = problem
            finally:
                sys.setprofile(None)
        self.module.find_functions()
        for name, local in self._driven.items():  # after the calls: an argument goes by the name that it has there
            if self.state is not None:
                self.state.add_namespace(name, local, list(local))
        return error

    def _strike(self, frame: types.FrameType | None) -> BaseException:
        self.stopped_at = line_in(frame, self.module.name) or 0
        return Enough()

    def _profile(self, frame: types.FrameType, event: str, value: Any) -> None:
        if event == "call" and self._inside is None:
            name = self.module.name_of(frame.f_code)
            if name is not None:
                self._called(name, frame)
            elif not available() and time.monotonic() > self.deadline:
                raise self._strike(frame)
        elif event == "return" and frame is self._inside:
            self._inside = None
            self._returned(value, frame)
        elif self._inside is not None and event in ("call", "return"):
            self._nested(frame, event, value)

    def _nested(self, frame: types.FrameType, event: str, value: Any) -> None:
        """Forward calls inside a forward call: what they return may be what backward is given the gradient of."""
        outer = self.calls[-1]
        if event == "return":
            if frame in self._open:
                self._open.pop(frame).result = value
        elif not outer.backward and len(outer.nested) < _NESTED:
            name = self.module.name_of(frame.f_code)
            if name is not None and self.roles.is_forward(name) and "<locals>" not in name:
                call = Call(name, f"call{len(self.calls) - 1}.{len(outer.nested)}")
                read_arguments(call, frame)
                outer.nested.append(call)
                self._open[frame] = call

    def _called(self, name: str, frame: types.FrameType) -> None:
        backward, forward = self._role(name, frame.f_code)
        if not (backward or forward):
            return
        if self._is_complete(name, backward, frame):
            if not self._is_bare() or self._restarts >= _RESTARTS:
                raise Enough
            self._restart()
        self._inside = frame
        call = Call(name, f"call{len(self.calls)}", backward=backward, loss=self.roles.is_loss(name))
        read_arguments(call, frame)
        call.known_as = known_as(call, frame.f_back, self.module.name)
        if frame.f_back is not None and frame.f_back.f_code.co_filename == self.module.name:
            name = frame.f_back.f_code.co_qualname
            call.driver, call.line = "" if name == "<module>" else name, frame.f_back.f_lineno
        state = self._state(frame.f_back)
        self._link(call)
        self.calls.append(call)
        state.add(call.root, {"args": call.args, "keywords": call.keywords})

    def _role(self, name: str, code: types.CodeType) -> tuple[bool, bool]:
        """(backward, forward)"""
        functions = self.module.codes.values()
        backward = self.roles.is_backward(name, functions)
        if backward and not self.roles.told and is_slope(name):
            own = code.co_argcount - (code.co_varnames[:1] in (("self",), ("cls",)))
            backward = own > 1
        if not backward and "<locals>" in name and not self.roles.told:  # returned by a function that makes gradients
            outer = name.split(".<locals>")[0]
            made = any(each.name == outer and each.backward for each in self.calls)
            backward = made and isinstance(self._maker(outer), types.FunctionType)
        return backward, self.roles.is_forward(name, functions)

    def _maker(self, outer: str) -> Any:
        return next((each.result for each in reversed(self.calls) if each.name == outer), None)

    def _state(self, driver: types.FrameType | None) -> State:
        """The state, with the variables of the module, and those of the functions that the calls come from."""
        namespace = self.module.namespace
        if self.state is None:
            self.state = State({})
            self.state.assigned = tuple(_global_names(self.module))
            self.state.add_namespace("globals", namespace, data_names(namespace))
            for name in self.module.codes.values():
                if isinstance(function := namespace.get(name), types.FunctionType):
                    self.state.keep(function)
        if driver is None or driver.f_code.co_filename != self.module.name or driver.f_locals is namespace:
            return self.state
        if driver.f_code not in self._drivers:
            self._drivers.append(driver.f_code)
            local = driver.f_locals
            names = [name for name in data_names(local) if name not in self._loop_variables]
            kept = {name: local[name] for name in names if not isinstance(local[name], int | float)}
            self._driven[f"locals{len(self._driven)}"] = kept
        return self.state

    def _is_complete(self, name: str, backward: bool, frame: types.FrameType) -> bool:
        """Whether this call belongs to the next step of a training loop."""
        known = (n for n, each in enumerate(self.calls) if each.backward)
        first = next((n for n in known if looks_like_gradients(self.calls[n].result, len(self.calls[n].args))), None)
        if first is None:
            return False
        has_loss = any(self.loss_paths(each) for each in self.calls)
        call = Call(name, "")
        read_arguments(call, frame)
        if backward:
            again = [each for each in self.calls if each.name == name and same_owner(each, call)]
            if any(self.loss_paths(each) for each in again):
                return True
            self._link(call)
            return bool(again) and not any(link.call >= first for _, link in call.links)
        return has_loss or not self.roles.is_loss(name) or any(each.name == name for each in self.calls)

    def _is_bare(self) -> bool:
        """Whether the first input is all zeros, as the first sample of XOR: weights have no gradient there."""
        given = [each for each in self.calls[0].args if isinstance(each, np.ndarray) and each.ndim and each.size > 1]
        return bool(given) and given[0].dtype.kind in "fiub" and not np.any(given[0])

    def _restart(self) -> None:
        """Look at the next step instead."""
        self._restarts += 1
        self.calls.clear()
        self.state = None
        self._objects.clear()
        self._open.clear()
        self._drivers.clear()
        self._driven.clear()

    def loss_paths(self, call: Call) -> list[Path]:
        """Where in the result of a call the loss may stand: a backward pass must name it as one."""
        found = scalar_paths(call.result)
        if not call.backward:
            return found
        names = self.loss_names(call)
        return [
            path
            for path in found
            if is_loss_in_backward(name_at(path, names))
            or (path == (0,) and len(found) == 1 and not bases(names[0] if names else ""))
        ]

    def returned(self, call: Call) -> list[str]:
        """The names in ``return a, b, c`` of a call's function."""
        return names_returned(self.module.node(call.name))

    def loss_names(self, call: Call) -> list[str]:
        """The same, as names of a loss."""
        return loss_names(self.module.node(call.name))

    def _link(self, call: Call) -> None:
        """Find which arguments, or parts of them, were returned by earlier calls."""
        if self._objects:
            for place, each in enumerate(call.args):
                self._link_part(call, ("args", place), each, 0)
            for key, each in call.keywords.items():
                self._link_part(call, ("keywords", key), each, 0)
        if "<locals>" in call.name:
            for number, earlier in enumerate(self.calls):
                for path, thing in parts(earlier.result):
                    if isinstance(thing, types.FunctionType) and self.module.codes.get(id(thing.__code__)) == call.name:
                        call.closure = Link(number, path)

    def _link_part(self, call: Call, path: Path, value: Any, depth: int) -> None:
        link = self._objects.get(id(value))
        if link is not None:
            call.links.append((path, Link(link.call, link.path)))
        elif depth < 3 and isinstance(value, list | tuple):
            for place, each in enumerate(value):
                self._link_part(call, (*path, place), each, depth + 1)
        elif depth < 3 and isinstance(value, dict):
            for key, each in value.items():
                self._link_part(call, (*path, key), each, depth + 1)

    def _returned(self, value: Any, frame: types.FrameType) -> None:
        call = self.calls[-1]
        call.result = value
        call.done = frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] in _RETURNS
        given = {id(each) for _, each in parts([call.args, call.keywords])} if call.backward else set()
        for path, each in parts(value):
            if id(each) in given:
                continue  # handed back: whoever is given it next is given the same thing, not a gradient
            if isinstance(each, np.ndarray | dict | list | tuple | types.FunctionType) or hasattr(each, "__dict__"):
                self._objects.setdefault(id(each), Link(len(self.calls) - 1, path))


def _global_names(module: UserModule) -> set[str]:
    """Names that functions of the file make module-level ones."""
    nodes = [each for node in module.watched.functions.values() for each in ast.walk(node)]
    return {name for each in nodes if isinstance(each, ast.Global) for name in each.names}


def _loop_variables(module: UserModule) -> set[str]:
    """Names that stand for one thing after another."""
    loops = [each for each in ast.walk(module.watched.tree) if isinstance(each, ast.For)]
    return {each.id for loop in loops for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
