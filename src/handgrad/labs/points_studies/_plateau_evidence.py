"""The experiments of the study ``plateau``: one start, trained and measured in several ways."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.labs.points import PointsPlan, TrainedPoints, build_network
from handgrad.labs.points_studies._common import constant_losses, follow
from handgrad.labs.points_studies._landscape import in_float64, with_cross_entropy
from handgrad.labs.points_studies._plateau_measure import Watch, Witness, dead_shares, witness
from handgrad.labs.result import Reporter
from handgrad.network.sequential import Sequential

HIDDEN_OF_STARTS = ((64, 64), (128, 128), (256, 256), (512, 512))
STARTS = 200
"""Untrained networks that are looked at for each width."""

RESCUES = ("cross-entropy", "rescaled output")
FASTER_EPOCHS = 10_000
"""Within about so many epochs the run at a larger rate should leave the plateau."""

_LARGEST_RATE = 1.0  # beyond, the steps themselves would saturate the units
_RESCUE_SHARE = 10  # the rescues get a tenth of the epochs
_MUCH_LARGER = 1000.0  # times: the gradient without the factor that is blamed

Verdict = Literal["vanishing gradient", "local minimum", "undecided"]


@dataclass
class Evidence:
    """Everything that was trained and measured; what is missing was cut short by Ctrl-C.

    ``runs`` and ``watches`` by name: "float32" and "float64" are the report's run; "cross-entropy" and
    "rescaled output" leave the same start by other ways; "larger rate" is float64 at ``factor`` times the rate.
    ``unchanged``: share of the parameters whose float32 value training never changed. ``predicted``: the epoch at
    which the report's run would leave the plateau, in float64. ``starts``: shares of dead starts by widths.
    """

    plan: PointsPlan
    dataset: Dataset
    first_seed: int
    runs: dict[str, TrainedPoints] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    start: Witness | None = None
    end: Witness | None = None
    unchanged: float = 1.0
    predicted: float = np.inf
    factor: float = 0.0
    starts: dict[tuple[int, ...], tuple[float, float]] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended one of the trainings."""
        return any(run.interrupted for run in self.runs.values())

    @property
    def escaped(self) -> float | None:
        """The epoch at which the run at the larger rate left the plateau, in epochs of the report's rate."""
        run = self.runs.get("larger rate")
        return run.last.epoch * self.factor if run is not None and self.left(run) else None

    def left(self, run: TrainedPoints) -> bool:
        """Whether ``run`` ended off the plateau: at less than half of its loss."""
        return run.last.loss < constant_losses(self.dataset.t)[0] / 2


def verdict_of(here: Witness) -> Verdict:
    """The report's question, decided by what was measured at one set of parameters.

    Not a local minimum: there is a slope, the loss bends downwards along it, and a step along it lowers the loss
    without a rise before. A vanishing gradient: the same derivative without the output unit's factor is a thousand
    times larger or more. A local minimum: no way down along the gradient, and no negative curvature.
    """
    downhill = here.lowest[1] < here.loss - here.barrier and here.gradient > 0
    if downhill and min(here.curvature, here.smallest_eigenvalue) < 0:
        return "vanishing gradient" if here.cross_entropy_gradient > _MUCH_LARGER * here.gradient else "undecided"
    return "undecided" if downhill or here.smallest_eigenvalue < 0 else "local minimum"


def gather(evidence: Evidence, reporter: Reporter) -> None:
    """Train and measure, until everything is there or Ctrl-C comes."""
    plan = evidence.plan
    for each in HIDDEN_OF_STARTS:
        start = replace(plan, seed=evidence.first_seed)
        evidence.starts[each] = dead_shares(each, start, evidence.dataset, STARTS)
    for step in (_reports_run, _exact_run, _rescues, _larger_rate):
        step(evidence, reporter)
        if evidence.interrupted:
            return


def _train(
    evidence: Evidence,
    reporter: Reporter,
    name: str,
    network: Sequential,
    plan: PointsPlan,
    *,
    measurements: int = 80,
    until: float = -np.inf,
) -> None:
    every = max(1, plan.epochs // measurements)
    watch = Watch(evidence.dataset, plan.engine, until)
    evidence.watches[name] = watch
    evidence.runs[name] = follow(
        plan, evidence.dataset, reporter, name, every=every, network=network, on_row=watch, also=watch.attach
    )


def _reports_run(evidence: Evidence, reporter: Reporter) -> None:
    """float32, the report's learning rate and epochs; measured at its start and its end."""
    plan, dataset = evidence.plan, evidence.dataset
    network = build_network(plan)
    before = network.parameters.flat.copy()
    evidence.start = witness(network, dataset, 0, plan.engine, plan.seed)
    _train(evidence, reporter, "float32", network, plan)
    done = evidence.runs["float32"].last.epoch
    evidence.end = witness(network, dataset, done, plan.engine, plan.seed)
    evidence.unchanged = float((network.parameters.flat == before).mean())


def _exact_run(evidence: Evidence, reporter: Reporter) -> None:
    """The same in float64, where no step is lost in rounding; when it will leave the plateau follows from its gain.

    Near the answer 0 the loss is 34 - G with a gain G in proportion to exp(a), a the output's pre-activation. A step
    along the gradient moves a in proportion to exp(a) again, so that dG / d epoch is in proportion to G^2, and 1 / G
    falls along a straight line: where the line meets 0, the plateau ends.
    """
    plan = evidence.plan
    _train(evidence, reporter, "float64", in_float64(build_network(plan)), plan)
    watch = evidence.watches["float64"]
    if 0 < watch.gains[0] < watch.gains[-1]:
        first, last = 1 / watch.gains[0], 1 / watch.gains[-1]
        evidence.predicted = watch.epochs[-1] * first / (first - last)


def _rescues(evidence: Evidence, reporter: Reporter) -> None:
    """The same start, but without the factor that is blamed: by another loss, and by another output layer."""
    short = replace(evidence.plan, epochs=max(1, evidence.plan.epochs // _RESCUE_SHARE))
    networks = (with_cross_entropy(build_network(short)), with_rescaled_output(build_network(short), evidence.dataset))
    for name, network in zip(RESCUES, networks, strict=True):
        _train(evidence, reporter, name, network, short, measurements=400)
        if evidence.interrupted:
            return


def with_rescaled_output(network: Sequential, dataset: Dataset) -> Sequential:
    """``network`` with weights and bias of its last layer divided by one number, such that the output's
    pre-activation stays within -1 and 1 on the training points. Changes the network, and returns it."""
    a = in_float64(network).activations(dataset.x)[-2]
    for values in network.parameters.of_layer(len(network.layers) - 2).values():
        values /= max(1.0, float(np.abs(a).max()))
    return network


def _larger_rate(evidence: Evidence, reporter: Reporter) -> None:
    """float64 at a rate so much larger that the predicted end of the plateau comes after about 10,000 epochs. Left
    out where that rate would be too large to follow the gradient."""
    plan = evidence.plan
    factor = max(1.0, evidence.predicted / FASTER_EPOCHS)
    if not plan.lr * factor <= _LARGEST_RATE:
        reporter.say("the plateau is too long to be left at a larger learning rate; that run is left out")
        return
    evidence.factor = factor
    faster = replace(plan, lr=plan.lr * factor, epochs=2 * FASTER_EPOCHS)
    half = constant_losses(evidence.dataset.t)[0] / 2
    network = in_float64(build_network(plan))
    _train(evidence, reporter, "larger rate", network, faster, measurements=400, until=half)
