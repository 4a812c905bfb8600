"""Reads a layer's file: its docstring, its two functions line by line, and what the plumbing between them connects.

Unpacking of parameters and cache, and the return, are plumbing: they are followed, so that every name of the backward
pass is known by its name in the forward pass, and not typeset. What remains are the equations.
"""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any

from handgrad.derive.kinds import all_names, folder_of_layers, kind_of, layer_names
from handgrad.derive.names import derivative, differentiated
from handgrad.derive.source import Argument, LayerSource, Origin, Statement, rename, with_derivatives
from handgrad.errors import InputError, unknown_choice

_SHAPE = re.compile(r"((?:\w+, )*\w+) \(((?:\d*[A-Z]\w*|\d+)(?:, (?:\d*[A-Z]\w*|\d+))*),?\)")
_MEANING = re.compile(r"(\w+) \([^)]*\): ([^.;]*)")
_STEP = re.compile(r"#\s*(\d+(?:, ?\d+)*)\s*(?::\s*(.*))?")


def read_named(name: str, folder: Traversable | None = None) -> LayerSource:
    """The layer called ``name`` from ``folder`` (the package's own layers if not given).

    Raises UsageError for a name that no file has.
    """
    names = layer_names(folder)
    if name not in names:
        raise unknown_choice("the layer", name, names)
    return read_file(name, folder).layer()


def read_file(name: str, folder: Traversable | None = None) -> "FileReader":
    """The file of the layer called ``name`` in ``folder``. Raises UsageError for a name that no file has."""
    if name not in all_names(folder):
        raise unknown_choice("the layer", name, all_names(folder))
    return FileReader(name, (folder or folder_of_layers()).joinpath(f"{name}.py").read_text(encoding="utf-8"))


def loss_names(folder: Traversable | None = None) -> list[str]:
    """Base names of the layers in ``folder`` that give one value per sample."""
    return [name for name in layer_names(folder) if read_named(name, folder).is_loss]


def read_loss(name: str, folder: Traversable | None = None) -> LayerSource:
    """The loss called ``name``, as ``read_named``. Raises UsageError for a name that is not a loss."""
    source = read_named(name, folder) if name in layer_names(folder) else None
    if source is None or not source.is_loss:
        raise unknown_choice("the loss", name, loss_names(folder))
    return source


def activation_names(folder: Traversable | None = None) -> list[str]:
    """Base names of the layers in ``folder`` that take pre-activations ``a`` to ``y`` of the same shape."""
    sources = [read_named(name, folder) for name in layer_names(folder)]
    return [each.name for each in sources if each.inputs[:1] == ("a",) and each.shapes["a"] == each.shapes.get("y")]


def read_activation(name: str, folder: Traversable | None = None, refused: Collection[str] = ()) -> LayerSource:
    """The activation called ``name``, as ``read_named``. Raises UsageError for a name that is not that of an
    activation, or is one of the ``refused``."""
    known = [each for each in activation_names(folder) if each not in refused]
    if name not in known:
        raise unknown_choice("the activation", name, known)
    return read_named(name, folder)


def read_module(module: str | Path | ModuleType) -> LayerSource:
    """A layer from a module, or from the path of its file, as ``module_reader``."""
    return module_reader(module).layer()


def module_reader(module: str | Path | ModuleType) -> "FileReader":
    """The file of a module, or of a path. The base name says which functions are meant; a
    file with one pair of functions may have another name.

    Raises InputError for a file that cannot be read, is not Python, or does not hold a layer.
    """
    path = Path(inspect.getfile(module) if isinstance(module, ModuleType) else module)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}), expected the file of a layer") from None
    return FileReader(path.stem, source)


def parse_shapes(docstring: str) -> dict[str, tuple[str, ...]]:
    """The Shapes block of a layer's docstring: ``W (M, N), b (M,); s a number`` as names and sizes in letters."""
    shapes: dict[str, tuple[str, ...]] = {}
    for names, sizes in _SHAPE.findall(paragraph(docstring, "Shapes")):
        shapes |= dict.fromkeys(names.split(", "), tuple(re.split(r", ?", sizes)))
    return shapes


def paragraph(docstring: str, heading: str) -> str:
    """The paragraph that begins with ``heading:``, on one line."""
    for paragraph in docstring.split("\n\n"):
        if paragraph.startswith(f"{heading}:"):
            return " ".join(paragraph.partition(":")[2].split())
    return ""


class FileReader:
    """Reads one file."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source
        try:
            self.tree = ast.parse(source)
            self.namespace: dict[str, Any] = {"__name__": f"handgrad.layers.{name}"}
            exec(compile(self.tree, f"{name}.py", "exec"), self.namespace)
        except Exception as error:
            raise InputError(f"{name}.py does not run: {type(error).__name__}: {error}") from None
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        self.comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    @property
    def base(self) -> str:
        """The name before ``_forward`` and ``_backward``: the file's, or another if the file has that pair alone."""
        functions = {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        pairs = [name[:-8] for name in functions if name.endswith("_forward") and f"{name[:-8]}_backward" in functions]
        return pairs[0] if len(pairs) == 1 and f"{self.name}_forward" not in functions else self.name

    @property
    def kind(self) -> str:
        """What the loops of the layer's two functions run over, as ``kind_of``."""
        return kind_of(self.source, (f"{self.base}_forward", f"{self.base}_backward"))

    def layer(self) -> LayerSource:
        docstring = ast.get_docstring(self.tree) or ""
        function, lines, last = self.function(f"{self.base}_forward")
        arguments = self.arguments(function)
        packed = {a.name: dict(zip(a.fields, a.fields, strict=True)) for a in arguments if a.fields}
        names: dict[str, str] = {}
        forward = self._equations(lines, names, packed)
        outputs, cached = self._outputs(last, names)
        values = {name for a in arguments for name in (a.fields or (a.name,))} | {line.target for line in forward}
        return LayerSource(
            self.name,
            docstring.partition("\n")[0],
            paragraph(docstring, "Source"),
            parse_shapes(docstring),
            arguments,
            outputs,
            self._constants(),
            forward,
            self._backward(packed | {"cache": cached}, {a.name for a in arguments} | values, outputs),
            self.meanings(),
        )

    def _backward(
        self, packed: dict[str, dict[str, str]], values: set[str], outputs: tuple[str, ...]
    ) -> tuple[Statement, ...]:
        """The equations of the backward pass, in the names of the forward pass."""
        function, lines, last = self.function(f"{self.base}_backward")
        known = {*values, *packed, *(derivative(out) for out in outputs)}
        for argument in self.arguments(function):
            if argument.name not in known:
                raise self.wrong(function, f"its argument {argument.name} is none of {', '.join(sorted(known))}")
        names: dict[str, str] = {}
        equations = _blocks(self._equations(lines, names, packed))
        for wanted, name in self._returned(last):
            if name != wanted or differentiated(name, values) is None:
                raise self.wrong(last, f"it returns {name}, expected the derivative by an input, named d and the input")
        return equations

    def function(self, name: str) -> tuple[ast.FunctionDef, list[ast.stmt], ast.stmt]:
        """A function of the file: its definition, its lines without the docstring, its last line."""
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                *lines, last = node.body
                return node, lines[ast.get_docstring(node) is not None :], last
        said = f"{self.name}.py has no function {name}, expected {self.name}_forward and {self.name}_backward"
        raise InputError(f"{said}, in the form of docs/derive.md; handgrad check takes a file of any form")

    def signature(self, name: str) -> Mapping[str, inspect.Parameter]:
        """The parameters of a function."""
        return inspect.signature(self.namespace[name], eval_str=True).parameters

    def arguments(self, function: ast.FunctionDef) -> tuple[Argument, ...]:
        arguments = []
        for parameter in self.signature(function.name).values():
            kind = parameter.annotation
            fields = getattr(kind, "_fields", ()) if isinstance(kind, type) else ()
            arguments.append(Argument(parameter.name, fields, kind is float))
        return tuple(arguments)

    def _constants(self) -> tuple[Statement, ...]:
        """Module-level numbers, such as the two of the scaled tanh."""
        found = []
        for node in self.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)]) if isinstance(self.namespace[name], (int, float)):
                    found.append(self._statement(node, name, node.value))
        return tuple(found)

    def meanings(self) -> dict[str, str]:
        """``y (M, B): the output; ...`` in the docstring of a class, as y to "the output"."""
        classes = (node for node in self.tree.body if isinstance(node, ast.ClassDef))
        found = [each for node in classes for each in _MEANING.findall(ast.get_docstring(node) or "")]
        return {name: " ".join(text.split()) for name, text in found}

    def _equations(
        self, lines: list[ast.stmt], names: dict[str, str], packed: dict[str, dict[str, str]]
    ) -> tuple[Statement, ...]:
        """The assignments among ``lines``. Plumbing goes into ``names``: local name to name in the forward pass."""
        equations: list[Statement] = []
        for node in lines:
            match node:
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Name(id=whole)) if whole in packed:
                    if len(parts) != len(packed[whole]):
                        raise self.wrong(node, f"{whole} has {len(packed[whole])} entries, not {len(parts)}")
                    names |= zip(map(ast.unparse, parts), packed[whole].values(), strict=True)
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    new = with_derivatives(names)
                    target = new.get(name, name) if differentiated(name, names) else name
                    renamed = rename(value, new, packed)
                    if ast.unparse(renamed) != target:  # W = params.W is plumbing
                        equations.append(self._statement(node, target, renamed))
                case _:
                    raise self.wrong(node, "expected an assignment to one name, or params or cache unpacked")
        return tuple(equations)

    def _outputs(self, last: ast.stmt, names: dict[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """From the forward pass's return: the names of the outputs, and what the cache holds, field by field."""
        match last:
            case ast.Return(value=ast.Tuple(elts=[*outputs, ast.Call(func=ast.Name(id=kind)) as cache])):
                fields = getattr(self.namespace.get(kind), "_fields", ())
                held = dict(zip(fields, cache.args, strict=False)) | {k.arg or "": k.value for k in cache.keywords}
                if all(isinstance(node, ast.Name) for node in (*outputs, *held.values())) and set(held) == set(fields):
                    cached = {name: ast.unparse(held[name]) for name in fields}
                    return (
                        tuple(names.get(out, out) for out in map(ast.unparse, outputs)),
                        {name: names.get(local, local) for name, local in cached.items()},
                    )
        raise self.wrong(
            last, "expected `return output, Cache(...)` of names, so that each value has a line of its own"
        )

    def _returned(self, last: ast.stmt) -> list[tuple[str, str]]:
        """What the backward pass returns, each with the name that its place asks for."""
        value = last.value if isinstance(last, ast.Return) else None
        found: list[tuple[str, str]] = []
        for part in value.elts if isinstance(value, ast.Tuple) else [value]:
            match part:
                case ast.Name(id=name):
                    found.append((name, name))
                case ast.Call(func=ast.Name(id=kind), args=args, keywords=[]) if kind in self.namespace:
                    fields = getattr(self.namespace[kind], "_fields", ())
                    if len(args) != len(fields):
                        raise self.wrong(last, f"{kind} has {len(fields)} fields, not {len(args)}")
                    found += zip(map(derivative, fields), map(ast.unparse, args), strict=True)
                case _:
                    raise self.wrong(last, "expected a return of names, so that each derivative has a line of its own")
        return found

    def _statement(self, node: ast.stmt, target: str, value: ast.expr) -> Statement:
        code = ast.get_source_segment(self.source, node) or ast.unparse(node)
        step, note = self.comment_above(node.lineno)
        origin = Origin(f"{self.name}.py:{node.lineno}", code)
        return Statement(target, value, (origin,), self.namespace, step, note)

    def comment_above(self, line: int) -> tuple[str, str]:
        """The step number over a line, and the reason behind it. A quoted equation is no reason."""
        above = []
        while (line := line - 1) in self.comments and not self.source.splitlines()[line - 1].split("#")[0].strip():
            above.append(self.comments[line])
        numbered = _STEP.fullmatch(" ".join([*reversed(above)]).replace(" # ", " ")) if above else None
        if numbered is None:
            return "", ""
        note = " ".join((numbered[2] or "").split())
        return numbered[1], "" if "=" in note else note

    def wrong(self, node: ast.AST, what: str) -> InputError:
        line = getattr(node, "lineno", 0)
        return InputError(f"{self.name}.py, line {line}: `{ast.unparse(node).splitlines()[0]}`: {what}")


def _blocks(lines: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Every line with the number of its block, which stands over the first line only."""
    step, numbered = "", []
    for line in lines:
        step = line.step or step
        numbered.append(replace(line, step=step))
    return tuple(numbered)
