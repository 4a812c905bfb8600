"""A network as a table: layer, output shape, number of trainable parameters."""

import textwrap
from typing import TYPE_CHECKING

from handgrad.errors import shape_text

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

_WIDEST = 64  # characters, of the column of layers: a longer one goes on in the next line


def summary_rows(network: "Sequential") -> list[tuple[str, str, int]]:
    """(layer, output shape of one sample, trainable parameters) for every layer."""
    rows, shape = [], network.architecture.input_shape
    for layer in network.layers:
        count = 0
        for part in layer.parameter_shapes(shape).values():
            size = 1
            for extent in part:
                size *= extent
            count += size
        shape = layer.output_shape(shape)
        rows.append((repr(layer), shape_text(shape), count))
    return rows


def summary_text(network: "Sequential") -> str:
    """The table as text, with the loss and the total below it."""
    rows = summary_rows(network)
    body = [("input", shape_text(network.input_shape), "")]
    for layer, shape, count in rows:
        first, *further = textwrap.wrap(
            layer, _WIDEST, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        body += [(first, shape, f"{count:,}"), *((line, "", "") for line in further)]
    head = ("layer", "output", "parameters")
    widths = [max(len(row[k]) for row in [head, *body]) for k in range(3)]
    line = "  ".join("-" * width for width in widths)

    def row(cells: tuple[str, str, str]) -> str:
        return f"{cells[0]:<{widths[0]}}  {cells[1]:>{widths[1]}}  {cells[2]:>{widths[2]}}".rstrip()

    total = sum(n for _, _, n in rows)
    decay = f", weight decay {network.weight_decay:g}" if network.weight_decay else ""
    tail = f"{total:,} trainable parameters, {network.dtype.name}; loss {network.loss!r}{decay}"
    return "\n".join([row(head), line, *(row(cells) for cells in body), line, tail])
