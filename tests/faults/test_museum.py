"""The museum of wrong backward passes: of each exhibit the checker says what expected.toml says, and mends it."""

import collections
import re
import tomllib
from pathlib import Path

import pytest

from handgrad.check.faults import FAULTS

MUSEUM = Path(__file__).parent / "museum"
EXPECTED = tomllib.loads((MUSEUM / "expected.toml").read_text(encoding="utf-8"))
GENERAL = {"surplus-term", "surplus-factor", "missing-factor", "other"}  # what the classes of faults come down to
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


def as_list(value):
    return value if isinstance(value, list) else [value]


def classes(expected):
    return set(as_list(expected["class"]))


def numbers_of(source, text):
    return [number for number, line in enumerate(source.splitlines(), start=1) if line.strip() == text]


def allowed_lines(source, expected):
    """Numbers of the lines where the fault may be said to lie; of something missing, those before and after it."""
    lines = [number for text in as_list(expected.get("line", [])) for number in numbers_of(source, text)]
    if "after" in expected:
        lines += [number + offset for number in numbers_of(source, expected["after"]) for offset in (0, 1)]
    return lines


def corrected(source, expected):
    """The exhibit with the correction that stands in expected.toml."""
    lines = source.splitlines()
    text = expected["after"] if "after" in expected else as_list(expected["line"])[0]
    (number,) = numbers_of(source, text)
    old = lines[number - 1]
    new = old[: len(old) - len(old.lstrip())] + expected["right"]
    lines[number - 1 : number] = [old, new] if "after" in expected else [new]
    return "\n".join(lines) + "\n"


def patched(source, diff):
    """``source`` after a unified diff; a context that does not fit is an error."""
    old, new, position = source.splitlines(), [], 0
    for line in diff.splitlines():
        hunk = HUNK.match(line)
        if hunk:
            start = int(hunk[1]) - (hunk[2] != "0")  # a hunk that only inserts names the line before it
            new += old[position:start]
            position = start
        elif line.startswith(("---", "+++", "\\")):
            continue
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            assert old[position] == line[1:], f"the diff does not fit line {position + 1}"
            position += 1
            if not line.startswith("-"):
                new.append(line[1:])
    return "\n".join(new + old[position:]) + "\n"


def plain(name):
    """``self.params['W']`` as ``params.W``."""
    return re.sub(r"\[(['\"])(.+?)\1\]", r".\2", name).removeprefix("self.")


def same(found, expected):
    found = plain(found)
    return found == expected or found.endswith(f".{expected}") or expected.endswith(f".{found}")


def assert_named(report, verdict, expected):
    found = [each.name for each in report.parameters if each.verdict == verdict]
    assert all(any(same(name, each) for name in found) for each in expected), (verdict, found, expected)
    assert all(any(same(name, each) for each in expected) for name in found), (verdict, found, expected)


def test_every_exhibit_has_an_expectation():
    assert sorted(EXPECTED) == sorted(path.name for path in MUSEUM.glob("*.py"))


def test_every_class_of_faults_and_every_network_is_shown():
    assert set().union(*map(classes, EXPECTED.values())) >= set(FAULTS) - GENERAL
    networks = collections.Counter(each["network"] for each in EXPECTED.values())
    assert set(networks) == {"MLP", "convolution", "vanilla RNN", "LSTM", "embedding", "dropout"}
    assert min(networks[each] for each in ("MLP", "convolution", "vanilla RNN", "LSTM")) >= 10


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_expectation_fits_its_exhibit(name):
    source, expected = (MUSEUM / name).read_text(encoding="utf-8"), EXPECTED[name]
    assert classes(expected) <= set(FAULTS)
    for text in [*as_list(expected.get("line", [])), *as_list(expected.get("after", []))]:
        assert len(numbers_of(source, text)) == 1, text
    if "right" in expected:
        compile(corrected(source, expected), name, "exec")
    if expected.get("verdict", "wrong") == "wrong":
        assert allowed_lines(source, expected)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_checker_explains_the_exhibit_and_mends_it(name, tmp_path):
    from handgrad import check_file

    expected, source = EXPECTED[name], (MUSEUM / name).read_text(encoding="utf-8")
    verdict = expected.get("verdict", "wrong")
    report = check_file(MUSEUM / name)
    text = str(report)
    assert report.verdict == verdict, text
    assert_named(report, "wrong", expected["wrong"])
    assert_named(report, "inconclusive", expected.get("inconclusive", []))

    explaining = [each for each in report.findings if classes(expected) & {each.fault, *each.also}]
    assert explaining, text
    lines = allowed_lines(source, expected)
    if lines:
        assert any(each.line in lines for each in explaining), text
    faults = [each for each in report.findings if FAULTS[each.fault].is_fault]
    assert all(each.line is None or each.line in lines for each in faults), (
        f"one fault, and another line named:\n{text}"
    )
    for word in expected.get("says", []):
        assert word.lower() in text.lower(), text

    if verdict == "wrong" and "right" in expected and expected.get("mended", True):
        assert any(each.fix for each in explaining), text
    fixes = [each.fix for each in report.findings if each.fix]
    if fixes and verdict == "wrong":
        copy, mended = tmp_path / name, source
        for each in fixes:
            mended = patched(mended, each)
        copy.write_text(mended, encoding="utf-8")
        again = check_file(copy)
        assert not [each.name for each in again.parameters if each.verdict == "wrong"], str(again)
        assert again.verdict == "right" or "right" not in expected, str(again)


@pytest.mark.parametrize("name", [name for name, each in sorted(EXPECTED.items()) if "right" in each])
def test_the_corrected_exhibit_raises_no_alarm(name, tmp_path):
    from handgrad import check_file

    copy = tmp_path / name
    copy.write_text(corrected((MUSEUM / name).read_text(encoding="utf-8"), EXPECTED[name]), encoding="utf-8")
    report = check_file(copy)
    assert report.verdict == "right", str(report)
    assert not [each for each in report.findings if FAULTS[each.fault].is_fault], str(report)
