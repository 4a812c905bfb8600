"""``handgrad check FILE.py``: check, print, and with ``--fix`` mend the file."""

import json
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handgrad.check.faults import FAULTS
from handgrad.check.file import check_text, read_source
from handgrad.check.mending import decoded, in_style_of, patched, plain, replace_file
from handgrad.check.result import Report
from handgrad.check.words import WIDTH, report_text
from handgrad.errors import HandgradError, InputError
from handgrad.options import POSITIVE, number, seed_number
from handgrad.terminal import colored, say_error, write_stdout

RIGHT, NOT_CHECKED, WRONG = 0, 1, 3


@dataclass(frozen=True)
class Mended:
    """What ``--fix`` did."""

    written: bool  # after a check of the mended text, in which every gradient was right
    backup: str
    sentence: str


def run(path: str, roles: dict[str, str | None], *, as_json: bool, fix: bool, time_limit: float, seed: int) -> int:
    """Check a file, print the report on stdout, and return the exit code.

    0: every gradient is right, or was mended. 3: something is wrong. 1: it could not be run, or nothing can be said.
    """
    try:
        options: dict[str, Any] = {
            "time_limit": number("the time limit", time_limit, POSITIVE),
            "seed": seed_number(seed),
        }
        _announce(path, options["time_limit"])
        read_source(Path(path))
        raw = Path(path).read_bytes()
        original = decoded(raw, path)
        report = check_text(plain(original), path, roles, **options)
        mended = _mend(path, raw, original, report, roles, options) if fix else None
    except HandgradError as error:
        if not as_json:
            raise
        document = {"verdict": "error", "parameters": [], "findings": [], "notes": [], "subject": path, "lines": {}}
        _print_json({**document, "error": str(error)})
        say_error(str(error))
        return error.exit_code
    _print(report, mended, as_json=as_json)
    return RIGHT if mended is not None and mended.written else exit_code(report)


def exit_code(report: Report) -> int:
    """3 if anything is at fault, 0 if every gradient is right, else 1: nothing was proved."""
    if report.verdict == "wrong" or at_fault(report):
        return WRONG
    return RIGHT if report.verdict == "right" else NOT_CHECKED


def at_fault(report: Report) -> bool:
    """Whether a finding is more than a remark: a wrong step counts although the gradients are right."""
    return any(each.fault not in FAULTS or FAULTS[each.fault].is_fault for each in report.findings)


def _announce(path: str, time_limit: float) -> None:
    """On a terminal: that the file is run, and for how long at most."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"checking {path}: running it, for at most {time_limit:g} s", file=sys.stderr, flush=True)


def _mend(
    path: str, raw: bytes, original: str, report: Report, roles: dict[str, str | None], options: dict[str, Any]
) -> Mended:
    """Apply the corrections, if together they make everything right."""
    faults = [each for each in report.findings if each.fault not in FAULTS or FAULTS[each.fault].is_fault]
    if not faults:
        why = "nothing is wrong" if report.verdict == "right" else "nothing was found to mend"
        return Mended(False, "", f"{path} was left as it is: {why}")
    if not all(each.fix for each in faults):
        return Mended(False, "", f"{path} was left as it is: there is no correction that makes everything right")
    text = patched(plain(original), [each.fix for each in faults])
    try:
        again = check_text(text, path, roles, **options)
    except InputError as error:
        return Mended(False, "", f"{path} was left as it is: with the correction, {error}")
    if again.verdict != "right" or at_fault(again):
        return Mended(False, "", f"{path} was left as it is: with the correction it is still {again.verdict}")
    backup = replace_file(Path(path), raw, in_style_of(original, text))
    edits = "the edit was" if len(faults) == 1 else f"the {len(faults)} edits were"
    return Mended(
        True,
        str(backup),
        f"{edits} applied to {path} and checked once more: every gradient is right; the file as it was is {backup}",
    )


def _print(report: Report, mended: Mended | None, *, as_json: bool) -> None:
    if as_json:
        document = json.loads(report.to_json())
        if mended is not None and mended.written:
            document["verdict"] = "mended"  # the rest says what was found before
        if mended is not None:
            document["mended"] = {**asdict(mended), "backup": mended.backup or None}
        _print_json(document)
        return
    color = colored(sys.stdout)
    text = report_text(report, color=color, width=min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH))
    if mended is not None:
        text += f"\n\n{mended.sentence}"
    write_stdout(text + "\n")


def _print_json(document: dict[str, Any]) -> None:
    utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    write_stdout(json.dumps(document, ensure_ascii=not utf8, indent=2) + "\n")
