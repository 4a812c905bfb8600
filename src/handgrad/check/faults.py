"""The classes of faults that the checker knows: identifier, title, and what a reader should understand by it.

The identifiers are part of the JSON output; the order is that of docs/check.md.
"""

from typing import NamedTuple


class FaultClass(NamedTuple):
    """One class of wrong backward pass."""

    name: str  # identifier, as it stands in JSON
    title: str  # a few words, as they stand in the report
    meaning: str  # one sentence
    is_fault: bool = True


_CLASSES = (
    FaultClass("sign", "sign flipped", "the gradient points the other way"),
    FaultClass("factor", "constant factor", "the gradient is a constant multiple of the right one"),
    FaultClass("mean", "mean over batch or time", "a mean over the batch or the time steps is missing, or taken twice"),
    FaultClass(
        "data-factor", "factor that moves with the data", "a wrong exponent, or a wrong scalar, scales the gradient"
    ),
    FaultClass("derivative-missing", "activation derivative missing", "the gradient passes an activation unchanged"),
    FaultClass(
        "derivative-place",
        "derivative taken at the wrong place",
        "f' is taken of the output instead of the pre-activation, or the other way round, or twice",
    ),
    FaultClass("wrong-variable", "wrong variable", "another layer's or another gate's variable stands here"),
    FaultClass("recurrent-term", "recurrent term missing", "what flows back from the next time step is left out"),
    FaultClass("time-shift", "shifted by one time step", "h_t stands where h_{t-1} belongs, or the other way round"),
    FaultClass("boundary-step", "boundary step skipped", "the first or the last time step is left out"),
    FaultClass("transpose", "transpose", "a matrix stands transposed, or the operands are in the wrong order"),
    FaultClass("rotation", "kernel not rotated", "a kernel is not rotated, or is rotated once too often"),
    FaultClass("wrong-axis", "wrong axis or index", "an axis or a channel index is another one than it should be"),
    FaultClass("sum-missing", "sum missing", "a sum over the batch or over positions is missing"),
    FaultClass("path-lost", "path lost", "a value is used twice, and only one use's gradient arrives (= for +=)"),
    FaultClass("buffer-not-cleared", "buffer not cleared", "a second call adds to what the first one left"),
    FaultClass("accumulator-seed", "accumulator seeded", "the accumulator starts from something else than zero"),
    FaultClass("updated-early", "weights updated too early", "a weight is changed before backward has used it"),
    FaultClass("cotangent-ignored", "upstream gradient ignored", "what comes from above does not reach the gradient"),
    FaultClass("rows-dropped", "batch rows dropped", "only some of the samples contribute"),
    FaultClass("never-written", "gradient never written", "the gradient is left at its first value"),
    FaultClass("sum-for-product", "sum where a product belongs", "two factors of the chain rule are added"),
    FaultClass("mutation", "inputs changed by backward", "backward changes its inputs, the weights or the cache"),
    FaultClass("optimizer", "optimizer, not gradient", "the gradient is right, and the step made of it is wrong"),
    FaultClass("missing-term", "term missing", "a summand of the gradient is missing"),
    FaultClass("surplus-term", "term too many", "a summand stands here that does not belong to the gradient"),
    FaultClass("missing-factor", "factor missing", "a factor of the chain rule is missing"),
    FaultClass("surplus-factor", "factor too many", "a factor stands here that does not belong to the chain rule"),
    FaultClass("other", "wrong expression", "the expression computes something else"),
    FaultClass("float32-noise", "rounding of float32", "the difference is rounding, and goes away in float64", False),
    FaultClass("kink", "at a kink", "the loss has no derivative here (ReLU at 0, max of equals)", False),
    FaultClass("blind-objective", "objective that sees nothing", "the loss does not depend on the parameter", False),
)

FAULTS = {each.name: each for each in _CLASSES}
