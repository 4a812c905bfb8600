"""What the tests of the published equations share: an exhibit as a module, numerical derivatives, right and wrong."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from handgrad.check.numerical import numerical_gradient, relative_error

RIGHT, WRONG = 1e-8, 1e-2  # relative errors: nothing in between passes for either


def load(name: str) -> ModuleType:
    """A file of reports/ as a fresh module."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "reports" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gradient(f: Callable[[Any], Any], x: Any) -> np.ndarray:
    """Derivative of the number ``f(x)`` by every entry of ``x``."""
    return numerical_gradient(f, x).gradient


def jacobian(f: Callable[[Any], Any], x: Any) -> np.ndarray:
    """Derivative of the vector ``f(x)`` by the vector ``x``: a row per component of ``f``."""
    return np.array([gradient(lambda v, row=row: f(v)[row], x) for row in range(len(f(x)))])


def right(formula: Any, truth: Any) -> None:
    assert np.abs(truth).max() > 1e-6, "a zero derivative proves nothing"
    assert relative_error(formula, truth) < RIGHT


def wrong(formula: Any, truth: Any) -> None:
    """Of another shape, or far off."""
    assert relative_error(formula, truth) > WRONG
