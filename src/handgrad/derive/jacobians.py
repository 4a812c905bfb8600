"""Typesets and checks the Jacobians of one step of a layer that walks through time.

A file of ``<name>_forms`` that JACOBIANS lists has a function ``<name>_<file>(params, cache, t)`` of straight lines.
What a line gives is told by its name: ``dh_df`` is the derivative of h_t by f_t, ``dh_dc_prev`` that by c_{t-1},
``dh_dW_f`` and ``dh_db_f`` those by the rows of the parameters that belong to f. Each is within step t: what the step
before has made is taken for independent, and a parameter is changed where this step reads it.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from itertools import combinations
from typing import Any

import numpy as np

from handgrad.check.numerical import relative_error
from handgrad.derive import expression as ex
from handgrad.derive.document import Check, Line, Section
from handgrad.derive.execute import Program
from handgrad.derive.kinds import folder_of_layers
from handgrad.derive.loop_lines import STEP
from handgrad.derive.loop_parts import BEFORE, Parts
from handgrad.derive.loop_run import LOSS, LoopRun
from handgrad.derive.names import symbol
from handgrad.derive.reader import FileReader
from handgrad.derive.source import Origin
from handgrad.derive.translate import Translation
from handgrad.derive.unfold import in_one_step
from handgrad.errors import InputError

_JACOBIAN = re.compile(r"d([a-z]+)_d(\w+)")
_PREVIOUS = "_prev"
_PULLED = {3: "nji,jn->in", 4: "njil,jn->il"}  # a cotangent through a Jacobian, by its number of axes
Note = tuple[str | ex.Expression, ...]


@dataclass(frozen=True)
class Jacobians:
    """The file of the Jacobians of one value, read."""

    reader: FileReader
    function: str

    def statements(self) -> list[ast.Assign]:
        """Its lines, without the docstring and the return."""
        _, lines, _ = self.reader.function(self.function)
        for line in lines:
            if not isinstance(line, ast.Assign):
                raise self.reader.wrong(line, "expected an assignment: the Jacobians of a step are straight lines")
        return [line for line in lines if isinstance(line, ast.Assign)]

    def run(self, given: Mapping[str, Any], t: int) -> dict[str, Any]:
        """The value of every name in step ``t``."""
        values = {**self.reader.namespace, **given, STEP: t}
        exec(compile(ast.Module([*self.statements()], []), f"{self.reader.name}.py", "exec"), values)
        return values


def read_jacobians(name: str, folder: Traversable | None = None) -> tuple[Jacobians, ...]:
    """The files of Jacobians of the layer called ``name``, in the order of JACOBIANS in their package."""
    package = (folder or folder_of_layers()).joinpath(f"{name}_forms")
    listed = package.joinpath("__init__.py")
    if not listed.is_file():
        return ()
    files = FileReader(f"{name}_forms", listed.read_text(encoding="utf-8")).namespace.get("JACOBIANS", ())
    texts = {each: package.joinpath(f"{each}.py").read_text(encoding="utf-8") for each in files}
    return tuple(Jacobians(FileReader(each, text), f"{name}_{each}") for each, text in texts.items())


def typeset_jacobians(files: tuple[Jacobians, ...], run: LoopRun, program: Program) -> list[Section]:
    """A section for each file, and before the first one what its letters stand for."""
    sections: list[Section] = []
    for place, each in enumerate(files):
        typesetter = _Typesetter(each, run, program)
        definitions, lines = typesetter.lines()
        if place == 0 and definitions:
            sections.append(Section(f"Within step {STEP}: letters", definitions))
        what = re.sub(r"_jacobians$", "", each.reader.name).replace("_", " ")
        sections.append(Section(f"Within step {STEP}: Jacobians of the {what}", lines, backward=True))
    return sections


def jacobian_notes(files: tuple[Jacobians, ...], sections: list[Section]) -> list[Note]:
    """What the rows and columns are, and where the numbers behind a published form lead."""
    if not files:
        return []
    met = [line.equation.left for section in sections if section.backward for line in section.lines]
    matrix = next(each for each in met if isinstance(each, ex.Symbol) and each.of[0] != LOSS)
    notes: list[Note] = [
        (
            matrix,
            " and its like are matrices for each sample, a row for each entry of what is differentiated. They are "
            "within the step: what the step before made is taken for independent, and a parameter counts where this "
            "step reads it.",
        ),
        ("A Jacobian is compared in every step, under a random cotangent of what is differentiated.",),
    ]
    if any(re.search(r"\d{3}-\d", line.note) for section in sections for line in section.lines):
        notes.append(("Numbers such as 002-7 are those of docs/errata.md: what is wrong in the published form.",))
    return notes


def _shortened(number: str) -> str:
    """7, 6, 5, 4 as 7–4: the numbers of a line, where it differentiates a run of more than two."""
    runs: list[list[int]] = []
    for each in map(int, filter(None, number.split(","))):
        if runs and each == runs[-1][-1] - 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    long = 2
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > long else ", ".join(map(str, run)) for run in runs)


@dataclass(frozen=True)
class _Typesetter:
    """The lines of one file."""

    source: Jacobians
    run: LoopRun
    program: Program

    def lines(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """What the letters stand for, and the Jacobians."""
        given = {**self.run.given, **self.run.inputs}
        by_step = [self.source.run(given, t) for t in range(self.run.steps)]
        pairs = list(self._typeset(by_step))
        return tuple(line for line in pairs if not line.check), tuple(line for line in pairs if line.check)

    def _typeset(self, by_step: list[dict[str, Any]]) -> Iterator[Line]:
        shown = {**self.run.shown, **by_step[1]}
        known = {*self.run.inputs, *self.run.values, *self.run.made}
        named = {name: found for name in shown if (found := self.symbol(name))}
        how: dict[str, Any] = {"repeated": self.run.repeated, "named": named, "spelled": self.run.source.letters}
        for node in self.source.statements():
            names = [ast.unparse(each) for target in node.targets for each in getattr(target, "elts", [target])]
            if "_" in names or isinstance(node.value, (ast.Name, ast.Tuple)):
                continue
            translation = Translation(shown, self.letters, known, **how)
            left = [translation.target(name, shown[name]) for name in names]
            right = translation.expression(in_one_step(_array(node), set()))
            equation = ex.Equation(ex.Stack(tuple(left)) if len(left) > 1 else left[0], right)
            number, note = self.source.reader.comment_above(node.lineno)
            check = self.check(names[0], [values[names[0]] for values in by_step])
            origin = Origin(f"{self.source.reader.name}.py:{node.lineno}", ast.unparse(node))
            symbols = tuple(translation.symbols.items())
            yield Line(equation, symbols, (origin,), _shortened(number) if check else "", note, check)

    def symbol(self, name: str) -> ex.Symbol | None:
        """The symbol of a Jacobian, and of a value that the step makes for itself."""
        letters = self.run.source.letters
        if jacobian := _JACOBIAN.fullmatch(name):
            of, by = jacobian.groups()
            step = f"{by.removesuffix(_PREVIOUS)}_{STEP}-1" if by.endswith(_PREVIOUS) else f"{by}_{STEP}"
            below = symbol(by if self._rows(by) else step, letters=letters)
            return replace(below, partial=True, of=(of, STEP))
        made = any(name == ast.unparse(node.targets[0]) for node in self.source.statements())
        return symbol(f"{name}_{STEP}", letters=letters) if made else None

    def letters(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """A shape in letters; the size of two blocks one under the other is the sum of theirs."""
        sizes = self.program.sizes
        sums = {sizes[p] + sizes[q]: f"{p}+{q}" for q, p in combinations(sizes, 2)}
        return tuple(
            sums[n] if n in sums and n not in sizes.values() else letter
            for n, letter in zip(shape, self.program.letters(shape), strict=True)
        )

    def check(self, name: str, found: list[Any]) -> Check | None:
        """A Jacobian beside numerical derivatives, the worst of all steps; None for what is no Jacobian."""
        jacobian = _JACOBIAN.fullmatch(name)
        if jacobian is None:
            return None
        of, by = jacobian.groups()
        cotangent = self.run.cotangent_of(of)
        errors, method = [], ""
        for t, value in enumerate(found):
            pulled = np.einsum(_PULLED[value.ndim], value, cotangent)
            truth, method = self._numerical(of, by, t)
            if pulled.ndim == 2 and truth.ndim == 1:
                pulled = pulled.sum(axis=-1)  # a bias is one for all samples
            errors.append(relative_error(pulled, truth))
        return Check(max(errors), method)

    def _numerical(self, of: str, by: str, t: int) -> tuple[Any, str]:
        if parameters := self._rows(by):
            block = self._gates().index(by.partition("_")[2])
            found = [self._read(of, each, "", t) for each in parameters]
            rows = [np.split(each.gradient, len(self._gates()))[block] for each in found]
            return np.concatenate(rows, axis=-1), found[0].method
        if by.endswith(_PREVIOUS):
            numeric = self._read(of, by.removesuffix(_PREVIOUS), BEFORE, t)
        elif by in self.run.inputs:
            numeric = self.run.derivative(of, t, by)
            return numeric.gradient[t], numeric.method
        else:
            numeric = self.run.derivative(of, t, by, t)
        return numeric.gradient, numeric.method

    def _read(self, of: str, name: str, index: str, t: int) -> Any:
        """The derivative by what this step alone reads."""
        return self.run.used(name, index, Parts(self.run, f"d{name}").readers(index), t, of, t)

    def _gates(self) -> list[str]:
        """i, f, g and o, of ``a_i, a_f, a_g, a_o = np.split(a, 4)`` in the forward pass."""
        groups = [line.group for line in self.run.source.forward.lines if line.group]
        if not groups:
            raise InputError(
                f"{self.run.source.name}.py splits no pre-activation into blocks, expected the names of its gates, "
                "as in `a_i, a_f = np.split(a, 2)`"
            )
        return [name.rpartition("_")[2] for name in groups[0]]

    def _rows(self, by: str) -> list[str]:
        """The parameters whose rows ``W_f`` or ``b_f`` stands for: all matrices, side by side, or the column."""
        letter, _, gate = by.partition("_")
        if not gate or f"_{gate}" == _PREVIOUS:
            return []
        parameters = self.run.source.parameters._fields
        return [name for name in parameters if self.run.inputs[name].ndim == (1 if letter == "b" else 2)]


def _array(node: ast.Assign) -> ast.expr:
    """What is assigned; of ``p, q = np.split(a, 2)``, the array."""
    match node.value:
        case ast.Call(func=ast.Attribute(attr="split"), args=[array, _]) if isinstance(node.targets[0], ast.Tuple):
            return array
    return node.value
