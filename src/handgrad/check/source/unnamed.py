"""Which function computes the gradients, where no name says so: by its text."""

import ast

from handgrad.check.source.module import UserModule
from handgrad.check.source.results import name_of, names_returned
from handgrad.check.source.roles import bases, is_container_of_gradients, is_no_backward, takes_steps
from handgrad.check.source.updates import updates_in


def by_structure(module: UserModule) -> str | None:
    """The function whose return statement names gradients, or that takes a step with its own, where no function's
    name says that it does."""
    best, found = 1, None
    for name, node in module.watched.functions.items():
        if _may_be_called(module, name):
            read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            count = sum(any(base in read for base in bases(each)) for each in names_returned(node) if each)
            if count > best or (count == best and found is None):
                best, found = count, name
    return (
        found
        or _by_container(module)
        or _by_locals(module)
        or _by_unpacking(module)
        or _by_updates(module)
        or _by_steps(module)
    )


def _may_be_called(module: UserModule, name: str) -> bool:
    """A function that was found, or may be once the file has run."""
    return module.has(name) or (not module.ran and "<locals>" not in name)


def _by_container(module: UserModule) -> str | None:
    """The function that returns what bears the name of a collection of gradients, and was not given it."""
    for name, node in module.watched.functions.items():
        given = {each.arg for each in node.args.args}
        returned = [each for each in names_returned(node) if is_container_of_gradients(each) and each not in given]
        if returned and node.args.args and _may_return_them(name) and _may_be_called(module, name):
            return name
    return None


def _may_return_them(name: str) -> bool:
    return not is_no_backward(name) or takes_steps(name)


def _by_locals(module: UserModule) -> str | None:
    """The function that computes gradients in its own variables, and takes the step itself."""
    best, found = 1, None
    for name, node in module.watched.functions.items():
        read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        read |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
        count = sum(bool(bases(each) & read) for each in _assigned(node))
        if count > best and _may_be_called(module, name):
            best, found = count, name
    return found


def _by_unpacking(module: UserModule) -> str | None:
    """The function whose result is taken apart under the names of gradients."""
    best, found = 0, None
    names = {each.id for each in ast.walk(module.watched.tree) if isinstance(each, ast.Name)}
    for node in ast.walk(module.watched.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        target, function = node.targets[0], node.value.func
        if not isinstance(target, ast.Tuple):
            continue
        called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        known = [each for each in module.watched.functions if each.rpartition(".")[2] == called]
        count = sum(bool(bases(name_of(each)) & names) for each in target.elts)
        if len(known) == 1 and count > best and _may_be_called(module, known[0]):
            best, found = count, known[0]
    return found


def _by_updates(module: UserModule) -> str | None:
    """The function that changes the most things by a rate times what it has computed itself."""
    counts: dict[str, int] = {}
    for each in updates_in(module.text):
        node = module.watched.functions.get(each.function)
        if node is not None and _may_be_called(module, each.function) and each.gradient in _assigned(node):
            counts[each.function] = counts.get(each.function, 0) + 1
    return max(counts, key=lambda name: counts[name], default=None)


def _by_steps(module: UserModule) -> str | None:
    """The function whose result, or a part of it, is what a step subtracts, whatever it is called."""
    counts: dict[str, int] = {}
    steps = [each for each in updates_in(module.text) if each.has_rate and each.gradient]
    for node in ast.walk(module.watched.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0]
        bound = {name_of(each) for each in (target.elts if isinstance(target, ast.Tuple) else [target])}
        called = module.watched.source.segment(node.value.func).rpartition(".")[2]
        known = [each for each in module.watched.functions if each.rpartition(".")[2] == called]
        used = sum(_root(each.gradient) in bound for each in steps)
        if len(known) == 1 and used and _may_return_them(known[0]) and _may_be_called(module, known[0]):
            counts[known[0]] = counts.get(known[0], 0) + used
    return max(counts, key=lambda name: counts[name], default=None)


def _root(text: str) -> str:
    """``out`` of ``out['W']``."""
    node = ast.parse(text, mode="eval").body
    while isinstance(node, ast.Subscript):
        node = node.value
    return name_of(node)


def _assigned(node: ast.FunctionDef) -> set[str]:
    written: set[str] = set()
    for statement in ast.walk(node):
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                parts = target.elts if isinstance(target, ast.Tuple) else [target]
                written |= {name_of(each) for each in parts if isinstance(each, ast.Name)}
    return written
