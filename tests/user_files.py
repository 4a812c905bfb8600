"""What the tests of ``check_file`` share: a user's file in few words, and its check in this process."""

import os
from typing import NamedTuple

from handgrad.check.source.examine import examine
from handgrad.check.source.roles import Roles


class Style(NamedTuple):
    """A right file, the parameters that are checked in it, and an edit that spoils some of them."""

    text: str
    parameters: str
    edit: tuple[str, str] | None = None
    wrong: str = ""


def checked(text, folder, name="net.py", **roles):
    """The report on a text that lies in ``folder``; no correction is looked for."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    here = os.getcwd()
    os.chdir(folder)
    try:
        return examine(text, str(path), Roles(**roles), seconds=600, mend=False)  # a busy machine is no fault
    finally:
        os.chdir(here)


def names(report, verdict=None):
    """The parameters of a report, or those with a verdict."""
    return {each.name for each in report.parameters if verdict in (None, each.verdict)}


def assert_style(style, folder, **roles):
    """Right as it stands, with every parameter seen; wrong where the edit spoils it, and nowhere else."""
    report = checked(style.text, folder, **roles)
    assert report.verdict == "right", report
    assert names(report) == set(style.parameters.split())
    assert not [each for each in report.findings if each.fault not in ("float32-noise",)], report.findings
    if style.edit is not None:
        assert style.text.count(style.edit[0]) == 1
        report = checked(style.text.replace(*style.edit), folder, **roles)
        assert names(report, "wrong") == set(style.wrong.split()), report.parameters
