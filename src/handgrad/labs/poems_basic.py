"""The basic run of the lab ``poems``: one training, what it is worth, and poems."""

from dataclasses import dataclass, field
from typing import Any

from handgrad.labs.poems import PoemsSettings
from handgrad.labs.poems_baselines import Baselines, baselines
from handgrad.labs.poems_habits import Habits, Surprise, habits, seven_poems, surprise
from handgrad.labs.poems_training import Material, TrainedPoems, load, train
from handgrad.labs.published import POEMS
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.sample import VOCABULARY_FILE
from handgrad.sampling.writing import Poem


@dataclass
class Examined:
    """What was found out about a trained network; None where there was nothing to examine, or no time.

    ``poems``: the report's seven starts, with the poem that each became. ``writes``, ``reads``: the habits of what the
    network writes, and of the test poems. ``surprise``: where in a poem it is sure."""

    baselines: Baselines | None = None
    poems: list[Poem] = field(default_factory=list)
    writes: Habits | None = None
    reads: Habits | None = None
    surprise: Surprise | None = None


def run_basic(settings: PoemsSettings, reporter: Reporter) -> LabResult:
    """Load, train, examine, and put what came of it together."""
    from handgrad.labs.poems_results import findings, pictures, tables

    plan = settings.plan()
    material = load(plan, reporter)
    reporter.say(introduction(material))
    trained = train(plan, material, reporter)
    examined, interrupted = Examined(), trained.interrupted
    try:
        if trained.records:
            examine(trained, examined)
    except KeyboardInterrupt:  # what was learned is there, and is saved
        interrupted = True
    result = LabResult(
        document(trained, examined, plan.filled(settings)),
        tables=tables(trained, examined),
        findings=findings(trained, examined),
        network=trained.network,
        files={VOCABULARY_FILE: material.corpus.vocabulary.to_json()},
        interrupted=interrupted,
        error=trained.error,
    )
    try:
        result.pictures = pictures(trained, examined)
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def introduction(material: Material) -> str:
    """What is learned from, in a line."""
    corpus = material.corpus
    left = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in corpus.cleaning.left_out.items() if n)
    out = f" (left out: {left})" if left else ""
    return (
        f"{corpus.name}: {corpus.cleaning.read:,} read{out}; {len(corpus.train):,} to train on, {len(corpus.test):,} "
        f"to test; vocabulary of {len(corpus.vocabulary):,}, {100 * corpus.unknown['train']:.2g} % of the characters "
        f"unknown; {material.train.tokens:,} tokens an epoch"
    )


def examine(trained: TrainedPoems, examined: Examined) -> None:
    """All measurements of the trained network, into ``examined``."""
    material = trained.material
    examined.baselines = baselines(material.train, material.test, len(material.corpus.vocabulary))
    examined.poems = seven_poems(trained)
    if material.corpus.is_verse:
        examined.reads, examined.writes = habits(trained)
        examined.surprise = surprise(trained)


def began(trained: TrainedPoems, settings: dict[str, Any]) -> dict[str, Any]:
    """What the JSON document says of a training, whatever could be measured afterwards. Lists are by epoch."""
    corpus, records = trained.material.corpus, trained.records
    best = records[trained.kept - 1] if records else {}
    return {
        "lab": "poems",
        "data": corpus.name,
        "source": corpus.source,
        "engine": trained.plan.engine,
        "seed": trained.plan.seed,
        "settings": settings,
        "vocabulary": len(corpus.vocabulary),
        "poems_train": len(corpus.train),
        "poems_test": len(corpus.test),
        "tokens_train": trained.material.train.tokens,
        "tokens_test": trained.material.test.tokens,
        "cleaning": corpus.cleaning.document() | {"unknown_share": corpus.unknown, "rare_characters": corpus.rare},
        "parameters": int(trained.network.parameters.flat.size),
        "epochs": len(records),
        "train_cross_entropy": trained.column("train_cross_entropy"),
        "train_perplexity": trained.column("train_perplexity"),
        "test_cross_entropy": trained.column("test_cross_entropy"),
        "test_perplexity": trained.column("test_perplexity"),
        "best_epoch": trained.kept or None,
        "best_test_perplexity": best.get("test_perplexity"),
        "stopped": trained.network.history.stopped,
        "tokens_per_second": trained.tokens_per_second,
        "train_seconds": trained.seconds,
    }


def document(trained: TrainedPoems, examined: Examined, settings: dict[str, Any]) -> dict[str, Any]:
    """The JSON document. Cross-entropies are in nats per token."""
    counted = examined.baselines
    found = began(trained, settings) | {
        "baselines": None if counted is None else counted._asdict(),
        "poems": [_poem(poem) for poem in examined.poems],
        "habits": None if examined.writes is None else examined.writes._asdict(),
        "habits_of_test_poems": None if examined.reads is None else examined.reads._asdict(),
        "published": {"source": POEMS.source, "poems": list(POEMS.poems)},
    }
    if examined.surprise is not None:
        found["cross_entropy_by_place"] = examined.surprise._asdict()
    return found


def _poem(poem: Poem) -> dict[str, Any]:
    return {
        "start": poem.start,
        "text": poem.text,
        "finished": poem.finished,
        "perplexity": poem.perplexity,
    }
