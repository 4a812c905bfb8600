"""``check_layer``: the backward pass of one layer under random cotangents.

The loss is sum_k <dy_k, y_k> with a random cotangent dy_k for each output y_k. A cotangent of ones would hide much:
under a sum, the derivative of a softmax is zero, and a backward pass that ignores what comes from above is right.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from handgrad.check.evidence import LayerEvidence, Options
from handgrad.check.numbers import require, run
from handgrad.check.numerical import TOLERANCE
from handgrad.check.probe import ENTRIES
from handgrad.check.problem import OutOfTime, Point, Problem, same
from handgrad.check.result import Report
from handgrad.check.tree import Array, leaves, rebuild
from handgrad.errors import InputError
from handgrad.options import seed_number

_LINEAR = 1e-9  # relative: rounding of a sum of two gradients
_CACHES = ("cache", "ctx", "context", "saved", "tape", "state", "memory", "tmp")
_COTANGENTS = ("dy", "dout", "grad", "upstream", "delta", "g")


def check_layer(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Any,
    *,
    tolerance: float = TOLERANCE,
    entries: int = ENTRIES,
    seed: int = 0,
    time_limit: float | None = None,
    dy_first: bool | None = None,
    intermediate: Callable[[Any], Any] | dict[str, Any] | None = None,
    batch: int | None = None,
    steps: int | None = None,
) -> Report:
    """Compare a layer's backward pass with numerical derivatives, under random cotangents, in float64.

    ``y, cache = forward(*inputs)`` (``forward(**inputs)`` for a dict); ``backward(cache, dy)`` returns the gradients by
    the inputs: an array, a tuple in the order of the inputs, or a dict or NamedTuple by name (``dx`` for ``x`` will
    do); None for an input without one. ``y`` may be a tuple; ``dy`` is then one too. ``dy_first``: whether backward
    takes (dy, cache); by default its argument names decide. Inputs that are no float arrays are passed on as they are.
    Beside the numbers: backward must be linear in dy, give the same twice, and change nothing it was given.
    The remaining options are those of ``check``. Raises InputError where forward or backward cannot be called so.
    """
    layer = _Layer(forward, backward, inputs, dy_first, seed_number(seed))
    layer.time_limit = time_limit
    problem = layer.problem(layer.cotangents)
    evidence = LayerEvidence(layer.outputs, layer.cotangents, layer.problem, layer.not_linear(), layer.spoiled())
    options = Options(intermediate, batch, steps, layer=evidence)
    name = getattr(backward, "__name__", "backward")
    return run(problem, options, tolerance=tolerance, entries=entries, seed=seed, subject=name)


def assert_layer(forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **options: Any) -> None:
    """For a test suite: raises AssertionError with the report, unless every gradient of the layer is right."""
    require(check_layer(forward, backward, inputs, **options))


class _Layer:
    """A layer as functions of its float inputs: outputs, and the gradients under given cotangents."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any,
                 dy_first: bool | None, seed: int) -> None:  # fmt: skip
        for name, function in (("forward", forward), ("backward", backward)):
            if not callable(function):
                raise InputError(f"{name} is {type(function).__name__}, expected a function")
        self.forward, self.backward = forward, backward
        self.inputs = _named(forward, inputs)
        self.by_name = isinstance(inputs, Mapping)
        self.dy_first = _dy_comes_first(backward) if dy_first is None else dy_first
        self.time_limit: float | None = None
        self.parameters = {name: leaf for name, leaf in leaves(self.inputs) if _is_float(leaf)}
        if not self.parameters:
            raise InputError("inputs hold no array of floats, expected at least one to differentiate by")
        self.single = any(np.asarray(each).dtype == np.float32 for each in self.parameters.values())
        start = {name: np.asarray(leaf, dtype=np.float64) for name, leaf in self.parameters.items()}
        outputs, returned = self._start(start, seed)
        self.names = self._differentiated(returned)
        self.parameters = {name: self.parameters[name] for name in self.names}
        self.number_of_outputs = len(outputs)

    def _start(self, point: Point, seed: int) -> tuple[list[Array], Any]:
        """The first call: draws the cotangents by the outputs, and sees what backward returns."""
        try:
            outputs, cache, self.tuple_of_outputs = self._run(point)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"forward raises {type(error).__name__}: {error}") from error
        rng = np.random.default_rng([seed, 1])
        self.cotangents = [np.asarray(rng.normal(size=y.shape)) for y in outputs]
        try:
            return outputs, self._backward(cache, self.cotangents)
        except Exception as error:
            raise InputError(f"backward raises {type(error).__name__}: {error}") from error

    def outputs(self, point: Point) -> list[Array]:
        """The outputs at a point, as float64 (or complex) arrays."""
        return self._run(point)[0]

    def problem(self, cotangents: list[Array]) -> Problem:
        """loss and gradients under cotangents, as ``check`` takes them."""

        def loss(parameters: Point) -> Any:
            return sum((dy * y).sum() for dy, y in zip(cotangents, self.outputs(parameters), strict=True))

        def gradients(parameters: Point) -> Any:
            _, cache, _ = self._run(parameters)
            return self._by_input(self._backward(cache, cotangents))

        return Problem(loss, gradients, self.parameters, self.time_limit, "inputs", ("forward", "backward"))

    def not_linear(self) -> tuple[str, ...]:
        """Inputs whose gradient under 2 dy - 3 dy' is not twice that under dy less thrice that under dy'."""
        rng = np.random.default_rng(17)
        others = [np.asarray(rng.normal(size=dy.shape)) for dy in self.cotangents]
        both = [2 * dy - 3 * other for dy, other in zip(self.cotangents, others, strict=True)]
        point = {name: np.asarray(leaf, dtype=np.float64) for name, leaf in self.parameters.items()}
        try:
            a, b, c = (self.problem(each).given(point) for each in (self.cotangents, others, both))
        except (InputError, OutOfTime):
            return ()
        found = []
        for name in set(a.arrays) & set(b.arrays) & set(c.arrays):
            wanted = 2 * a.arrays[name] - 3 * b.arrays[name]
            scale = float(np.max(np.abs(a.arrays[name]) + np.abs(b.arrays[name]), initial=0.0))
            if not np.allclose(wanted, c.arrays[name], rtol=0, atol=(_LINEAR if not self.single else 1e-4) * scale):
                found.append(name)
        return tuple(found)

    def spoiled(self) -> dict[str, str]:
        """Inputs for which a second call of backward, on the same cache and cotangent, gives something else."""
        point = {name: np.asarray(leaf, dtype=np.float64) for name, leaf in self.parameters.items()}
        _, cache, _ = self._run(point)
        dy = [np.array(each) for each in self.cotangents]
        try:
            first = {name: np.array(g) for name, g in self._by_input(self._backward(cache, dy, copy=False)).items()}
            if not all(np.array_equal(a, b) for a, b in zip(dy, self.cotangents, strict=True)):
                return dict.fromkeys(self.names, "backward changes the cotangent that it is given")
            second = self._by_input(self._backward(cache, dy))
        except Exception as error:
            why = f"a second call of backward on the same cache raises {type(error).__name__}: {error}"
            return dict.fromkeys(self.names, why)
        why = "a second call of backward on the same cache gives another gradient"
        other = any(not same(first[name], second.get(name)) for name in first if first[name].dtype.kind in "fiu")
        return dict.fromkeys(self.names, why) if other else {}

    def _run(self, point: Point) -> tuple[list[Array], Any, bool]:
        inputs = rebuild(self.inputs, lambda name, leaf: _fresh(point.get(name, leaf)))
        returned = self.forward(**inputs) if self.by_name else self.forward(*inputs.values())
        if not isinstance(returned, tuple) or len(returned) != 2:
            given = f"{len(returned)} values" if isinstance(returned, tuple) else type(returned).__name__
            raise InputError(f"forward returns {given}, expected two: y, cache")
        y, cache = returned
        several = isinstance(y, list | tuple)
        outputs = [np.asarray(each) for each in (y if several else [y])]
        for each in outputs:
            if each.dtype.kind not in "fciu":
                raise InputError(f"forward returns an output of {each.dtype}, expected arrays of numbers")
        return outputs, cache, several

    def _backward(self, cache: Any, cotangents: list[Array], copy: bool = True) -> Any:
        copies = [np.array(dy)[()] for dy in cotangents] if copy else cotangents
        dy = tuple(copies) if self.tuple_of_outputs else copies[0]
        return self.backward(dy, cache) if self.dy_first else self.backward(cache, dy)

    def _by_input(self, returned: Any) -> Any:
        """What backward returned, by the names of the inputs as far as they can be told."""
        if _has_names(returned):
            return dict(leaves(returned))
        parts = [leaf for _, leaf in leaves(returned)] if isinstance(returned, list | tuple) else [returned]
        return {name: part for name, part in zip(self.order, parts, strict=False) if name in self.names}

    def _differentiated(self, returned: Any) -> list[str]:
        """The inputs that backward returns a gradient for, and the order of what it returns."""
        floats, every = list(self.parameters), [name for name, _ in leaves(self.inputs)]
        arrays = [name for name in floats if np.ndim(self.parameters[name])]
        if _has_names(returned):
            given = dict(leaves(returned))
            self.order = list(given)
            absent = [
                n for n in floats if n in given and given[n] is None or f"d{n}" in given and given[f"d{n}"] is None
            ]
            plain = [
                n for n in floats if not np.ndim(self.parameters[n]) and not {n, f"d{n}", f"grad_{n}"} & set(given)
            ]
            return [name for name in floats if name not in absent and name not in plain]
        parts = [leaf for _, leaf in leaves(returned)] if isinstance(returned, list | tuple) else [returned]
        for order in (floats, arrays, every):
            if len(order) == len(parts):
                self.order = order
                pairs = zip(order, parts, strict=True)
                kept = [name for name, part in pairs if part is not None and name in self.parameters]
                if kept:
                    return kept
        raise InputError(f"backward returns {len(parts)} gradients, expected one for each of {', '.join(floats)}; "
                         "None for an input without, or a dict by name")  # fmt: skip


def _named(forward: Callable[..., Any], inputs: Any) -> dict[str, Any]:
    """The inputs by name: their own, those of forward's arguments, or numbers."""
    if isinstance(inputs, Mapping):
        return dict(inputs)
    if not isinstance(inputs, list | tuple) or hasattr(inputs, "_fields"):
        inputs = (inputs,)
    names: list[str] = []
    try:
        taken = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [each.name for each in inspect.signature(forward).parameters.values() if each.kind in taken]
    except (TypeError, ValueError):  # a function without a signature
        pass
    names += [f"input {k}" for k in range(len(names), len(inputs))]
    return dict(zip(names, inputs, strict=False))


def _dy_comes_first(backward: Callable[..., Any]) -> bool:
    """Whether the argument names say (dy, cache)."""
    try:
        names = [name.lower() for name in inspect.signature(backward).parameters if name != "self"]
    except (TypeError, ValueError):
        return False
    if len(names) < 2 or any(word in names[0] for word in _CACHES):
        return False
    if any(word in names[1] for word in _CACHES):
        return True
    return names[0].startswith(_COTANGENTS) and not names[1].startswith(_COTANGENTS)


def _has_names(returned: Any) -> bool:
    return isinstance(returned, Mapping) or hasattr(returned, "_fields")


def _fresh(leaf: Any) -> Any:
    return np.array(leaf)[()] if isinstance(leaf, np.ndarray) else leaf


def _is_float(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    return isinstance(leaf, np.ndarray | np.floating) and leaf.dtype.kind == "f"
