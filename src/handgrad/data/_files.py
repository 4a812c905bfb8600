"""What a user is told when a data file cannot be opened or read: one wording for all loaders."""

from collections.abc import Iterator
from contextlib import contextmanager

from handgrad.errors import InputError


@contextmanager
def reading(name: str, expected: str) -> Iterator[None]:
    """Turn the system's errors about the file ``name`` into ``InputError``; ``expected`` says what it should be."""
    if "\0" in name:
        raise InputError(f"{name!r} cannot be the name of a file, expected {expected}")
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"there is no file {name}, expected {expected}") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a folder, expected {expected}") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror or error}), expected {expected}") from None
