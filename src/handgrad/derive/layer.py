"""The derivation of one layer, from its file."""

from handgrad.derive.document import Derivation, Entry, Section
from handgrad.derive.execute import Program, prime_sizes
from handgrad.derive.names import derivative, size_expression, symbol
from handgrad.derive.source import LayerSource
from handgrad.derive.verify import Verified, verify
from handgrad.errors import InputError, shape_text

SIZES = {"B": "samples in the batch", "T": "time steps", "N": "inputs", "M": "outputs", "D": "inputs", "H": "states"}


def derive_layer(source: LayerSource, seed: int = 0) -> Derivation:
    """Typeset and check the equations of one layer. Raises InputError where its Shapes block is not what comes out."""
    shapes = source.input_shapes()
    verified = verify(
        Program(
            shapes,
            source.forward,
            source.backward,
            prime_sizes(sorted(shapes.values(), key=len, reverse=True)),
            source.outputs,
        ),
        seed,
    )
    check_shapes(source, verified)
    sizes = verified.program.sizes
    given = tuple((symbol(derivative(out), source.outputs), verified.shape(out)) for out in source.outputs)
    sections = [
        Section("Constants", tuple(verified.line(line) for line in source.constants)),
        Section("Forward", tuple(verified.line(line) for line in source.forward)),
        Section("Backward", tuple(verified.line(line) for line in source.backward), backward=True, given=given),
    ]
    return Derivation(
        source.name,
        source.title,
        source.reference,
        tuple(section for section in sections if section.lines),
        tuple(Entry(size_expression(letter), SIZES.get(letter, "size"), None) for letter in sizes),
        tuple(verified.repeated.items()),
        "L = ⟨output, random cotangent⟩",
        dict(sizes),
        seed,
    )


def check_shapes(source: LayerSource, verified: Verified) -> None:
    """Hold the Shapes block against the shapes that came out."""
    for name in verified.program.values:
        if name in source.shapes and verified.shape(name) != source.shapes[name]:
            said, found = shape_text(source.shapes[name]), shape_text(verified.shape(name))
            raise InputError(f"the Shapes block of {source.name}.py says {name} is {said}, but it comes out as {found}")
