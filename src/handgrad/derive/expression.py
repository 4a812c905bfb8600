"""What an equation says, without how it looks: the tree between a line of source and its three writers.

A tree is built by ``translate`` and written by ``write`` in one of the notations (text, LaTeX, MathML).
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A number as the source spells it."""

    text: str


@dataclass(frozen=True)
class Symbol:
    """A named value, for example the rows j of the weights of the first layer: letter W, superscript 1, index j."""

    letter: str  # Unicode: "W", "λ", "ℓ"; several letters are a word, set upright
    partial: bool = False  # the derivative by this symbol, of the loss or of what ``of`` says
    operator: str = ""  # "log" in log y: part of the name
    subscript: str = ""  # part of the name: t in x_t
    superscript: str = ""  # which layer
    hat: bool = False
    tilde: bool = False
    index: tuple[str, ...] = ()  # which elements, inside a sum
    of: tuple[str, str] = ("L", "")  # letter and subscript of what is differentiated, where it is partial


@dataclass(frozen=True)
class Term:
    """One addend with its sign."""

    minus: bool
    body: "Expression"


@dataclass(frozen=True)
class Sum:
    """Addends in order; a single negative one is a negation."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Product:
    """Factors that multiply element by element, or as numbers; ``arrays[i]`` tells which of them are arrays."""

    factors: tuple["Expression", ...]
    arrays: tuple[bool, ...]
    outer: tuple[tuple[int, ...], ...] = ()  # of two arrays without a common axis: which axes of the product each has

    def elementwise(self, i: int) -> bool:
        """Whether factor ``i`` and the one before it are both arrays, so that a sign must stand between them."""
        return self.arrays[i - 1] and self.arrays[i]


@dataclass(frozen=True)
class MatrixProduct:
    factors: tuple["Expression", ...]


@dataclass(frozen=True)
class Slide:
    """A kernel that slides over a map: the valid correlation, or the wide one, over a border of zeros."""

    kernel: "Expression"
    over: "Expression"
    wide: bool = False


@dataclass(frozen=True)
class Fraction:
    numerator: "Expression"
    denominator: "Expression"


@dataclass(frozen=True)
class Power:
    base: "Expression"
    exponent: "Expression"


@dataclass(frozen=True)
class Transpose:
    body: "Expression"


@dataclass(frozen=True)
class Call:
    """A function by its name in mathematics."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True)
class Absolute:
    body: "Expression"


@dataclass(frozen=True)
class Root:
    body: "Expression"


@dataclass(frozen=True)
class Bound:
    """An index, the size or index up to which it runs, and where it begins."""

    index: str
    size: "Expression"
    first: str = "1"


@dataclass(frozen=True)
class Where:
    """A condition under which the terms of a sum are taken, and the index that it is about, if one is told."""

    index: str
    condition: "Expression"


@dataclass(frozen=True)
class Over:
    """A sum, maximum or minimum over the elements that the bounds' indices pick out."""

    operation: str  # "sum", "max", "min" or "argmax"
    bounds: tuple[Bound | Where, ...]
    body: "Expression"


@dataclass(frozen=True)
class Comparison:
    left: "Expression"
    sign: str  # Python's: ">", "<=", "=="
    right: "Expression"


@dataclass(frozen=True)
class Indicator:
    """1 where the condition holds, else 0 (Iverson's bracket)."""

    condition: "Expression"


@dataclass(frozen=True)
class Cases:
    """One value where the condition holds, another elsewhere."""

    condition: "Expression"
    chosen: "Expression"
    otherwise: "Expression"


@dataclass(frozen=True)
class Indexed:
    """Elements of something that is no symbol."""

    body: "Expression"
    index: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """Blocks, one under the other."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Constant:
    """An array of one number: "1" for ones, "0" for zeros."""

    text: str


@dataclass(frozen=True)
class Code:
    """Source that mathematics has no sign for; it is shown as it stands."""

    text: str


Expression: TypeAlias = (
    Number
    | Symbol
    | Sum
    | Product
    | MatrixProduct
    | Slide
    | Fraction
    | Power
    | Transpose
    | Call
    | Absolute
    | Root
    | Over
    | Comparison
    | Indicator
    | Cases
    | Indexed
    | Stack
    | Constant
    | Code
)


@dataclass(frozen=True)
class Equation:
    """``left = right``, or ``left ← right`` for an update."""

    left: Expression
    right: Expression
    relation: str = "="


def negative(body: Expression) -> Sum:
    """``-body``; a negation negated keeps its brackets, as in the source."""
    return Sum((Term(True, body),))


def terms_of(body: Expression) -> tuple[Term, ...]:
    """The addends of a sum, or the expression as its only addend."""
    return body.terms if isinstance(body, Sum) else (Term(False, body),)
