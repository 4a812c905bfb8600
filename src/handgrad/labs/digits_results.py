"""What the lab ``digits`` says in the end: document, tables, findings, figures, and what is published beside ours."""

from dataclasses import dataclass
from typing import Any

from handgrad.labs.digits_training import Measure, TrainedDigits, measure
from handgrad.labs.image_results import (
    Answers,
    class_table,
    confusion_picture,
    curves_picture,
    error_findings,
    mistakes_picture,
)
from handgrad.labs.result import LabResult, Picture, Table

REPORT_003 = "W. Liao (2018), Assignment 4: BP, section 2"
_MNIST_IMAGES = (60_000, 10_000)
_CURVES = (
    "Loss, without the weights' penalty, and share of right classes by epoch; of more than 10,000 training images "
    "evenly chosen ones (the table has all)."
)
_LISTENED = 2_000  # test images that silent units are looked for with


@dataclass(frozen=True)
class PublishedDigits:
    """Test error on MNIST in percent, of a network trained on the 60,000 images as they are, without distortions."""

    network: str
    test_error: float
    source: str


_LECUN = "LeCun, Bottou, Bengio and Haffner (1998), figure 9"
PUBLISHED = (
    PublishedDigits("784-300-10, squared error", 4.7, _LECUN),
    PublishedDigits("784-1000-10, squared error", 4.5, _LECUN),
    PublishedDigits("784-800-10, cross-entropy", 1.6, "Simard, Steinkraus and Platt (2003), table 1"),
)
"""Networks with one hidden layer. Report 003 publishes none."""


@dataclass(frozen=True)
class _Finished:
    """The training, and what the network says in the end of every part, and of every test image. ``silent``: ReLUs that
    are 0 for every test image."""

    trained: TrainedDigits
    measures: dict[str, Measure]
    answers: Answers
    silent: int | None

    @property
    def published(self) -> tuple[PublishedDigits, ...]:
        """Published figures, where the data are as many images as MNIST has."""
        dataset = self.trained.dataset
        known = dataset.name == "mnist" and (len(dataset.x), len(dataset.x_test)) == _MNIST_IMAGES
        return PUBLISHED if known else ()


def results(trained: TrainedDigits, settings: dict[str, Any]) -> LabResult:
    """Put everything together. ``settings``: all of them, as they were used."""
    engine = trained.plan.engine
    measures = {name: measure(trained.network, part, engine) for name, part in trained.parts.items()}
    done = _Finished(trained, measures, _answers(trained, measures["test"]), _silent_units(trained))
    result = LabResult(
        _document(done, settings),
        tables=[_results_table(done), class_table(done.answers), *([_published_table(done)] if done.published else [])],
        findings=_findings(done),
        network=trained.network,
        interrupted=trained.interrupted,
        error=trained.error,
    )
    try:
        result.pictures = _pictures(done)
        result.derivation = _derivation(trained)
    except KeyboardInterrupt:  # what was learned is there, and is saved
        result.interrupted = True
    return result


def _answers(trained: TrainedDigits, test: Measure) -> Answers:
    dataset, true = trained.dataset, trained.parts["test"].classes
    images = None if dataset.image_shape is None else dataset.x_test.reshape(-1, *dataset.image_shape)
    return Answers.counted(dataset.classes, true, test.probabilities, images)


def _silent_units(trained: TrainedDigits) -> int | None:
    """ReLUs that are 0 for all test images (evenly chosen ones, where there are very many); None without ReLUs."""
    if trained.plan.activation != "relu":
        return None
    x = trained.parts["test"].x
    hidden = trained.network.activations(x[:: -(-len(x) // _LISTENED)], engine=trained.plan.engine)[1]
    return int((hidden.max(axis=0) <= 0).sum())


def _document(done: _Finished, settings: dict[str, Any]) -> dict[str, Any]:
    """The JSON document. Accuracies are shares; losses are means over the images, without the penalty."""
    trained = done.trained
    plan, history, dataset = trained.plan, trained.history, trained.dataset
    measured: dict[str, float] = {}
    for name, each in done.measures.items():
        prefix = "" if name == "training" else f"{name}_"
        measured |= {f"{prefix}loss": each.loss, f"{prefix}accuracy": each.accuracy}
    return {
        "lab": "digits",
        "data": dataset.name,
        "source": dataset.source,
        "engine": plan.engine,
        "seed": plan.seed,
        "settings": settings,
        "network": _network_name(done),
        "parameters": int(trained.network.parameters.flat.size),
        "images": {name: len(part.x) for name, part in trained.parts.items()},
        "epochs": len(history),
        "stopped": history.stopped,
        "best_epoch": history.best_epoch,
        **measured,
        "test_wrong": done.answers.wrong,
        "silent_units": done.silent,
        "train_seconds": history.seconds,
        "classes": list(dataset.classes),
        "confusion": done.answers.confusion.tolist(),
        "published": [{"network": p.network, "test_error": p.test_error, "source": p.source} for p in done.published],
    }


def _network_name(done: _Finished) -> str:
    plan, dataset = done.trained.plan, done.trained.dataset
    loss = "squared error" if plan.loss == "l2" else "cross-entropy"
    return f"{dataset.x.shape[1]}-{plan.hidden}-{len(dataset.classes)}, {loss}"


def _results_table(done: _Finished) -> Table:
    rows = []
    for name, each in done.measures.items():
        n = len(done.trained.parts[name].x)
        rows.append((name, n, round(n * (1 - each.accuracy)), round(100 * each.accuracy, 2), each.loss))
    epochs, seconds = len(done.trained.history), done.trained.history.seconds
    return Table(
        "results",
        f"{_network_name(done)}: after {epochs} epoch{'' if epochs == 1 else 's'}, {seconds:.3g} s of training",
        ("part", "images", "wrong", "accuracy [%]", "loss"),
        tuple(rows),
        "Loss: mean over the images, without the weights' penalty.",
    )


def _published_table(done: _Finished) -> Table:
    rows = [(p.network, f"{p.test_error:g}", p.source) for p in done.published]
    ours = (_network_name(done), f"{100 * done.answers.wrong / done.answers.count:.2f}", "this run")
    return Table(
        "published",
        "Test error on MNIST, published / ours",
        ("network", "test error [%]", "source"),
        (*rows, ours),
        f"One hidden layer, no distorted images. {REPORT_003}, publishes derivations and no measurements.",
    )


def _findings(done: _Finished) -> list[str]:
    trained, found = done.trained, error_findings(done.answers)
    if done.silent:
        found.append(
            f"Silent hidden units: {done.silent} of {trained.plan.hidden}. Their ReLU is 0 for all test images that "
            "were tried; a unit that is silent for the training images too learns no more."
        )
    if trained.history.stopped == "early":
        found.append(
            f"Training stopped by itself after epoch {len(trained.history)}, for {trained.history.message}; the "
            f"network is that of epoch {trained.history.best_epoch}."
        )
    if not done.published:
        found.append(
            f"Nothing published stands beside these figures: {REPORT_003}, derives the network and measures nothing."
        )
    return found


def _pictures(done: _Finished) -> list[Picture]:
    from handgrad.figures.digits import weights_figure

    dataset, network = done.trained.dataset, done.trained.network
    pictures = [curves_picture(done.trained.records, done.measures, _CURVES)] if done.trained.records else []
    pictures.append(confusion_picture(done.answers))
    if done.answers.wrong and dataset.image_shape is not None:
        pictures.append(mistakes_picture(done.answers))
    if dataset.image_shape is not None:
        pictures.append(
            Picture(
                "weights",
                "Weights of the hidden units, each as an image of the pixels that they belong to. Ink on orange raises "
                "the unit's pre-activation, ink on blue lowers it.",
                weights_figure,
                network.parameters["0.W"],
                dataset.image_shape,
            )
        )
    return pictures


def _derivation(trained: TrainedDigits) -> Any:
    """The equations of the network that was run, each backward line checked."""
    from handgrad.derive import derive_network
    from handgrad.derive.mlp import REMARK

    network, plan = trained.network, trained.plan
    return derive_network(
        network.layers,
        network.loss,
        weight_decay=plan.weight_decay,
        optimizer=plan.optimizer,
        inputs=network.input_shape[0],
        batch=min(plan.batch_size, len(trained.parts["training"].x)),
        name="digits",
        title=f"Multilayer perceptron with one hidden layer, {plan.activation}, {plan.loss}",
        reference=REPORT_003,
        remarks=(REMARK,),
    )
