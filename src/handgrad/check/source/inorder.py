"""Findings in the order of their lines, with diffs that apply one after another in that order."""

import difflib
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from handgrad.check.mending import patched
from handgrad.check.result import Finding
from handgrad.check.source.text import unified_diff


class _Piece(NamedTuple):
    """Lines that an edit puts in the place of lines of the original text."""

    start: int
    stop: int
    lines: list[str]


def in_order(findings: Sequence[Finding], text: str) -> tuple[Finding, ...]:
    """The findings by their lines, those without an edit last; a line that is a finding itself is never among those
    that are wrong because of another one.

    Where two edits are of the same line, the second one needs the first: then the order stays.
    """
    lines = {each.line for each in findings if each.line is not None}
    findings = [
        replace(each, downstream=tuple(line for line in each.downstream if line not in lines)) for each in findings
    ]
    wanted = sorted(findings, key=lambda each: (not each.fix, each.line is None, each.line or 0))
    if wanted == findings:
        return tuple(wanted)
    made = _diffs(findings, wanted, text)
    return tuple(findings if made is None else made)


def _diffs(findings: Sequence[Finding], wanted: Sequence[Finding], text: str) -> list[Finding] | None:
    """The findings in the wanted order, each with the diff against what the one before left; None if the edits cannot
    be exchanged."""
    edits = [each for each in findings if each.fix]
    pieces = _pieces(text, [each.fix for each in edits])
    if pieces is None:
        return None
    of = {id(each): mine for each, mine in zip(edits, pieces, strict=True)}
    final = patched(text, [each.fix for each in edits])
    applied: list[_Piece] = []
    shown, made = text, []
    for each in wanted:
        if each.fix:
            applied += of[id(each)]
            now = _applied(text, applied)
            made.append(replace(each, fix=unified_diff(shown, now, each.file)))
            shown = now
        else:
            made.append(each)
    return made if shown == final else None


def _pieces(text: str, fixes: Sequence[str]) -> list[list[_Piece]] | None:
    """What each diff changes, in terms of the original text; None where one changes what another one has made."""
    origin: list[int | None] = [*range(len(text.splitlines()))]
    end = len(origin)
    found, shown = [], text
    for fix in fixes:
        after = patched(shown, [fix])
        old, new = shown.splitlines(), after.splitlines()
        pieces, moved = [], list[int | None]()
        for tag, start, stop, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                moved += origin[start:stop]
                continue
            place = origin[start] if start < len(origin) else end
            replaced = origin[start:stop]
            if place is None or replaced != [*range(place, place + len(replaced))]:
                return None
            pieces.append(_Piece(place, place + len(replaced), new[first:last]))
            moved += [None] * (last - first)
        found.append(pieces)
        origin, shown = moved, after
    return found


def _applied(text: str, pieces: Sequence[_Piece]) -> str:
    lines = text.splitlines()
    for each in sorted(pieces, key=lambda each: (each.start, each.stop), reverse=True):
        lines[each.start : each.stop] = each.lines
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")
