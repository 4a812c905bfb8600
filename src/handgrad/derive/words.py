"""The sentences and groupings that all three formats of a derivation share."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias

from handgrad.check.numerical import FLOOR, TOLERANCE
from handgrad.derive import expression as ex
from handgrad.derive.document import FORM_TOLERANCE, Check, Derivation, Entry, Form, Preparation, Shape
from handgrad.derive.names import size_expression

Prose: TypeAlias = list[str | ex.Expression]  # words and formulas in turn

AXES = "iljn"  # indices of the axes of an array, the last of them: l, so that k stays a step
_COUNTS = ("no", "one", "two", "three", "four")
PASSED, FAILED = "✓", "✗ FAILED"


def grouped(shapes: tuple[tuple[ex.Symbol, Shape], ...]) -> list[tuple[list[ex.Symbol], Shape]]:
    """Symbols of one shape together, in order of appearance."""
    groups: dict[Shape, list[ex.Symbol]] = {}
    for symbol, shape in shapes:
        groups.setdefault(shape, []).append(symbol)
    return [(symbols, shape) for shape, symbols in groups.items()]


def size_value(entry: Entry) -> str:
    """The value of a size, where it is known."""
    return "" if entry.value is None else str(entry.value)


def sizes(derivation: Derivation) -> Prose:
    """The sizes in one sentence: M outputs, N inputs, B samples in the batch."""
    prose: Prose = ["Sizes: "]
    for entry in derivation.notation:
        prose += [entry.symbol, f" {entry.meaning}{f' ({entry.value})' if entry.value is not None else ''}", ", "]
    return [*prose[:-1], "."]


def mark(check: Check) -> str:
    """The sign behind a check's number."""
    return PASSED if check.passed else FAILED


def scientific(value: float) -> str:
    """2.1e-16, 0.87, 9.1; a plain 0 where two results are the same to the last bit."""
    return f"{value:.2g}" if value == 0 or 0.01 <= value < 100 else f"{value:.1e}"


def number(check: Check) -> str:
    """A check's number: an error by its magnitude, a slope to three digits."""
    return f"{check.value:.3g}" if check.slope else scientific(check.value)


def _plain(value: float) -> str:
    """1e-6, without the zero that Python puts before the 6."""
    return f"{value:g}".replace("e-0", "e-")


def legend(derivation: Derivation) -> list[Prose]:
    """What signs in this derivation mean, where it is not plain."""
    equations = [line.equation for section in derivation.sections for line in section.lines]
    parts = [node for equation in equations for node in nodes(equation)]
    notes: list[Prose] = []
    signs = [n.outer for n in parts if isinstance(n, ex.Product) and any(map(n.elementwise, range(1, len(n.factors))))]
    if not all(signs):
        notes.append(["⊙ multiplies element by element."])
    if any(signs):
        notes.append(_outer(next(n for n in parts if isinstance(n, ex.Product) and n.outer)))
    notes += _of_maps(parts)
    if any(isinstance(n, ex.Call) and n.function == "diag" for n in parts):
        notes.append(["diag is the diagonal matrix of a column: one for each sample."])
    if any(isinstance(n, ex.Call) and n.function == "σ" for n in parts):
        one = ex.Number("1")
        curve = ex.Sum((ex.Term(False, one), ex.Term(False, ex.Call("exp", (ex.negative(ex.Symbol("a")),)))))
        notes.append([ex.Call("σ", (ex.Symbol("a"),)), " = ", ex.Fraction(one, curve), "."])
    if picked := [n for n in parts if isinstance(n, ex.Call) and n.function == "onehot"]:
        notes.append([picked[0], " has a column for each sample: 1 in the row of its token, else 0. "])
        notes[-1].append("The code makes no such array: it picks rows, and adds to rows.")
    if any(isinstance(n, ex.Stack) for n in parts):
        notes.append([ex.Stack((ex.Symbol("p"), ex.Symbol("q"))), " has p above q."])
    if any(isinstance(n, ex.Indicator) for n in parts):
        notes.append(["[condition] is 1 where the condition holds, else 0."])
    if any(isinstance(n, ex.Constant) for n in parts):
        notes.append([ex.Constant("1"), " is an array of ones."])
    if derivation.repeated:
        note: Prose = ["Where shapes differ, the smaller is repeated along the axis that it lacks: "]
        along: dict[Shape, list[ex.Expression]] = {}
        for expression, shape in derivation.repeated:
            along.setdefault(shape, []).append(expression)
        for shape, expressions in along.items():
            note += [*_listed(expressions), " along ", *_axes(shape), "; "]
        notes.append([*note[:-1], "."])
    if any(line.number for section in derivation.sections if section.backward for line in section.lines):
        notes.append(["The number of a backward line is that of the forward line it differentiates."])
    return [*notes, *map(list, derivation.notes)]


def _outer(product: ex.Product) -> Prose:
    """What an outer product is, element by element."""
    common = set(product.outer[0]) & set(product.outer[1])  # the samples
    letters = "njil" if common else AXES[-1 - max(map(max, product.outer)) :]
    said = "⊗ multiplies every element with every element" + (", for each sample n: " if common else ": ")
    note: Prose = [said, ex.Indexed(product, tuple(letters)), " = "]
    for factor, axes in zip(product.factors, product.outer, strict=True):
        index = tuple(letters[axis] for axis in axes)
        if isinstance(factor, ex.Symbol) and not factor.partial:
            note += [replace(factor, index=index), " "]
        else:
            note += [ex.Indexed(factor, index), " "]
    return [*note[:-1], "."]


def _of_maps(parts: Sequence[Any]) -> list[Prose]:
    """What the signs of a layer on maps mean."""
    notes: list[Prose] = []
    slides = [n for n in parts if isinstance(n, ex.Slide)]
    if slides:
        sentence = (
            "⊗ is the valid correlation: the kernel on its left slides over the map on its right, and is not turned"
        )
        wide = (
            "; ⊗̃ is the wide one, the same over the map with a border of zeros" if any(n.wide for n in slides) else ""
        )
        notes.append([f"{sentence}{wide}."])
    if any(isinstance(n, ex.Call) and n.function == "rot180" for n in parts):
        notes.append(["rot180 turns a kernel by 180 degrees."])
    links = [n.condition for n in parts if isinstance(n, ex.Where) and n.index]
    if links:
        notes.append([links[0], " where the table has a link from map p to map d."])
    return notes


def verification(derivation: Derivation) -> str:
    """How the backward lines were checked."""
    primes = ", ".join(f"{letter.replace('_', '')} = {size}" for letter, size in derivation.sizes.items())
    methods = {check.method for check in derivation.checks if not check.slope}
    how = " or ".join(
        words
        for method, words in (
            ("complex-step", "by the complex step"),
            ("central", "by extrapolated central differences"),
        )
        if method in methods
    )
    what = derivation.differentiated
    failed = any(not check.passed for check in derivation.checks)
    instead = (
        " Where a line failed, its numerical derivative went on in its place to the lines below."
        if derivation.carried_on
        else " A line that failed spoils those that read what it gives."
    )
    instead = instead if failed else ""
    slope = " Behind an update stands the slope of L along it, dL/dη at η = 0: L must fall."
    return (
        f"Every backward line was executed in float64 on random numbers (seed {derivation.seed}; {primes}) and "
        f"compared with a numerical derivative of {what}, taken {how}. Relative error: max |line − numerical| / "
        f"max(max |numerical|, {_plain(FLOOR)}); a line passes up to {_plain(TOLERANCE)}."
        f"{instead}{slope if any(check.slope for check in derivation.checks) else ''}"
    )


def verdict(derivation: Derivation) -> str:
    """The outcome in one sentence."""
    checks = derivation.checks
    failed = sum(not check.passed for check in checks)
    worst = f"largest relative error {scientific(derivation.worst)}"
    if failed:
        text = f"{FAILED}: {failed} of {len(checks)} {'checks' if len(checks) > 1 else 'check'}; {worst}."
    else:
        passed = f"{f'All {len(checks)} checks' if len(checks) > 1 else 'The check'} passed; {worst}."
        text = f"{PASSED if derivation.passed else FAILED} {passed}"
    return f"{text} {agreement(derivation)}".rstrip()


def agreement(derivation: Derivation) -> str:
    """How far the forms of a gradient are apart, in one sentence; nothing where there is one form."""
    apart = [form for form in derivation.forms if not form.passed]
    if apart:
        named = " and ".join(form.name for form in apart)
        return f"The gradient by {named} is not that by {derivation.forms[0].name}."
    largest = max((form.difference for form in derivation.forms if form.difference is not None), default=None)
    if largest is None:
        return ""
    return f"The {len(derivation.forms)} forms agree to {scientific(largest)}."


def forms_heading(derivation: Derivation) -> str:
    """Over the table of the forms."""
    return f"The same gradient in {len(derivation.forms)} forms"


def forms_note(derivation: Derivation) -> str:
    """What stands in the table of the forms."""
    return (
        f"Difference: largest relative difference of a returned gradient from that of the {derivation.forms[0].name}, "
        f"on these numbers, when this was printed; a form passes up to {_plain(FORM_TOLERANCE)}. The cost is "
        f"what the file says."
    )


def difference(form: Form) -> str:
    """The measured difference with its mark, nothing for the form that the others are compared with."""
    if form.difference is None:
        return ""
    return f"{scientific(form.difference)} {PASSED if form.passed else FAILED}"


def prepared(preparation: Preparation) -> str:
    """Over the code of a preparation."""
    loops = "loops" if preparation.several else "loop"
    return f"Before its {loops}, {preparation.function} does (executed, not typeset)"


def powers(text: str) -> list[tuple[str, str]]:
    """``T^2 H`` as ("T", "2"), (" H", ""): words and the power behind them."""
    parts = re.split(r"\^(\d+)", text)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def _axes(shape: Shape) -> Prose:
    """T and B; two axes H."""
    counted = {size: shape.count(size) for size in shape}
    prose: Prose = []
    for size, count in counted.items():
        prose += [" and "] if prose else []
        prose += [*([f"{_COUNTS[count]} axes "] if count > 1 else []), size_expression(size)]
    return prose


def _listed(expressions: Sequence[ex.Expression]) -> Prose:
    """a, b and c."""
    listed: Prose = []
    for i, expression in enumerate(expressions):
        listed += [" and " if i == len(expressions) - 1 else ", "] if i else []
        listed.append(expression)
    return listed


def nodes(node: Any) -> Iterator[Any]:
    """Every part of a tree."""
    yield node
    if is_dataclass(node):
        for field in fields(node):
            yield from nodes(getattr(node, field.name))
    elif isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
