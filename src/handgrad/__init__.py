"""handgrad: the workbench for hand-written backpropagation. Derive it, check it, run it fast, look at it.

Names are loaded when they are first used, so that importing handgrad costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "handgrad.network.sequential": ("Sequential",),
    "handgrad.network.files": ("load",),
    "handgrad.network.layers": (
        "Dense",
        "Sigmoid",
        "Tanh",
        "ScaledTanh",
        "ReLU",
        "LeakyReLU",
        "Identity",
        "Softmax",
    ),
    "handgrad.network.images": ("Conv2D", "Subsample", "MeanPool2D", "MaxPool2D", "Flatten", "LECUN_C3"),
    "handgrad.network.lenet": ("lenet5",),
    "handgrad.network.generation": ("Stepper",),
    "handgrad.network.recurrent": ("RNN", "LSTM"),
    "handgrad.network.tokens": ("Embedding", "Dropout"),
    "handgrad.network.losses": ("SquaredError", "HalfSquaredError", "SoftmaxCrossEntropy", "SigmoidCrossEntropy"),
    "handgrad.training.optimizers": ("SGD", "AdaGrad", "Adadelta", "RMSProp", "Adam", "AdamW"),
    "handgrad.training.initializers": (
        "Normal",
        "Ones",
        "GlorotUniform",
        "GlorotNormal",
        "HeNormal",
        "HeUniform",
        "LeCunNormal",
        "LeCunUniform",
        "Orthogonal",
        "Zeros",
    ),
    "handgrad.training.schedules": ("StepSchedule", "CosineSchedule", "WarmUpSchedule"),
    "handgrad.training.callbacks": ("EarlyStopping", "Every"),
    "handgrad.training.checkpoints": ("Checkpoints",),
    "handgrad.training.history": ("History", "Epoch"),
    "handgrad.check": ("check",),
    "handgrad.check.numbers": ("assert_gradients",),
    "handgrad.check.file": ("check_file",),
    "handgrad.check.layer": ("check_layer", "assert_layer"),
    "handgrad.check.torch_function": ("check_function",),
    "handgrad.check.result": ("Report", "ParameterVerdict", "Finding"),
    "handgrad.errors": ("HandgradError", "InputError", "UsageError", "Diverged"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "Checkpoints",
    "Conv2D",
    "CosineSchedule",
    "Dense",
    "Diverged",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Epoch",
    "Every",
    "Finding",
    "Flatten",
    "GlorotNormal",
    "GlorotUniform",
    "HalfSquaredError",
    "HandgradError",
    "HeNormal",
    "HeUniform",
    "History",
    "Identity",
    "InputError",
    "LECUN_C3",
    "LSTM",
    "LeCunNormal",
    "LeCunUniform",
    "LeakyReLU",
    "MaxPool2D",
    "MeanPool2D",
    "Normal",
    "Ones",
    "Orthogonal",
    "ParameterVerdict",
    "RMSProp",
    "RNN",
    "ReLU",
    "Report",
    "SGD",
    "ScaledTanh",
    "Sequential",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "Softmax",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "StepSchedule",
    "Stepper",
    "Subsample",
    "Tanh",
    "UsageError",
    "WarmUpSchedule",
    "Zeros",
    "assert_gradients",
    "assert_layer",
    "check",
    "check_file",
    "check_function",
    "check_layer",
    "lenet5",
    "load",
    "__version__",
]

if TYPE_CHECKING:
    from handgrad.check.file import check_file
    from handgrad.check.layer import assert_layer, check_layer
    from handgrad.check.numbers import assert_gradients, check
    from handgrad.check.result import Finding, ParameterVerdict, Report
    from handgrad.check.torch_function import check_function
    from handgrad.errors import Diverged, HandgradError, InputError, UsageError
    from handgrad.network.files import load
    from handgrad.network.generation import Stepper
    from handgrad.network.images import LECUN_C3, Conv2D, Flatten, MaxPool2D, MeanPool2D, Subsample
    from handgrad.network.layers import Dense, Identity, LeakyReLU, ReLU, ScaledTanh, Sigmoid, Softmax, Tanh
    from handgrad.network.lenet import lenet5
    from handgrad.network.losses import HalfSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError
    from handgrad.network.recurrent import LSTM, RNN
    from handgrad.network.sequential import Sequential
    from handgrad.network.tokens import Dropout, Embedding
    from handgrad.training.callbacks import EarlyStopping, Every
    from handgrad.training.checkpoints import Checkpoints
    from handgrad.training.history import Epoch, History
    from handgrad.training.initializers import (
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        LeCunNormal,
        LeCunUniform,
        Normal,
        Ones,
        Orthogonal,
        Zeros,
    )
    from handgrad.training.optimizers import SGD, Adadelta, AdaGrad, Adam, AdamW, RMSProp
    from handgrad.training.schedules import CosineSchedule, StepSchedule, WarmUpSchedule


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'handgrad' has no attribute {name!r}; there are {', '.join(__all__)}")
    module = import_module(_MODULE_OF[name])
    value = module if name == "check" else getattr(module, name)  # a package that can be called
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
