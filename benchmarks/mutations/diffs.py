"""A unified diff of one file, applied to its text."""

import re
from typing import NamedTuple

_HEAD = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class _Hunk(NamedTuple):
    first: int  # line, from 0
    old: list[str]
    new: list[str]


def apply_diff(text: str, diff: str) -> str | None:
    """The text after the diff; None where the diff has no hunk, or a hunk fits nowhere.

    A hunk whose lines stand at another place than it says is applied where they stand nearest.
    """
    lines, moved = text.split("\n"), 0
    hunks = _hunks(diff)
    for hunk in hunks:
        place = _place(lines, hunk.old, hunk.first + moved)
        if place is None:
            return None
        lines[place : place + len(hunk.old)] = hunk.new
        moved += len(hunk.new) - len(hunk.old)
    return "\n".join(lines) if hunks else None


def _hunks(diff: str) -> list[_Hunk]:
    found: list[_Hunk] = []
    for line in diff.splitlines():
        head = _HEAD.match(line)
        if head:
            empty = head[2] == "0"  # then the number is that of the line before
            found.append(_Hunk(int(head[1]) - (not empty), [], []))
        elif found and not line.startswith("\\"):
            if line[:1] in {" ", "-", ""}:
                found[-1].old.append(line[1:])
            if line[:1] in {" ", "+", ""}:
                found[-1].new.append(line[1:])
    return found


def _place(lines: list[str], old: list[str], wanted: int) -> int | None:
    """Where the lines stand, nearest to where they should."""
    stripped = [each.rstrip() for each in old]
    fits = [
        place
        for place in range(len(lines) - len(old) + 1)
        if [each.rstrip() for each in lines[place : place + len(old)]] == stripped
    ]
    return min(fits, key=lambda place: abs(place - wanted), default=None)
