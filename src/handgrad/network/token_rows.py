"""Rows of a program for language models: embedding, LSTM, dropout, and the output layer with its loss."""

import math
from collections.abc import Callable

from handgrad.kernels import _rows as row
from handgrad.network.layers import Dense, Layer, Shape, TimeLayer, features, steps
from handgrad.network.recurrent import LSTM
from handgrad.network.tokens import Dropout, Embedding

_PART_SIZE = 32_768  # weights that are worth a thread's turn
_MOST_PARTS = 8

Place = Callable[..., int]  # place(size, samples=...): where an array begins that has ``size`` numbers for each sample


def time_row(r: list[int], layer: TimeLayer | Dropout, shape: Shape, place: Place) -> None:
    """Write into row ``r`` what an operation on whole sequences of ``shape`` must know."""
    r[row.STEPS], r[row.PER_SAMPLE] = steps(shape), 1
    if isinstance(layer, LSTM):
        _lstm_row(r, layer, shape, place)
        return
    if isinstance(layer, Embedding):
        r[row.TOKENS] = layer.tokens
    r[row.OUT] = place(r[row.STEPS] * r[row.N_OUT])


def _lstm_row(r: list[int], layer: LSTM, shape: Shape, place: Place) -> None:
    T, H = steps(shape), layer.units
    r[row.TRUNCATE] = layer.truncate
    r[row.AUX] = place(H, samples=1)
    r[row.GATHERED] = place(row.CHUNK * (features(shape) + H), samples=1)
    r[row.D_CELLS] = place(H)
    r[row.GATES] = place(4 * H * T)
    place(H)  # the cells before the first step
    r[row.CELLS] = place(H * T)
    place(H)  # the state before the first step
    r[row.HIDDEN] = r[row.OUT] = place(H * T)
    if not layer.return_sequences:
        r[row.OUT] = place(H)


def token_loss_row(r: list[int], shape: Shape, place: Place, at_once: int) -> None:
    """The row of a Dense layer, whose input of ``shape`` is already named, with the loss behind it: ``at_once``
    positions are worked on together."""
    _places_of_losses(r, shape, place, at_once)
    r[row.GATHERED] = place(at_once * r[row.N_IN], samples=1)


def token_loss_columns(r: list[int], shape: Shape, place: Place) -> None:
    """The same for one sequence, whose steps lie side by side in columns and whose classes are divided into parts. How
    many follows from the network, never from the machine."""
    N, V = r[row.N_IN], r[row.N_OUT]
    columns = -row.COLUMNS_TOGETHER * (-steps(shape) // row.COLUMNS_TOGETHER)
    _places_of_losses(r, shape, place, columns)
    r[row.PARTS] = _parts(N * V, -(-V // row.COLUMNS_TOGETHER))
    r[row.GATHERED] = place(columns * (2 * N + r[row.PARTS] * (N + 4)), samples=1)


def _places_of_losses(r: list[int], shape: Shape, place: Place, at_once: int) -> None:
    r[row.STEPS], r[row.PER_SAMPLE], r[row.CHUNK_ROWS] = steps(shape), 1, at_once
    r[row.AUX], r[row.OUT] = place(steps(shape)), place(steps(shape))
    r[row.LOGITS] = place(at_once * r[row.N_OUT], samples=1)


def _parts(weights: int, units: int) -> int:
    """Into how many parts a layer is divided, that threads may work on at the same time; none is without a unit of what
    is dealt out. It follows from the network, never from the machine."""
    allowed = (parts for parts in (_MOST_PARTS, 4, 2) if parts * _PART_SIZE <= weights and parts <= units)
    return next(allowed, 1)


def _rows_of_parts(r: list[int], parts: int) -> list[list[int]]:
    """Row ``r`` for each of so many parts."""
    rows = [list(r) for _ in range(parts)]
    for part, each in enumerate(rows):
        each[row.PART] = part
    rows[0][row.TOGETHER] = parts
    return rows


def loss_parts(r: list[int]) -> list[tuple[list[int], tuple[str, str]]]:
    """The rows, with their operations, that together do what row ``r`` of ``token_loss_columns`` says: its parts are
    worked on twice, and each time all must be done before what follows."""
    rows = []
    for name, parts in (("columns", 1), ("scores", r[row.PARTS]), ("step", r[row.PARTS]), ("sums", 1)):
        names = (f"token_cross_entropy_{name}", "token_cross_entropy_backward")
        rows += [(each, names) for each in _rows_of_parts(r, parts)]
    return rows


def step_parts(r: list[int], layer: Layer, shape: Shape, place: Place) -> list[list[int]]:
    """The rows of one step of a layer, several of a large one. What they need to turn vectors over has its place."""
    if not isinstance(layer, (Dense, LSTM)):
        return [r]
    weights = sum(math.prod(size) for size in layer.parameter_shapes(shape).values())
    r[row.PARTS] = _parts(weights, -(-layer.units // row.LANES))
    inputs = features(shape) + (layer.units if isinstance(layer, LSTM) else 0)
    r[row.GATHERED] = place(r[row.PARTS] * row.LANES * inputs, samples=1)
    return _rows_of_parts(r, r[row.PARTS])
