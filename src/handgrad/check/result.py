"""What a check found: a verdict for each parameter, findings, and the whole as text, JSON or HTML."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["right", "wrong", "inconclusive"]


@dataclass(frozen=True)
class ParameterVerdict:
    """The gradient of one parameter (or input) beside its numerical derivative."""

    name: str
    shape: tuple[int, ...]  # of the parameter
    verdict: Verdict
    error: float  # relative: max |given - numerical| / max |numerical| over what was probed
    probed: int  # entries compared; the whole array was also compared in random directions if there are more
    worst: tuple[int, ...] | None = None  # index of the entry that is furthest off
    given: float | None = None  # the gradient there
    numerical: float | None = None  # the numerical derivative there
    why: str = ""  # of "inconclusive", and of "wrong" where it is not the numbers (shape, missing, NaN)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or that looks wrong and is not."""

    fault: str  # a name in check/faults.py; "class" in JSON
    explanation: str  # full sentences
    parameters: tuple[str, ...] = ()  # whose gradients it spoils
    also: tuple[str, ...] = ()  # other classes that explain the numbers equally well
    file: str = ""
    line: int | None = None
    source: str = ""  # the line as it stands
    value: str = ""  # what is computed there, for example "dz[0, 2] = 0.031"
    expected: str = ""  # what it should be
    fix: str = ""  # unified diff; applied to a copy and run: every gradient it claims to mend was right
    downstream: tuple[int, ...] = ()  # lines that are wrong only because of this one


@dataclass(frozen=True)
class Report:
    """What :func:`check` and its relatives return. True in a boolean context if every gradient is right."""

    verdict: Verdict
    parameters: tuple[ParameterVerdict, ...]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()  # what the reader should know: how it was called, what was left out
    subject: str = ""  # what was checked: a file, a function
    lines: dict[int, str] = field(default_factory=dict)  # of a file: line -> "right", "wrong here", "wrong because ..."

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __str__(self) -> str:
        from handgrad.check.words import report_text

        return report_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from handgrad.check.html import report_html

        return report_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as they stand in JSON."""
        document = asdict(self)
        for finding in document["findings"]:
            finding["class"] = finding.pop("fault")
        return document

    def to_json(self) -> str:
        """One JSON document. Numbers that are not finite are null."""
        return json.dumps(_finite(self.to_dict()), ensure_ascii=False, indent=2)


def overall(parameters: Sequence[ParameterVerdict]) -> Verdict:
    """Wrong if any is wrong, else inconclusive if any is, or if there are none."""
    verdicts = {each.verdict for each in parameters}
    if "wrong" in verdicts:
        return "wrong"
    return "right" if verdicts == {"right"} else "inconclusive"


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
