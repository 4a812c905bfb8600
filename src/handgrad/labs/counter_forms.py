"""The exact gradient of a counter in several forms, side by side: they agree to rounding.

Where a pre-activation is 0 and depends on the weights, the loss has a kink: its slopes on both sides differ, and a
central difference is their mean. The other forms take relu'(0) = 0. So there central differences are shown, but not
compared.
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.check.numerical import LARGEST_STEP, SMALLEST_SCALE, numerical_gradient, relative_error
from handgrad.data.counting import Sequences
from handgrad.labs.counter_directions import Exact, Floats, count, product_form
from handgrad.layers.half_squared_error import half_squared_error_backward, half_squared_error_forward
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward
from handgrad.layers.rnn_forms.double_sum import rnn_double_sum_backward
from handgrad.layers.rnn_forms.forward_mode import rnn_forward_mode
from handgrad.layers.rnn_forms.product import rnn_product_backward

STEPS = 50
"""The forms are compared over at most so many steps: two of them need memory or time like their square."""

_NEAR = 2.0**-5  # of the largest step of a central difference: no kink may be closer, or too few steps are left


class Form(NamedTuple):
    """A form of the gradient: its name, the file that has it, (dE/dw_rec, dE/dw_x), and whether it is compared with the
    others."""

    name: str
    where: str
    gradient: tuple[float, float]
    compared: bool = True


def gradient_forms(weights: Floats, sequences: Sequences) -> list[Form]:
    """All forms at ``weights`` (2,), the recursion first, over the first 50 steps of the ``sequences``; central
    differences, the last, are not to be compared where a kink is near."""
    x, t = sequences.x[:STEPS, None, :], sequences.t[:STEPS, None, :]
    params = RnnParams(weights[:1, None], weights[1:, None], np.zeros(1))
    h0 = np.zeros((1, x.shape[2]))
    y, cache = rnn_forward(params, x, h0, "relu")
    _, error = half_squared_error_forward(y, t)
    dy = half_squared_error_backward(error, np.ones(1))
    single = weights[:, None]

    def energy(w: Any) -> Any:
        return ((count(w[:, None], x).s[:-1] - t) ** 2).sum() / 2

    found = [
        ("recursion", "layers/rnn.py", _both(rnn_backward(params, cache, dy)[2])),
        ("the report's products", "labs/counter_directions.py", product_form(single, x, t)),
        ("products of Jacobians", "layers/rnn_forms/product.py", _both(rnn_product_backward(params, cache, dy)[2])),
        ("double sum", "layers/rnn_forms/double_sum.py", _both(rnn_double_sum_backward(params, cache, dy)[2])),
        ("forward mode", "layers/rnn_forms/forward_mode.py", _both(rnn_forward_mode(params, x, h0, dy, "relu")[2])),
        ("compiled network", "kernels/rnn.py", Exact(x, t)(single)),
        ("central differences", "check/numerical.py", numerical_gradient(energy, weights, method="central").gradient),
    ]
    forms = [Form(name, where, (float(g.flat[0]), float(g.flat[1]))) for name, where, g in found]
    return [*forms[:-1], forms[-1]._replace(compared=not kink_near(weights, x))]


def kink_near(weights: Floats, x: Floats) -> bool:
    """Whether a small step of one of the ``weights`` (2,) switches the ReLU at some step of x (T, 1, N)."""
    on = count(weights[:, None], x).d
    for i in range(2):
        for sign in (1, -1):
            moved = weights.copy()
            moved[i] += sign * _NEAR * LARGEST_STEP * max(abs(float(weights[i])), SMALLEST_SCALE)
            if not np.array_equal(count(moved[:, None], x).d, on):
                return True
    return False


def _both(grads: RnnParams) -> Floats:
    return np.array([grads.W[0, 0], grads.U[0, 0]])


def disagreement(form: Form, of: Form) -> float:
    """Largest difference between two forms, relative to the larger gradient's largest entry."""
    return relative_error(np.array(form.gradient), np.array(of.gradient))
