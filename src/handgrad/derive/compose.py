"""Puts layers, loss and weight decay together into one program, by renaming what their files call things."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from typing import Protocol

import numpy as np

from handgrad.derive.execute import Program, Shape, prime_sizes
from handgrad.derive.names import LAYER, derivative, differentiated, in_layer
from handgrad.derive.reader import read_loss, read_named
from handgrad.derive.source import LayerSource, Origin, Statement, rename, with_derivatives
from handgrad.errors import UsageError

INPUT, LOSS = "x", "L"
INPUT_SHAPE: Shape = ("N", "B")
WEIGHT_DECAY = "weight_decay"


class Described(Protocol):
    """What a layer or a loss has to say of itself: the base name of its file in ``layers/``."""

    @property
    def kind(self) -> str: ...


@dataclass(frozen=True)
class LayerSpec:
    """A layer of a network to derive. ``units``: its number of outputs, where it is known and of interest."""

    kind: str
    units: int | None = None


@dataclass(frozen=True)
class Part:
    """A layer, a loss or a weight decay in its place, its lines in the network's names.

    The step of a backward line here names the targets of the forward lines that it differentiates.
    """

    source: LayerSource
    tag: str  # the layer's number; nothing for the loss
    names: Mapping[str, str]  # what its file calls a value, to what the network calls it
    shapes: Mapping[str, Shape]  # of the network's names
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    units: int | None = None

    @property
    def output(self) -> str:
        """The network's name of what it gives."""
        return self.names[self.source.outputs[0]]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The network's names of what it learns."""
        return tuple(self.names[name] for name in self.source.parameters)

    @property
    def inputs(self) -> dict[str, Shape]:
        """What it is given besides the value before it, by the network's names."""
        own = (self.names[name] for name in self.source.inputs if name != _data(self.source))
        return {name: self.shapes.get(name, ()) for name in own}


@dataclass(frozen=True)
class Composition:
    """A network, and which line belongs where."""

    layers: tuple[Part, ...]
    loss: Part
    decays: tuple[Part, ...]  # with the tags of their layers

    @property
    def inputs(self) -> dict[str, Shape]:
        """Everything that is given: input, parameters, targets, numbers."""
        given: dict[str, Shape] = {INPUT: INPUT_SHAPE}
        for part in (*self.layers, self.loss, *self.decays):
            given |= part.inputs
        return given

    @property
    def parameters(self) -> tuple[str, ...]:
        """Everything that is learned."""
        return tuple(name for part in self.layers for name in part.parameters)

    @property
    def total(self) -> Statement:
        """The batch's loss: the mean of its samples' losses, plus the penalties."""
        penalties = [part.output for part in self.decays]
        return objective_line(LOSS, " + ".join([f"{self.loss.output}.mean()", *penalties]))

    @property
    def program(self) -> Program:
        """Everything in the order of execution."""
        forward = [line for part in (*self.layers, self.loss, *self.decays) for line in part.forward]
        inputs = self.inputs
        return Program(inputs, (*forward, self.total), self._backward(), prime_sizes(inputs.values()), loss=LOSS)

    def _backward(self) -> tuple[Statement, ...]:
        """All backward lines; contributions to one derivative become one line, where the last of them stands."""
        losses = self.loss.output
        lines = [objective_line(derivative(losses), f"np.ones_like({losses}) / {losses}.size")]
        lines += [objective_line(derivative(part.output), "1") for part in self.decays]
        lines += self.loss.backward
        for part in reversed(self.layers):
            own = [decay for decay in self.decays if decay.names[_data(decay.source)] in part.parameters]
            lines += [line for decay in own for line in decay.backward]
            lines += part.backward
        merged: dict[str, Statement] = {}
        for line in lines:
            merged[line.target] = _added(line, merged.pop(line.target)) if line.target in merged else line
        return tuple(merged.values())


def compose(
    layers: Sequence[Described], loss: str, weight_decay: bool, folder: Traversable | None = None
) -> Composition:
    """A chain of layers with a loss behind it: the mean over the batch, plus the penalties of the weights.

    Raises UsageError for a layer or a loss that no file has, or that has no place in a chain.
    """
    sources = [read_named(layer.kind, folder) for layer in layers]
    widths = _widths(sum(bool(source.parameters) for source in sources))
    parts: list[Part] = []
    decays: list[Part] = []
    current, shape, number = INPUT, INPUT_SHAPE, 0
    taken = {INPUT, LOSS}
    for layer, source in zip(layers, sources, strict=True):
        if source.parameters or any(in_layer(line.target, str(number)) in taken for line in source.forward):
            number += 1
        names = {name: in_layer(name, str(number)) for name in _own_names(source)}
        part = _part(source, str(number), current, shape, names, widths)
        parts.append(replace(part, units=getattr(layer, "units", None)))
        current, shape = part.output, part.shapes[part.output]
        taken |= set(part.names.values())
        if weight_decay:
            decays += _decays(part, folder)
    source = read_loss(loss, folder)
    names = {name: in_layer(name, "loss") if name in taken else name for name in _own_names(source)}
    return Composition(tuple(parts), _part(source, "", current, shape, names, iter(())), tuple(decays))


def objective_line(target: str, value: str) -> Statement:
    """A line of the loss of the batch, which stands in no file."""
    origin = Origin("", f"{target} = {value}".replace(LAYER, ""))
    return Statement(target, ast.parse(value, mode="eval").body, (origin,), {"np": np}, step=LOSS)


def _added(line: Statement, other: Statement) -> Statement:
    """One line for two contributions to the same derivative."""
    return replace(
        line,
        value=ast.BinOp(line.value, ast.Add(), other.value),
        origins=line.origins + other.origins,
        namespace={**other.namespace, **line.namespace},
        step=f"{line.step}, {other.step}",
        note=line.note or other.note,
    )


def _decays(part: Part, folder: Traversable | None) -> list[Part]:
    """The penalty of each matrix among a layer's parameters; biases are not decayed."""
    source = read_named(WEIGHT_DECAY, folder)
    matrices = [name for name in part.parameters if len(part.shapes[name]) > 1]
    found = []
    for matrix in matrices:
        shared = {argument.name for argument in source.arguments if argument.scalar}
        of = "" if len(matrices) == 1 else f"_{matrix.partition(LAYER)[0]}"
        names = {name: name if name in shared else in_layer(name + of, part.tag) for name in _own_names(source)}
        found.append(_part(source, part.tag, matrix, part.shapes[matrix], names, iter(())))
    return found


def _widths(count: int) -> Iterator[str]:
    """Letters for the widths behind ``count`` layers: M or M_1, M_2, ... for the hidden ones, C for the last."""
    hidden = ["M"] if count == 2 else [f"M_{k + 1}" for k in range(count - 1)]
    return iter([*hidden, "C"])


def _data(source: LayerSource) -> str:
    """What a layer takes from the layer before it: its first argument that is neither parameters nor a number."""
    for argument in source.arguments:
        if not argument.fields and not argument.scalar:
            return argument.name
    raise UsageError(f"{source.name} takes no input from a layer before it, so it has no place in a network")


def _own_names(source: LayerSource) -> list[str]:
    """All names of a layer's file but that of its input, each once; derivatives go with what they are taken by."""
    made = [*source.inputs, *(line.target for line in source.forward)]
    made += [line.target for line in source.backward if differentiated(line.target, made) is None]
    return [name for name in dict.fromkeys(made) if name != _data(source)]


def _part(
    source: LayerSource, tag: str, current: str, shape: Shape, names: Mapping[str, str], widths: Iterator[str]
) -> Part:
    """``source`` behind the value ``current``. Sizes that its input does not fix get the next letter of ``widths``."""
    data = _data(source)
    names = {**names, data: current}
    axes = len(source.input_shapes()[data])
    if axes != len(shape):
        raise UsageError(f"{source.name} takes an input of {axes} axes, but stands behind a value of {len(shape)}")
    bound = dict(zip(source.shapes[data], shape, strict=True))
    shapes: dict[str, Shape] = {}
    for name, sizes in source.shapes.items():
        for size in sizes:
            if size not in bound:
                bound[size] = next(widths, size)
        shapes[names.get(name, name)] = tuple(bound[size] for size in sizes)
    new = with_derivatives(names)

    def moved(line: Statement) -> Statement:
        return replace(line, target=new.get(line.target, line.target), value=rename(line.value, new))

    forward = tuple(map(moved, source.forward))
    steps = {line.step: line.target for line in forward if line.step}
    backward = []
    for line in map(moved, source.backward):
        inverted = [steps[step] for step in line.step.split(", ") if step in steps]
        backward.append(replace(line, step=", ".join(inverted)))
    return Part(source, tag, names, shapes, forward, tuple(backward))
