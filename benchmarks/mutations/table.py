"""The results as tables, and the list of what was missed."""

from collections import defaultdict
from statistics import median
from typing import Any

from handgrad.check.faults import FAULTS

Row = dict[str, Any]

_BARS = {"detected": 1.0, "line_right": 0.97, "corrected": 0.95}


def says_wrong(row: Row) -> bool:
    """Whether the command ended with exit code 3: a gradient is wrong, or the step that is made of right ones."""
    faults = [FAULTS.get(each["class"]) for each in row["findings"]]
    return row["verdict"] == "wrong" or any(each is None or each.is_fault for each in faults)


def singles_table(rows: list[Row], by: str = "subject") -> str:
    """A line for each file (or operator) and one for all."""
    groups = defaultdict(list)
    for each in rows:
        groups[each[by]].append(each)
    width = max([len(each) for each in groups] + [9])
    head = f"{by:{width}}  mutants  detected  right line  right class  corrected  median s  worst s"
    lines = [head, "-" * len(head)]
    lines += [_line(name, groups[name], width) for name in sorted(groups)]
    return "\n".join([*lines, "-" * len(head), _line("all", rows, width)])


def _line(name: str, rows: list[Row], width: int) -> str:
    seconds = [each["seconds"] for each in rows]
    shares = [_share(rows, key) for key in ("detected", "line_right", "class_right", "corrected")]
    places = zip(shares, (10, 12, 13, 11), strict=True)
    times = f"{median(seconds):10.2f}{max(seconds):9.2f}" if seconds else ""
    return f"{name:{width}}{len(rows):9d}" + "".join(f"{_percent(share):>{place}}" for share, place in places) + times


def summary(singles: list[Row], pairs: list[Row], right: list[Row]) -> str:
    """The bars, and whether each is met."""
    lines = []
    if singles:
        names = {"detected": "detection", "line_right": "right line", "corrected": "verified correction"}
        lines += [_bar(names[key], _share(singles, key), bar) for key, bar in _BARS.items()]
        lines.append(f"{'right line and no other':32}{_percent(_share(singles, 'line_alone')):>9}")
        lines.append(f"{'right class':32}{_percent(_share(singles, 'class_right')):>9}")
        inputs = [each for each in singles if each["input_only"]]
        lines.append(f"{f'wrong for an input only: {len(inputs)}, detected':40}{_percent(_share(inputs, 'detected'))}")
        seconds = [each["seconds"] for each in singles]
        lines.append(_limit("median time", median(seconds), 3.0))
        lines.append(_limit("worst time", max(seconds), 30.0))
    if pairs:
        lines.append(_bar(f"both lines of {len(pairs)} pairs", _share(pairs, "line_right"), 0.85))
        lines.append(f"{'pairs corrected':32}{_percent(_share(pairs, 'corrected')):>9}")
        one = sum(any(each["lines_right"]) for each in pairs) / len(pairs)
        lines.append(f"{'at least one line of a pair':32}{_percent(one):>9}")
    if right:
        verdicts = {name: sum(each["verdict"] == name for each in right) for name in ("inconclusive", "error")}
        alarms = sum(says_wrong(each) for each in right)
        met = "met" if not alarms else "MISSED"
        lines.append(f"{f'false alarms in {len(right)} right files':32}{alarms:9d}   bar        0   {met}")
        lines.append(f"{'   inconclusive':32}{verdicts['inconclusive']:9d}")
        lines.append(f"{'   could not be checked':32}{verdicts['error']:9d}")
    return "\n".join(lines)


def misses(singles: list[Row], pairs: list[Row], right: list[Row]) -> str:
    """What the checker did not find, or said wrongly, one paragraph each."""
    found = []
    for row in sorted(singles, key=lambda each: (each["subject"], each["line"])):
        wants = [name for name in ("detected", "line_right", "class_right", "corrected") if not row[name]]
        if wants:
            place = (
                f"{row['subject']}:{row['line']}  [{row['operator']}]  lacks {', '.join(wants)}  {row['seconds']:.1f} s"
            )
            own = "" if row["own"] else "  (wrong at other parameters only)"
            own += "  (the gradient of an input only)" if row["input_only"] else ""
            found.append(f"{place}{own}\n  - {row['before']}\n  + {row['after']}\n{_said(row)}")
    for row in pairs:
        if not row["line_right"]:
            parts = [
                f"  {each['line']}: - {each['before']}\n     + {each['after']}"
                for each in (row["first"], row["second"])
            ]
            found.append(f"{row['subject']}  PAIR  found {row['lines_right']}\n" + "\n".join(parts) + f"\n{_said(row)}")
    for row in right:
        if row["verdict"] != "right" or says_wrong(row):
            changed = [line for line in row["text"].splitlines() if " = " in line and line.split(" = ")[1].isdigit()]
            found.append(f"{row['subject']}  RIGHT FILE  {', '.join(changed)}\n{_said(row)}")
    return "\n\n".join(found) + "\n"


def _said(row: Row) -> str:
    """What the checker reported."""
    lines = [f"  verdict {row['verdict']}    files/{row['key']}/{row['subject']}.py"]
    for each in row["findings"]:
        also = f" (or {', '.join(each['also'])})" if each["also"] else ""
        fix = "" if each["fix"] else ", no fix"
        lines.append(f"  line {each['line']}: {each['class']}{also}{fix}: {each['explanation'][:200]}")
        changes = [line for line in each["fix"].splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
        lines += [f"      {line}" for line in changes]
    if row["error"]:
        lines.append("  " + row["error"].strip().splitlines()[-1])
    return "\n".join(lines)


def counts_table(counts: dict[str, dict[str, int]]) -> str:
    """How many mutants of each file are live, equivalent, and so on."""
    kinds = ["live", "marginal", "equivalent", "raises", "hangs", "forward"]
    width = max([len(each) for each in counts] + [5])
    lines = [" " * width + "".join(f"{kind:>12}" for kind in kinds)]
    for name in sorted(counts):
        lines.append(f"{name:{width}}" + "".join(f"{counts[name].get(kind, 0):12d}" for kind in kinds))
    total = [sum(each.get(kind, 0) for each in counts.values()) for kind in kinds]
    return "\n".join([*lines, f"{'all':{width}}" + "".join(f"{each:12d}" for each in total)])


def _share(rows: list[Row], key: str) -> float:
    return sum(bool(each[key]) for each in rows) / max(len(rows), 1)


def _percent(share: float) -> str:
    """Never rounded up to 100."""
    return f"{int(share * 1000) / 10:.1f} %"


def _bar(name: str, share: float, bar: float) -> str:
    return f"{name:32}{_percent(share):>9}   bar {_percent(bar):>8}   {'met' if share >= bar else 'MISSED'}"


def _limit(name: str, seconds: float, bar: float) -> str:
    return f"{name:32}{seconds:7.2f} s   bar {bar:6.0f} s   {'met' if seconds < bar else 'MISSED'}"
