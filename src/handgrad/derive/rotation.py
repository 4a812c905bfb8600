"""Must the kernel be rotated? Answered in words, with the error of every way to write the gradient of the input."""

from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.check.numerical import TOLERANCE, relative_error
from handgrad.derive.reader import FileReader

if TYPE_CHECKING:
    from handgrad.derive.maps import MapRun


def must_it_be_rotated(run: "MapRun", form: FileReader) -> list[str]:
    """The answer, from the numbers of ``run``; ``form`` holds ``rot180``, ``correlate`` and ``wide``.

    Nothing where the file has no ``wide``, so that the question does not arise.
    """
    if not {"wide", "rot180", "spread", "by_link"} <= set(form.namespace):
        return []
    right = run.numerical("x").gradient
    turned = form.namespace["rot180"]

    def error(first: Any, second: Any) -> str:
        """What comes out with the kernel passed through ``first`` and then through the operation's own ``second``."""
        found = _gradient(run, form, lambda w: second(first(w)))
        value = relative_error(found, right)
        return f"{value:.2g} {'✓' if value <= TOLERANCE else '✗'}"

    same = lambda w: w  # noqa: E731
    shifted = relative_error(run.gradients["dx"], right)
    return [
        "Must the kernel be rotated? It depends on what the gradient of the input is written with; the relative error "
        f"of each way stands behind it. As a sum of shifted products: no, nothing is turned ({shifted:.2g} ✓). As a "
        "wide correlation, the operation of the forward pass: yes, once, rot180(W) ⊗̃ ∂L/∂y "
        f"({error(turned, same)}); W as it is would be wrong ({error(same, same)}). As a wide convolution in the sense "
        "of mathematics and of scipy.signal.convolve2d, which turns its kernel itself: no, W as it is "
        f"({error(same, turned)}); with rot180(W) it would be turned once too often ({error(turned, turned)}).",
        "Whether the kernel is rotated is thus said of an operator, not of the gradient. A kernel that is its own "
        "rotation (all ones, a Gaussian) hides the difference: test with one that is not.",
        "x is the map with its border of zeros (padding), s the step (stride), n a sample. With s > 1 the forward pass "
        "keeps each s-th row and column of what ⊗ gives, and in the backward pass ∂L/∂y has s − 1 rows and columns of "
        "zeros between its own, as spread puts them there.",
    ]


def _gradient(run: "MapRun", form: FileReader, prepared: Any) -> Any:
    """The gradient of the input by the wide correlation, with every kernel passed through ``prepared``."""
    names = form.namespace
    x, T, s, padding = run.cache
    W = names["by_link"](run.inputs["W"], T)
    K, L = run.inputs["W"].shape[-2:]
    _, H, V, _ = x.shape
    dy = names["spread"](run.cotangent, s, H - K + 1, V - L + 1)
    dx = np.zeros_like(x)
    for p, d in T:
        dx[p] += names["wide"](prepared(W[p, d]), dy[d])
    return dx[:, padding : H - padding, padding : V - padding]
