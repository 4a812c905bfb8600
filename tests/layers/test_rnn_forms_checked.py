"""Every form of the recurrent layer's gradient, by the checker that we give to others."""

import numpy as np
import pytest

import handgrad as hg
from handgrad.layers._activations import ACTIVATIONS
from handgrad.layers.rnn import rnn_backward, rnn_forward
from handgrad.layers.rnn_forms import FORMS
from handgrad.layers.rnn_forms.double_sum import rnn_double_sum_backward
from handgrad.layers.rnn_forms.forward_mode import rnn_forward_mode
from handgrad.layers.rnn_forms.product import rnn_product_backward
from helpers import recurrent_example

SIZES = ((5, 3), (1, 1), (2, 7))


def backwards(form):
    """A form that takes the forward pass's cache, as backward of ``check_layer``."""

    def pull(kept, dy):
        values, cache = kept
        dx, dh0, grads = form(values["params"], cache, dy)
        return {"x": dx, "h0": dh0, **{f"params.{name}": g for name, g in grads._asdict().items()}}

    return pull


def forwards(kept, dy):
    """Forward mode, which has no gradient of x."""
    values, cache = kept
    _, dh0, grads = rnn_forward_mode(values["params"], values["x"], values["h0"], dy, cache.f)
    return {"x": None, "h0": dh0, **{f"params.{name}": g for name, g in grads._asdict().items()}}


PULLS = {
    "recursion": backwards(rnn_backward),
    "double_sum": backwards(rnn_double_sum_backward),
    "product": backwards(rnn_product_backward),
    "forward_mode": forwards,
}


def checked(pull, f, shape=(5, 3)):
    def push(**values):
        y, cache = rnn_forward(**values, f=f)
        return y, (values, cache)

    return hg.check_layer(push, pull, recurrent_example(np.random.default_rng(3), shape))


def test_every_form_is_here():
    assert set(PULLS) == {"recursion", *FORMS}


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("form", PULLS)
def test_the_checker_holds_every_form(form, shape):
    report = checked(PULLS[form], "tanh", shape)
    names = {"h0", "params.W", "params.U", "params.b"} | ({"x"} if form != "forward_mode" else set())
    assert {each.name: each.verdict for each in report.parameters} == dict.fromkeys(names, "right"), report
    assert report.verdict == "right"


@pytest.mark.parametrize("f", sorted(set(ACTIVATIONS) - {"tanh"}))
@pytest.mark.parametrize("form", PULLS)
def test_the_checker_holds_every_activation(form, f):
    report = checked(PULLS[form], f)
    assert report.verdict == "right", report


@pytest.mark.parametrize("form", PULLS)
def test_the_checker_sees_a_wrong_form(form):
    def spoiled(kept, dy):
        found = PULLS[form](kept, dy)
        return found | {"params.W": 1.001 * found["params.W"]}

    report = checked(spoiled, "tanh")
    assert {each.name for each in report.parameters if each.verdict == "wrong"} == {"params.W"}
