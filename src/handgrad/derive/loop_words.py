"""What the legend of a layer that walks through time says beside what it finds in the equations."""

from collections.abc import Sequence
from dataclasses import replace

from handgrad.derive.document import Section
from handgrad.derive.expression import Expression, Symbol
from handgrad.derive.form_source import FormSource
from handgrad.derive.loop_lines import STEP
from handgrad.derive.loop_run import LOSS, LoopRun
from handgrad.derive.words import AXES

Note = tuple[str | Expression, ...]


def loop_notes(run: LoopRun, sections: Sequence[Section]) -> list[Note]:
    """Of the layer's own two passes: what ← says, and what the values are that no line makes."""
    notes: list[Note] = []
    relations = [line.equation for section in sections for line in section.lines if line.equation.relation == "←"]
    if relations:
        left = relations[-1].left
        notes.append(("← gives a new value to what stands on its left: each such line adds a part to ", left, "."))
    met = {each.letter: each for section in sections for line in section.lines for each, _ in line.shapes}
    made = {line.target for line in run.source.forward.lines}
    for name, meaning in run.source.meanings.items():
        if name in met and name not in made and name not in run.inputs:
            notes.append((met[name], f": {meaning}."))
    return notes


def form_notes(run: LoopRun, forms: Sequence[FormSource], sections: Sequence[Section]) -> list[Note]:
    """Of the other forms of a gradient."""
    if not forms:
        return []
    optional = {**run.source.forward.defaults, **run.source.backward.defaults}
    own = [name for name in optional if not any(name in form.arguments or name == "f" for form in forms)]
    notes: list[Note] = []
    if own:
        notes.append((f"Only the recursion takes {' and '.join(own)}; the other forms are of whole sequences.",))
    a, delta = Symbol("a"), Symbol("δ", subscript=f"{STEP},k")
    of_step = (
        Symbol(LOSS, subscript=STEP),
        " is the loss of one step, ",
        delta,
        " its derivative by the pre-activation ",
    )
    notes.append((*of_step, replace(a, subscript="k"), "."))
    notes += _jacobians(sections)
    notes.append(
        (
            "A Jacobian, such as that of a state by the one before it, is compared under a random cotangent; a "
            "forward line inside a form, with the same value of the forward pass.",
        )
    )
    return notes


def _jacobians(sections: Sequence[Section]) -> list[Note]:
    """Which axis is which in the derivative of a state by a matrix, and by another state."""
    met = {each: shape for section in sections for line in section.lines for each, shape in line.shapes}
    jacobians = {each: shape for each, shape in met.items() if each.partial and not each.of[0].startswith(LOSS)}
    notes: list[Note] = []
    for each, shape in jacobians.items():
        if shape[0] == "B" and each.subscript != each.of[1]:
            notes.append((each, " is a matrix for each sample; the axis of the samples comes first."))
            break
    for each, shape in jacobians.items():
        if len(shape) == len(AXES):
            notes.append(_axes(each))
            break
    return notes


def _axes(jacobian: Symbol) -> Note:
    letter, step = jacobian.of
    by = Symbol(jacobian.letter)
    state = Symbol(letter, subscript=step)
    return (
        jacobian,
        f" has, at {', '.join(AXES)}, the derivative of ",
        replace(state, index=tuple(AXES[2:])),
        " by ",
        replace(by, index=tuple(AXES[:2])),
        ": first the axes of ",
        by,
        ", then those of ",
        state,
        f" (state {AXES[2]}, sample {AXES[3]}). A matrix in front of it multiplies along {AXES[2]}; what lacks the "
        "axes of ",
        by,
        " is repeated along them.",
    )
