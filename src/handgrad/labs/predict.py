"""``handgrad predict RUN FILE ...``: what a trained network of the labs ``digits`` or ``lenet`` says of photographs and
drawings of digits.

A picture goes through ``data/pictures.py`` (decoding), ``data/ink.py`` (paper away) and ``data/digit_forms.py`` (size
and place), so that the network is shown what it has learned from; which form that is follows from the run's settings.
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from handgrad.data.digit_forms import as_8x8, as_mnist
from handgrad.data.ink import ink
from handgrad.data.lenet_images import SIDE, in_field
from handgrad.data.pictures import Floats, read_picture
from handgrad.errors import HandgradError, InputError, UsageError, shape_text
from handgrad.labs.record import why_no_network
from handgrad.labs.result import Table
from handgrad.network.sequential import Sequential


class Form(NamedTuple):
    """What a network is shown: ``make`` turns ink (height, width) into an image in [0, 1] as it was learned from;
    ``scale`` turns that into one sample of ``shape``."""

    name: str
    make: Callable[[Floats], Floats]
    scale: Callable[[Floats], Floats]
    shape: tuple[int, ...]


def _in_field(image: Floats) -> Floats:
    return np.asarray(in_field(image[None])[0])


FORMS: dict[tuple[str, str], Form] = {
    ("digits", "digits"): Form("scikit-learn's digits, 8 x 8", as_8x8, np.ravel, (64,)),
    ("digits", "mnist"): Form("MNIST, 28 x 28", as_mnist, np.ravel, (784,)),
    ("lenet", "digits"): Form("scikit-learn's digits in 32 x 32", as_8x8, _in_field, (1, SIDE, SIDE)),
    ("lenet", "mnist"): Form("MNIST in 32 x 32", as_mnist, _in_field, (1, SIDE, SIDE)),
}
"""By lab and by its setting ``data``."""

_LABS = tuple(dict.fromkeys(lab for lab, _ in FORMS))
_CLASSES = 10
_EXPECTED = f"the folder of a run of {' or '.join(_LABS)}"


@dataclass(frozen=True)
class Reader:
    """A trained network and the form of what it reads."""

    run: str
    lab: str
    data: str
    network: Sequential
    form: Form


@dataclass(frozen=True)
class Prediction:
    """``probabilities`` (10,) of the digits; ``rgb``: the picture; ``image``: what the network was shown, in [0, 1]."""

    file: str
    probabilities: Floats
    rgb: Floats
    image: Floats

    @property
    def digit(self) -> int:
        """The most probable one."""
        return int(self.probabilities.argmax())


@dataclass
class Predictions:
    """What came of the files: answers, and a sentence for each file that has none."""

    reader: Reader
    answers: list[Prediction] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "run": self.reader.run,
            "lab": self.reader.lab,
            "data": self.reader.data,
            "predictions": [
                {
                    "file": each.file,
                    "digit": each.digit,
                    "probability": float(each.probabilities.max()),
                    "probabilities": each.probabilities.tolist(),
                }
                for each in self.answers
            ],
            "errors": [{"file": file, "error": sentence} for file, sentence in self.errors],
        }

    def table(self) -> Table:
        """Files, digits, and the probability of each digit in percent."""
        rows = tuple(
            (each.file, str(each.digit), *(f"{100 * p:5.1f}" for p in each.probabilities)) for each in self.answers
        )
        title = f"{self.reader.run}: digits, and the probability of each in percent"
        return Table("predictions", title, ("file", "digit", *(f"{k:>5}" for k in range(_CLASSES))), rows)


def predict(run: str, files: Sequence[str]) -> Predictions:
    """Read every file with the network of ``run``; a file that cannot be read is told in ``errors``.

    Raises ``InputError`` where ``run`` is not the folder of a finished run of ``digits`` or ``lenet``, ``UsageError``
    where no file is named.
    """
    if not files:
        raise UsageError("no picture was named; for example: handgrad predict runs/digits-... photo.jpg")
    found = Predictions(load_reader(run))
    for file in files:
        try:
            found.answers.append(read_digit(found.reader, file))
        except InputError as error:
            found.errors.append((file, str(error)))
    return found


def read_digit(reader: Reader, file: str) -> Prediction:
    """What the network says of the picture in ``file``. Raises ``InputError`` for what is no picture, or blank."""
    picture = read_picture(file)
    written = ink(picture.rgb)
    if written is None:
        raise InputError(f"{file} is blank, or nothing but noise: nothing stands out from the paper")
    image = reader.form.make(written)
    x = reader.form.scale(image)[None]
    probabilities = reader.network.predict(x, engine="numpy")[0]  # for one picture no kernel need be loaded
    return Prediction(file, probabilities.astype(np.float64), picture.rgb, image)


def load_reader(run: str) -> Reader:
    """The network of the run folder ``run``, and what it has to be shown. Raises ``InputError`` for another folder."""
    from handgrad.network.files import load

    lab, data = _kind_of_run(run)
    model = Path(run, "model.safetensors")
    if not model.is_file():
        raise InputError(
            f"{run} holds no model.safetensors, expected {_EXPECTED} that came to its end{why_no_network(Path(run))}"
        )
    network, form = load(model), FORMS[lab, data]
    outputs = network.architecture.output_shape
    if network.input_shape != form.shape or outputs != (_CLASSES,):
        raise InputError(
            f"{model} reads {shape_text(network.input_shape)} and answers {shape_text(outputs)} numbers, expected "
            f"{shape_text(form.shape)} and {_CLASSES}, as {run}/config.toml says"
        )
    return Reader(run, lab, data, network, form)


def _kind_of_run(run: str) -> tuple[str, str]:
    """Lab and data of the run, from its settings."""
    path = Path(run, "config.toml")
    if "\0" in run or not Path(run).is_dir():
        given = "is a file" if "\0" not in run and Path(run).is_file() else "does not exist"
        raise InputError(f"{run!r} {given}, expected {_EXPECTED}")
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{run} holds no config.toml, expected {_EXPECTED}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}), expected {_EXPECTED}") from None
    lab, settings = config.get("lab"), config.get("settings")
    if lab not in _LABS:
        raise InputError(f"{run} is a run of the lab {lab}, expected {_EXPECTED}")
    data = str(settings.get("data")) if isinstance(settings, dict) else ""
    if (lab, data) not in FORMS:
        raise InputError(f"{path} says that the data are {data!r}, expected one of digits, mnist")
    return lab, data


def run_predict(run: str, files: Sequence[str], *, as_json: bool = False, figure: Path | None = None) -> int:
    """The command: print a table or a JSON document, and a sentence for each file that could not be read."""
    from handgrad.labs.console import table_text
    from handgrad.labs.run_folder import json_text
    from handgrad.terminal import say_error, write_stdout

    found = predict(run, files)
    if as_json:
        write_stdout(json_text(found.document()) + "\n")
    elif found.answers:
        write_stdout(table_text(found.table()) + "\n")
    for _, sentence in found.errors:
        say_error(sentence)
    if figure is not None and found.answers:
        _draw(found, figure)
    return HandgradError.exit_code if found.errors else 0


def _draw(found: Predictions, path: Path) -> None:
    from handgrad.figures.predict import predictions_figure
    from handgrad.figures.style import to_svg
    from handgrad.network.files import write_atomically

    if path.is_dir():
        raise UsageError(f"--figure is {path}, a folder; expected the name of a file")
    if path.suffix.lower() not in ("", ".svg"):
        raise UsageError(f"--figure is {path}, expected a name that ends in .svg: the figure is an SVG file")
    write_atomically(path, to_svg(predictions_figure(found.answers)))
