"""The derivation of a whole network: notation, loss, forward, backward and update, from the files of its parts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from handgrad.derive.compose import INPUT, INPUT_SHAPE, LOSS, Composition, Described, Part, compose
from handgrad.derive.document import Derivation, Entry, Line, Section
from handgrad.derive.names import derivative, size_expression, symbol
from handgrad.derive.source import Statement
from handgrad.derive.update import MEANINGS, STEP, Update, for_parameter, read_update, slope
from handgrad.derive.verify import Verified, verify
from handgrad.errors import UsageError

PARAMETERS = {"W": "weights", "b": "biases", "U": "recurrent weights"}


def derive_network(
    layers: Sequence[Described],
    loss: str | Described,
    *,
    weight_decay: bool | float = False,
    optimizer: Any = "sgd",
    inputs: int | None = None,
    batch: int | None = None,
    name: str = "network",
    title: str = "",
    reference: str = "",
    remarks: Sequence[str] = (),
    seed: int = 0,
    folder: Traversable | None = None,
) -> Derivation:
    """The derivation of a chain of layers with a loss behind it.

    ``layers`` are LayerSpecs, or the layers of a Sequential; ``loss`` a loss, or the base name of its file;
    ``optimizer`` an optimizer or its name, None for no update. ``weight_decay``: whether the loss has the penalty.
    ``inputs`` and ``batch`` are sizes to state in the notation table. ``folder`` holds the layers' files (default: the
    package's own). Raises UsageError for parts that do not exist or do not fit.
    """
    if not layers:
        raise UsageError("a network to derive needs at least 1 layer, 0 were given; for example LayerSpec('dense')")
    net = compose(layers, loss if isinstance(loss, str) else loss.kind, bool(weight_decay), folder)
    verified = verify(net.program, seed)
    sections, entries = _sections(net, verified), [*_values(net, verified), *_sizes(net, inputs, batch)]
    if optimizer is not None:
        update = _update_of(optimizer)
        sections.append(_update_section(net, verified, update))
        entries = [*_values(net, verified), *_numbers(update), *_sizes(net, inputs, batch)]
        entries += [] if update.plain else [Entry(size_expression("P"), "parameters", None)]
    return Derivation(
        name,
        title or f"{', '.join(layer.kind for layer in layers)}; {net.loss.source.name}",
        reference,
        tuple(sections),
        tuple(entries),
        tuple(verified.repeated.items()),
        "the batch's loss L",
        dict(verified.program.sizes),
        seed,
        tuple(remarks),
    )


def _sections(net: Composition, verified: Verified) -> list[Section]:
    """Loss, forward and backward; forward lines are numbered as they are shown, backward lines name those numbers."""
    loss = [net.total, *net.loss.forward, *(line for part in net.decays for line in part.forward)]
    forward = [line for part in net.layers for line in part.forward]
    numbers = {line.target: str(i) for i, line in enumerate([*loss, *forward], start=1)}
    parts = [*net.layers, net.loss]
    constants = {line.origins: line for part in parts for line in part.source.constants}

    def typeset(lines: Sequence[Statement]) -> tuple[Line, ...]:
        return tuple(verified.line(line, numbers[line.target]) for line in lines)

    return [
        *([Section("Constants", tuple(map(verified.line, constants.values())))] if constants else []),
        Section("Loss", typeset(loss)),
        Section("Forward", typeset(forward)),
        Section("Backward", tuple(_backward(verified, numbers)), backward=True),
    ]


def _backward(verified: Verified, numbers: Mapping[str, str]) -> Iterator[Line]:
    for line in verified.program.backward:
        inverted = {int(numbers[target]) for target in line.step.split(", ") if target in numbers}
        yield verified.line(line, ", ".join(map(str, sorted(inverted, reverse=True))))


def _values(net: Composition, verified: Verified) -> Iterator[Entry]:
    """Rows of the notation table: what is given, learned and computed."""
    yield Entry(symbol(INPUT), "input, a sample in each column", net.inputs[INPUT])
    for argument in net.loss.source.arguments:
        name = net.loss.names[argument.name]
        if name in net.inputs:
            yield Entry(symbol(name), "targets", net.inputs[name])
    for part in net.layers:
        yield from _layer_values(part)
    for line in net.loss.forward:
        meaning = net.loss.source.meanings.get(line.target)
        if meaning and line.target != net.loss.output:
            yield Entry(symbol(line.target), meaning, verified.shape(line.target))
    yield Entry(symbol(net.loss.output), "loss of each sample", net.loss.shapes[net.loss.output])
    yield Entry(symbol(LOSS), "loss of the batch", ())
    for part in net.decays:
        yield Entry(symbol(part.output), f"penalty of the weights of layer {part.tag}", ())
    for argument in net.decays[0].source.arguments if net.decays else ():
        if argument.scalar:
            yield Entry(symbol(argument.name), "strength of the weight decay", ())


def _layer_values(part: Part) -> Iterator[Entry]:
    """Parameters and output of one layer."""
    learns = bool(part.source.parameters)
    for argument in part.source.arguments:
        for field in argument.fields:
            name = part.names[field]
            yield Entry(symbol(name), f"{PARAMETERS.get(field, 'parameters')} of layer {part.tag}", part.shapes[name])
        if argument.scalar:
            yield Entry(symbol(part.names[argument.name]), f"constant of layer {part.tag}, {part.source.name}", ())
    meaning = f"pre-activation of layer {part.tag}" if learns else f"output of layer {part.tag}, {part.source.name}"
    yield Entry(symbol(part.output), meaning, part.shapes[part.output])


def _sizes(net: Composition, inputs: int | None, batch: int | None) -> Iterator[Entry]:
    """Rows of the notation table: what the letters in shapes count."""
    yield Entry(size_expression(INPUT_SHAPE[0]), "inputs", None, inputs)
    learning = [part for part in net.layers if part.source.parameters]
    for part in learning:
        meaning = "outputs" if part is learning[-1] else f"units of layer {part.tag}"
        yield Entry(size_expression(part.shapes[part.output][0]), meaning, None, part.units)
    yield Entry(size_expression(INPUT_SHAPE[1]), "samples in the batch", None, batch)


def _numbers(update: Update) -> Iterator[Entry]:
    """Rows of the notation table: the numbers of the optimizer."""
    read = {node for line in update.lines for node in line.reads}
    if not update.plain:
        yield from (Entry(symbol(name), MEANINGS[name], ("P",)) for name in ("theta", "g"))
        yield from (Entry(symbol(name), "kept from step to step, 0 at first", ("P",)) for name in update.state)
    for name in [*update.numbers, STEP]:
        if name in read:
            yield Entry(symbol(name), MEANINGS.get(name, f"{name.replace('_', ' ')} of the optimizer"), ())


def _update_of(optimizer: Any) -> Update:
    from handgrad.training.optimizers import optimizer as find

    return read_update(find(optimizer))


def _update_section(net: Composition, verified: Verified, update: Update) -> Section:
    """How the parameters move: a line for each where one line says it all, else the optimizer's lines for all at once.

    Behind a line stands how the loss changes with the learning rate, from 0, when the line is followed.
    """
    known = replace(verified, values={**verified.values, **update.numbers}, checks={})
    if update.plain:
        lines = []
        for parameter in net.parameters:
            line = known.line(for_parameter(update, parameter), relation="←")
            lines.append(replace(line, check=slope(verified, update, [parameter])))
        return Section("Update", tuple(lines))
    theta, g = (
        np.concatenate([np.ravel(verified.values[name]) for name in names])
        for names in (net.parameters, [derivative(name) for name in net.parameters])
    )
    values = update.step(theta, g, update.numbers["lr"])
    program = replace(verified.program, inputs={}, forward=(), sizes={"P": theta.size})
    known = replace(known, program=program, values=values)
    lines = [known.line(line, relation="←" if line.target in line.reads else "=") for line in update.lines]
    last = max(i for i, line in enumerate(update.lines) if line.target == "theta")
    lines[last] = replace(lines[last], check=slope(verified, update, net.parameters))
    return Section("Update", tuple(lines))
