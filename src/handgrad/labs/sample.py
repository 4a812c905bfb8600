"""``handgrad sample RUN``: poems by a network that the lab ``poems`` has trained."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgrad.data.character_forms import known_form
from handgrad.data.poem_cleaning import MARKS
from handgrad.data.vocabulary import Vocabulary
from handgrad.errors import HandgradError, InputError, UsageError
from handgrad.labs.record import status_of, why_no_network
from handgrad.network.engine import EngineName
from handgrad.network.generation import Stepper
from handgrad.network.sequential import Sequential
from handgrad.options import seed_number, whole
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form
from handgrad.sampling.writing import Poem, write

VOCABULARY_FILE = "vocabulary.json"
_LAB = "poems"
_EXPECTED = f"the folder of a run of {_LAB}"
_BETWEEN_STARTS = re.compile(r"[、,\s]+")
_MOST_POEMS = 10_000


@dataclass(frozen=True)
class Writer:
    """A trained language model and its vocabulary."""

    run: str
    network: Sequential
    vocabulary: Vocabulary


@dataclass(frozen=True)
class Asked:
    """What a poem was to begin with, as it was typed, and as the vocabulary writes it."""

    given: str
    written: str


@dataclass(frozen=True)
class Sampled:
    """What was written, poem by poem beside its start; ``acrostic`` likewise."""

    writer: Writer
    choice: Choice
    form: Form
    seed: int
    asked: tuple[Asked, ...]
    poems: tuple[Poem, ...]
    acrostic: Asked

    def notes(self) -> list[str]:
        """A sentence for every character that the corpus writes otherwise."""
        pairs = dict.fromkeys(
            pair
            for each in (*self.asked, self.acrostic)
            for pair in zip(each.given, each.written, strict=True)
            if pair[0] != pair[1]
        )
        return [f"{given} is not in the vocabulary, which writes it {written}" for given, written in pairs]

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "run": self.writer.run,
            "seed": self.seed,
            "acrostic": self.acrostic.written or None,
            "poems": [
                {
                    "start": asked.given,
                    "written": asked.written,
                    "text": poem.text,
                    "finished": poem.finished,
                    "perplexity": poem.perplexity,
                }
                for asked, poem in zip(self.asked, self.poems, strict=True)
            ],
        }


def sample(
    run: str,
    *,
    starts: str | None = None,
    acrostic: str | None = None,
    count: int = 1,
    seed: int = 0,
    choice: Choice | None = None,
    form: Form | None = None,
) -> Sampled:
    """``count`` poems for each of ``starts`` (between them commas or blanks), or with ``acrostic``, or with neither.

    ``form.acrostic`` follows from ``acrostic``. Raises ``InputError``: ``run`` is not the folder of a finished run of
    ``poems``, a character of a start is in no form in its vocabulary, or the vocabulary has no marks for the form;
    ``UsageError``: options out of range, or at odds with each other.
    """
    choice, form = choice or Choice(), form or Form()
    seed_number(seed)
    expected = f"a whole number from 1 to {_MOST_POEMS:,}"
    if whole("--count", count, expected) > _MOST_POEMS:
        raise UsageError(f"--count is {count:,}, expected {expected}")
    if choice.greedy and count > 1:
        raise UsageError(f"--greedy always writes the same poem, but --count is {count}; leave one out")
    if acrostic is not None and not acrostic.strip():
        raise UsageError("--acrostic is empty, expected a character for each line, for example 日紅山夜")
    wrong = [character for character in acrostic or "" if character in MARKS or not character.strip()]
    if wrong:
        raise UsageError(
            f"--acrostic is {acrostic!r}, and no line begins with {wrong[0]!r}; expected the characters alone, for "
            "example 日紅山夜"
        )
    given = [""] if starts is None else [each for each in _BETWEEN_STARTS.split(starts) if each]
    if not given:
        raise UsageError("--start is empty, expected a character or several, for example 日 or 日、紅、山")
    writer = load_writer(run)
    first = Asked(acrostic or "", _known(acrostic or "", "--acrostic", writer))
    form = Form(form.lines, form.line_length, first.written, form.length)
    asked = [Asked(each, _known(each, "--start", writer)) for each in given for _ in range(count)]
    poems = write_with(writer, [each.written for each in asked], choice, form, seed)
    return Sampled(writer, choice, form, seed, tuple(asked), tuple(poems), first)


def write_with(
    writer: Writer, starts: list[str], choice: Choice, form: Form, seed: int, engine: EngineName = "compiled"
) -> list[Poem]:
    """A poem for each of ``starts``, whose characters the vocabulary has."""
    stepper = Stepper(writer.network, len(starts), engine=engine)
    return write(stepper, writer.vocabulary, starts, choice, form, seed)


def load_writer(run: str) -> Writer:
    """The network and the vocabulary of the run folder ``run``. Raises ``InputError`` for another folder."""
    from handgrad.network.files import load

    folder = Path(run)
    if "\0" in run or not folder.is_dir():
        given = "is a file" if "\0" not in run and folder.is_file() else "does not exist"
        raise InputError(f"{run!r} {given}, expected {_EXPECTED}")
    try:
        lab = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8")).get("lab")
    except FileNotFoundError:
        raise InputError(f"{run} holds no config.toml, expected {_EXPECTED}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'config.toml'} cannot be read ({error}), expected {_EXPECTED}") from None
    if lab != _LAB:
        raise InputError(f"{run} is a run of the lab {lab}, expected {_EXPECTED}")
    for name in ("model.safetensors", VOCABULARY_FILE):
        if not (folder / name).is_file():
            why = why_no_network(folder)
            raise InputError(f"{run} holds no {name}, expected {_EXPECTED} that came to its end{why}")
    try:
        text = (folder / VOCABULARY_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / VOCABULARY_FILE} cannot be read ({error}), expected {_EXPECTED}") from None
    vocabulary = Vocabulary.from_json(text, str(folder / VOCABULARY_FILE))
    network = load(folder / "model.safetensors")
    answers = network.architecture.output_shape[-1]
    if answers != len(vocabulary):
        raise InputError(
            f"{folder / 'model.safetensors'} answers {answers} numbers and {VOCABULARY_FILE} has {len(vocabulary)} "
            "entries, expected as many"
        )
    return Writer(run, network, vocabulary)


def _known(text: str, option: str, writer: Writer) -> str:
    """``text`` in the forms that the vocabulary has. Raises InputError for a character that it has in none."""
    written = [known_form(character, writer.vocabulary) for character in text]
    missing = "".join(dict.fromkeys(c for c, form in zip(text, written, strict=True) if form is None))
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"{'、'.join(missing)} of {option} {text} {verb} not in the vocabulary of {writer.run}, in no form; it has "
            f"{len(writer.vocabulary.characters):,} characters, for example {''.join(writer.vocabulary.characters[:9])}"
        )
    return "".join(form for form in written if form is not None)


def run_sample(
    run: str, starts: str | None, acrostic: str | None, count: int, seed: int, choice: Choice, form: Form, as_json: bool
) -> int:
    """The command: print the poems, or a JSON document, and on stderr what was written otherwise."""
    import sys

    from handgrad.labs.run_folder import json_text
    from handgrad.terminal import write_stdout

    found = sample(run, starts=starts, acrostic=acrostic, count=count, seed=seed, choice=choice, form=form)
    status = status_of(Path(run))
    if status in ("failed", "interrupted"):
        verb = "failed" if status == "failed" else "was interrupted"
        print(f"{run} {verb}: this is what it had learned until then", file=sys.stderr)
    for note in found.notes():
        print(note, file=sys.stderr)
    cut = sum(not poem.finished for poem in found.poems)
    if as_json:
        write_stdout(json_text(found.document()) + "\n")
    else:
        write_stdout("\n\n".join(poem.layout() for poem in found.poems) + "\n")
        if cut:
            verb = "was" if cut == 1 else "were"
            print(f"{cut} of {len(found.poems)} {verb} cut at --length {form.cut_at}", file=sys.stderr)
    return 0 if found.poems else HandgradError.exit_code
