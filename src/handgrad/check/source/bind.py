"""Calls for a file that computes no gradient when it runs: which function is backward, and what it is given."""

import ast
import types
from pathlib import Path as FilePath
from typing import Any

from handgrad.check.source.calls import Call, Link
from handgrad.check.source.capture import Capture
from handgrad.check.source.module import UserModule
from handgrad.check.source.results import at, scalar_paths
from handgrad.check.source.roles import Roles, looks_backward
from handgrad.check.source.state import Path, State
from handgrad.check.source.things import data_names
from handgrad.check.source.unnamed import by_structure
from handgrad.check.source.updates import updates_in
from handgrad.errors import InputError

_CACHES = ("cache", "缓存", "ctx", "memory", "saved", "tape", "trace", "store")
_MAIN = ("backward", "gradients", "gradient", "grads", "backprop", "bptt")


def with_backward(text: str, name: str, roles: Roles) -> Roles:
    """The roles, with the function whose text shows that it computes gradients where no name says so.

    Raises InputError where no function can be a backward pass, whatever happens when the file runs.
    """
    module = UserModule(text, name)
    functions = {*module.codes.values(), *module.watched.functions}  # what follows an endless loop is not compiled
    if roles.told or any(roles.is_backward(each, functions) for each in functions):
        return roles
    found = by_structure(module)
    if found is not None:
        return roles._replace(gradients=found)
    folder = FilePath(name).parent
    imported = {
        each.split(".")[0]
        for node in ast.walk(module.watched.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
    }
    if any((folder / f"{each}.py").is_file() or (folder / each / "__init__.py").is_file() for each in imported if each):
        return roles  # what lies beside the file may hold the backward pass
    raise InputError(_nothing_backward(module))


def make_calls(capture: Capture) -> None:
    """Calls from the module's data: arguments from the names of the same names, objects from those of their class.

    Raises InputError in a sentence.
    """
    module, roles = capture.module, capture.roles
    functions = module.codes.values()
    names = [each for each in dict.fromkeys(functions) if module.has(each)]
    backward = [each for each in names if roles.is_backward(each, functions)]
    if not backward:
        raise InputError(_nothing_backward(module))
    if capture.state is None:
        capture.state = State({})
        capture.state.add_namespace("globals", module.namespace, data_names(module.namespace))
    forward = [each for each in names if roles.is_forward(each, functions) and each not in backward]
    problems = []
    for chosen in sorted(backward, key=_main_first):
        capture.calls.clear()
        problem = _bind(capture, forward, chosen)
        if not problem:
            return
        problems.append(problem)
    raise InputError(problems[0])


def _nothing_backward(module: UserModule) -> str:
    for value in list(module.namespace.values()):
        where = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", "")
        inside = vars(value) if isinstance(value, types.ModuleType | type) else {getattr(value, "__name__", ""): value}
        functions = [name for name, each in list(inside.items()) if isinstance(each, types.FunctionType)]
        elsewhere = where not in ("__main__", "") and "." not in where
        if elsewhere and any(looks_backward(name) for name in functions):
            return (
                f"{module.name} takes its backward pass from {where}.py, expected it in the file that is checked; "
                "put both into one file"
            )
    if not module.watched.functions and not module.lambdas:
        what = "is empty" if not module.text.strip() else "has no functions"
        return f"{module.name} {what}, expected one that returns the loss and one that computes the gradients"
    if any(not each.function and each.gradient for each in updates_in(module.text)) or _steps_at_top(module):
        return (
            f"{module.name} computes its gradients outside of any function, expected a function "
            f"that returns the loss and one "
            "that computes the gradients; put the forward pass and the backward pass of one step into such functions"
        )
    return (
        f"{module.name} has no function that looks like a backward pass, expected a name with backward or grad in "
        "it; name yours by --gradients NAME or --backward NAME"
    )


def _steps_at_top(module: UserModule) -> bool:
    """Whether a loop at module level changes arrays by a product of others: a training loop without functions."""
    loops = [each for each in module.watched.source.lines if each.startswith(("for ", "while "))]
    return bool(loops) and any(
        not each.function and isinstance(each.value, ast.Call | ast.BinOp) for each in updates_in(module.text)
    )


def _main_first(name: str) -> tuple[int, str]:
    plain = name.rsplit(".", 1)[-1].lower()
    return (0 if plain in _MAIN else 1, name)


def _bind(capture: Capture, forward: list[str], backward: str) -> str:
    """Calls of forward and backward with arguments by name; returns what is missing, "" if nothing is."""
    known: dict[str, tuple[int, Path]] = {}
    made = _forward_calls(capture, forward, known)
    call, missing = _bound_call(capture, backward, known, len(made))
    if call is None:
        return missing
    call.backward = True
    needed = {link.call for _, link in call.links}
    losses = [number for number, each in enumerate(made) if scalar_paths(each.result)]
    if losses:
        needed.add(losses[0])
    if not needed and made:
        needed.add(len(made) - 1 if "." in backward else 0)
    keep = _closure_of(needed, made)
    order = {old: new for new, old in enumerate(keep)}
    for each in [made[old] for old in keep] + [call]:
        for _, link in each.links:
            link.call = order[link.call]
        each.root = f"call{len(capture.calls)}"
        capture.calls.append(each)
        assert capture.state is not None  # noqa: S101
        capture.state.add(each.root, {"args": each.args, "keywords": each.keywords})
    return ""


def _forward_calls(capture: Capture, forward: list[str], known: dict[str, tuple[int, Path]]) -> list[Call]:
    """Every forward function that can be called, the ones that need others' results after them."""
    made: list[Call] = []
    waiting = list(forward)
    for _ in range(len(forward) + 1):
        for each in list(waiting):
            call, _ = _bound_call(capture, each, known, len(made))
            if call is not None:
                waiting.remove(each)
                made.append(call)
                try:
                    call.result = capture.module.function(each)(*_resolved(call, made))
                except Exception:
                    made.pop()
                    continue
                _learn(capture, call, len(made) - 1, known)
    return made


def _closure_of(needed: set[int], made: list[Call]) -> list[int]:
    found = set(needed)
    while True:
        more = {link.call for each in found for _, link in made[each].links} - found
        if not more:
            return sorted(found)
        found |= more


def _resolved(call: Call, made: list[Call]) -> list[Any]:
    args = list(call.args)
    for path, link in call.links:
        args[path[1]] = at(made[link.call].result, link.path)
    return args


def _learn(capture: Capture, call: Call, number: int, known: dict[str, tuple[int, Path]]) -> None:
    """The names by which a result can be passed on: of the return statement, and usual ones."""
    names = capture.returned(call)
    if isinstance(call.result, tuple):
        for place, each in enumerate(names[: len(call.result)]):
            if each:
                known.setdefault(each, (number, (place,)))
        for place, each in enumerate(call.result):
            if isinstance(each, dict) or (isinstance(each, tuple) and len(each) > 1):
                for usual in _CACHES:
                    known.setdefault(usual, (number, (place,)))
    else:
        if len(names) == 1 and names[0]:
            known.setdefault(names[0], (number, ()))
        if isinstance(call.result, dict | list) or hasattr(call.result, "_fields"):
            for usual in _CACHES:
                known.setdefault(usual, (number, ()))


def _bound_call(
    capture: Capture, name: str, known: dict[str, tuple[int, Path]], number: int
) -> tuple[Call | None, str]:
    """The call with its arguments; or what is missing."""
    module = capture.module
    function = module.function(name)
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    defaults = dict(zip(names[len(names) - len(given) :], given, strict=True))
    call = Call(name, f"call{number}", names=names)
    lower = {key.lower(): key for key in data_names(module.namespace)}
    for place, each in enumerate(names):
        if place == 0 and "." in name and (owner := _instance(module, function)) is not None:
            call.args.append(owner)
        elif each in known:
            call.args.append(None)
            call.links.append((("args", place), Link(*known[each])))
        elif each in module.namespace:
            call.args.append(module.namespace[each])
        elif each.lower() in lower:
            call.args.append(module.namespace[lower[each.lower()]])
        elif each in defaults:
            call.args.append(defaults[each])
        else:
            return None, _missing(module, name, each, place)
    return call, ""


def _instance(module: UserModule, function: types.FunctionType) -> Any:
    """An object of the module that this is a method of."""
    for value in list(module.namespace.values()):
        method = getattr(type(value), function.__name__, None)
        if getattr(method, "__code__", None) is function.__code__:
            return value
    return None


def _missing(module: UserModule, name: str, argument: str, place: int) -> str:
    if place == 0 and "." in name:
        owner = name.rsplit(".", 1)[0]
        return (
            f"{module.name} defines {owner}, but calls {name} nowhere, expected one call of it; "
            f"make a small {owner} at "
            "the end of the file, and call its forward and backward with small arrays"
        )
    return (
        f"{name} in {module.name} needs the argument {argument}, and the file gives none: call it "
        f"once at the end of the "
        f"file, or assign module-level data to the name {argument}"
    )
