"""What is measured on the plateau: over the epochs, and at one set of parameters."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.errors import UsageError
from handgrad.labs.points import PointsPlan, PointsRow, build_network
from handgrad.labs.points_studies._common import DEAD, constant_losses, hidden_text, summed_loss
from handgrad.labs.points_studies._landscape import Floats, Landscape, in_float64, with_cross_entropy
from handgrad.labs.result import Reporter
from handgrad.network.engine import EngineName
from handgrad.network.sequential import Sequential
from handgrad.training.checkpoints import Training

SATURATED = 0.01
"""A sigmoid unit counts as saturated at a point where its derivative y (1 - y), at most 0.25, is below this."""

SILENT = 1e-6
"""The largest output of a start that is taken for the plateau: its loss stays at that of the answer 0."""

LENGTHS = np.logspace(-5, 1, 241)
"""Lengths of the steps down the gradient."""

_MOST_STARTS = 20_000
_CHECK_STEP = 1e-3  # of the numerical derivative that checks the gradient's norm


def silent_start(plan: PointsPlan, dataset: Dataset, reporter: Reporter) -> PointsPlan:
    """``plan`` with the first seed, from its own upwards, whose untrained network answers less than 1e-6 to every
    point. Raises UsageError where there is none among 20,000."""
    for seed in range(plan.seed, plan.seed + _MOST_STARTS):
        candidate = replace(plan, seed=seed)
        if build_network(candidate).predict(dataset.x, engine=plan.engine).max() < SILENT:
            reporter.say(f"seed {seed} is the first from {plan.seed} up whose outputs all begin below {SILENT:g}")
            return candidate
    raise UsageError(
        f"none of {_MOST_STARTS} seeds from {plan.seed} up makes a network of the widths {hidden_text(plan.hidden)} "
        f"whose outputs all begin below {SILENT:g}, expected at least one; choose wider layers, for example --hidden "
        "128,128"
    )


def gain(network: Sequential, dataset: Dataset, engine: EngineName) -> float:
    """By how much the summed squared error lies below that of the answer 0 to every point, without cancellation:
    sum y (2 t - y) for targets t in {0, 1}."""
    y = network.predict(dataset.x, engine=engine).astype(np.float64)
    return float((y * (2 * dataset.t - y)).sum())


def saturation(network: Sequential, dataset: Dataset, engine: EngineName) -> list[float]:
    """For each sigmoid layer the share of its units, over all training points, that are saturated."""
    outputs = network.activations(dataset.x, engine=engine)
    sigmoids = [y for layer, y in zip(network.layers, outputs, strict=True) if layer.kind == "sigmoid"]
    return [float((y * (1 - y) < SATURATED).mean()) for y in sigmoids]


@dataclass
class Watch:
    """Looks at a network that trains, in float64 and at the parameters that it has: for ``follow``'s ``on_row``.

    Lists by measurement: epoch, gain (see above), norm of the summed loss's gradient in float64 and as the training
    engine has it, saturated share of each sigmoid layer. ``until``: training stops when the loss is below it.
    """

    dataset: Dataset
    engine: EngineName
    until: float = -np.inf
    epochs: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    gradients: list[float] = field(default_factory=list)
    gradients_in_training: list[float] = field(default_factory=list)
    saturations: list[list[float]] = field(default_factory=list)

    def __call__(self, network: Sequential, row: PointsRow) -> bool:
        exact = Landscape(network, self.dataset, self.engine)
        self.epochs.append(row.epoch)
        self.losses.append(row.loss)
        self.gains.append(gain(exact.network, self.dataset, self.engine))
        self.gradients.append(float(np.linalg.norm(exact.gradient())))
        self.gradients_in_training.append(_own_norm(network, self.dataset, self.engine))
        self.saturations.append(saturation(network, self.dataset, self.engine))
        return row.loss < self.until

    def attach(self, training: Training) -> None:
        """Have the lists in the checkpoints of ``training``."""
        lists = ("epochs", "losses", "gains", "gradients", "gradients_in_training", "saturations")

        def restore(saved: dict[str, Any]) -> None:
            for name in lists:
                getattr(self, name)[:] = saved[name]

        training.attach("watch", lambda: {name: getattr(self, name) for name in lists}, restore)


def _own_norm(network: Sequential, dataset: Dataset, engine: EngineName) -> float:
    """Norm of the summed loss's gradient, computed in the network's own dtype and added up in float64."""
    gradients = network.gradients(dataset.x, dataset.t, engine=engine)
    return float(len(dataset.x) * np.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients.values())))


@dataclass(frozen=True)
class Witness:
    """What the loss looks like around one set of parameters; all derivatives in float64, of the summed loss.

    ``gradient_check``: relative error of the gradient's norm against a numerical derivative along it. ``slope``: mean
    derivative y (1 - y) of the output unit. ``cross_entropy_gradient``: norm of the gradient of the cross-entropy, and
    ``cosine`` its direction against the squared error's. ``line`` (241,): loss at the steps
    ``LENGTHS`` down the gradient.
    """

    epoch: int
    loss: float
    largest_output: float
    slope: float
    gradient: float
    gradient_float32: float
    gradient_check: float
    curvature: float
    smallest_eigenvalue: float
    largest_eigenvalue: float
    cross_entropy_gradient: float
    cosine: float
    norm: float
    saturation: list[float]
    line: Floats

    @property
    def lowest(self) -> tuple[float, float]:
        """Length of the best step down the gradient, and the loss there."""
        best = int(np.argmin(self.line))
        return float(LENGTHS[best]), float(self.line[best])

    @property
    def barrier(self) -> float:
        """By how much the loss rises, at most, above where it stands on the way to the best step."""
        return float(max(0.0, self.line[: int(np.argmin(self.line)) + 1].max() - self.loss))

    def numbers(self) -> dict[str, Any]:
        """For the JSON document."""
        length, loss = self.lowest
        kept = {name: value for name, value in vars(self).items() if name != "line"}
        return kept | {"best_step": length, "loss_at_best_step": loss, "barrier": self.barrier}


def witness(network: Sequential, dataset: Dataset, epoch: int, engine: EngineName, seed: int) -> Witness:
    """Measure where ``network`` stands."""
    here = Landscape(network, dataset, engine)
    loss, g = here.loss_and_gradient(here.theta)
    y = here.network.predict(dataset.x, engine=engine)
    norm = float(np.linalg.norm(g))
    logits = Landscape(with_cross_entropy(in_float64(network)), dataset, engine).gradient()
    low, high = here.extreme_eigenvalues(seed)
    return Witness(
        epoch=epoch,
        loss=loss,
        largest_output=float(y.max()),
        slope=float((y * (1 - y)).mean()),
        gradient=norm,
        gradient_float32=_own_norm(network, dataset, engine),
        gradient_check=abs(_numerical_norm(here, g) - norm) / max(norm, 1e-300),
        curvature=here.curvature_along_gradient(),
        smallest_eigenvalue=low,
        largest_eigenvalue=high,
        cross_entropy_gradient=float(np.linalg.norm(logits)),
        cosine=float(g @ logits) / max(norm * float(np.linalg.norm(logits)), 1e-300),
        norm=float(np.linalg.norm(here.theta)),
        saturation=saturation(here.network, dataset, engine),
        line=here.along(-g, LENGTHS),
    )


def _numerical_norm(here: Landscape, g: Floats) -> float:
    """The gradient's norm as a central difference of the gain along the gradient ``g`` (P,)."""
    unit = g / max(float(np.linalg.norm(g)), 1e-300)
    gains = []
    for step in (-_CHECK_STEP, _CHECK_STEP):
        here.network.parameters.flat[...] = here.theta + step * unit
        gains.append(gain(here.network, here.dataset, here.engine))
    here.network.parameters.flat[...] = here.theta
    return (gains[0] - gains[1]) / (2 * _CHECK_STEP)


def dead_shares(hidden: tuple[int, ...], plan: PointsPlan, dataset: Dataset, starts: int) -> tuple[float, float]:
    """Share of ``starts`` untrained networks, by the seeds from the plan's up, whose loss is printed (two decimals) as
    that of the answer 0 to every point, and as that of the answer 1."""
    zero, one = constant_losses(dataset.t)
    plans = [replace(plan, hidden=hidden, seed=plan.seed + i) for i in range(starts)]
    losses = np.array([summed_loss(build_network(each), dataset, each) for each in plans])
    return float((np.abs(losses - zero) < DEAD).mean()), float((np.abs(losses - one) < DEAD).mean())
