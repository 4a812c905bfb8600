"""``derive lenet5``: the derivation report's network, in the report's notation.

Two blocks of a convolution along a link table and a pooling layer with a weight and a bias for each map, and three
fully connected layers. The lines are those of the files in ``layers/``, executed on a small network of the same build.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from handgrad.derive import expression as ex
from handgrad.derive.chain import Chain, Placed, Stage, batch_loss, constant_line
from handgrad.derive.document import Derivation, Entry, Line, Section, Shape
from handgrad.derive.execute import draw
from handgrad.derive.names import size_expression
from handgrad.derive.reader import read_activation
from handgrad.errors import out_of_range

LENET5 = "lenet5"
TITLE = "LeNet-5: convolutions along a link table, trainable pooling, fully connected layers"
REFERENCE = (
    "W. Liao (2018), Assignment 4: BP, section 3; LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning "
    "applied to document recognition, section II-B"
)
# each letter of a shape: what it counts, its size in LeNet-5, and in the small network that the lines are executed on
SIZES = {
    "D_0": ("maps of the input", 1, 1),
    "N_0": ("rows of the input", 32, 18),
    "M_0": ("columns of the input", 32, 14),
    "K_1": ("rows of a kernel of block 1", 5, 3),
    "L_1": ("columns of a kernel of block 1", 5, 3),
    "D_1": ("maps of block 1 (C1, S2)", 6, 2),
    "N'_1": ("rows of a map of C1", 28, 16),
    "M'_1": ("columns of a map of C1", 28, 12),
    "N_1": ("rows of a map of S2", 14, 8),
    "M_1": ("columns of a map of S2", 14, 6),
    "K_2": ("rows of a kernel of block 2", 5, 3),
    "L_2": ("columns of a kernel of block 2", 5, 3),
    "D_2": ("maps of block 2 (C3, S4)", 16, 3),
    "N'_2": ("rows of a map of C3", 10, 6),
    "M'_2": ("columns of a map of C3", 10, 4),
    "N_2": ("rows of a map of S4", 5, 3),
    "M_2": ("columns of a map of S4", 5, 2),
    "P": ("entries of all maps of S4", 400, 18),
    "F_3": ("units of C5", 120, 7),
    "F_4": ("units of F6", 84, 5),
    "C": ("classes", 10, 4),
    "s": ("height, width and step of a window", 2, 2),
    "B": ("samples in the batch", None, 2),
}
TABLE = np.array([[1, 0, 1], [0, 1, 1]], bool)  # of the small network's second block
_REFUSED = ("softmax", "leaky_relu")  # it works on units, not on maps; its slope would be one more symbol s
REMARKS = (
    "The report's formulas that are wrong or leave something open are in docs/errata.md, 003-14 to 003-20 and from "
    "003-24 on, each with the test that shows it. What is printed here is the mended form: the mean of the map of the "
    "same index d; the derivative of f taken at Ỹ; the kernel's gradient with X, the activation, not X̃; and the "
    "gradient of an input map p summed over the maps d that it feeds, where the report sums over p.",
    "In equation 11 H and V are the rows and columns of a map of S4. The report has N for rows and M for "
    "columns, and so has this page; handgrad derive conv has M and N.",
    "The gradients of kernels, weights and biases are sums over the samples too. Entry by entry of the kernel, without "
    "a rotation: handgrad derive conv.",
)


def derive_lenet5(
    *, hidden_activation: str = "scaled_tanh", seed: int = 0, folder: Traversable | None = None
) -> Derivation:
    """The whole network: notation, forward, loss, backward. ``hidden_activation``: f and g of all layers but the last,
    the base name of a file. Raises UsageError for a name that does not exist."""
    if seed < 0:
        raise out_of_range("the seed", seed, "a whole number of at least 0")
    constants = read_activation(hidden_activation, folder, _REFUSED).constants
    rng = np.random.default_rng(seed)
    stages = [Placed(stage, folder) for stage in _stages(rng, hidden_activation)]
    chain = Chain(stages, draw(rng, _numbers(("D_0", "N_0", "M_0", "B"))))
    ahead, behind = chain.typeset()
    total, start = batch_loss(chain)
    sections = [
        *([Section("Constants", tuple(map(constant_line, constants)))] if constants else []),
        Section("Forward: convolution and pooling", _joined(ahead[:8])),
        Section("Forward: fully connected layers", _joined(ahead[8:-1])),
        Section("Loss", (*ahead[-1], total)),
        Section("Backward: loss and fully connected layers", (start, *_joined(behind[:-8])), backward=True),
        Section("Backward: pooling and convolution", _joined(behind[-8:]), backward=True),
    ]
    return Derivation(
        LENET5,
        TITLE,
        REFERENCE,
        tuple(sections),
        (*_values(), *(Entry(size_expression(size), what, None, n) for size, (what, n, _) in SIZES.items())),
        tuple(chain.repeated.items()),
        "the batch's loss L",
        {size: small for size, (_, _, small) in SIZES.items()},
        seed,
        REMARKS,
    )


def _joined(parts: list[tuple[Line, ...]]) -> tuple[Line, ...]:
    return tuple(line for part in parts for line in part)


def _numbers(shape: Shape) -> tuple[int, ...]:
    """A shape of the small network in numbers."""
    return tuple(SIZES[size][2] for size in shape)


def _stages(rng: np.random.Generator, f: str) -> Iterator[Stage]:
    """The network, layer by layer, with random parameters."""

    def parameters(shapes: dict[str, Shape]) -> dict[str, Any]:
        return {
            name: draw(rng, _numbers(shape)) / np.sqrt(np.prod(_numbers(shape[1:]))) for name, shape in shapes.items()
        }

    def symbol(letter: str, layer: int, tilde: bool = False) -> ex.Symbol:
        return ex.Symbol(letter, superscript=str(layer), tilde=tilde)

    for l in (1, 2):  # noqa: E741
        X = (f"D_{l - 1}", f"N_{l - 1}", f"M_{l - 1}", "B")
        Y = (f"D_{l}", f"N'_{l}", f"M'_{l}", "B")
        pooled = (f"D_{l}", f"N_{l}", f"M_{l}", "B")
        kernels = (f"D_{l}", f"D_{l - 1}", f"K_{l}", f"L_{l}")
        learned = parameters({"W": kernels, "b": (f"D_{l}",)})
        if l == 2:
            learned["W"] = learned["W"][TABLE.T]
        names = {"x": symbol("X", l - 1), "y": symbol("Y", l, True), "W": symbol("W", l), "b": symbol("b", l)}
        shapes = {"x": X, "y": Y, "W": kernels, "b": (f"D_{l}",), "": Y}
        yield Stage("conv", names, shapes, learned, {"links": TABLE} if l == 2 else {}, "rotated_kernel")
        yield Stage(f, {"a": symbol("Y", l, True), "y": symbol("Y", l)}, {"a": Y, "": Y})
        names = {"x": symbol("Y", l), "m": symbol("m", l), "y": symbol("X", l, True)}
        names |= {"w": symbol("w", l), "a": symbol("a", l)}
        shapes = {"x": Y, "m": pooled, "y": pooled, "w": (f"D_{l}",), "a": (f"D_{l}",), "": pooled}
        yield Stage("subsample", names, shapes, parameters({"w": (f"D_{l}",), "a": (f"D_{l}",)}))
        yield Stage(f, {"a": symbol("X", l, True), "y": symbol("X", l)}, {"a": pooled, "": pooled})
    yield Stage("flatten", {"x": symbol("X", 2), "y": symbol("x", 2)}, {"x": pooled, "y": ("P", "B"), "": ("P", "B")})
    widths = ("P", "F_3", "F_4", "C")
    for l, (n, m) in enumerate(zip(widths, widths[1:], strict=False), start=3):  # noqa: E741
        names = {"x": symbol("x", l - 1), "a": symbol("x", l, True), "W": symbol("W", l), "b": symbol("b", l)}
        shapes = {"x": (n, "B"), "W": (m, n), "b": (m,), "": (m, "B")}
        yield Stage("dense", names, shapes, parameters({"W": (m, n), "b": (m,)}))
        if m != "C":
            yield Stage(f, {"a": symbol("x", l, True), "y": symbol("x", l)}, {"a": (m, "B"), "": (m, "B")})
    targets = np.eye(SIZES["C"][2])[:, rng.integers(0, SIZES["C"][2], SIZES["B"][2])]
    names = {"a": symbol("x", 5, True), "t": ex.Symbol("t")}
    yield Stage("softmax_cross_entropy", names, {"a": ("C", "B"), "": ("B",)}, {}, {"t": targets})


def _values() -> Iterator[Entry]:
    """Rows of the notation table: what is given, learned and computed, in the order of the report."""
    yield Entry(ex.Symbol("X", superscript="0"), "input", ("D_0", "N_0", "M_0", "B"))
    yield Entry(replace(ex.Symbol("T", superscript="l"), index=("p", "d")), "1 where map d of block l sees map p", ())
    for l in (1, 2):  # noqa: E741
        full, pooled = (f"D_{l}", f"N'_{l}", f"M'_{l}", "B"), (f"D_{l}", f"N_{l}", f"M_{l}", "B")
        links = (f"D_{l - 1}", f"D_{l}", f"K_{l}", f"L_{l}")
        for letter, tilde, meaning, shape in (
            ("W", False, f"kernels of block {l}: (p, d) from map p to map d", links),
            ("b", False, f"biases of the convolution of block {l}", (f"D_{l}",)),
            ("Y", True, f"maps of block {l} before f", full),
            ("Y", False, f"maps of block {l}", full),
            ("w", False, f"weights of the pooling of block {l}", (f"D_{l}",)),
            ("a", False, f"biases of the pooling of block {l}", (f"D_{l}",)),
            ("m", False, f"mean of each window of block {l}", pooled),
            ("X", True, f"pooled maps of block {l} before g", pooled),
            ("X", False, f"pooled maps of block {l}", pooled),
        ):
            yield Entry(ex.Symbol(letter, superscript=str(l), tilde=tilde), meaning, shape)
    yield Entry(ex.Symbol("x", superscript="2"), "the maps of block 2 as a column", ("P", "B"))
    for l, units, inputs in ((3, "F_3", "P"), (4, "F_4", "F_3"), (5, "C", "F_4")):  # noqa: E741
        yield Entry(ex.Symbol("W", superscript=str(l)), f"weights of layer {l}", (units, inputs))
        yield Entry(ex.Symbol("b", superscript=str(l)), f"biases of layer {l}", (units,))
        yield Entry(ex.Symbol("x", superscript=str(l), tilde=True), f"layer {l} before its activation", (units, "B"))
        if units != "C":
            yield Entry(ex.Symbol("x", superscript=str(l)), f"units of layer {l}", (units, "B"))
    yield Entry(ex.Symbol("t"), "targets", ("C", "B"))
    yield Entry(ex.Symbol("z"), "logits less the largest of them", ("C", "B"))
    yield Entry(ex.Symbol("y"), "probabilities", ("C", "B"))
    yield Entry(ex.Symbol("ℓ"), "loss of each sample", ("B",))
    yield Entry(ex.Symbol("L"), "loss of the batch: the mean over its samples", ())
