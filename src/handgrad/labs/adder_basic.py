"""The basic run of the lab ``adder``: one training, ours beside published, the tests, and what the state does."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from handgrad.labs.adder import BITS, HIDDEN, LEARNING_RATE, SEQUENCES, AdderPlan, AdderSettings
from handgrad.labs.adder_ask import Asked, converse
from handgrad.labs.adder_exact import AtLength, Exhaustive, Memory, at_lengths, exhaustive_test, memory
from handgrad.labs.adder_gradients import Flow, gradient_flow
from handgrad.labs.adder_state import CarryUnits, Unrolled, carry_units, unrolled
from handgrad.labs.adder_training import TrainedAdder, train
from handgrad.labs.published import ADDER, PublishedAdder
from handgrad.labs.result import LabResult, Reporter

_EXAMPLE = ((1, 1, 0, 0, 1, 0, 1), (0, 1, 0, 1, 1, 1, 0))  # 83 and 58: columns that make, end and hand on a carry
_REPORTED = {"bits": BITS, "hidden": HIDDEN, "sequences": SEQUENCES, "rate": LEARNING_RATE}


@dataclass
class Examined:
    """What the tests and measurements found. ``flows``: by epoch, before, during and after training."""

    exhaustive: Exhaustive | None = None
    lengths: list[AtLength] = field(default_factory=list)
    memory: Memory | None = None
    carry: CarryUnits | None = None
    example: Unrolled | None = None
    flows: dict[int, Flow] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


def run_basic(settings: AdderSettings, reporter: Reporter) -> LabResult:
    """Train, test, ask if that was asked for, and put what came of it together. Where no epoch was finished there is
    nothing to test and to ask."""
    from handgrad.labs.adder_results import findings, pictures, tables

    plan = settings.plan()
    trained = train(plan, reporter)
    examined = Examined()
    interrupted = trained.interrupted
    try:
        if trained.rows:
            examine(trained, examined)
        if trained.rows and settings.ask:
            examined.asked = converse(trained.network, plan.bits, reporter, plan.engine)
    except KeyboardInterrupt:  # what was learned is there, and is saved
        interrupted = True
    published = published_adder(plan)
    result = LabResult(
        document(trained, examined, settings, published),
        tables=tables(trained, examined, published),
        findings=findings(trained, examined, published),
        network=trained.network,
        interrupted=interrupted,
        error=trained.error,
    )
    try:
        result.pictures = pictures(trained, examined, published)
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def published_adder(plan: AdderPlan) -> PublishedAdder | None:
    """What the report prints, where the plan is its own (the number of epochs aside)."""
    return ADDER if all(getattr(plan, name) == value for name, value in _REPORTED.items()) else None


def examine(trained: TrainedAdder, examined: Examined) -> None:
    """All tests and measurements of the trained network, into ``examined``."""
    plan, network = trained.plan, trained.network
    examined.exhaustive = exhaustive_test(network, plan.bits, plan.engine)
    examined.lengths = at_lengths(network, plan.bits, plan.seed, plan.engine)
    examined.memory = memory(network, plan.seed)
    examined.carry = carry_units(network, plan.bits, plan.seed, plan.engine)
    examined.example = unrolled(network, *_example(plan.bits), plan.bits, plan.engine)
    for epoch in flow_epochs(trained):
        examined.flows[epoch] = gradient_flow(trained.at(epoch), plan.bits, plan.seed)


def _example(bits: int) -> tuple[int, int]:
    """83 and 58 in eight bits; in others their bits again and again."""
    first, second = (sum(pattern[k % len(pattern)] << k for k in range(bits - 1)) for pattern in _EXAMPLE)
    return first, second


def flow_epochs(trained: TrainedAdder) -> list[int]:
    """Before training, in the middle of learning, and after: half of the epochs until no sum was wrong, at least 1."""
    done = len(trained.rows)
    learned = trained.epochs_to_perfect or done
    return sorted({0, min(done, max(1, learned // 2)), done})


def document(
    trained: TrainedAdder, examined: Examined, settings: AdderSettings, published: PublishedAdder | None
) -> dict[str, Any]:
    """The JSON document. Shares, not percent; null for what was not measured."""
    plan, exhaustive = trained.plan, examined.exhaustive
    own = {name.name for name in fields(AdderSettings)}
    last = trained.rows[-1] if trained.rows else None
    found: dict[str, Any] = {
        "lab": "adder",
        "engine": plan.engine,
        "seed": plan.seed,
        "bits": plan.bits,
        "hidden": plan.hidden,
        "parameters": int(trained.network.parameters.flat.size),
        "epochs": len(trained.rows),
        "loss": last.loss if last else None,
        "error_share": last.error if last else None,
        "accuracy": last.accuracy if last else None,
        "epochs_to_perfect": trained.epochs_to_perfect,
        "exhaustive_accuracy": exhaustive.accuracy if exhaustive else None,
        "exhaustive_pairs": exhaustive.pairs if exhaustive else None,
        "length_accuracy": {str(each.bits): each.accuracy for each in examined.lengths},
        "train_seconds": trained.seconds,
        "settings": {name: value for name, value in asdict(plan).items() if name in own} | {"ask": settings.ask},
        "rows": [asdict(row) for row in trained.rows],
        "lengths": [_length(each) for each in examined.lengths],
        "gradient_flow": [_flow(epoch, flow) for epoch, flow in examined.flows.items()],
        "published": _published(published),
    }
    if examined.memory is not None:
        found["memory"] = {"forgetting": examined.memory.forgetting, "kept": examined.memory.kept}
    if examined.carry is not None:
        found["carry"] = {"correlations": examined.carry.carry, "best_unit": examined.carry.best + 1}
        found["carry"]["told_by_best_unit"] = examined.carry.told
    if settings.ask:
        found["asked"] = [each._asdict() | {"right": each.right} for each in examined.asked]
    return found


def _length(each: AtLength) -> dict[str, Any]:
    return {
        "bits": each.bits,
        "sums_of_each_kind": each.sums,
        "random_accuracy": each.random,
        "carry_chain_accuracy": each.chains,
        "least_margin": each.margin,
        "saturated_share": each.saturated,
    }


def _flow(epoch: int, flow: Flow) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "spectral_radius": flow.radius,
        "largest_singular_value": flow.largest,
        "factor_per_step": flow.factor,
        "norms": flow.norms,
    }


def _published(published: PublishedAdder | None) -> dict[str, Any] | None:
    if published is None:
        return None
    return {
        "source": published.source,
        "epochs_to_perfect": published.epochs_to_perfect,
        "exhaustive_pairs": published.pairs,
        "exhaustive_accuracy": published.test_accuracy,
        "rows": [asdict(row) for row in published.rows],
    }
