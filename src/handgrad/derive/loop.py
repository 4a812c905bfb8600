"""The derivation of a layer that walks through time.

``x[t]`` is typeset as x_t, a value that every step makes for itself (``a``) gets the step too, and ``dW += ...``
becomes a sum over t. Each backward line is checked at every step: its value is compared with the numerical derivative
by the value that it is about, which is changed in that step alone; which line is to blame, ``loop_check.py`` finds out.
"""

import ast
from importlib.resources.abc import Traversable

import numpy as np

from handgrad.derive import expression as ex
from handgrad.derive.document import Check, Derivation, Entry, Line, Preparation, Section, Shape
from handgrad.derive.execute import Program, prime_sizes, sample
from handgrad.derive.form_source import read_forms
from handgrad.derive.forms import recursion, typeset_form
from handgrad.derive.jacobians import jacobian_notes, read_jacobians, typeset_jacobians
from handgrad.derive.layer import SIZES
from handgrad.derive.loop_check import judge
from handgrad.derive.loop_lines import STEP, LoopLine
from handgrad.derive.loop_run import LoopRun
from handgrad.derive.loop_source import LoopSource
from handgrad.derive.loop_words import form_notes, loop_notes
from handgrad.derive.names import size_expression, symbol
from handgrad.derive.translate import Translation
from handgrad.derive.unfold import in_one_step, unfolded
from handgrad.errors import out_of_range

_SIZES = {**SIZES, "V": "tokens in the vocabulary"}
_COTANGENT = symbol(f"dy_{STEP}", {f"y_{STEP}"})


def _line(run: LoopRun, line: LoopLine, program: Program, check: Check | None) -> Line:
    """One line, typeset."""
    forward = {*run.inputs, *(name for name in run.shown if name[0] != "d")}
    spelled = run.source.letters
    translation = Translation(run.shown, program.letters, forward, repeated=run.repeated, spelled=spelled)
    summed = line.added and not line.index
    names = [f"{name}_{line.index or STEP}".replace(" ", "") for name in line.group or (line.target,)]
    names = [line.target] if summed else names
    parts = tuple(translation.target(name, run.shown[name]) for name in names)
    left = ex.Stack(parts) if line.group else parts[0]
    value = unfolded(_whole(line), run.source.functions, run.values.get("f"))
    right = translation.expression(in_one_step(value, {*run.made, *run.made_back}))
    relation = "="
    if summed:
        right = ex.Over("sum", (ex.Bound(STEP, size_expression("T")),), right)
    elif line.added:
        right, relation = ex.Sum((ex.Term(False, left), *ex.terms_of(right))), "←"
    equation = ex.Equation(left, right, relation)
    return Line(equation, tuple(translation.symbols.items()), (line.origin,), line.number, line.note, check)


def _whole(line: LoopLine) -> ast.expr:
    """What a line assigns; of a line that splits an array into blocks, the array."""
    match line.value:
        case ast.Subscript(ast.Call(ast.Attribute(attr="split"), [array, _])) if line.group:
            return array
        case ast.Subscript(value) if line.group:
            return value
    return line.value


def _with_three_steps(sizes: dict[str, int]) -> dict[str, int]:
    """The same primes, with three steps: a first one, a last one and one between them."""
    return sizes | {letter: sizes.get("T", 3) for letter, size in sizes.items() if size == 3} | {"T": 3}


def derive_loop(
    source: LoopSource, seed: int = 0, folder: Traversable | None = None, *, forms: bool = True
) -> Derivation:
    """Typeset and check the equations of a layer that walks through time, and the other forms of its gradient, which
    stand in the folder called ``<name>_forms`` beside it in ``folder``."""
    if seed < 0:
        raise out_of_range("the seed", seed, "a whole number of at least 0")
    sizes = _with_three_steps(prime_sizes(sorted(source.shapes.values(), key=len, reverse=True)))
    program = Program(source.shapes, (), (), sizes)
    rng = np.random.default_rng(seed)
    inputs = sample(program, rng)
    for name in source.integers & inputs.keys():
        inputs[name] = rng.integers(0, len(inputs[source.parameters._fields[0]]), np.shape(inputs[name]))
    run = LoopRun(source, inputs, sizes["T"], rng)
    judged = judge(run)
    begun = tuple(_begun(run, name, check, program) for name, check in judged.begun.items())
    lines = zip(source.backward.lines, judged.lines, strict=True)
    back = tuple(_line(run, line, program, check) for line, check in lines)
    told = [line for line in source.forward.lines if line.target == (line.group or (line.target,))[0]]
    forward = tuple(_line(run, line, program, None) for line in told)
    given = [(_COTANGENT, program.letters(np.shape(run.cotangent[0])))]
    given += [(_end(each, partial=True), shape) for each, shape in _ends(run, program)]
    sections = [
        Section(f"Forward, {STEP} = 1 ... T", (*forward, *_output(run, program))),
        Section(f"Backward, {STEP} = T ... 1", (*begun, *back), backward=True, given=tuple(given)),
    ]
    within = read_jacobians(source.name, folder) if forms else ()
    sections += typeset_jacobians(within, run, program)
    others = read_forms(source.name, folder) if forms else ()
    found = [typeset_form(form, run, program) for form in others]
    prepared = {f"{source.name}_forward": source.forward.preparation}
    prepared |= {f"{source.name}_backward": source.backward.preparation}
    prepared |= {form.function: form.preparation for form in others}
    notes = [*loop_notes(run, sections[:2]), *form_notes(run, others, [section for section, _ in found])]
    notes += jacobian_notes(within, sections)
    return Derivation(
        source.name,
        source.title,
        source.reference,
        (*sections, *(section for section, _ in found)),
        tuple(Entry(size_expression(letter), _SIZES.get(letter, "size"), None) for letter in sizes),
        tuple(run.repeated.items()),
        "L = ⟨output, random cotangent⟩",
        dict(sizes),
        seed,
        carried_on=judged.apart,
        forms=(recursion(run, begun, back), *(form for _, form in found)) if others else (),
        notes=tuple(notes),
        preparations=tuple(Preparation(name, code) for name, code in prepared.items() if code),
    )


def _output(run: LoopRun, program: Program) -> list[Line]:
    """y_t in terms of the loop, where the output is one of its values; else nothing."""
    y, source = run.output, run.source.forward
    for line in source.lines:
        value = run.values[line.target][: run.steps] if line.index else run.made.get(line.target, ())
        if np.shape(value) == np.shape(y) and np.array_equal(value, y):
            left, right = ex.Symbol("y", subscript=STEP), symbol(f"{line.target}_{STEP}")
            shape = program.letters(np.shape(y)[1:])
            said = [Line(ex.Equation(left, right), ((left, shape), (right, shape)), (source.returned,))]
            return said + [_last(run, name, shape) for name, shape in _ends(run, program)]
    return []


def _ends(run: LoopRun, program: Program) -> list[tuple[str, Shape]]:
    """The values of which the last one is an output too, such as the cell of an LSTM, and their shapes."""
    found = []
    for other in run.others:
        same = (name for name in run.values if np.array_equal(run.forward_steps(name), other))
        found.append((next(same), program.letters(np.shape(other[-1]))))
    return found


def _end(name: str, partial: bool = False) -> ex.Symbol:
    return ex.Symbol(name, partial, subscript="end")


def _last(run: LoopRun, name: str, shape: Shape) -> Line:
    """c_end = c_T."""
    left, right = _end(name), ex.Symbol(name, subscript="T")
    return Line(ex.Equation(left, right), ((left, shape), (right, shape)), (run.source.forward.returned,))


def _begun(run: LoopRun, name: str, check: Check, program: Program) -> Line:
    """What the derivative by a state is when the loop begins: what comes from behind the loop."""
    array = run.prepared_back[name]
    left = symbol(f"{name}_{STEP}", {f"{name[1:]}_{STEP}"})
    shape = program.letters(np.shape(array)[1:])
    symbols = [(left, shape)]
    right: ex.Expression = ex.Constant("0")
    if np.array_equal(array[: run.steps], run.cotangent):
        right = _COTANGENT
        symbols.append((_COTANGENT, shape))
    elif name[1:] in (ends := dict(_ends(run, program))) and not array[: run.steps - 1].any():
        right = _end(name[1:], partial=True)
        left = ex.Symbol(name[1:], True, subscript="T")
        symbols = [(left, shape), (right, ends[name[1:]])]
        note = f"before the loop; 0 for every other {STEP}"
        return Line(
            ex.Equation(left, right, "←"), tuple(symbols), (run.source.backward.made_before[name],), "", note, check
        )
    elif array.any():
        right = ex.Code(run.source.backward.made_before[name].code)
    note = f"for every {STEP}, before the loop"
    if len(array) > run.steps and not array[-1].any():
        note += f"; 0 for {STEP} = 0"
    return Line(
        ex.Equation(left, right, "←"), tuple(symbols), (run.source.backward.made_before[name],), "", note, check
    )
