"""Fields of a lab's settings, which are its command line."""

from dataclasses import field
from typing import Any


def option(default: Any, text: str, shown: object = "") -> Any:
    """A field with ``text`` as the help of its option, and with ``shown``, what the default is in words, where the
    default itself does not say it."""
    return field(default=default, metadata={"help": text} | ({"shown": str(shown)} if shown else {}))
