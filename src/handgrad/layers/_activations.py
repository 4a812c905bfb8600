"""The activations that a recurrent layer may have, by name: each is a layer of its own in this package."""

from typing import Any

from handgrad.layers._types import Array
from handgrad.layers.identity import IdentityCache, identity_backward, identity_forward
from handgrad.layers.relu import ReluCache, relu_backward, relu_forward
from handgrad.layers.sigmoid import SigmoidCache, sigmoid_backward, sigmoid_forward
from handgrad.layers.tanh import TanhCache, tanh_backward, tanh_forward

ACTIVATIONS: dict[str, Any] = {
    "tanh": (tanh_forward, lambda h: TanhCache(h), tanh_backward),
    "relu": (relu_forward, lambda h: ReluCache(h), relu_backward),
    "sigmoid": (sigmoid_forward, lambda h: SigmoidCache(h), sigmoid_backward),
    "identity": (identity_forward, lambda h: IdentityCache(), identity_backward),
}


def activation(f: str, a: Array) -> Array:
    """h = f(a), of any shape."""
    forward, _, _ = ACTIVATIONS[f]
    h: Array = forward(a)[0]
    return h


def activation_backward(f: str, h: Array, dh: Array) -> Array:
    """da = f'(a) dh, from h = f(a): the derivative of each of them is a function of its output."""
    _, cache, backward = ACTIVATIONS[f]
    da: Array = backward(cache(h), dh)
    return da


def sigmoid(a: Array) -> Array:
    """The logistic function of every element of ``a``, of any shape: the layer of that name, without its cache."""
    return sigmoid_forward(a)[0]
