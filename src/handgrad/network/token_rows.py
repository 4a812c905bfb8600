"""Rows of a program for language models: embedding, LSTM, dropout, and the output layer with its loss."""

from collections.abc import Callable

from handgrad.kernels import _rows as row
from handgrad.network.layers import Shape, TimeLayer, features, steps
from handgrad.network.recurrent import LSTM
from handgrad.network.tokens import Dropout, Embedding

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


def token_loss_row(r: list[int], shape: Shape, place: Place, at_once: int, *, columns: bool) -> None:
    """The row of a Dense layer, whose input of ``shape`` is already named, with the loss behind it: ``at_once``
    positions are worked on together, side by side in ``columns`` or one below the other."""
    at_once = -row.COLUMNS_TOGETHER * (-at_once // row.COLUMNS_TOGETHER) if columns else at_once
    r[row.STEPS], r[row.PER_SAMPLE], r[row.CHUNK_ROWS] = steps(shape), 1, at_once
    r[row.AUX], r[row.OUT] = place(steps(shape)), place(steps(shape))
    r[row.LOGITS] = place(at_once * r[row.N_OUT], samples=1)
    r[row.GATHERED] = place(at_once * (3 * r[row.N_IN] + 3 if columns else r[row.N_IN]), samples=1)
