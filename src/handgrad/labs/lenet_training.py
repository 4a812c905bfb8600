"""Training in the lab ``lenet``: the images in their field, moved about anew in every epoch, and what is measured."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.lenet_images import enlarged, in_field, place
from handgrad.data.split import data_stream
from handgrad.errors import Diverged, out_of_range
from handgrad.labs.lenet import LenetPlan
from handgrad.labs.lenet_links import Links
from handgrad.labs.result import Reporter
from handgrad.labs.resuming import training_of
from handgrad.layers._types import Array
from handgrad.network.engine import EngineName
from handgrad.network.layers import Layer, ReLU, ScaledTanh, Sigmoid, Tanh
from handgrad.network.lenet import lenet5
from handgrad.network.sequential import Sequential
from handgrad.training.callbacks import Every
from handgrad.training.checkpoints import Training
from handgrad.training.history import Epoch

_ACTIVATIONS: dict[str, Layer] = {"scaled_tanh": ScaledTanh(), "tanh": Tanh(), "sigmoid": Sigmoid(), "relu": ReLU()}
_VALIDATION_STREAM, _SHIFT_STREAM = 2, 4  # of the seed
_WATCHED = 5_000  # training images that are measured after every epoch, moved as they were last


class Part(NamedTuple):
    """Images x (n, 1, 32, 32), their classes (n,), and ``images`` (n, height, width) in [0, 1] as they were."""

    x: Array
    classes: Array
    images: Array


class Measure(NamedTuple):
    """``loss``: mean over the images. ``accuracy``: share of right classes. ``probabilities`` (n, classes)."""

    loss: float
    accuracy: float
    probabilities: Array


@dataclass
class TrainedLenet:
    """A training and what came of it. ``parts``: training, validation (where images were held out) and test.
    ``records``: measurements by epoch, as in ``metrics.jsonl``. ``seconds``: of training, the moving of images
    included, the measuring not. ``error``: the sentence of a divergence."""

    plan: LenetPlan
    dataset: Dataset
    table: Links
    parts: Mapping[str, Part]
    network: Sequential
    records: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    error: str = ""

    @property
    def epochs(self) -> int:
        """How many were finished."""
        return len(self.network.history)

    @property
    def images_per_second(self) -> float:
        """Images learned from in a second of training; NaN before the first epoch was finished."""
        return self.epochs * len(self.parts["training"].x) / self.seconds if self.seconds else float("nan")


def load(plan: LenetPlan, reporter: Reporter) -> Dataset:
    """The images of the plan. Raises InputError for data that cannot be used."""
    from handgrad.data.digits import load_digits_8x8
    from handgrad.data.mnist import load_mnist

    if plan.data == "mnist":
        return load_mnist(plan.data_dir, announce=reporter.say)
    return load_digits_8x8(plan.seed)


def divide(plan: LenetPlan, dataset: Dataset) -> dict[str, Part]:
    """Training, validation (where the plan holds images out of the training, drawn by its seed) and test.

    Raises UsageError where the share leaves one of the two empty.
    """
    assert dataset.image_shape is not None
    images = dataset.x.reshape(-1, *dataset.image_shape)
    test = dataset.x_test.reshape(-1, *dataset.image_shape)
    parts = {"test": Part(in_field(test), dataset.t_test, test)}
    if plan.validation_share is None:
        return {"training": Part(in_field(images), dataset.t, images)} | parts
    n = len(images)
    held = round(n * plan.validation_share)
    if not 0 < held < n:
        raise out_of_range("validation_share", plan.validation_share, f"a share that divides {n} images in two")
    order = data_stream(plan.seed, _VALIDATION_STREAM).permutation(n)
    chosen = {"training": np.sort(order[held:]), "validation": np.sort(order[:held])}
    return {name: Part(in_field(images[rows]), dataset.t[rows], images[rows]) for name, rows in chosen.items()} | parts


def build_network(plan: LenetPlan, table: Links) -> Sequential:
    """The untrained LeNet-5 of the plan, its parameters drawn by the plan's seed."""
    activation = _ACTIVATIONS[plan.activation]
    return lenet5(table, plan.pool, activation, weight_decay=plan.weight_decay, seed=plan.seed)


@np.errstate(over="ignore", invalid="ignore")  # the last finite parameters of a divergence may still overflow here
def measure(network: Sequential, part: Part, engine: EngineName, every: int = 1) -> Measure:
    """Loss, accuracy and probabilities of each ``every``-th image of ``part``, while the network stands still."""
    classes = part.classes[::every]
    outputs = network.outputs(part.x[::every], engine=engine)
    t = network.loss.targets(classes, outputs.shape[1])
    losses, _ = network.loss.forward(outputs.T, np.asarray(t, outputs.dtype).T)
    right = outputs.argmax(axis=1) == classes
    return Measure(float(losses.mean(dtype=np.float64)), float(right.mean()), network.loss.prediction(outputs.T).T)


class _Mover:
    """Puts the training images into their field anew, each moved by up to ``shift`` pixels. ``seconds``: what that
    took."""

    def __init__(self, part: Part, shift: int, seed: int) -> None:
        self.x, self.shift, self.seconds = part.x, shift, 0.0
        self.random = data_stream(seed, _SHIFT_STREAM)
        self.before = self.random.bit_generator.state
        self.content = enlarged(part.images) if shift else None

    def move(self) -> None:
        """Draw, and write into the array that the network learns from."""
        if self.content is None:
            return
        before = time.perf_counter()
        self.before = self.random.bit_generator.state
        shifts = self.random.integers(-self.shift, self.shift + 1, (len(self.x), 2))
        place(self.content, self.x, shifts)
        self.seconds += time.perf_counter() - before

    def again(self, before: dict[str, Any], seconds: float) -> None:
        """Move the images as when the generator was in the state ``before``; it took ``seconds`` until then."""
        self.random.bit_generator.state = before
        self.move()
        self.seconds = seconds


def train(
    plan: LenetPlan,
    dataset: Dataset,
    table: Links,
    reporter: Reporter,
    *,
    parts: Mapping[str, Part] | None = None,
    label: str = "",
) -> TrainedLenet:
    """Train ``plan`` on ``dataset`` with the link ``table``; Ctrl-C and divergence are told in the result, not raised.

    After every epoch a record goes to the reporter: loss and accuracy of some training images, of the validation and of
    the test images, the learning rate, images per second, and seconds of training. Nothing is chosen by the test
    images. ``parts``: from ``divide``, where they are there already. ``label``: the name of this training among
    several, of which only the last epoch is told.
    """
    parts = divide(plan, dataset) if parts is None else parts
    network = build_network(plan, table)
    trained = TrainedLenet(plan, dataset, table, parts, network)
    if not label:
        reporter.say(_introduction(trained))
    mover = _Mover(parts["training"], plan.shift, plan.seed)

    def look(net: Sequential, epoch: Epoch) -> None:
        _record(trained, epoch, mover.seconds)
        last = epoch.epoch == plan.epochs
        if not label or last:
            reporter.metrics(({"label": label} if label else {}) | trained.records[-1])
        reporter.progress(epoch.epoch, plan.epochs, label)
        if not last:
            mover.move()

    images = parts["training"]
    try:
        reporter.progress(0, plan.epochs, label)
        mover.move()
        with training_of(reporter, label) as training:
            network.fit(
                images.x,  # the array itself is learned from, not a copy: that is how its images can be moved
                images.classes,
                epochs=plan.epochs,
                batch_size=plan.batch_size,
                optimizer=plan.optimizer,
                schedule=plan.schedule,
                callbacks=[Every(1, look)],
                checkpoints=_keeping(training, trained, mover),
                engine=plan.engine,
            )
    except KeyboardInterrupt:
        trained.interrupted = True
    except Diverged as diverged:
        trained.error = str(diverged)
    trained.seconds = network.history.seconds + mover.seconds
    place(enlarged(images.images), images.x)
    return trained


def _keeping(training: Training, trained: TrainedLenet, mover: _Mover) -> Training:
    """``training``, with the records and the moved images in its checkpoints."""

    def state() -> dict[str, Any]:
        moving = {"before": mover.before, "seconds": mover.seconds}
        return {"records": trained.records, "seconds": trained.seconds, "moving": moving}

    def restore(saved: dict[str, Any]) -> None:
        trained.records[:], trained.seconds = saved["records"], saved["seconds"]
        mover.again(**saved["moving"])

    training.attach("lenet", state, restore, late=True)
    return training


def _record(trained: TrainedLenet, epoch: Epoch, moving: float) -> None:
    """Measure after an epoch; ``moving``: seconds in which images were moved until then."""
    before = trained.seconds
    trained.seconds = epoch.seconds + moving
    record: dict[str, float] = {"epoch": epoch.epoch}
    for name, part in trained.parts.items():
        every = -(-len(part.x) // _WATCHED) if name == "training" else 1
        prefix = "" if name == "training" else f"{name}_"
        measured = measure(trained.network, part, trained.plan.engine, every)
        record |= {f"{prefix}loss": measured.loss, f"{prefix}accuracy": measured.accuracy}
    took = max(trained.seconds - before, 1e-9)
    record |= {
        "learning_rate": epoch.learning_rate,
        "images_per_second": round(len(trained.parts["training"].x) / took),
        "seconds": trained.seconds,
    }
    trained.records.append(record)


def _introduction(trained: TrainedLenet) -> str:
    plan, counts = trained.plan, ", ".join(f"{len(part.x):,} {name}" for name, part in trained.parts.items())
    made = "28 x 28 in a border" if plan.data == "mnist" else "8 x 8, enlarged to 24 x 24 in a border"
    return (
        f"{trained.dataset.name}: {counts} images, {made}; LeNet-5, {int(trained.table.sum())} links in C3, "
        f"{trained.network.parameters.flat.size:,} parameters, {plan.pool} pooling, {plan.activation}"
    )
