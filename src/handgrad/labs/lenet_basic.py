"""The basic run of the lab ``lenet``: one training, and what came of it."""

from dataclasses import dataclass
from typing import Any

from handgrad.labs.image_results import Answers
from handgrad.labs.lenet import LenetSettings
from handgrad.labs.lenet_links import table_of
from handgrad.labs.lenet_maps import parameters_by_layer
from handgrad.labs.lenet_training import Measure, TrainedLenet, load, measure, train
from handgrad.labs.result import LabResult, Reporter
from handgrad.network.lenet import LENET_LAYERS


@dataclass(frozen=True)
class Finished:
    """The training, and what the network says in the end of every part, and of every test image."""

    trained: TrainedLenet
    measures: dict[str, Measure]
    answers: Answers


def run_basic(settings: LenetSettings, reporter: Reporter) -> LabResult:
    """Load, train, measure, and put what came of it together."""
    from handgrad.labs.lenet_results import findings, pictures, tables

    plan = settings.plan()
    table = table_of(plan.links)
    trained = train(plan, load(plan, reporter), table, reporter)
    filled = plan.filled(settings)
    try:
        done = finished(trained)
    except KeyboardInterrupt:  # what was learned is there, and is saved
        return LabResult(began(trained, filled), network=trained.network, interrupted=True)
    result = LabResult(
        document(done, filled),
        tables=tables(done),
        findings=findings(done),
        network=trained.network,
        interrupted=trained.interrupted,
        error=trained.error,
    )
    try:
        result.pictures = pictures(done)
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def finished(trained: TrainedLenet) -> Finished:
    """Measure every part."""
    measures = {name: measure(trained.network, part, trained.plan.engine) for name, part in trained.parts.items()}
    test, names = trained.parts["test"], trained.dataset.classes
    return Finished(
        trained, measures, Answers.counted(names, test.classes, measures["test"].probabilities, test.images)
    )


def began(trained: TrainedLenet, settings: dict[str, Any]) -> dict[str, Any]:
    """What the JSON document says of a training, whatever could be measured afterwards."""
    return {
        "lab": "lenet",
        "data": trained.dataset.name,
        "source": trained.dataset.source,
        "engine": trained.plan.engine,
        "seed": trained.plan.seed,
        "settings": settings,
        "layers": list(LENET_LAYERS),
        "parameters": parameters_by_layer(trained.network),
        "links": int(trained.table.sum()),
        "link_table": trained.table.astype(int).tolist(),
        "pool": trained.plan.pool,
        "images": {name: len(part.x) for name, part in trained.parts.items()},
        "epochs": trained.epochs,
        "stopped": trained.network.history.stopped,
        "images_per_second": trained.images_per_second,
        "train_seconds": trained.seconds,
    }


def document(done: Finished, settings: dict[str, Any]) -> dict[str, Any]:
    """The JSON document. Accuracies are shares; losses are means over the images, without the penalty."""
    measured: dict[str, float] = {}
    for name, each in done.measures.items():
        prefix = "" if name == "training" else f"{name}_"
        measured |= {f"{prefix}loss": each.loss, f"{prefix}accuracy": each.accuracy}
    return began(done.trained, settings) | {
        **measured,
        "test_wrong": done.answers.wrong,
        "classes": list(done.trained.dataset.classes),
        "confusion": done.answers.confusion.tolist(),
    }
