"""Apply verified diffs to a user's file: strictly, with a backup, and leaving every other byte as it is."""

import difflib
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from handgrad.errors import HandgradError, InputError

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")
_BOM = "\ufeff"


def decoded(raw: bytes, name: str) -> str:
    """The text of a Python file, with its BOM and its line ends. Raises InputError if it is not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{name} is not text in UTF-8, expected a Python file; save it as UTF-8") from None


def plain(text: str) -> str:
    """As Python reads it: without BOM, lines end with LF."""
    return text.removeprefix(_BOM).replace("\r\n", "\n").replace("\r", "\n")


def patched(text: str, diffs: Sequence[str]) -> str:
    """``text`` (see :func:`plain`) after unified diffs, each made against what the one before it left.

    Raises InputError where a diff does not fit.
    """
    lines = text.splitlines(keepends=True)
    ends = not text or text.endswith("\n")
    if not ends:
        lines[-1] += "\n"
    for diff in diffs:
        lines = _patched_once(lines, diff)
    result = "".join(lines)
    return result if ends else result.removesuffix("\n")


def _patched_once(old: list[str], diff: str) -> list[str]:
    new: list[str] = []
    position = 0
    inside = False
    for line in diff.splitlines(keepends=True):
        hunk = _HUNK.match(line)
        if hunk:
            start = int(hunk[1]) - (hunk[2] != "0")  # a hunk that only inserts names the line before it
            new += old[position:start]
            position, inside = start, True
        elif inside and line[0] == "+":
            new.append(line[1:])
        elif inside:
            if position >= len(old) or old[position] != line[1:]:
                raise InputError(f"the correction does not fit line {position + 1} any more; nothing was changed")
            if line[0] == " ":
                new.append(old[position])
            position += 1
    return new + old[position:]


def in_style_of(original: str, mended: str) -> str:
    """``mended`` (plain) with the BOM and the line ends of ``original``; a new line ends as most of the others do."""
    body = original.removeprefix(_BOM)
    pieces = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", body)
    counts = {end: len(re.findall(pattern, body)) for end, pattern in
              (("\n", r"(?<!\r)\n"), ("\r\n", r"\r\n"), ("\r", r"\r(?!\n)"))}  # fmt: skip
    usual = max(counts, key=lambda end: counts[end])
    old, new = [plain(each) for each in pieces], re.findall(r"[^\n]*\n|[^\n]+$", mended)
    kept: list[str] = []
    for tag, start, stop, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        kept += pieces[start:stop] if tag == "equal" else [each.replace("\n", usual) for each in new[first:last]]
    return (_BOM if original.startswith(_BOM) else "") + "".join(kept)


def replace_file(path: Path, raw: bytes, text: str) -> Path:
    """Write ``text`` into ``path``, which holds ``raw``, and return the path of the backup that was made first.

    The file is there whole at every moment, keeps its permissions, and a link stays a link. Raises HandgradError where
    it cannot be written, InputError where it is no longer what was checked.
    """
    from handgrad.network.files import write_atomically

    target = path.resolve()
    if target.read_bytes() != raw:
        raise InputError(f"{path} was changed while it was checked; nothing was written, check it again")
    if not os.access(target, os.W_OK):
        raise HandgradError(f"cannot write {path}: it is read-only; nothing was written")
    backup = _backup(target, raw)
    mode = target.stat().st_mode
    write_atomically(target, text.encode("utf-8"))
    os.chmod(target, mode & 0o7777)
    return path.with_name(backup.name) if target == path.absolute() else backup


def _backup(target: Path, raw: bytes) -> Path:
    """A copy beside the file, under the first of FILE.py.bak, .bak1, .bak2, ... that does not exist."""
    number = 0
    while True:
        backup = target.with_name(f"{target.name}.bak{number or ''}")
        try:
            with open(backup, "xb") as file:
                file.write(raw)
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            why = error.strerror or error
            raise HandgradError(f"cannot write the backup {backup}: {why}; nothing was changed") from None
        shutil.copystat(target, backup)
        return backup
