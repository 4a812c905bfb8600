"""Compiling ahead leaves nothing to compile."""

import os
import subprocess
import sys

import pytest

from handgrad.network.images import IMAGES
from handgrad.network.layers import LAYERS
from handgrad.network.losses import LOSSES
from handgrad.network.recurrent import RECURRENT
from handgrad.network.tokens import TOKEN_LAYERS
from handgrad.training.optimizers import OPTIMIZERS
from handgrad.warmup import example_images, example_layers, example_tokens, example_trainings

CODE = """
from pathlib import Path
from handgrad.warmup import compile_kernels
assert compile_kernels(("float32",)) > 0
import handgrad.kernels as kernels
from handgrad.kernels import _jit
from numba import types
names = [path.stem for path in Path(kernels.__file__).parent.glob("[a-z]*.py")]
import sys
assert all(f"handgrad.kernels.{name}" in sys.modules for name in names), names
missing = [name for name, (function, signature) in _jit._OPERATIONS.items() if not function.overloads]
assert not missing, missing
"""


def test_every_kind_is_among_the_examples():
    assert {layer.kind for layer in example_layers()} == {*LAYERS, "rnn"}
    assert {layer.kind for layer in example_images()} == {*IMAGES, "dense"}
    assert {layer.kind for layer in example_tokens()} == {*TOKEN_LAYERS, *RECURRENT, "dense"}
    trainings = list(example_trainings())
    assert {loss for loss, *_ in trainings} == set(LOSSES)
    assert {optimizer.kind for _, optimizer, *_ in trainings} == set(OPTIMIZERS)
    assert any(decay for *_, decay in trainings)


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_afterwards_every_kernel_is_compiled():
    subprocess.run([sys.executable, "-c", CODE], check=True)
