"""Several functions' sources in one text, and what is found in it in terms of each function's own lines."""

import re
from collections.abc import Sequence
from dataclasses import replace

from handgrad.check.mending import patched
from handgrad.check.result import Finding
from handgrad.check.source.text import unified_diff

MARK = "# handgrad: "  # begins the line before a part, and is followed by its name

Parts = dict[str, tuple[int, str]]  # name -> (the line of the whole text before the part's first one, its source)


def split(text: str) -> Parts:
    """The parts of a text."""
    found: Parts = {}
    pieces = re.split(rf"^{MARK}(.*)\n", text, flags=re.MULTILINE)
    line = pieces[0].count("\n")
    for name, source in zip(pieces[1::2], pieces[2::2], strict=True):
        line += 1
        found[name] = (line, source.rstrip() + "\n")
        line += source.count("\n")
    return found


def translated(findings: Sequence[Finding], text: str) -> tuple[Finding, ...]:
    """The findings with ``file``, lines and diffs of the parts. Each diff is made against what the one before left."""
    parts = split(text)
    made = []
    shown = text
    for each in findings:
        if each.line is None:
            continue
        owner, line = _own_line(parts, each.line)
        after = patched(shown, [each.fix]) if each.fix else shown
        below = [_own_line(parts, number) for number in each.downstream]
        made.append(
            replace(
                each,
                file=owner,
                line=line,
                fix=_diffs(split(shown), split(after)),
                explanation=_with_own_lines(each.explanation, parts, owner),
                downstream=tuple(number for name, number in below if name == owner),
            )
        )
        shown = after
    return tuple(made)


def _diffs(before: Parts, after: Parts) -> str:
    changed = [name for name in after if before[name][1] != after[name][1]]
    return "".join(unified_diff(before[name][1], after[name][1], name) for name in changed)


def _own_line(parts: Parts, line: int) -> tuple[str, int]:
    name = max((name for name, (start, _) in parts.items() if start < line), key=lambda name: parts[name][0])
    return name, line - parts[name][0]


def _with_own_lines(text: str, parts: Parts, owner: str) -> str:
    """``line 31`` of the whole text as ``line 4 of forward``."""

    def words(found: re.Match[str]) -> str:
        name, number = _own_line(parts, int(found[1]))
        return f"line {number}" if name == owner else f"line {number} of `{name}`"

    return re.sub(r"\bline (\d+)", words, text)
