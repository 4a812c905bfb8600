"""Training in the lab ``digits``: the division of the images, the network, and what is measured after every epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.split import data_stream
from handgrad.errors import Diverged, out_of_range
from handgrad.labs.digits import DigitsPlan
from handgrad.labs.result import Reporter
from handgrad.labs.resuming import training_of
from handgrad.layers._types import Array
from handgrad.network.engine import EngineName
from handgrad.network.layers import Dense, Layer, LeakyReLU, ReLU, ScaledTanh, Sigmoid, Softmax, Tanh
from handgrad.network.losses import Loss, SoftmaxCrossEntropy, SquaredError, one_hot
from handgrad.network.sequential import Sequential
from handgrad.training.callbacks import EarlyStopping, Every
from handgrad.training.checkpoints import Training
from handgrad.training.history import Epoch, History

# The hidden layer, and the initializer that keeps signals level through it.
_ACTIVATIONS: dict[str, tuple[Layer, str]] = {
    "sigmoid": (Sigmoid(), "glorot_uniform"),
    "tanh": (Tanh(), "glorot_uniform"),
    "relu": (ReLU(), "he_normal"),
    "scaled_tanh": (ScaledTanh(), "lecun_normal"),
    "leaky_relu": (LeakyReLU(), "he_normal"),
}
_VALIDATION_STREAM = 2  # of the seed; the division into training and test draws from stream 0
_WATCHED = 10_000  # training images that are measured after every epoch; all of them at the end


class Part(NamedTuple):
    """Images x (n, features), their classes (n,), and the same as rows with a one at the class, t (n, classes)."""

    x: Array
    classes: Array
    t: Array


class Measure(NamedTuple):
    """``loss``: mean over the images, without the penalty. ``accuracy``: share of right classes. ``probabilities``
    (n, classes): what the network says."""

    loss: float
    accuracy: float
    probabilities: Array


@dataclass(frozen=True)
class TrainedDigits:
    """A training and what came of it. ``parts``: training, validation (where images were held out) and test.
    ``records``: measurements by epoch, as in ``metrics.jsonl``. ``error``: the sentence of a divergence."""

    plan: DigitsPlan
    dataset: Dataset
    parts: Mapping[str, Part]
    network: Sequential
    history: History
    records: list[dict[str, float]]
    interrupted: bool = False
    error: str = ""


def divide(plan: DigitsPlan, dataset: Dataset) -> dict[str, Part]:
    """Training, validation (where the plan holds images out of the training, drawn by its seed) and test.

    Raises UsageError where the share leaves one of the two empty.
    """
    C = len(dataset.classes)
    training = Part(dataset.x, dataset.t, one_hot(dataset.t, C))
    test = Part(dataset.x_test, dataset.t_test, one_hot(dataset.t_test, C))
    if plan.validation_share is None:
        return {"training": training, "test": test}
    n = len(dataset.x)
    held = round(n * plan.validation_share)
    if not 0 < held < n:
        raise out_of_range("validation_share", plan.validation_share, f"a share that divides {n} images in two")
    order = data_stream(plan.seed, _VALIDATION_STREAM).permutation(n)
    kept, out = np.sort(order[held:]), np.sort(order[:held])
    return {"training": _chosen(training, kept), "validation": _chosen(training, out), "test": test}


def _chosen(part: Part, rows: Any) -> Part:
    return Part(part.x[rows], part.classes[rows], part.t[rows])


def build_network(plan: DigitsPlan, features: int, classes: int) -> Sequential:
    """The untrained network features-hidden-classes of the plan, its parameters drawn by the plan's seed."""
    activation, weights = _ACTIVATIONS[plan.activation]
    layers: list[Layer] = [Dense(plan.hidden, weights=weights), activation, Dense(classes)]
    loss: Loss = SoftmaxCrossEntropy()
    if plan.loss == "l2":
        layers.append(Softmax())
        loss = SquaredError()
    return Sequential(layers, input_shape=features, loss=loss, weight_decay=plan.weight_decay, seed=plan.seed)


@np.errstate(over="ignore", invalid="ignore")  # the last finite parameters of a divergence may still overflow here
def measure(network: Sequential, part: Part, engine: EngineName) -> Measure:
    """Loss, accuracy and probabilities of ``part``, while the network stands still."""
    outputs = network.outputs(part.x, engine=engine)
    losses, _ = network.loss.forward(outputs.T, part.t.T)
    right = outputs.argmax(axis=1) == part.classes
    return Measure(float(losses.mean(dtype=np.float64)), float(right.mean()), network.loss.prediction(outputs.T).T)


def train(plan: DigitsPlan, dataset: Dataset, reporter: Reporter) -> TrainedDigits:
    """Train ``plan`` on ``dataset``; Ctrl-C and divergence are told in the result, not raised.

    After every ``plan.log_every`` epochs a record goes to the reporter: loss and accuracy of the training images
    (evenly chosen ones, where there are very many), of the validation and of the test images; the objective, which is
    the mean loss while the parameters moved plus the penalty; the learning rate; seconds of training. Nothing is chosen
    by the test images.
    """
    parts = divide(plan, dataset)
    network = build_network(plan, dataset.x.shape[1], len(dataset.classes))
    reporter.say(_introduction(plan, dataset, parts, network))
    watched = {"": _chosen(parts["training"], slice(None, None, -(-len(parts["training"].x) // _WATCHED)))}
    watched |= {f"{name}_": part for name, part in parts.items() if name != "training"}
    records: list[dict[str, float]] = []

    def look(net: Sequential, epoch: Epoch) -> None:
        record: dict[str, float] = {"epoch": epoch.epoch}
        for prefix, part in watched.items():
            measured = measure(net, part, plan.engine)
            record |= {f"{prefix}loss": measured.loss, f"{prefix}accuracy": measured.accuracy}
        record |= {"objective": epoch.loss, "learning_rate": epoch.learning_rate, "seconds": epoch.seconds}
        records.append(record)
        reporter.metrics(record)
        reporter.progress(epoch.epoch, plan.epochs)

    def restore(saved: dict[str, Any]) -> None:
        records[:] = saved["records"]

    interrupted, error = False, ""
    try:
        with training_of(reporter) as training:
            training.attach("records", lambda: {"records": records}, restore)
            _fit(plan, network, parts, look, training)
    except KeyboardInterrupt:
        interrupted = True
    except Diverged as diverged:
        error = str(diverged)
    return TrainedDigits(plan, dataset, parts, network, network.history, records, interrupted, error)


def _fit(
    plan: DigitsPlan,
    network: Sequential,
    parts: Mapping[str, Part],
    look: Callable[[Sequential, Epoch], None],
    checkpoints: Training,
) -> None:
    training, validation = parts["training"], parts.get("validation")
    stopping = None if plan.early_stopping is None else EarlyStopping(plan.early_stopping)
    network.fit(
        training.x,
        training.t,
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        optimizer=plan.optimizer,
        schedule=plan.schedule,
        validation_data=(validation.x, validation.t) if validation is not None and stopping is not None else None,
        early_stopping=stopping,
        callbacks=[Every(plan.log_every, look)],
        checkpoints=checkpoints,
        engine=plan.engine,
    )


def _introduction(plan: DigitsPlan, dataset: Dataset, parts: Mapping[str, Part], network: Sequential) -> str:
    counts = ", ".join(f"{len(part.x):,} {name}" for name, part in parts.items())
    return (
        f"{dataset.name}: {counts} images; network {dataset.x.shape[1]}-{plan.hidden}-{len(dataset.classes)}, "
        f"{network.parameters.flat.size:,} parameters, {plan.activation}, {plan.loss}"
    )
