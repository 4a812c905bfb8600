"""No false alarm: every right file of the museum stays right under other seeds and in other sizes."""

import re
import tomllib
import zlib
from pathlib import Path

import pytest

from handgrad.check.faults import FAULTS
from user_files import checked

RIGHT = Path(__file__).resolve().parents[1] / "faults" / "right"
FILES = {each["name"]: each for each in tomllib.loads((RIGHT / "manifest.toml").read_text(encoding="utf-8"))["file"]}


def variant(text, entry, seed, *, larger):
    """The file with another seed; its sizes larger by one if wanted."""
    text = re.sub(r"^SEED = \d+", f"SEED = {seed}", text, flags=re.M)
    for name in entry["sizes"] if larger else ():
        text, count = re.subn(rf"^{name} = (\d+)", lambda found: f"{name} = {int(found[1]) + 1}", text, flags=re.M)  # noqa: B023
        assert count == 1, name
    return text


def is_reported(parameter, report):
    """Whether a parameter of the manifest is in the table, under its own name or its place in a list or tuple."""
    plain = re.sub(r"\[(['\"])(.+?)\1\]", r".\2", parameter)
    found = [each.name for each in report.parameters]
    ends = [each == plain or each.endswith(f".{plain}") or plain.endswith(f".{each}") for each in found]
    return any(ends) or any(each.startswith(f"{plain}[") for each in found)


def test_every_right_file_is_in_the_manifest():
    assert sorted(FILES) == sorted(path.name for path in RIGHT.glob("*.py"))


@pytest.mark.parametrize("larger", [False, True], ids=["another seed", "larger"])
@pytest.mark.parametrize("name", FILES)
def test_right_stays_right(name, larger, tmp_path):
    entry, seed = FILES[name], 1000 + zlib.crc32(f"{name} {larger}".encode()) % 1000
    text = variant((RIGHT / name).read_text(encoding="utf-8"), entry, seed, larger=larger)
    report = checked(text, tmp_path, name)
    assert report.verdict == "right", report
    assert not [each for each in report.findings if FAULTS[each.fault].is_fault], report.findings
    indexed = sum(bool(re.fullmatch(r"\w+\[\d+\]", each.name)) for each in report.parameters)
    missing = [each for each in entry["parameters"] if not is_reported(each, report)]
    assert len(missing) <= indexed, missing
    assert len(report.parameters) >= len(entry["parameters"])
