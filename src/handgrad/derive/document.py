"""A derivation: what ``handgrad derive`` prints, in whichever format."""

import math
from dataclasses import dataclass, field

from handgrad.check.numerical import TOLERANCE
from handgrad.derive.expression import Equation, Expression, Symbol
from handgrad.derive.source import Origin

Shape = tuple[str, ...]  # in letters
FORM_TOLERANCE = 1e-12  # between two forms of one gradient, relative, in float64


@dataclass(frozen=True)
class Check:
    """A line beside its numerical derivative, as measured when the derivation was made."""

    value: float  # the largest relative error, or the slope of the loss along an update
    method: str  # "complex-step" or "central"
    slope: bool = False  # an update is right where the loss falls along it

    @property
    def passed(self) -> bool:
        return self.value < 0 if self.slope else self.value <= TOLERANCE  # False for NaN


@dataclass(frozen=True)
class Line:
    """One equation."""

    equation: Equation
    shapes: tuple[tuple[Symbol, Shape], ...]  # every symbol, in order of appearance
    origins: tuple[Origin, ...]  # the source that it was typeset from
    number: str = ""  # of a forward line; of a backward line, the numbers of the lines that it differentiates
    note: str = ""
    check: Check | None = None


@dataclass(frozen=True)
class Section:
    """Lines under a heading."""

    heading: str
    lines: tuple[Line, ...]
    backward: bool = False
    given: tuple[tuple[Symbol, Shape], ...] = ()  # what the lines start from


@dataclass(frozen=True)
class Entry:
    """A row of the notation table."""

    symbol: Expression
    meaning: str
    shape: Shape | None  # None for a size, which has none
    value: int | None = None  # of a size, where it is known


@dataclass(frozen=True)
class Form:
    """One of several ways to the same gradient."""

    name: str
    place: str  # its file
    equations: tuple[Equation, ...]  # that lead to the derivative by the first parameter
    difference: float | None  # largest relative difference of a gradient from the first form's, which has none
    cost: str  # in words; T^2 for the square of T

    @property
    def passed(self) -> bool:
        """Whether its gradients are the first form's, to rounding."""
        return self.difference is None or self.difference <= FORM_TOLERANCE  # False for NaN


@dataclass(frozen=True)
class Preparation:
    """What a function does before its loop, or its loops: executed, not typeset."""

    function: str
    code: tuple[str, ...]  # line by line
    several: bool = False  # loops


@dataclass(frozen=True)
class Derivation:
    """The equations of a layer or a network, typeset from their source, each backward line checked."""

    name: str
    title: str
    reference: str
    sections: tuple[Section, ...]
    notation: tuple[Entry, ...]
    repeated: tuple[tuple[Expression, Shape], ...]  # what stands beside something with more axes, and those axes
    differentiated: str = "L"  # what L is, in words
    sizes: dict[str, int] = field(default_factory=dict)  # at which the lines were executed
    seed: int = 0
    remarks: tuple[str, ...] = ()
    notes: tuple[tuple[str | Expression, ...], ...] = ()  # what the legend says beside what it finds itself
    preparations: tuple[Preparation, ...] = ()
    carried_on: bool = True  # whether a numerical derivative went on in the place of a line that failed
    forms: tuple[Form, ...] = ()  # ways to the same gradient; the first is what the others are compared with

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, in order."""
        return tuple(line.check for section in self.sections for line in section.lines if line.check)

    @property
    def passed(self) -> bool:
        """Whether every backward line agrees with its numerical derivative, and every form with the first."""
        checked = bool(self.checks) and all(check.passed for check in self.checks)
        return checked and all(form.passed for form in self.forms)

    @property
    def worst(self) -> float:
        """The largest relative error of all backward lines; NaN where one is."""
        errors = [check.value for check in self.checks if not check.slope]
        return math.nan if any(map(math.isnan, errors)) else max(errors, default=0.0)

    def to_text(self, width: int = 100, unicode: bool = True) -> str:
        """Plain text of at most ``width`` columns; ASCII signs with ``unicode=False``. No colours."""
        from handgrad.derive.page_text import page

        return page(self, width, unicode)

    def to_latex(self) -> str:
        """A complete LaTeX document (amsmath, amssymb)."""
        from handgrad.derive.page_latex import page

        return page(self)

    def to_html(self) -> str:
        """A complete HTML document with MathML that needs nothing from elsewhere."""
        from handgrad.derive.page_html import page

        return page(self)

    def to_html_fragment(self) -> str:
        """The derivation alone, with its style, to stand inside another page; it takes that page's colours."""
        from handgrad.derive.page_html import fragment

        return fragment(self)
