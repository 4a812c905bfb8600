"""What an edit says about the fault: what was left out, exchanged or shifted, and why that is wrong."""

from handgrad.check.faults import FAULTS
from handgrad.check.source.activations import about_derivative
from handgrad.check.source.difference import Change, difference

_REASONS = {
    "factor": "A constant factor hides well: training goes on, at another learning rate than the one you chose.",
    "data-factor": "The gradient is off by a factor that changes with the data, so no learning rate makes up for it.",
    "derivative-missing": "What flows back through an activation is multiplied by its derivative (chain rule).",
    "wrong-variable": "Both fit by their shapes, so NumPy does not complain.",
    "recurrent-term": "The state of one time step also acts on the loss through the next step; what flows back from "
    "there has to be added.",
    "transpose": "Where forward computes y = A @ x, the gradient of x is A.T @ dy, and that of A is dy @ x.T.",
    "rotation": "The gradient of a correlation's input is a correlation with the kernel turned by 180 degrees; the "
    "gradient of the kernel itself needs no turning.",
    "sum-missing": "What is used for all samples, steps or positions, as a bias is, collects the gradient of each: "
    "they are added up.",
    "path-lost": "A value that is used several times collects the gradient of every use: they are added up.",
    "accumulator-seed": "A variable in which gradients are added up has to start from zero.",
    "updated-early": "A value is changed before backward has used it, so old and new values are mixed.",
    "rows-dropped": "Some of the samples or positions do not contribute.",
    "sum-for-product": "Along one path the chain rule multiplies derivatives; it adds only over different paths.",
    "missing-term": "A value that reaches the loss along several paths collects a term for each of them.",
    "missing-factor": "Along a path the chain rule multiplies all derivatives, and one of them is missing.",
    "cotangent-ignored": "The gradient that comes from above is a factor of everything below it.",
}
_OVERWRITTEN = (
    "Each time the line runs, it overwrites what was there; a value that is used several times collects the gradient "
    "of every use."
)


def explain(fault: str, before: str, after: str, name: str, label: str) -> str:
    """Two or three sentences.

    ``before``, ``after``: the file without and with the edit. ``name``: the value, as a sentence has it. ``label``: the
    forward value of which it should be the gradient, "" if it is not known.
    """
    change = difference(before, after)
    phrase = change.phrase or FAULTS[fault].meaning
    why = about_derivative(before, after) if fault == "derivative-place" else _reason(fault, change)
    sentences = [f"{_capital(phrase)}.", why]
    if label:
        sentences.append(f"{_capital(name)} should be the gradient of the loss with respect to {readable(label)}.")
    return " ".join(each for each in sentences if each)


def readable(label: str) -> str:
    """The name of a forward value, as a sentence has it."""
    label, _, more = label.partition(", summed over")
    tail = f", summed over{more}" if more else ""
    head, _, line = label.rpartition(" (line ")
    line = line.rstrip(")")
    if head.endswith(".append"):
        return f"what line {line} appends to `{head.removesuffix('.append')}`{tail}"
    if head == "what is returned":
        return f"what line {line} returns{tail}"
    if head:
        return f"`{head}` of line {line}{tail}"
    used, _, line = label.rpartition(" as used in line ")
    return f"`{used}` as line {line} uses it{tail}" if used else f"`{label}`{tail}"


def _reason(fault: str, change: Change) -> str:
    if fault == "sign" and change.kind == "negated":
        return "The sign is flipped, so a step downhill becomes a step uphill."
    if fault == "mean":
        if change.kind in ("surplus divisor", "surplus factor", "mean for sum"):
            return "That divides once too often: the mean is taken elsewhere already, or the loss is a sum."
        return "The loss takes a mean, so its gradient has to divide as well."
    if fault == "time-shift":
        return "So the value of another time step is taken."
    if fault == "boundary-step":
        return "So some rounds of the loop are missing." if change.kind == "loop" else ""
    if change.kind == "one array":
        return "Each of them collects what is added to any of them."
    if fault == "path-lost" and change.kind == "=":
        return _OVERWRITTEN
    return _REASONS.get(fault, "")


def _capital(text: str) -> str:
    """A sentence begins with a capital; a symbol such as h_t stays as it is."""
    return f"Here {text}" if "_" in text.split(" ", 1)[0].split("`")[0] else text[:1].upper() + text[1:]
