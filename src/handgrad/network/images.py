"""Descriptions of layers on images: a sample is (channels, height, width)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from handgrad.errors import UsageError, out_of_range, shape_text, wrong_dtype, wrong_shape
from handgrad.layers._types import Array
from handgrad.layers.conv import ConvParams, conv_backward, conv_forward
from handgrad.layers.flatten import flatten_backward, flatten_forward
from handgrad.layers.max_pool import max_pool_backward, max_pool_forward
from handgrad.layers.mean_pool import mean_pool_backward, mean_pool_forward
from handgrad.layers.subsample import SubsampleParams, subsample_backward, subsample_forward
from handgrad.network.layers import Gradients, Shape
from handgrad.options import whole
from handgrad.training.initializers import Float64, Initializer, initializer

Table = tuple[tuple[bool, ...], ...]


def _table(rows: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    table = np.array([[mark == "X" for mark in row] for row in rows])
    table.setflags(write=False)
    return table


LECUN_C3 = _table(
    (
        "X...XXX..XXXX.XX",
        "XX...XXX..XXXX.X",
        "XXX...XXX..X.XXX",
        ".XXX..XXXX..X.XX",
        "..XXX..XXXX.XX.X",
        "...XXX..XXXX.XXX",
    )
)
"""Which of the 6 maps of S2 (rows) each of the 16 maps of C3 (columns) sees: 60 links.

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, table I."""


def _maps(what: str, input_shape: Shape) -> tuple[int, int, int]:
    """Channels, height and width of a sample. InputError where it is no image."""
    if len(input_shape) != 3:
        raise wrong_shape(f"the input of {what}", input_shape, ("channels", "height", "width"), "it takes images")
    channels, height, width = input_shape
    return channels, height, width


@dataclass(frozen=True)
class _Linked(Initializer):
    """Kernels (links, height, width), those of each output drawn as if it alone were there: fan_in counts the inputs
    that it sees, fan_out the outputs that an input is seen by, on average."""

    base: Any
    inputs: tuple[int, ...]  # of each output
    outputs: int  # of an input, on average

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        make = initializer(self.base)
        return np.concatenate([make((self.outputs, n, *shape[1:]), rng)[0] for n in self.inputs])


@dataclass(frozen=True, repr=False)
class Conv2D:
    """Convolution (valid cross-correlation) to ``maps`` output maps, ``kernel`` a side or (height, width).

    ``links``: which inputs (rows) each output map (columns) sees, as a table of truth values; None for all. W then has
    a kernel for each link, (links, height, width), in the order of outputs, and of inputs within an output; without a
    table it is (maps, channels, height, width). ``padding`` puts a border of zeros around the input.
    """

    maps: int
    kernel: Any
    stride: int = 1
    padding: int = 0
    links: Any = None
    weights: Any = "glorot_uniform"
    biases: Any = "zeros"
    kind: ClassVar[str] = "conv"
    decayed: ClassVar[tuple[str, ...]] = ("W",)

    def __post_init__(self) -> None:
        def settle(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        settle("maps", whole("the number of maps of a Conv2D layer", self.maps))
        sides = tuple(self.kernel) if isinstance(self.kernel, Sequence) else (self.kernel, self.kernel)
        if len(sides) != 2:
            raise out_of_range("the kernel of Conv2D", self.kernel, "a side, or height and width")
        settle("kernel", tuple(whole("the kernel of Conv2D", side) for side in sides))
        settle("stride", whole("stride of Conv2D", self.stride))
        settle("padding", whole("padding of Conv2D", self.padding, "0 or pixels", 0))
        if self.links is not None:
            settle("links", _checked_links(self.links, self.maps))

    def __repr__(self) -> str:
        height, width = self.kernel
        parts = [str(self.maps), str(height if height == width else self.kernel)]
        parts += [f"stride={self.stride}"] * (self.stride != 1) + [f"padding={self.padding}"] * (self.padding != 0)
        if self.links is not None:
            parts.append(f"links={np.sum(self.links)} of {np.size(self.links)}")
        parts += [f"weights={self.weights!r}"] * (self.weights != "glorot_uniform")
        parts += [f"biases={self.biases!r}"] * (self.biases != "zeros")
        return f"Conv2D({', '.join(parts)})"

    def table(self, channels: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """The links (channels, maps). InputError where the table has another number of inputs."""
        if self.links is None:
            return np.ones((channels, self.maps), bool)
        if len(self.links) != channels:
            expected = (channels, self.maps)
            raise wrong_shape("links of Conv2D", np.shape(self.links), expected, "a row for each input map")
        return np.array(self.links)

    def output_shape(self, input_shape: Shape) -> Shape:
        channels, height, width = _maps("Conv2D", input_shape)
        self.table(channels)
        sides = [
            (n + 2 * self.padding - k) // self.stride + 1 for n, k in zip((height, width), self.kernel, strict=True)
        ]
        if min(sides) < 1 or height + 2 * self.padding < self.kernel[0] or width + 2 * self.padding < self.kernel[1]:
            tall, wide = self.kernel
            raise UsageError(
                f"the kernel of Conv2D is {tall} x {wide}, larger than its maps of {height} x {width}; "
                "make it smaller, or put a border around them with padding"
            )
        return (self.maps, sides[0], sides[1])

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        channels = input_shape[0]
        first = (self.maps, channels) if self.links is None else (int(np.sum(self.links)),)
        return {"W": (*first, *self.kernel), "b": (self.maps,)}

    def initializers(self) -> dict[str, Any]:
        if self.links is None:
            return {"W": self.weights, "b": self.biases}
        inputs = tuple(int(n) for n in np.sum(self.links, axis=0))
        seen = max(1, round(sum(inputs) / len(self.links)))
        return {"W": _Linked(self.weights, inputs, seen), "b": self.biases}

    def constants(self) -> tuple[float, ...]:
        return ()

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        links = None if self.links is None else self.table(len(x))
        return conv_forward(ConvParams(params["W"], params["b"]), x, self.stride, self.padding, links)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        dx, grads = conv_backward(ConvParams(params["W"], params["b"]), cache, dy)
        return dx, grads._asdict()


def _checked_links(links: Any, maps: int) -> Table:
    """A table of links as tuples of truth values. UsageError where it is none, or where an output has no link."""
    table = np.asarray(links)
    expected = f"a table of truth values, a row for each input map and {maps} columns"
    if table.dtype.kind not in "buif":
        raise wrong_dtype("links of Conv2D", table.dtype, expected)
    if table.ndim != 2 or table.shape[1] != maps or not len(table):
        raise out_of_range("links of Conv2D", f"an array of shape {shape_text(table.shape)}", expected)
    if not np.isin(table, (0, 1)).all():
        row, column = (int(i) for i in np.argwhere(~np.isin(table, (0, 1)))[0])
        raise out_of_range(
            f"links of Conv2D in row {row}, column {column}", table[row, column], "a truth value, 0 or 1"
        )
    empty = np.flatnonzero(~table.astype(bool).any(axis=0))
    if empty.size:
        raise UsageError(f"links of Conv2D leave output map {empty[0]} without an input, expected a link for each")
    return tuple(tuple(bool(link) for link in row) for row in table)


@dataclass(frozen=True, repr=False)
class _Windows:
    """What layers have in common that make one number of each window of a map."""

    size: int = 2
    crop: bool = False
    decayed: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole(f"size of {type(self).__name__}", self.size))

    def __repr__(self) -> str:
        """The call that makes it, with what is not as by default; the size always."""
        others = (field for field in fields(self) if field.name != "size")
        said = [f"{each.name}={value!r}" for each in others if (value := getattr(self, each.name)) != each.default]
        return f"{type(self).__name__}({', '.join([str(self.size), *said])})"

    def output_shape(self, input_shape: Shape) -> Shape:
        name = type(self).__name__
        maps, height, width = _maps(name, input_shape)
        n = self.size
        if height < n or width < n or not self.crop and (height % n or width % n):
            raise UsageError(
                f"maps of {height} x {width} do not divide into {name}'s windows of {n} x {n}; "
                "crop=True leaves out the last rows and columns, which then get no gradient"
                if min(height, width) >= n
                else f"maps of {height} x {width} are smaller than {name}'s windows of {n} x {n}; choose a smaller size"
            )
        return (maps, height // n, width // n)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {}

    def initializers(self) -> dict[str, Any]:
        return {}

    def constants(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True, repr=False)
class Subsample(_Windows):
    """The report's pooling: w mean + a, with one trainable weight w and bias a a map; ``size`` x ``size`` windows."""

    weights: Any = "ones"
    biases: Any = "zeros"
    kind: ClassVar[str] = "subsample"

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"w": (input_shape[0],), "a": (input_shape[0],)}

    def initializers(self) -> dict[str, Any]:
        return {"w": self.weights, "a": self.biases}

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return subsample_forward(SubsampleParams(params["w"], params["a"]), x, self.size, self.crop)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        dx, grads = subsample_backward(SubsampleParams(params["w"], params["a"]), cache, dy)
        return dx, grads._asdict()


@dataclass(frozen=True, repr=False)
class MeanPool2D(_Windows):
    """The mean of each window of ``size`` x ``size`` pixels. ``crop``: leave out rows and columns that fill none."""

    kind: ClassVar[str] = "mean_pool"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return mean_pool_forward(x, self.size, self.crop)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return mean_pool_backward(cache, dy), {}


@dataclass(frozen=True, repr=False)
class MaxPool2D(_Windows):
    """The largest pixel of each window of ``size`` x ``size``. ``crop``: leave out rows and columns that fill none."""

    kind: ClassVar[str] = "max_pool"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return max_pool_forward(x, self.size, self.crop)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return max_pool_backward(cache, dy), {}


@dataclass(frozen=True)
class Flatten:
    """The maps of an image as one vector: map after map, row after row."""

    kind: ClassVar[str] = "flatten"
    decayed: ClassVar[tuple[str, ...]] = ()

    def output_shape(self, input_shape: Shape) -> Shape:
        channels, height, width = _maps("Flatten", input_shape)
        return (channels * height * width,)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {}

    def initializers(self) -> dict[str, Any]:
        return {}

    def constants(self) -> tuple[float, ...]:
        return ()

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return flatten_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return flatten_backward(cache, dy), {}


IMAGES: dict[str, type[Any]] = {cls.kind: cls for cls in (Conv2D, Subsample, MeanPool2D, MaxPool2D, Flatten)}
