"""Classes that only hold values: data classes and named tuples of the user's file."""

import ast


def records_in(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """Their names, each with its fields in order."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _only_holds(node):
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            found[node.name] = tuple(each.id for each in fields if isinstance(each, ast.Name))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            made = node.value
            if isinstance(made, ast.Call) and _last(made.func) == "namedtuple" and len(made.args) == 2:
                found[node.targets[0].id] = _named(made.args[1])
    return found


def _only_holds(node: ast.ClassDef) -> bool:
    marks = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(_last(each) == "dataclass" for each in marks) or any(_last(each) == "NamedTuple" for each in node.bases)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _named(fields: ast.expr) -> tuple[str, ...]:
    """``"W b"``, ``"W, b"`` or a list of names."""
    try:
        names = ast.literal_eval(fields)
    except ValueError:
        return ()
    return tuple(names.replace(",", " ").split()) if isinstance(names, str) else tuple(map(str, names))
