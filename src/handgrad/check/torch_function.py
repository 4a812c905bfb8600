"""``check_function``: the hand-written backward of a ``torch.autograd.Function``, where PyTorch is installed.

The function is run in float64 on random values of the given inputs' own, and its backward is compared with central
differences of its own forward: PyTorch derives nothing here, so that the two cannot agree by error.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from handgrad.check.layer import check_layer
from handgrad.check.numerical import TOLERANCE
from handgrad.check.probe import ENTRIES
from handgrad.check.result import Report
from handgrad.errors import InputError


def check_function(
    function: Any,
    *inputs: Any,
    tolerance: float = TOLERANCE,
    entries: int = ENTRIES,
    seed: int = 0,
    time_limit: float | None = None,
) -> Report:
    """Compare the backward of a ``torch.autograd.Function`` with numerical derivatives, under random cotangents.

    ``function``: a subclass of ``torch.autograd.Function``, or anything that takes tensors and returns tensors.
    ``inputs``: its arguments. Tensors (and arrays) of floats are copied, converted to float64 and differentiated by;
    all else is passed on as it is. A tensor with ``requires_grad=False`` is passed on too, if another one requires it.
    Raises InputError where PyTorch is missing, or the function raises.
    """
    torch = _torch()
    call: Any = getattr(function, "apply", function) if isinstance(function, type) else function
    chosen = _differentiated(torch, inputs)
    if not chosen:
        raise InputError("inputs hold no tensor of floats, expected at least one to differentiate by")
    tensors = {f"input {k}": inputs[k] for k in chosen}
    arrays = {
        name: np.asarray(each.detach().cpu() if torch.is_tensor(each) else each) for name, each in tensors.items()
    }

    def forward(**values: Any) -> tuple[Any, Any]:
        passed = [_double(torch, each) for each in inputs]
        for k in chosen:
            passed[k] = torch.tensor(np.asarray(values[f"input {k}"]), requires_grad=True)
        with torch.enable_grad():
            returned = call(*passed)
        several = isinstance(returned, tuple)
        tensors = [each for each in (returned if several else (returned,)) if torch.is_tensor(each)]
        floats = [each for each in tensors if each.is_floating_point()]
        if not floats:
            raise InputError("the function returns no tensor of floats, expected one")
        return tuple(each.detach().numpy() for each in floats), (floats, [passed[k] for k in chosen])

    def backward(cache: Any, dy: Any) -> Any:
        outputs, leaves = cache
        cotangents = [torch.tensor(each).to(y.dtype) for each, y in zip(dy, outputs, strict=True)]
        found = torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True, retain_graph=True)
        return {
            f"input {k}": None if each is None else each.detach().numpy() for k, each in zip(chosen, found, strict=True)
        }

    backward.__name__ = f"{getattr(function, '__name__', 'function')}.backward"
    return check_layer(_complex_free(forward), backward, arrays, tolerance=tolerance, entries=entries, seed=seed,
                       time_limit=time_limit)  # fmt: skip


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError as error:
        raise InputError("check_function needs PyTorch, which is not installed; pip install torch, "
                         "or use check_layer on NumPy arrays") from error  # fmt: skip


def _differentiated(torch: Any, inputs: tuple[Any, ...]) -> list[int]:
    """Positions of the inputs to differentiate by."""
    floats = [
        k
        for k, each in enumerate(inputs)
        if (torch.is_tensor(each) and each.is_floating_point())
        or (isinstance(each, np.ndarray) and each.dtype.kind == "f")
    ]
    asked = [k for k in floats if torch.is_tensor(inputs[k]) and inputs[k].requires_grad]
    return asked or floats


def _double(torch: Any, value: Any) -> Any:
    if torch.is_tensor(value):
        return value.detach().clone().double() if value.is_floating_point() else value.detach().clone()
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def _complex_free(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A forward that refuses complex values: PyTorch's complex kernels conjugate where a derivative does not."""

    def real(**values: Any) -> Any:
        if any(np.iscomplexobj(each) for each in values.values()):
            raise TypeError("real values only")
        return forward(**values)

    return real
