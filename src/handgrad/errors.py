"""The errors a user can meet, and the one place that words them.

A message names the thing, says what was given, what was expected, and what to do. The command line prints it as one
sentence and exits with the error's ``exit_code``.
"""

from collections.abc import Sequence


class HandgradError(Exception):
    """Something went wrong that a sentence can explain. Base of every error raised on purpose; exit code 1."""

    exit_code = 1


class InputError(HandgradError, ValueError):
    """Data, a file or an argument is not what it must be (exit code 1)."""


class UsageError(HandgradError, ValueError):
    """An option or a call is not one that exists, or its value is out of range (exit code 2)."""

    exit_code = 2


class Diverged(HandgradError, ArithmeticError):
    """Training met a loss or a parameter that is not finite. The last finite parameters were kept (exit code 1)."""


def shape_text(shape: Sequence[int | str]) -> str:
    """``(3, 5)`` as ``3 x 5``; a scalar's empty shape as ``scalar``."""
    return " x ".join(str(n) for n in shape) if len(shape) else "scalar"


def wrong_shape(what: str, given: Sequence[int | str], expected: Sequence[int | str], advice: str = "") -> InputError:
    """An array does not have the shape that the computation needs."""
    tail = f"; {advice}" if advice else ""
    return InputError(f"{what} has shape {shape_text(given)}, expected {shape_text(expected)}{tail}")


def wrong_dtype(what: str, given: object, expected: str, advice: str = "") -> InputError:
    """An array's dtype cannot be used."""
    tail = f"; {advice}" if advice else ""
    return InputError(f"{what} has dtype {given}, expected {expected}{tail}")


def not_finite(what: str, row: int, column: int | str, value: float, advice: str = "") -> InputError:
    """NaN or infinity in data; ``row`` and ``column`` count from 0."""
    tail = f"; {advice}" if advice else "; remove the row or fill in the value"
    return InputError(f"{what} holds {value} in row {row}, column {column}, expected finite numbers{tail}")


def out_of_range(what: str, given: object, expected: str, advice: str = "") -> UsageError:
    """An option's value lies outside what it can be."""
    tail = f"; {advice}" if advice else ""
    return UsageError(f"{what} is {given}, expected {expected}{tail}")


def unknown_choice(what: str, given: object, choices: Sequence[str]) -> UsageError:
    """An option names something that does not exist."""
    return UsageError(f"{what} is {given!r}, expected one of {', '.join(choices)}")
