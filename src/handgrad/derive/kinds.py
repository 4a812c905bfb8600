"""The layers that there are, and of what kind each is: what the loops in its file run over."""

import ast
from collections.abc import Container
from importlib import resources
from importlib.resources.abc import Traversable

LINES, TIME, MAPS = "lines", "time", "maps"  # straight lines, a loop over time, loops over maps


def folder_of_layers() -> Traversable:
    """The folder of the package's own layers."""
    return resources.files("handgrad.layers")


def layer_names(folder: Traversable | None = None) -> list[str]:
    """Base names of the layers in ``folder`` whose passes are straight lines, sorted."""
    return [name for name, kind in _files(folder) if kind == LINES]


def loop_names(folder: Traversable | None = None) -> list[str]:
    """Base names of the layers in ``folder`` that walk through time, sorted: see ``loop_source.py``."""
    return [name for name, kind in _files(folder) if kind == TIME]


def map_names(folder: Traversable | None = None) -> list[str]:
    """Base names of the layers in ``folder`` that work on maps, sorted: see ``maps_source.py``."""
    return [name for name, kind in _files(folder) if kind == MAPS]


def all_names(folder: Traversable | None = None) -> list[str]:
    """Base names of all layers in ``folder``, sorted."""
    return [name for name, _ in _files(folder)]


def _files(folder: Traversable | None) -> list[tuple[str, str]]:
    """The base name of every layer, and what its loops run over."""
    files = (folder or folder_of_layers()).iterdir()
    named = [f for f in files if f.name.endswith(".py") and not f.name.startswith("_")]
    return sorted((f.name[:-3], kind_of(f.read_text(encoding="utf-8"))) for f in named)


def kind_of(source: str, passes: Container[str] | None = None) -> str:
    """What the loops of the file's functions (of ``passes``, if given) run over: LINES where there are none, MAPS where
    the outermost ones are over maps d, maps p or links (p, d), else TIME."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    chosen = [function for function in functions if passes is None or function.name in passes]
    if not any(isinstance(node, (ast.For, ast.While)) for function in chosen for node in ast.walk(function)):
        return LINES
    outermost = [node for function in chosen for node in function.body if isinstance(node, (ast.For, ast.While))]
    over = [ast.unparse(node.target).strip("()") if isinstance(node, ast.For) else "" for node in outermost]
    return MAPS if over and all(each.split(", ")[0] in ("d", "p") for each in over) else TIME


def title_of(name: str, folder: Traversable | None = None) -> str:
    """First line of a layer's docstring, without running the file."""
    source = (folder or folder_of_layers()).joinpath(f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or name).partition("\n")[0]
