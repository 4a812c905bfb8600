"""What the lab ``lenet`` says in the end: tables, findings, figures, and what is published beside ours."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.labs.image_results import class_table, confusion_picture, curves_picture, error_findings, mistakes_picture
from handgrad.labs.lenet_basic import Finished
from handgrad.labs.lenet_maps import Way, parameters_by_layer, stage_rows, way
from handgrad.labs.lenet_training import TrainedLenet
from handgrad.labs.result import Picture, Table
from handgrad.layers._types import Array
from handgrad.network.sequential import Sequential

LECUN = "LeCun, Bottou, Bengio and Haffner (1998), figure 9"
_MNIST_IMAGES = (60_000, 10_000)
_CURVES = (
    "Loss and share of right classes by epoch. Training: some of the images, as they were moved about in that epoch, "
    "by the network at its end."
)


@dataclass(frozen=True)
class PublishedLenet:
    """Test error on MNIST in percent."""

    network: str
    test_error: float
    source: str = LECUN


PUBLISHED = (
    PublishedLenet("LeNet-1, 16 x 16 pixels", 1.7),
    PublishedLenet("LeNet-4", 1.1),
    PublishedLenet("LeNet-5", 0.95),
    PublishedLenet("LeNet-5, distorted images", 0.8),
)


def published(done: Finished) -> tuple[PublishedLenet, ...]:
    """Published figures, where the data are as many images as MNIST has."""
    dataset = done.trained.dataset
    known = dataset.name == "mnist" and (len(dataset.x), len(dataset.x_test)) == _MNIST_IMAGES
    return PUBLISHED if known else ()


def tables(done: Finished) -> list[Table]:
    """Results, layers, classes, and what is published."""
    found = [_results(done), _layers(done.trained.network), class_table(done.answers)]
    if published(done):
        ours = ("LeNet-5, " + _moved(done.trained), f"{100 * done.answers.wrong / done.answers.count:.2f}", "this run")
        rows = [(p.network, f"{p.test_error:g}", p.source) for p in PUBLISHED]
        title, columns = "Test error on MNIST, published / ours", ("network", "test error [%]", "source")
        found.append(Table("published", title, columns, (*rows, ours)))
    return found


def _moved(trained: TrainedLenet) -> str:
    shift = trained.plan.shift
    return f"images moved by up to {shift} pixel{'s' if shift > 1 else ''}" if shift else "images as they are"


def _results(done: Finished) -> Table:
    rows = []
    for name, each in done.measures.items():
        n = len(done.trained.parts[name].x)
        rows.append((name, n, round(n * (1 - each.accuracy)), round(100 * each.accuracy, 2), each.loss))
    trained = done.trained
    title = f"LeNet-5 after {_count(trained.epochs, 'epoch')}, {trained.seconds:.3g} s of training"
    if trained.epochs:
        title += f", {trained.images_per_second:,.0f} images a second"
    note = "Loss: mean over the images. No image is moved here."
    return Table("results", title, ("part", "images", "wrong", "accuracy [%]", "loss"), tuple(rows), note)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _layers(network: Sequential) -> Table:
    """Each layer with its maps and its parameters; connections as LeCun counts them, an arithmetic step each."""
    shape, rows, counts = network.input_shape, [], parameters_by_layer(network)
    named = {row: (name, count) for (name, row), count in zip(stage_rows(network), counts, strict=True)}
    for i, layer in enumerate(network.layers):
        before, shape = shape, layer.output_shape(shape)
        if i in named:
            name, count = named[i]
            maps = " x ".join(map(str, shape))
            rows.append((name, layer.kind.replace("_", " "), maps, count, _connections(layer, before, shape, count)))
    note = (
        "connections: one for each product and each bias, at every place of a map; pooling has its pixels and a bias."
    )
    columns = ("layer", "kind", "output", "parameters", "connections")
    return Table("layers", f"Layers: {sum(counts):,} trainable parameters", columns, tuple(rows), note)


def _connections(layer: Any, before: tuple[int, ...], after: tuple[int, ...], count: int) -> int:
    if layer.kind == "conv":
        return count * int(np.prod(after[1:]))
    if layer.kind == "dense":
        return count
    window = (before[1] // after[1]) * (before[2] // after[2])
    return int(np.prod(after)) * int(window + (layer.kind == "subsample"))


def findings(done: Finished) -> list[str]:
    """What the numbers say, in paragraphs."""
    trained, texts = done.trained, error_findings(done.answers)
    if trained.plan.data == "digits":
        texts.append(
            "The images are scikit-learn's, 8 x 8, enlarged to 24 x 24 and put into the middle of 32 x 32: there is no "
            "more in them than in 64 pixels. --data mnist has real ones."
        )
    if trained.interrupted:
        texts.append(f"Training was interrupted after epoch {trained.epochs} of {trained.plan.epochs}.")
    return texts


def pictures(done: Finished) -> list[Picture]:
    """All figures of a training."""
    from handgrad.figures.lenet import kernels_figure, links_figure

    trained = done.trained
    found = [curves_picture(trained.records, done.measures, _CURVES)] if trained.records else []
    found.append(confusion_picture(done.answers))
    if done.answers.wrong:
        found.append(mistakes_picture(done.answers))
    name = {"lecun": "LeCun's table", "full": "All links"}.get(trained.plan.links, "The link table")
    caption = "Which maps of S2 each map of C3 sees; at the right and below, how many links a map has."
    found.append(Picture("links", caption, links_figure, {name: trained.table}))
    caption = (
        "All kernels. Rows: the maps that a kernel reads; columns: those that it writes; of C5 the second half below "
        "the first. Orange raises a pre-activation where there is ink, blue lowers it."
    )
    found.append(Picture("kernels", caption, kernels_figure, kernels_of(trained.network, trained.table)))
    return [*found, *_ways(done)]


def kernels_of(network: Sequential, table: Any) -> list[tuple[str, Array]]:
    """A title and the kernels (inputs, outputs, height, width) of C1, C3 and C5, NaN where no link is."""
    rows = dict(stage_rows(network))
    tables = {"C1": np.ones((1, 6), bool), "C3": np.asarray(table, bool), "C5": np.ones((16, 120), bool)}
    found = []
    for name, links in tables.items():
        W = network.parameters[f"{rows[name]}.W"].astype(np.float64)
        kernels = np.full((*links.T.shape, 5, 5), np.nan)
        kernels[links.T] = W.reshape(-1, 5, 5)  # in the order of outputs, and of inputs within an output
        found.append((f"{name}: {int(links.sum()):,} kernels", np.ascontiguousarray(kernels.transpose(1, 0, 2, 3))))
    return found


def _ways(done: Finished) -> list[Picture]:
    """One digit on its way forward, and the gradient on its way back."""
    from handgrad.figures.lenet_maps import backward_figure, forward_figure

    chosen, right, wrong = _example(done)
    names = done.trained.dataset.classes
    found: Way = way(done.trained.network, done.trained.parts["test"].x[chosen], (right, wrong))
    stages = [(stage.name, stage.values) for stage in found.forward]
    above = f"Test image {chosen}, a {names[right]}, through every layer"
    gradients = {
        f"{kind} ({names[label]})": [stage.values for stage in found.back[label]]
        for kind, label in (("right", right), ("wrong", wrong))
    }
    title = f"The gradient of the loss at every map, for the label {names[right]} and for {names[wrong]}"
    return [
        Picture(
            "forward",
            "One digit on its way through every layer, each behind its activation. Orange is positive, blue negative; "
            "each layer has its own scale.",
            forward_figure,
            stages,
            found.probabilities,
            above,
        ),
        Picture(
            "backward",
            "The same way back: the gradient of the loss by every map, once with the right label, once with the label "
            "that the network finds next most probable. Along an orange place the loss grows. Each row has its own "
            "scale; the numbers are its largest magnitude.",
            backward_figure,
            [stage.name for stage in found.forward],
            gradients,
            title,
        ),
    ]


def _example(done: Finished) -> tuple[int, int, int]:
    """The first test image that is called right (or the first of all), its class, and the most probable other one."""
    p, classes = done.answers.probabilities, done.answers.true
    right = np.flatnonzero(p.argmax(axis=1) == classes)
    chosen = int(right[0]) if right.size else 0
    others = p[chosen].copy()
    others[int(classes[chosen])] = -1
    return chosen, int(classes[chosen]), int(others.argmax())
