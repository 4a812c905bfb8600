"""Reads and runs another form of a recurrent layer's gradient: a loop over t, perhaps with one over k <= t inside it.

A name that a loop reads before it assigns it is carried from step to step: what it stands for moves on by one step in
the line that assigns it. In a loop over t = 1 ... T that is from t - 1 to t, in one over k = t ... 1 from k to k - 1.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from types import CodeType
from typing import Any, Literal

from handgrad.derive.kinds import folder_of_layers
from handgrad.derive.loop_lines import STEP, LoopLine, read_lines, reads
from handgrad.derive.loop_source import Values, execute, functions_of, lines_of, loop_of
from handgrad.derive.reader import FileReader, paragraph
from handgrad.errors import InputError

BEFORE = "k"  # the step that a loss at step t is sent back to
_BACK = f"reversed(range({STEP} + 1))"
Stage = Literal["head", "inner", "tail"]  # over t, over k, over t behind the loop over k
Record = tuple[int, int, Any]  # t, k (or t again) and the value that a line gave


@dataclass(frozen=True)
class FormLine:
    """An assignment of a form, and where it stands."""

    line: LoopLine
    stage: Stage
    place: int  # in its stage


@dataclass(frozen=True)
class FormSource:
    """The file of a form, read."""

    name: str
    path: str  # from the folder of the layers
    function: str
    cost: str
    arguments: tuple[str, ...]
    preparation: tuple[str, ...]
    defaults: Mapping[str, Any]
    before: CodeType
    over: CodeType
    lines: tuple[FormLine, ...]
    nested: bool
    result: ast.expr
    namespace: Mapping[str, Any] = field(repr=False)
    functions: Mapping[str, ast.FunctionDef] = field(repr=False)

    def run(self, given: Mapping[str, Any]) -> tuple[Values, list[list[Record]]]:
        """All values at the end, and what each line gave, step by step; of a sum, nothing."""
        values: Values = {**self.namespace, **self.defaults, **given}
        records: list[list[Record]] = [[] for _ in self.lines]
        execute(self.before, values, "what stands before the loop")
        for t in execute(self.over, values, "what the loop runs over"):
            values[STEP] = t
            self._stage("head", t, t, values, records)
            for k in reversed(range(t + 1)) if self.nested else ():
                values[BEFORE] = k
                self._stage("inner", t, k, values, records)
            self._stage("tail", t, -1, values, records)
        return values, records

    def _stage(self, stage: Stage, t: int, k: int, values: Values, records: list[list[Record]]) -> None:
        for each, record in zip(self.lines, records, strict=True):
            if each.stage == stage:
                execute(each.line.code, values, f"`{each.line.origin.code}`")
                if not each.line.added:
                    record.append((t, k, values[each.line.target]))

    def carried(self, name: str) -> bool:
        """Whether the innermost loop that assigns ``name`` hands it from step to step."""
        stage = "inner" if self.nested else "head"
        lines = [each.line for each in self.lines if each.stage == stage]
        made = [i for i, line in enumerate(lines) if line.target == name and not line.index and not line.added]
        return bool(made) and any(name in reads(line) for line in lines[: made[0] + 1])

    def made(self, name: str) -> bool:
        """Whether a step gives ``name`` a value of its own."""
        return any(each.line.target == name and not each.line.index and not each.line.added for each in self.lines)

    def index(self, name: str, at: FormLine, target: bool = False) -> str:
        """The step that ``name`` belongs to where ``at`` reads it, or assigns it."""
        if at.stage == "head" and self.nested:
            return STEP  # where the loop over k begins
        if at.stage == "tail":
            return "0"  # what it hands on in the end, behind k = 1
        step = BEFORE if self.nested else STEP
        if not self.carried(name):
            return step
        made = [e.place for e in self.lines if e.stage == at.stage and e.line.target == name and not e.line.added]
        moved = target or made[0] < at.place
        return f"{step}-1" if moved == self.nested else step


def read_forms(name: str, folder: Traversable | None = None) -> tuple[FormSource, ...]:
    """The other forms of the gradient of the layer called ``name``, in the order of their package's FORMS."""
    package = (folder or folder_of_layers()).joinpath(f"{name}_forms")
    listed = package.joinpath("__init__.py")
    if not listed.is_file():
        return ()
    forms = FileReader(f"{name}_forms", listed.read_text(encoding="utf-8")).namespace["FORMS"]
    return tuple(_read(name, form, package.joinpath(f"{form}.py").read_text(encoding="utf-8")) for form in forms)


def _read(layer: str, name: str, source: str) -> FormSource:
    reader = FileReader(name, source)
    functions = functions_of(reader)
    public = next((each for each in functions if each.startswith(f"{layer}_")), None)
    if public is None:
        raise InputError(f"{name}.py has no function named {layer}_..., expected the form of the gradient")
    _, before, loop, result = loop_of(reader, public)
    signature = reader.signature(public)
    lines, nested = _stages(reader, loop.body)
    return FormSource(
        name.replace("_", " "),
        f"{layer}_forms/{name}.py",
        public,
        paragraph(ast.get_docstring(reader.tree) or "", "Cost"),
        tuple(signature),
        lines_of(reader, before),
        {key: each.default for key, each in signature.items() if each.default is not each.empty},
        compile(ast.Module(before, []), reader.name, "exec"),
        compile(ast.Expression(loop.iter), reader.name, "eval"),
        tuple(lines),
        nested,
        result,
        reader.namespace,
        functions,
    )


def _stages(reader: FileReader, body: Sequence[ast.stmt]) -> tuple[list[FormLine], bool]:
    """The lines of the loop over t, and whether there is one over k among them."""
    inner = [i for i, line in enumerate(body) if isinstance(line, ast.For)]
    if not inner:
        return list(_placed(reader, body, "head", STEP)), False
    loop = body[inner[0]]
    if not isinstance(loop, ast.For) or ast.unparse(loop.target) != BEFORE or ast.unparse(loop.iter) != _BACK:
        raise reader.wrong(loop, f"expected `for {BEFORE} in {_BACK}:` as the loop inside that over {STEP}")
    lines = [
        *_placed(reader, body[: inner[0]], "head", STEP),
        *_placed(reader, loop.body, "inner", BEFORE),
        *_placed(reader, body[inner[0] + 1 :], "tail", STEP),
    ]
    return lines, True


def _placed(reader: FileReader, body: Sequence[ast.stmt], stage: Stage, step: str) -> Iterator[FormLine]:
    for place, line in enumerate(read_lines(reader, body, step)):
        yield FormLine(line, stage, place)
