"""What the lab ``lenet`` says in the end: tables, findings, figures, and what is published beside ours."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.labs.lenet_basic import Finished
from handgrad.labs.lenet_maps import Way, parameters_by_layer, stage_rows, way
from handgrad.labs.lenet_training import TrainedLenet
from handgrad.labs.result import Picture, Table
from handgrad.layers._types import Array
from handgrad.network.sequential import Sequential

LECUN = "LeCun, Bottou, Bengio and Haffner (1998), figure 9"
_MNIST_IMAGES = (60_000, 10_000)
_MOST_MISTAKES = 24  # pictures of mistakes
_PAIRS = 3  # pairs of classes that are named in the findings
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
    found = [_results(done), _layers(done.trained.network), _classes(done)]
    if published(done):
        ours = ("LeNet-5, " + _moved(done.trained), f"{100 * done.wrong / done.test_images:.2f}", "this run")
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


def _classes(done: Finished) -> Table:
    counts, names = done.confusion, done.trained.dataset.classes
    rows = []
    for k, name in enumerate(names):
        mistakes = counts[k].copy()
        mistakes[k] = 0
        other = int(mistakes.argmax())
        called = names[other] if mistakes[other] else "-"
        recall, precision = (_percent(counts[k, k], total) for total in (counts[k].sum(), counts[:, k].sum()))
        rows.append((name, int(counts[k].sum()), recall, precision, called, int(mistakes[other])))
    columns = ("class", "test images", "recall [%]", "precision [%]", "most often called", "images")
    note = "Recall: share of the images of the class that are called so. Precision: share of those called so that are."
    return Table("classes", "Test images by class", columns, tuple(rows), note)


def _percent(part: Any, whole: Any) -> float | None:
    return round(100 * float(part) / float(whole), 2) if whole else None


def findings(done: Finished) -> list[str]:
    """What the numbers say, in paragraphs."""
    trained, share = done.trained, done.wrong / done.test_images
    error = 100 * math.sqrt(share * (1 - share) / done.test_images)
    texts = [
        f"{done.wrong:,} of {done.test_images:,} test images are called wrong: {100 * share:.2f} %, with a standard "
        f"error of {error:.2f} points from the number of images alone."
    ]
    if pairs := _mistaken_pairs(done):
        texts.append(f"Most often taken for each other: {pairs}.")
    if trained.plan.data == "digits":
        texts.append(
            "The images are scikit-learn's, 8 x 8, enlarged to 24 x 24 and put into the middle of 32 x 32: there is no "
            "more in them than in 64 pixels. --data mnist has real ones."
        )
    if trained.interrupted:
        texts.append(f"Training was interrupted after epoch {trained.epochs} of {trained.plan.epochs}.")
    return texts


def _mistaken_pairs(done: Finished) -> str:
    """The pairs of classes with the most mistakes, both ways together: ``4 and 9 (12 images), ...``."""
    names = done.trained.dataset.classes
    both = np.triu(done.confusion + done.confusion.T, 1)
    order = np.argsort(-both, axis=None, kind="stable")[:_PAIRS]
    pairs = [(*divmod(int(i), len(names)), int(both.flat[i])) for i in order]
    return ", ".join(f"{names[a]} and {names[b]} ({_count(n, 'image')})" for a, b, n in pairs if n)


def pictures(done: Finished) -> list[Picture]:
    """All figures of a training."""
    from handgrad.figures.confusion import confusion_figure
    from handgrad.figures.lenet import kernels_figure, links_figure

    trained = done.trained
    found = [_curves(done)] if trained.records else []
    caption = (
        "Test images by the class that they are of and the class that they are called. Blue: right; orange: wrong, the "
        "stronger the larger the share of the true class."
    )
    found.append(Picture("confusion", caption, confusion_figure(done.confusion, trained.dataset.classes)))
    if done.wrong:
        found.append(_mistakes(done))
    name = {"lecun": "LeCun's table", "full": "All links"}.get(trained.plan.links, "The link table")
    caption = "Which maps of S2 each map of C3 sees; at the right and below, how many links a map has."
    found.append(Picture("links", caption, links_figure({name: trained.table})))
    caption = (
        "All kernels. Rows: the maps that a kernel reads; columns: those that it writes; of C5 the second half below "
        "the first. Orange raises a pre-activation where there is ink, blue lowers it."
    )
    found.append(Picture("kernels", caption, kernels_figure(kernels_of(trained.network, trained.table))))
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


def _curves(done: Finished) -> Picture:
    from handgrad.figures.curves import Curve, as_percent, overlay_figure
    from handgrad.figures.style import BLUE, GREEN, VERMILLION

    records = done.trained.records
    epochs = [record["epoch"] for record in records]
    colors = {"training": BLUE, "validation": GREEN, "test": VERMILLION}

    def curve(name: str, quantity: str) -> Curve:
        column = quantity if name == "training" else f"{name}_{quantity}"
        values = [record[column] for record in records]
        return Curve(name, epochs, as_percent(values) if quantity == "accuracy" else values, color=colors[name])

    panels = {"loss, mean over the images": "loss", "accuracy [%]": "accuracy"}
    figure = overlay_figure({label: [curve(n, quantity) for n in done.measures] for label, quantity in panels.items()})
    return Picture("curves", _CURVES, figure)


def _mistakes(done: Finished) -> Picture:
    """The wrong ones among the test images that the network was surest of."""
    from handgrad.figures.digits import Mistake, mistakes_figure

    names, part, p = done.trained.dataset.classes, done.trained.parts["test"], done.test.probabilities
    said = p.argmax(axis=1)
    wrong = np.flatnonzero(said != part.classes)
    worst = wrong[np.argsort(-p[wrong, said[wrong]], kind="stable")][:_MOST_MISTAKES]
    mistakes = [
        Mistake(part.images[i], names[int(part.classes[i])], names[int(said[i])], float(p[i, said[i]])) for i in worst
    ]
    which = "The test images that are called wrong"
    if len(mistakes) < done.wrong:
        which = f"Of the {done.wrong} test images that are called wrong the {len(mistakes)} with the surest answers"
    caption = f"{which}: the true class, the class that the network said, and the probability it gave to that."
    return Picture("mistakes", caption, mistakes_figure(mistakes))


def _ways(done: Finished) -> list[Picture]:
    """One digit on its way forward, and the gradient on its way back."""
    from handgrad.figures.lenet_maps import backward_figure, forward_figure

    chosen, right, wrong = _example(done)
    names = done.trained.dataset.classes
    found: Way = way(done.trained.network, done.trained.parts["test"].x[chosen], (right, wrong))
    stages = [(stage.name, stage.values) for stage in found.forward]
    there = forward_figure(stages, found.probabilities, f"Test image {chosen}, a {names[right]}, through every layer")
    gradients = {
        f"{kind} ({names[label]})": [stage.values for stage in found.back[label]]
        for kind, label in (("right", right), ("wrong", wrong))
    }
    title = f"The gradient of the loss at every map, for the label {names[right]} and for {names[wrong]}"
    back = backward_figure([stage.name for stage in found.forward], gradients, title)
    return [
        Picture(
            "forward",
            "One digit on its way through every layer, each behind its activation. Orange is positive, blue negative; "
            "each layer has its own scale.",
            there,
        ),
        Picture(
            "backward",
            "The same way back: the gradient of the loss by every map, once with the right label, once with the label "
            "that the network finds next most probable. Along an orange place the loss grows. Each row has its own "
            "scale; the numbers are its largest magnitude.",
            back,
        ),
    ]


def _example(done: Finished) -> tuple[int, int, int]:
    """The first test image that is called right (or the first of all), its class, and the most probable other one."""
    p, classes = done.test.probabilities, done.trained.parts["test"].classes
    right = np.flatnonzero(p.argmax(axis=1) == classes)
    chosen = int(right[0]) if right.size else 0
    others = p[chosen].copy()
    others[int(classes[chosen])] = -1
    return chosen, int(classes[chosen]), int(others.argmax())
