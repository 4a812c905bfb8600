"""A network as a program: an integer table with a row per layer, which one compiled interpreter walks.

Nothing here is compiled, and Numba is not needed to make or to print a program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from handgrad.kernels import _rows as row
from handgrad.layers._activations import ACTIVATIONS
from handgrad.network.image_rows import blocks, image_scratch, image_sizes, link_lists, with_lists
from handgrad.network.images import IMAGES, Conv2D
from handgrad.network.layers import Layer, Shape, features, steps
from handgrad.network.losses import Loss, per_token
from handgrad.network.parameters import Parameters
from handgrad.network.recurrent import LSTM, RNN
from handgrad.network.token_rows import loss_parts, step_parts, time_row, token_loss_columns, token_loss_row
from handgrad.network.tokens import Dropout, Embedding

# batch: BLAS over all samples of a shard; one: a sample at a time; online: one, with the SGD step taken on the way
# back; step: one step of a few sequences, which go on
Form = Literal["batch", "one", "online", "step"]
# what for: of the losses of a language model the outputs are not wanted, and never all there at once
Use = Literal["training", "losses", "outputs"]

# operations that differ by form; all others are <kind>_forward and <kind>_backward
_BY_FORM: dict[tuple[str, Form], tuple[str, str]] = {
    ("dense", "one"): ("dense_forward_one", "dense_backward_one"),
    ("dense", "online"): ("dense_forward_one", "dense_backward_sgd"),
    ("rnn", "one"): ("rnn_forward_one", "rnn_backward_one"),
    ("rnn", "online"): ("rnn_forward_one", "rnn_backward_sgd"),
    ("lstm", "one"): ("lstm_forward_one", "lstm_backward_one"),
    ("lstm", "online"): ("lstm_forward_one", "lstm_backward_sgd"),
    ("rnn", "step"): ("rnn_forward_one", "rnn_backward_one"),
    ("dense", "step"): ("dense_forward_step", "dense_backward_steps"),
    ("lstm", "step"): ("lstm_forward_step", "lstm_backward_one"),
    ("embedding", "online"): ("embedding_forward", "embedding_backward_sgd"),
}
for kind in IMAGES:
    _BY_FORM[kind, "one"] = _BY_FORM[kind, "online"] = (f"{kind}_forward_one", f"{kind}_backward_one")
for kind in ("conv", "subsample"):
    _BY_FORM[kind, "online"] = (f"{kind}_forward_one", f"{kind}_backward_sgd")
# of a layer that takes every step of a sequence by itself: several samples, whose gradients add up
_BY_FORM_OF_STEPS: dict[tuple[str, Form], tuple[str, str]] = {
    ("dense", "one"): ("dense_forward_one", "dense_backward_steps"),
    ("dense", "online"): ("dense_forward_one", "dense_backward_sgd_steps"),
}
_FEW = 4  # samples below which images are not laid side by side: most lanes would be empty


def _operations(kind: str, form: Form, shape: Shape, use: Use) -> tuple[str, str]:
    """What a row runs forward and backward, for a layer whose input is of ``shape``."""
    if kind == "token_cross_entropy" and use == "losses":
        return "token_cross_entropy_losses", "token_cross_entropy_backward"
    by_form = _BY_FORM | _BY_FORM_OF_STEPS if steps(shape) > 1 else _BY_FORM
    return by_form.get((kind, form), (f"{kind}_forward", f"{kind}_backward"))


@dataclass(frozen=True)
class Program:
    """``table`` (rows, COLUMNS) int64, see ``kernels/_rows.py``: a row for each of ``operations``, which names what it
    runs, then lists of integers that some of them read."""

    table: np.ndarray[Any, np.dtype[np.int64]]
    operations: tuple[tuple[str, str], ...]
    decay: np.ndarray[Any, np.dtype[np.int64]]
    places: np.ndarray[Any, np.dtype[np.int64]]
    kinds: tuple[str, ...]
    scalars: tuple[float, ...]
    workspace: int  # numbers in acts, and in deltas, of one shard

    @property
    def parts(self) -> int:
        """Into how many an operation is divided at most, that threads can share."""
        return max(1, int(self.table[: len(self.operations), row.TOGETHER].max()))

    def __str__(self) -> str:
        head = f"{'':>3}  {'forward':<30}{'backward':<30}{'in':>8}{'out':>8}{'n_in':>7}{'n_out':>7}{'param':>9}"
        lines = [head]
        for i, (names, r) in enumerate(zip(self.operations, self.table, strict=False)):
            numbers = f"{r[row.IN]:>8}{r[row.OUT]:>8}{r[row.N_IN]:>7}{r[row.N_OUT]:>7}{r[row.PARAM]:>9}"
            lines.append(f"{i:>3}  {names[0]:<30}{names[1]:<30}{numbers}")
        return "\n".join(lines)


def _rounded(size: int) -> int:
    """The next multiple of 16 numbers: 64 bytes in float32, so that every array begins aligned."""
    return (size + 15) // 16 * 16


class _Layout:
    """Hands out places in a workspace for ``capacity`` samples; of images, ``lanes`` lie side by side."""

    def __init__(self, capacity: int, lanes: int = 1) -> None:
        self.capacity, self.lanes = capacity, lanes
        self.top = 0
        self.lengths = self.place(1)

    def place(self, size: int, samples: int | None = None) -> int:
        """Where an array begins that has ``size`` numbers for each sample."""
        start = self.top
        self.top += _rounded(size * (self.capacity if samples is None else samples))
        return start

    def array(self, shape: Shape) -> int:
        """Where an array of samples of ``shape`` begins."""
        filled = blocks(self.capacity) if len(shape) == 3 and self.lanes > 1 else self.capacity
        return self.place(int(np.prod(shape)), filled)

    def layer_row(self, layer: Layer, shape: Shape, last: int) -> list[int]:
        """The row of a layer whose input of ``shape`` begins at ``last``: the arrays and sizes of its operation."""
        r = [0] * row.COLUMNS
        out_shape = layer.output_shape(shape)
        r[row.IN], r[row.N_IN], r[row.N_OUT], r[row.LENGTHS] = last, features(shape), features(out_shape), self.lengths
        if isinstance(layer, (LSTM, Embedding, Dropout)):
            time_row(r, layer, shape, self.place)
        elif isinstance(layer, RNN):
            r[row.STEPS], r[row.PER_SAMPLE] = steps(shape), 1
            r[row.ACTIVATION], r[row.TRUNCATE] = list(ACTIVATIONS).index(layer.activation), layer.truncate
            r[row.COLUMNWISE] = self.place(layer.units * (layer.units + features(shape)), samples=1)
            r[row.AUX] = self.place(layer.units)
            self.place(layer.units)  # the state before the first step
            r[row.HIDDEN] = r[row.OUT] = self.place(steps(shape) * layer.units)
            if not layer.return_sequences:
                r[row.OUT] = self.place(layer.units)
        else:
            r[row.STEPS], r[row.PER_SAMPLE] = 1, steps(shape)
            r[row.OUT] = self.array(out_shape)
        if len(shape) == 3:
            image_sizes(r, layer, shape, self.lanes)
            image_scratch(r, layer, self.lanes, lambda size: self.place(size, samples=1))
        return r

    def loss_row(self, shape: Shape, last: int, numbers: int) -> list[int]:
        """The row of the loss of outputs of ``shape`` that begin at ``last``, with ``numbers`` for each target."""
        r = [0] * row.COLUMNS
        r[row.IN], r[row.N_IN], r[row.N_OUT] = last, features(shape), 1
        r[row.STEPS], r[row.PER_SAMPLE], r[row.NEEDS_DX] = 1, steps(shape), 1
        r[row.AUX], r[row.OUT] = self.place(numbers), self.place(steps(shape))
        return r

    def token_loss_row(self, layer: Layer, shape: Shape, last: int, form: Form) -> list[int]:
        """The row of the last layer and of the loss of a language model, together."""
        r = [0] * row.COLUMNS
        r[row.IN], r[row.N_IN], r[row.LENGTHS] = last, features(shape), self.lengths
        r[row.N_OUT] = features(layer.output_shape(shape))
        if form == "online":
            token_loss_columns(r, shape, self.place)
        else:
            token_loss_row(r, shape, self.place, min(row.CHUNK, self.capacity * steps(shape)))
        return r


def _decay_row(parameters: Parameters, name: str) -> list[int]:
    """The row of the weight decay of one parameter."""
    r = [0] * row.COLUMNS
    r[row.N_IN], r[row.N_OUT], r[row.PARAM] = int(np.prod(parameters.shapes[name])), 1, parameters.offsets[name]
    return r


def make_program(
    layers: Sequence[Layer],
    loss: Loss,
    parameters: Parameters,
    input_shape: Shape,
    weight_decay: float,
    capacity: int,
    form: Form,
    use: Use = "training",
) -> Program:
    """Lay out the arrays of a workspace for ``capacity`` samples and write the table."""
    tokens = per_token(loss)
    side_by_side = form == "batch" and capacity >= _FEW
    layout = _Layout(capacity, row.LANES if side_by_side else 1)
    lists: dict[int, list[int]] = {}
    rows: list[list[int]] = []
    operations: list[tuple[str, str]] = []
    kinds: list[str] = []
    scalars: list[float] = [0.0]  # the learning rate of a fused update
    decay: list[list[int]] = []
    shape = input_shape
    x_at = last = layout.array(shape)
    drops = use == "training" and any(isinstance(layer, Dropout) for layer in layers)
    keys_at = layout.place(2) if drops else -1
    needs_dx = 0
    for i, layer in enumerate(layers):
        names = [f"{i}.{name}" for name in layer.parameter_shapes(shape)]
        kind = "identity" if isinstance(layer, Dropout) and not drops else layer.kind
        if tokens and use != "outputs" and i == len(layers) - 1:
            r, kind = layout.token_loss_row(layer, shape, last, form), "token_cross_entropy"
        else:
            r = layout.layer_row(layer, shape, last)
        if isinstance(layer, Dropout):
            r[row.KEYS], r[row.LAYER] = keys_at, i
            r[row.PER_SAMPLE] = 1 if drops else steps(shape)
        r[row.PARAM] = parameters.offsets[names[0]] if names else 0
        r[row.SCALAR], r[row.NEEDS_DX] = len(scalars), needs_dx
        if isinstance(layer, Conv2D):
            lists[i] = link_lists(layer.table(shape[0]))
        few = len(shape) == 3 and form == "batch" and not side_by_side
        kinds.append(kind)
        named = _operations(kind, "one" if few else form, shape, use)
        if r[row.PARTS]:
            parts = loss_parts(r)
        elif form == "step":
            parts = [(each, named) for each in step_parts(r, layer, shape, layout.place)]
        else:
            parts = [(r, named)]
        rows += [each for each, _ in parts]
        operations += [each for _, each in parts]
        scalars.extend(layer.constants())
        decay.extend(_decay_row(parameters, f"{i}.{name}") for name in layer.decayed if weight_decay)
        needs_dx = needs_dx or int(bool(names))
        last, shape = r[row.OUT], layer.output_shape(shape)
    if not tokens or use == "outputs":
        rows.append(layout.loss_row(shape, last, steps(shape) if tokens else int(np.prod(shape))))
        kinds.append("token_cross_entropy" if tokens else loss.kind)
        nothing = ("token_cross_entropy_backward",) * 2
        operations.append(nothing if tokens else (f"{loss.kind}_forward", f"{loss.kind}_backward"))
    penalty_at = layout.place(1, samples=1)
    for r in decay:
        r[row.OUT], r[row.SCALAR] = penalty_at, len(scalars)
    scalars.append(weight_decay)
    places = [x_at, rows[-1][row.AUX], rows[-1][row.OUT], last, penalty_at]
    places += [layout.lengths, steps(input_shape), steps(shape), layout.lanes if len(input_shape) == 3 else 1]
    places += [int(tokens), keys_at]
    return Program(
        table=with_lists(rows, lists),
        operations=tuple(operations),
        decay=np.array(decay, dtype=np.int64).reshape(-1, row.COLUMNS),
        places=np.array(places, dtype=np.int64),
        kinds=tuple(dict.fromkeys(kinds)),
        scalars=tuple(scalars),
        workspace=layout.top,
    )
