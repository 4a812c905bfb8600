"""Runs equations line by line, on random numbers."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from handgrad.derive.names import size_parts
from handgrad.derive.source import Statement
from handgrad.errors import InputError

Shape = tuple[str, ...]  # in letters
Values = dict[str, Any]


@dataclass(frozen=True)
class Program:
    """A forward and a backward pass as straight lines over one set of names.

    The loss that is differentiated is the value ``loss`` or, for a layer, the inner product of its ``outputs`` with
    random cotangents.
    """

    inputs: Mapping[str, Shape]
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    sizes: Mapping[str, int]  # a prime for each letter, no two alike
    outputs: tuple[str, ...] = ()
    loss: str = ""

    @property
    def values(self) -> set[str]:
        """Names of all values of the forward pass: what one can differentiate by."""
        return {*self.inputs, *(line.target for line in self.forward)}

    def letters(self, shape: tuple[int, ...]) -> Shape:
        """A shape that came up in a run, in letters; 20 is 4H where H is 5, and stays a number where nothing fits."""
        return tuple(self._letter(n) for n in shape)

    def _letter(self, n: int) -> str:
        exact = (letter for letter, size in self.sizes.items() if n == size)
        multiples = [(n // size, letter) for letter, size in self.sizes.items() if n % size == 0]
        return next(exact, None) or "".join(map(str, min(multiples, default=(n,))))


def prime_sizes(shapes: Iterable[Shape]) -> dict[str, int]:
    """A prime for each letter of ``shapes``, in order of appearance: a shape then tells its letters."""
    parts = [size_parts(part) for shape in shapes for part in shape]
    plain = {factor for factor, letter in parts if not letter}  # sizes that are numbers, and stay distinct from letters
    primes = (n for n in count(2) if n not in plain and all(n % k for k in range(2, math.isqrt(n) + 1)))
    return dict(zip(dict.fromkeys(letter for _, letter in parts if letter), primes, strict=False))


def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Random entries in 0.2 .. 1.2 and their negatives, so that kinks at 0 are far; a number lies in 0.2 .. 0.8."""
    if not shape:
        return float(rng.uniform(0.2, 0.8))
    return rng.uniform(0.2, 1.2, shape) * rng.choice([-1.0, 1.0], shape)


def sample(program: Program, rng: np.random.Generator) -> Values:
    """Random float64 values for the inputs of ``program``."""
    values: Values = {}
    for name, shape in program.inputs.items():
        parts = [size_parts(part) for part in shape]
        values[name] = draw(rng, tuple(factor * program.sizes.get(letter, 1) for factor, letter in parts))
    return values


def run(lines: Iterable[Statement], values: Values) -> None:
    """Execute ``lines`` in order; each puts its value into ``values``.

    Raises InputError, naming the line, where one cannot be executed.
    """
    for line in lines:
        try:
            values[line.target] = eval(line.compiled, {**line.namespace, **values})
        except Exception as error:
            place, code = line.origins[0]
            raise InputError(f"{place}: `{code}` does not run: {type(error).__name__}: {error}") from error


def objective(program: Program, values: Mapping[str, Any], cotangents: Mapping[str, Any]) -> Any:
    """The number that is differentiated, from the values of a forward pass."""
    if program.loss:
        return values[program.loss]
    return sum(np.sum(cotangents[name] * values[name]) for name in program.outputs)
