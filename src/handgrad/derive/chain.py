"""A chain of layers of all kinds, maps and columns, with a loss behind it: run, differentiated and typeset.

Each stage is a file of ``layers/`` in the letters of the network that it stands in. A backward line is checked by the
derivative that it makes: that by the stage's input or by a parameter is compared with the numerical one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from handgrad.check.numerical import NumericalGradient, numerical_gradient, relative_error
from handgrad.derive import expression as ex
from handgrad.derive.compose import LOSS, objective_line
from handgrad.derive.document import Check, Line, Shape
from handgrad.derive.execute import Values
from handgrad.derive.execute import run as execute
from handgrad.derive.kinds import MAPS
from handgrad.derive.maps import FORWARD, read_form, typeset
from handgrad.derive.maps_source import MapSource, map_layer
from handgrad.derive.maps_translate import MapTranslation
from handgrad.derive.names import derivative
from handgrad.derive.reader import FileReader, read_file
from handgrad.derive.source import LayerSource, Statement
from handgrad.derive.translate import Translation


@dataclass(frozen=True)
class Stage:
    """One layer of a chain, as it is described.

    ``names``: what its file calls a value, to the symbol that the network has for it; ``shapes``: of its file's names,
    in the network's letters. ``form``: the form of ``<kind>_forms/`` that it is typeset in, if not the file itself.
    """

    kind: str
    names: Mapping[str, ex.Symbol]
    shapes: Mapping[str, Shape]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    form: str = ""


class Placed:
    """A stage, read and run."""

    def __init__(self, stage: Stage, folder: Traversable | None) -> None:
        self.stage = stage
        self.reader = read_file(stage.kind, folder)
        self.source = map_layer(self.reader) if self.reader.kind == MAPS else self.reader.layer()
        self.typeset_from: MapSource | LayerSource = self._form(folder) if stage.form else self.source
        self.named = dict(stage.names)
        self.named |= {derivative(name): replace(each, partial=True) for name, each in stage.names.items()}
        self.first = 1  # number of its first forward line in the network

    def _form(self, folder: Traversable | None) -> MapSource:
        reader: FileReader = read_form(self.stage.kind, self.stage.form, folder)
        return map_layer(reader, f"{self.stage.kind}_{self.stage.form}")

    @property
    def steps(self) -> list[str]:
        """The numbers of the forward lines in its file; a line without one has its name."""
        lines = self.typeset_from.forward
        if isinstance(lines, tuple):
            return [line.step or line.target for line in lines]
        return list(dict.fromkeys(line.number for line in lines.lines))

    @property
    def data(self) -> str:
        """What its file calls its input."""
        return next(name for name in self.source.inputs if name not in self.source.parameters)

    @cached_property
    def _kind(self) -> Any:
        """The NamedTuple of its parameters, where it has any."""
        return next(each.annotation for each in self.reader.signature(f"{self.stage.kind}_forward").values())

    def _packed(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        return (self._kind(**parameters),) if parameters else ()

    def forward(self, x: Any, parameters: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
        """Output and cache."""
        packed = self._packed(self.stage.parameters if parameters is None else parameters)
        y, cache = self.reader.namespace[f"{self.stage.kind}_forward"](*packed, x, **self.stage.options)
        return y, cache

    def passes(self, x: Any, dy: Any) -> tuple[Values, Values, Values]:
        """What backward returns, by name, and the names of both passes at their end."""
        source = self.typeset_from
        if isinstance(source, MapSource):
            return self._passes_on_maps(source, x, dy)
        values: Values = {self.data: x, **self.stage.parameters, **self.stage.options}
        execute(source.forward, values)
        output = source.outputs[0]
        back: Values = {**values, derivative(output): dy}
        execute(source.backward, back)
        wanted = [self.data, *self.stage.parameters]
        return {derivative(name): back[derivative(name)] for name in wanted}, values, back

    def _passes_on_maps(self, source: MapSource, x: Any, dy: Any) -> tuple[Values, Values, Values]:
        walk, back = source.forward, source.backward
        packed = self._packed(self.stage.parameters)
        given = dict(zip(walk.arguments, (*packed, x), strict=False))
        (_, cache), values = walk.run({**given, **self.stage.options})
        returned, values_back = back.run(dict(zip(back.arguments, (*packed, cache, dy), strict=False)))
        dx, *rest = returned if type(returned) is tuple else (returned,)
        found = {derivative(self.data): dx}
        for each in rest:
            found |= {derivative(name): value for name, value in each._asdict().items()}
        return found, values, values_back


@dataclass
class Chain:
    """Stages one behind the other, the last of which is the loss of each sample, run on one input."""

    stages: list[Placed]
    x: Any
    repeated: dict[ex.Expression, Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = [self.x]  # the input of each stage
        number = 1
        for placed in self.stages:
            self.values.append(placed.forward(self.values[-1])[0])
            placed.first = number
            number += len(placed.steps)

    def after(self, i: int, value: Any, parameters: Mapping[str, Any] | None = None) -> Any:
        """The batch's loss, the mean of the samples', from the input of stage ``i``."""
        for k, placed in enumerate(self.stages[i:], start=i):
            value, _ = placed.forward(value, parameters if k == i else None)
        return value.mean()

    def numerical(self, i: int, name: str) -> NumericalGradient:
        """The numerical derivative of the loss by the input of stage ``i``, or by one of its parameters."""
        placed = self.stages[i]
        if name == placed.data:
            return numerical_gradient(lambda v: self.after(i, v), self.values[i])
        known = placed.stage.parameters
        return numerical_gradient(lambda v: self.after(i, self.values[i], {**known, name: v}), known[name])

    def typeset(self) -> tuple[list[tuple[Line, ...]], list[tuple[Line, ...]]]:
        """The lines of each stage, forward in order, and backward in the reverse order.

        Where a derivative is wrong, the numerical one goes on in its place.
        """
        dy = np.ones_like(self.values[-1]) / self.values[-1].size
        ahead: list[tuple[Line, ...]] = []
        behind: list[tuple[Line, ...]] = []
        for i in reversed(range(len(self.stages))):
            placed = self.stages[i]
            found, values, values_back = placed.passes(self.values[i], dy)
            checks: dict[str, Check] = {}
            for target, value in found.items():
                numeric = self.numerical(i, target[1:])
                checks[target] = Check(relative_error(value, numeric.gradient), numeric.method)
                if target == derivative(placed.data):
                    dy = value if checks[target].passed else numeric.gradient
            source = placed.typeset_from
            if isinstance(source, MapSource):
                first, second = _on_maps(self, placed, source, i, values, values_back, checks)
            else:
                first, second = _straight(self, placed, source, i, values, values_back, checks)
            ahead.insert(0, first)
            behind.append(second)
        return ahead, behind

    def sizes(self, i: int) -> dict[tuple[int, ...], Shape]:
        """The shapes around stage ``i`` in letters: of its arrays, and of one map of each."""
        placed = self.stages[i]
        known = {placed.data: self.values[i], **placed.stage.parameters, "": self.values[i + 1]}
        named = {name: placed.stage.shapes.get(name, ()) for name in known}
        whole = {np.shape(v): named[name] for name, v in known.items() if len(np.shape(v)) == len(named[name]) > 0}
        return {sizes[1:]: letters[1:] for sizes, letters in whole.items()} | whole


Both = tuple[tuple[Line, ...], tuple[Line, ...]]


def _on_maps(
    chain: Chain,
    placed: Placed,
    source: MapSource,
    i: int,
    values: Values,
    back: Values,
    checks: Mapping[str, Check],
) -> Both:
    """The lines of a stage on maps."""
    known = {*source.inputs, *(line.name for line in source.forward.lines)}
    sizes = chain.sizes(i)

    def translation(values: Values) -> MapTranslation:
        layer = placed.named.get("W", ex.Symbol("")).superscript
        return MapTranslation(
            values,
            lambda shape: _in_letters(shape, sizes),
            known,
            named=placed.named,
            shapes=placed.stage.shapes,
            table=ex.Symbol("T", superscript=layer),
        )

    y = chain.values[i + 1]
    agreed = Check(relative_error(values["y"], y), FORWARD) if placed.stage.form else None
    forward, backward = translation(values), translation(back)
    ahead = [typeset(forward, lines, agreed) for lines in source.forward.equations()]
    behind = [typeset(backward, lines, checks.get(lines[0].name)) for lines in source.backward.equations()]
    return tuple(_numbered(ahead, placed)), tuple(_numbered(behind, placed))


def _straight(
    chain: Chain,
    placed: Placed,
    source: LayerSource,
    i: int,
    values: Values,
    back: Values,
    checks: Mapping[str, Check],
) -> Both:
    """The lines of a stage without loops."""
    known = {*source.inputs, *(line.target for line in source.forward)}
    sizes = chain.sizes(i)

    def line(statement: Statement, values: Values) -> Line:
        read = {**statement.namespace, **values}
        translation = Translation(
            read, lambda shape: _in_letters(shape, sizes), known, repeated=chain.repeated, named=placed.named
        )
        left = translation.target(statement.target, read[statement.target])
        right = translation.expression(statement.value)
        symbols = tuple(translation.symbols.items())
        check = checks.get(statement.target)
        number = statement.step or statement.target
        return Line(ex.Equation(left, right), symbols, statement.origins, number, statement.note, check)

    ahead = [line(each, values) for each in source.forward]
    return tuple(_numbered(ahead, placed)), tuple(_numbered((line(each, back) for each in source.backward), placed))


def _numbered(lines: Sequence[Line] | Iterator[Line], placed: Placed) -> Iterator[Line]:
    """The numbers of a file's lines as those of the network's."""
    for line in lines:
        numbers = (str(placed.steps.index(number) + placed.first) for number in line.number.split(", ") if number)
        yield replace(line, number=", ".join(numbers))


def _in_letters(shape: tuple[int, ...], known: Mapping[tuple[int, ...], Shape]) -> Shape:
    """A shape in letters: one that is known as a whole, or axis by axis."""
    if shape in known:
        return known[shape]
    each = {n: letter for sizes, letters in known.items() for n, letter in zip(sizes, letters, strict=True)}
    return tuple(each.get(n, str(n)) for n in shape)


def batch_loss(chain: Chain) -> tuple[Line, Line]:
    """The loss of the batch, the mean of its samples', and the derivative that backward begins with."""
    losses = chain.values[-1]
    values = {"l": losses, LOSS: losses.mean(), "dl": np.ones_like(losses) / losses.size, "np": np}
    numeric = numerical_gradient(lambda each: each.mean(), losses)
    check = Check(relative_error(values["dl"], numeric.gradient), numeric.method)
    number = str(chain.stages[-1].first + len(chain.stages[-1].steps))

    def line(statement: Statement, check: Check | None) -> Line:
        translation = Translation(values, lambda shape: ("B",) * len(shape), {"l"})
        left = translation.target(statement.target, values[statement.target])
        equation = ex.Equation(left, translation.expression(statement.value))
        return Line(equation, tuple(translation.symbols.items()), statement.origins, number, check=check)

    return line(objective_line(LOSS, "l.mean()"), None), line(objective_line("dl", "np.ones_like(l) / l.size"), check)


def constant_line(statement: Statement) -> Line:
    """A number of a layer's file."""
    read = dict(statement.namespace)
    translation = Translation(read, lambda shape: (), ())
    left = translation.target(statement.target, read[statement.target])
    right = translation.expression(statement.value)
    return Line(ex.Equation(left, right), tuple(translation.symbols.items()), statement.origins)
