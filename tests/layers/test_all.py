"""Every layer and loss of ours, by the checker that we give to others. A layer without an example here fails."""

from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
import handgrad.layers
from handgrad.layers.conv import ConvParams
from handgrad.layers.dense import DenseParams
from handgrad.layers.embedding import EmbeddingParams
from handgrad.layers.subsample import SubsampleParams
from helpers import by_the_checker, lstm_example, recurrent_example

NAMES = sorted(path.stem for path in Path(handgrad.layers.__file__).parent.glob("[!_]*.py"))
SIZES = ((5, 3), (1, 1), (2, 7))
NOTHING_TO_SEE = {("softmax", (1, 1)), ("softmax_cross_entropy", (1, 1))}  # the softmax of one class is constant


def away_from_zero(rng, shape):
    a = rng.normal(size=shape) * 2
    return a + 0.05 * np.sign(a)


def activation(rng, shape):
    return {"a": away_from_zero(rng, shape)}


def logits(rng, shape):
    return {"a": rng.normal(size=shape), "t": rng.random(size=shape)}


def errors(rng, shape):
    return {"y": rng.normal(size=shape), "t": rng.normal(size=shape)}


def dense(rng, shape):
    n, batch = shape
    return {"params": DenseParams(rng.normal(size=(4, n)), rng.normal(size=4)), "x": rng.normal(size=(n, batch))}


def conv(rng, shape):
    """A table with a link missing where there is more than one map, strides and a border."""
    inputs, batch = shape
    links = np.ones((inputs, 2), bool)
    links[0, 1:] = inputs == 1
    params = ConvParams(rng.normal(size=(links.sum(), 2, 3)), rng.normal(size=2))
    x = rng.normal(size=(inputs, 3, 4, batch))
    return {"params": params, "x": x, "stride": 2, "padding": 1, "links": links}


def maps(rng, shape):
    channels, batch = shape
    return {"x": rng.normal(size=(channels, 2, 4, batch))}


def subsample(rng, shape):
    return {"params": SubsampleParams(rng.normal(size=shape[0]), rng.normal(size=shape[0])), **maps(rng, shape)}


def embedding(rng, shape):
    """Six steps over a vocabulary that is smaller than the number of tokens: some token occurs twice."""
    size, batch = shape
    return {"params": EmbeddingParams(rng.normal(size=(5, size))), "tokens": rng.integers(0, 5, (6, batch))}


def dropout(rng, shape):
    keep = (rng.random(shape) < 0.6).astype(float)
    keep[0, 0] = 1
    return {"x": rng.normal(size=shape), "keep": keep, "rate": 0.4}


EXAMPLES = {
    "conv": conv,
    "dense": dense,
    "dropout": dropout,
    "embedding": embedding,
    "flatten": maps,
    "half_squared_error": errors,
    "identity": activation,
    "leaky_relu": lambda rng, shape: {"a": away_from_zero(rng, shape), "s": 0.2},
    "lstm": lstm_example,
    "max_pool": maps,
    "mean_pool": maps,
    "relu": activation,
    "rnn": recurrent_example,
    "scaled_tanh": activation,
    "sigmoid": activation,
    "sigmoid_cross_entropy": logits,
    "softmax": activation,
    "softmax_cross_entropy": logits,
    "squared_error": errors,
    "subsample": subsample,
    "tanh": activation,
    "weight_decay": lambda rng, shape: {"W": rng.normal(size=shape), "lam": 0.3},
}


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_checker_holds_every_layer(name, shape):
    assert name in EXAMPLES, f"{name} has no example in {__file__}: add what its forward takes"
    arguments = EXAMPLES[name](np.random.default_rng(NAMES.index(name)), shape)
    report = hg.check_layer(*by_the_checker(name, arguments))
    if (name, shape) in NOTHING_TO_SEE or (name == "relu" and report.verdict == "inconclusive"):
        assert [each.fault for each in report.findings] == ["blind-objective"]
    else:
        assert report.verdict == "right", (report.parameters, report.findings)
        gradients = len(getattr(arguments.get("params"), "_fields", ()))
        inputs = sum(each in arguments for each in ("h0", "c0")) + ("tokens" not in arguments)
        assert len(report.parameters) == gradients + inputs, "every input but targets and constants has a gradient"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"identity"}))
def test_the_checker_sees_a_wrong_layer(name):
    forward, backward, arguments = by_the_checker(name, EXAMPLES[name](np.random.default_rng(1), (5, 3)))

    def spoiled(cache, dy):
        return {key: None if value is None else 1.001 * value for key, value in backward(cache, dy).items()}

    report = hg.check_layer(forward, spoiled, arguments)
    assert {each.verdict for each in report.parameters} == {"wrong"}


def test_no_example_is_left_behind():
    assert sorted(EXAMPLES) == NAMES
