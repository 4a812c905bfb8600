"""The functions of a file, their statements and their variables, before anything is changed."""

import ast
import builtins

from handgrad.check.source.watched import Instrumented

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def module_names(tree: ast.Module) -> frozenset[str]:
    """Names that stand for modules, functions, classes and built-ins, not for values."""
    names = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update((each.asname or each.name).split(".")[0] for each in node.names)
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names.add(node.name)
    return frozenset(names)


class Collector(ast.NodeVisitor):
    """Functions and their statements, before anything is changed."""

    def __init__(self, result: Instrumented) -> None:
        self.result = result
        self.path: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.path.append(node.name)
        name = ".".join(self.path)
        self.result.functions[name] = node
        self.result.statements[name] = [
            each for each in _own_statements(node.body) if not isinstance(each, (*FUNCTIONS, ast.ClassDef))
        ]
        self.generic_visit(node)
        self.path.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.path.append(node.name)
        self.generic_visit(node)
        self.path.pop()


def _own_statements(body: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            for part in ("body", "orelse", "finalbody"):
                found += _own_statements(getattr(node, part, []))
    return found


def local_names(function: ast.FunctionDef) -> set[str]:
    """Arguments and variables of a function, not those of functions inside it."""
    arguments = function.args
    names = {each.arg for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    names |= {each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None}
    for statement in _own_statements(function.body):
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            names.add(statement.name)
            continue
        for each in ast.walk(statement):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                names.add(each.id)
            elif isinstance(each, ast.Global | ast.Nonlocal):
                names |= set(each.names)
    return names
