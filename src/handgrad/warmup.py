"""Compiles the kernels ahead, by training one tiny network after the other until all of them have been used."""

import time
from collections.abc import Iterable, Iterator

import numpy as np

from handgrad.network.generation import Stepper
from handgrad.network.images import Conv2D, Flatten, MaxPool2D, MeanPool2D, Subsample
from handgrad.network.layers import LAYERS, Dense, Layer
from handgrad.network.losses import LOSSES, SoftmaxCrossEntropy
from handgrad.network.recurrent import LSTM, RNN
from handgrad.network.sequential import Sequential
from handgrad.network.tokens import Dropout, Embedding
from handgrad.training.optimizers import OPTIMIZERS, SGD, Optimizer

_FEATURES, _STEPS, _SAMPLES, _IMAGE = 3, 2, 5, (1, 4, 4)


def example_layers() -> list[Layer]:
    """A chain with every kind of layer in it, for sequences, that ends with 2 outputs."""
    chain: list[Layer] = [Dense(_FEATURES), RNN(_FEATURES)]
    for kind, layer in LAYERS.items():
        if kind != Dense.kind:
            chain += [layer(), Dense(_FEATURES)]
    return [*chain, RNN(_FEATURES, return_sequences=False), Dense(2)]


def example_images() -> list[Layer]:
    """A chain with every kind of layer on images, that ends with 2 outputs."""
    return [Conv2D(2, 1), Subsample(2), MeanPool2D(1), MaxPool2D(1), Flatten(), Dense(2)]


def example_tokens() -> list[Layer]:
    """A chain with every kind of layer for tokens in it, that ends with logits for 2 tokens."""
    return [Embedding(2, _FEATURES), LSTM(_FEATURES), Dropout(0.5), RNN(_FEATURES), Dense(2)]


def example_trainings() -> Iterator[tuple[str, Optimizer, int, float]]:
    """(loss, optimizer, batch size, weight decay) of trainings that use every kernel in each of its forms.

    Plain SGD with batches of one is the fused form, other optimizers with batches of one the form "one", batches of
    several the form "batch".
    """
    for loss in LOSSES:
        yield loss, SGD(), 1, 0.0
    for optimizer in OPTIMIZERS.values():
        yield "squared_error", optimizer(), 2, 0.0
    yield "squared_error", SGD(momentum=0.5), 1, 0.01


def _compile_for_tokens(dtype: str) -> None:
    """The kernels of language models, in each of their forms."""
    tokens = np.tile(np.arange(_STEPS) % 2, (_SAMPLES, 1))
    loss = SoftmaxCrossEntropy(mean="tokens")
    network = Sequential(example_tokens(), input_shape=_STEPS, loss=loss, dtype=dtype)
    for batch_size, optimizer in ((_SAMPLES, SGD()), (1, SGD()), (1, SGD(momentum=0.5))):
        network.fit(tokens, tokens, epochs=1, batch_size=batch_size, optimizer=optimizer)
    network.token_losses(tokens, tokens)
    network.outputs(tokens)
    network.outputs(tokens[:1])
    Stepper(network, 2).step(tokens[:2, 0])
    # large enough that two threads share it
    network = Sequential([Embedding(2, 2), Dense(32768)], input_shape=_STEPS, loss=loss, dtype=dtype)
    network.fit(tokens, tokens, epochs=1, batch_size=1, optimizer=SGD(), threads=2)


def compile_kernels(dtypes: Iterable[str]) -> float:
    """Compile, or load, every kernel for each of ``dtypes``. Returns the seconds it took."""
    started = time.perf_counter()
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(_SAMPLES, _STEPS, _FEATURES)), rng.random((_SAMPLES, 2))
    t /= t.sum(axis=1, keepdims=True)
    for dtype in dtypes:
        for loss, optimizer, batch_size, decay in example_trainings():
            shape = (_STEPS, _FEATURES)
            network = Sequential(
                example_layers(), input_shape=shape, loss=LOSSES[loss](), weight_decay=decay, dtype=dtype
            )
            network.fit(x, t, epochs=1, batch_size=batch_size, optimizer=optimizer)
            network.predict(x)
        network.gradients(x, t)
        for batch_size, optimizer in ((1, SGD()), (1, SGD(momentum=0.5))):  # samples that are no sequences
            network = Sequential([Dense(2), Dense(2)], input_shape=_FEATURES, dtype=dtype)
            network.fit(x[:, 0], t, epochs=1, batch_size=batch_size, optimizer=optimizer)
        images = rng.normal(size=(_SAMPLES, *_IMAGE)).astype(dtype)
        for batch_size, optimizer in ((_SAMPLES, SGD()), (1, SGD()), (1, SGD(momentum=0.5))):
            network = Sequential(example_images(), input_shape=_IMAGE, dtype=dtype)
            network.fit(images, t, epochs=1, batch_size=batch_size, optimizer=optimizer)
            network.predict(images[:1])
        _compile_for_tokens(dtype)
    return time.perf_counter() - started
