"""The derivation of a layer on maps: convolution along a link table, pooling, flattening.

A backward line is checked by what the pass returns in the end: the derivative that it makes, or adds to, is compared
with the numerical one by every entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from handgrad.check.numerical import NumericalGradient, numerical_gradient, relative_error
from handgrad.derive import expression as ex
from handgrad.derive.document import Check, Derivation, Entry, Form, Line, Section
from handgrad.derive.execute import draw
from handgrad.derive.kinds import folder_of_layers
from handgrad.derive.maps_source import MapLine, MapPass, MapSource, Values, input_shapes, map_layer
from handgrad.derive.maps_translate import MapTranslation
from handgrad.derive.names import derivative, differentiated, size_expression, size_parts, symbol
from handgrad.derive.reader import FileReader
from handgrad.derive.rotation import must_it_be_rotated
from handgrad.errors import InputError, out_of_range

# small sizes, of which no two that could be confused are equal
SIZES = {"B": 2, "C": 2, "D": 3, "K": 2, "L": 3, "H": 4, "V": 7}
MEANINGS = {"C": "input maps", "D": "output maps", "K": "rows of a kernel", "L": "columns of a kernel"}
MEANINGS |= {"H": "rows of an input map", "V": "columns of an input map", "M": "rows of an output map"}
MEANINGS |= {"N": "columns of an output map", "P": "entries of all maps of a sample", "B": "samples in the batch"}
TABLE = np.array([[1, 0, 1], [1, 1, 0]], bool)  # of C = 2 input maps and D = 3 output maps
OPTIONS: Mapping[str, Any] = {"stride": 2, "padding": 1, "links": TABLE, "size": 2, "crop": True}
FORWARD = "forward pass"


@dataclass
class MapRun:
    """Both passes of a layer, once, on random numbers."""

    source: MapSource
    rng: np.random.Generator
    _known: dict[str, NumericalGradient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.options = {name: OPTIONS[name] for name in self.source.forward.defaults if name in OPTIONS}
        self.inputs = {name: draw(self.rng, self._sizes(name, s)) for name, s in input_shapes(self.source).items()}
        (self.y, self.cache), self.values = self.source.forward.run(self._given(self.inputs))
        self.cotangent = draw(self.rng, np.shape(self.y))
        self.gradients, self.values_back = self.backward(self.source.backward)

    def _sizes(self, name: str, shape: tuple[str, ...]) -> tuple[int, ...]:
        """The numbers behind a shape; with a link table, a kernel stands for each link."""
        sizes = tuple(factor * SIZES.get(letter, 1) for factor, letter in map(size_parts, shape))
        if "links" in self.options and len(shape) == 4 and name in self.source.parameters:
            return (int(np.sum(self.options["links"])), *sizes[2:])
        return sizes

    def _given(self, inputs: Values) -> Values:
        given = {name: inputs[name] for name in self.source.inputs if name not in self.source.parameters}
        return {**self.options, **given, **self._packed(inputs)}

    def _packed(self, inputs: Values) -> Values:
        if not self.source.parameters:
            return {}
        return {self.source.forward.arguments[0]: self.source.packed(*(inputs[p] for p in self.source.parameters))}

    def backward(self, walk: MapPass) -> tuple[Values, Values]:
        """What a backward pass returns, by name, and its names at the end."""
        given = [*self._packed(self.inputs).values(), self.cache, self.cotangent]
        if len(walk.arguments) - len(walk.defaults) != len(given):
            said = f"{walk.name} takes {', '.join(walk.arguments) or 'nothing'}"
            raise InputError(f"{said}, expected the parameters, if there are any, the cache and the cotangent")
        returned, values = walk.run(dict(zip(walk.arguments, given, strict=False)))
        others = returned if type(returned) is tuple else (returned,)
        arrays = [name for name in self.source.inputs if name not in self.source.parameters]
        found = {derivative(name): value for name, value in zip(arrays, others, strict=False)}
        packed = others[-1]._asdict() if self.source.parameters and hasattr(others[-1], "_asdict") else {}
        return found | {derivative(name): value for name, value in packed.items()}, values

    def numerical(self, by: str) -> NumericalGradient:
        """The numerical derivative of the loss, the output under its cotangent, by one input."""
        if by not in self._known:

            def loss(value: Any) -> Any:
                inputs = {**self.inputs, by: value}
                if np.iscomplexobj(value):
                    inputs = {name: np.asarray(each, complex) for name, each in inputs.items()}
                return (self.source.forward.run(self._given(inputs))[0][0] * self.cotangent).sum()

            self._known[by] = numerical_gradient(loss, self.inputs[by])
        return self._known[by]

    def check(self, target: str, gradients: Values) -> Check:
        """What a backward pass returned as ``target``, beside the numerical derivative."""
        by = differentiated(target, self.inputs)
        if by is None or target not in gradients:
            said = f"{self.source.name}_backward makes {target}"
            raise InputError(
                f"{said}, expected the derivative by an input, named d and the input, among what it returns"
            )
        numeric = self.numerical(by)
        return Check(relative_error(gradients[target], numeric.gradient), numeric.method)

    @cached_property
    def letters(self) -> dict[int, str]:
        """The letter of each size that a map's axis can have."""
        shape = dict(zip(self.source.shapes.get("y", ()), np.shape(self.y), strict=False))
        return {n: letter for letter, n in (SIZES | shape).items()}

    def translation(self, values: Values, named: Mapping[str, ex.Symbol] | None = None) -> MapTranslation:
        known = {*self.source.inputs, *(line.name for line in self.source.forward.lines)}
        return MapTranslation(
            values,
            lambda shape: tuple(self.letters.get(n, str(n)) for n in shape),
            known,
            shapes=self.source.shapes,
            named=named or {},
        )


def typeset(translation: MapTranslation, lines: Sequence[MapLine], check: Check | None) -> Line:
    """The lines that make one place, as one line of a derivation."""
    translation.symbols.clear()
    equation = translation.equation(lines)
    origins = tuple(line.origin for line in lines)
    numbers = ", ".join(dict.fromkeys(line.number for line in lines if line.number))
    note = next((line.note for line in lines if line.note), "")
    return Line(equation, tuple(translation.symbols.items()), origins, numbers, note, check)


def derive_maps(
    source: MapSource, seed: int = 0, folder: Traversable | None = None, *, forms: bool = True
) -> Derivation:
    """Typeset and check the equations of a layer on maps, and the other forms of its gradient, which stand in the
    folder called ``<name>_forms`` beside it in ``folder``."""
    if seed < 0:
        raise out_of_range("the seed", seed, "a whole number of at least 0")
    run = MapRun(source, np.random.default_rng(seed))
    ahead = run.translation(run.values)
    forward = tuple(typeset(ahead, lines, None) for lines in source.forward.equations())
    back = _backward(run, source.backward, run.gradients, run.values_back)
    given = ((symbol("dy", {"y"}), source.shapes.get("y", ())),)
    sections = [Section("Forward", forward), Section("Backward", back, backward=True, given=given)]
    others = _forms(source.name, folder) if forms else ()
    compared = [_first(source, back)] if others else []
    prepared = [source.forward, source.backward]
    remarks: list[str] = []
    for reader in others:
        found, form, passes = _form(run, reader)
        sections += found
        compared.append(form)
        prepared += passes
        remarks += must_it_be_rotated(run, reader)
    letters = [letter for letter in MEANINGS if any(letter in shape for shape in source.shapes.values())]
    return Derivation(
        source.name,
        source.title,
        source.reference,
        tuple(sections),
        tuple(Entry(size_expression(letter), MEANINGS[letter], None) for letter in letters),
        (),
        "L = ⟨output, random cotangent⟩",
        {letter: n for letter, n in SIZES.items() if letter in letters},
        seed,
        (*remarks, *_options(run), *(f"Before its loops, {p.name} does: {p.preparation}." for p in prepared)),
        carried_on=False,
        forms=tuple(compared),
    )


def _backward(run: MapRun, walk: MapPass, gradients: Values, values: Values) -> tuple[Line, ...]:
    translation = run.translation(values)
    return tuple(typeset(translation, each, run.check(each[0].name, gradients)) for each in walk.equations())


def _options(run: MapRun) -> list[str]:
    """What the lines were executed with, beside sizes and random numbers."""
    told = [f"{name} {value}" for name, value in run.options.items() if name not in ("links", "crop")]
    told += ["a table that lacks links"] if "links" in run.options else []
    told += ["sizes that leave a column over"] if "crop" in run.options else []
    return [f"Executed with {', '.join(told)}."] if told else []


def _forms(name: str, folder: Traversable | None) -> tuple[FileReader, ...]:
    """The files of the other forms of the gradient, in the order of their package's FORMS."""
    package = (folder or folder_of_layers()).joinpath(f"{name}_forms")
    listed = package.joinpath("__init__.py")
    if not listed.is_file():
        return ()
    forms = FileReader(f"{name}_forms", listed.read_text(encoding="utf-8")).namespace["FORMS"]
    return tuple(read_form(name, form, folder) for form in forms)


def read_form(name: str, form: str, folder: Traversable | None = None) -> FileReader:
    """The file of one form of the layer called ``name``."""
    path = (folder or folder_of_layers()).joinpath(f"{name}_forms").joinpath(f"{form}.py")
    return FileReader(form, path.read_text(encoding="utf-8"))


def _first(source: MapSource, back: Sequence[Line]) -> Form:
    """The layer's own backward pass, which the others are compared with."""
    return Form("shifted products", f"{source.name}.py", _of_weights(back), None, source.cost)


def _of_weights(back: Sequence[Line]) -> tuple[ex.Equation, ...]:
    """The equations in which the two forms differ: those of the kernels and of the input."""
    return tuple(line.equation for line in back if len(line.shapes[0][1]) > 1)


def _form(run: MapRun, reader: FileReader) -> tuple[list[Section], Form, list[MapPass]]:
    """The sections of another form of the layer, and its place beside the first."""
    source = map_layer(reader, f"{run.source.name}_{reader.name}")
    (y, _), values = source.forward.run(run._given(run.inputs))
    gradients, values_back = run.backward(source.backward)
    ahead = run.translation(values)
    check = Check(relative_error(y, run.y), FORWARD)
    name = reader.name.replace("_", " ")
    back = _backward(run, source.backward, gradients, values_back)
    sections = [
        Section(
            f"{name.capitalize()}, forward", tuple(typeset(ahead, each, check) for each in source.forward.equations())
        ),
        Section(f"{name.capitalize()}, backward", back, backward=True),
    ]
    apart = max(relative_error(gradients[each], run.gradients[each]) for each in run.gradients)
    path = f"{run.source.name}_forms/{reader.name}.py"
    return sections, Form(name, path, _of_weights(back), apart, source.cost), [source.forward, source.backward]
