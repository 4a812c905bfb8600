"""The question and answer of ``handgrad run adder --ask``: two integers, their sum by the network, right or wrong."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from handgrad.data.sums import Bits
from handgrad.labs.adder_state import unrolled
from handgrad.labs.result import Reporter
from handgrad.network.engine import EngineName
from handgrad.network.sequential import Sequential

END = 1000
"""Ends the questions, as in the report, where it is no number that could be meant: with less than 11 bits."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_PLACES = ("first", "second")
_MOST_DIGITS, _SHOWN = 4000, 30  # Python reads no longer numbers; a longer text is quoted in part


class Asked(NamedTuple):
    """Two integers, and what the network ``said`` their sum is."""

    a: int
    b: int
    said: int

    @property
    def right(self) -> bool:
        """Whether it is their sum."""
        return self.said == self.a + self.b


def converse(network: Sequential, bits: int, reporter: Reporter, engine: EngineName = "compiled") -> list[Asked]:
    """Ask for two integers in 0 .. 2^(bits-1) - 1, one by one or both in a line, and add them, until 1000, an empty
    line, the end of the input, or Ctrl-C, which is raised; what was answered until then has been told."""
    asked: list[Asked] = []
    while True:
        pair: list[int] = []
        while len(pair) < 2:
            given = read_integers(reporter.ask, reporter.answer, bits, _PLACES[len(pair) :])
            if given is None:
                return asked
            pair += given
        found = unrolled(network, pair[0], pair[1], bits, engine)
        asked.append(Asked(found.a, found.b, found.number))
        reporter.answer(answer_text(asked[-1], found.sums.x[0], found.said))


def read_integers(
    ask: Callable[[str], str | None], answer: Callable[[str], None], bits: int, places: Sequence[str]
) -> list[int] | None:
    """Ask until an integer in range is given, or one for each of ``places``; None at the end. What is none of these is
    told in a sentence."""
    most = 2 ** (bits - 1) - 1
    end = f"{END} or an empty line ends" if most < END else "an empty line ends"
    while True:
        line = ask(f"{places[0]} integer, 0 to {most} ({end}): ")
        if line is None or not line.strip():
            return None
        words = line.split()
        texts = words if len(words) == len(places) else [line.strip()]
        values = [int(text) if _INTEGER.fullmatch(text) and len(text) <= _MOST_DIGITS else -1 for text in texts]
        wrong = [k for k, value in enumerate(values) if not 0 <= value <= most]
        if not wrong:
            return values
        if values[wrong[0]] == END:
            return None
        text, which = texts[wrong[0]], places[wrong[0]]
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        answer(f"the {which} integer is {shown!r}, expected a whole number from 0 to {most}; give another, {end}")


def answer_text(asked: Asked, x: Any, said: Bits) -> str:
    """The addition as on paper, the highest bit first: ``x`` (N, 2) the columns, ``said`` (N,), lowest first."""
    width = len(str(max(asked.a, asked.b, asked.said)))
    rows = zip(" +=", (asked.a, asked.b, asked.said), (x[:, 0], x[:, 1], said), strict=True)
    lines = [f"{sign} {number:>{width}}   {_written(bits)}" for sign, number, bits in rows]
    verdict = "right" if asked.right else f"wrong: the sum is {asked.a + asked.b}"
    return "\n".join(lines) + f"   {verdict}"


def _written(bits: Any) -> str:
    return " ".join(str(int(bit)) for bit in bits[::-1])
