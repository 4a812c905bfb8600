"""What the studies share: several trainings on the same poems, a table, curves, and the JSON document."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handgrad.labs.poems import PoemsPlan, PoemsSettings
from handgrad.labs.poems_baselines import Baselines, baselines
from handgrad.labs.poems_training import Material, TrainedPoems, Watch, load, perplexity, train
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.network.sequential import Sequential


@dataclass(frozen=True)
class Kind:
    """What is compared."""

    name: str
    plan: PoemsPlan


Begin = Callable[[str, Sequential, Material], Watch]
"""Of a kind's name, its network and the poems."""


@dataclass(frozen=True)
class Study:
    """The trainings that were finished, in the order of the kinds; fewer than planned after Ctrl-C."""

    kinds: tuple[Kind, ...]
    material: Material
    counted: Baselines
    trainings: dict[str, TrainedPoems] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def plan(self) -> PoemsPlan:
        """What the kinds have in common."""
        return self.kinds[0].plan


def train_kinds(kinds: Sequence[Kind], reporter: Reporter, begin: Begin | None = None) -> Study:
    """Train every kind once. ``begin``: what prepares the network of a kind, and may look at it after every epoch."""
    plan = kinds[0].plan
    material = load(plan, reporter)
    counted = baselines(material.train, material.test, len(material.corpus.vocabulary))
    reporter.say(
        f"{material.corpus.name}: {100 * plan.share:.3g} % of the poems, {len(material.corpus.train):,} to train on, "
        f"{len(material.corpus.test):,} to test, vocabulary of {len(material.corpus.vocabulary):,}; "
        f"{len(kinds)} trainings of {plan.epochs} epochs"
    )
    trainings: dict[str, TrainedPoems] = {}
    for kind in kinds:
        trained = train(kind.plan, material, reporter, label=kind.name, begin=_bound(begin, kind.name))
        if trained.interrupted:
            return Study(tuple(kinds), material, counted, trainings, True)
        trainings[kind.name] = trained
    return Study(tuple(kinds), material, counted, trainings)


def _bound(begin: Begin | None, name: str) -> Callable[[Sequential, Material], Watch] | None:
    if begin is None:
        return None
    return lambda network, material: begin(name, network, material)


def ends(trained: TrainedPoems) -> float:
    """Test cross-entropy after the last epoch; NaN where none was finished."""
    return trained.records[-1]["test_cross_entropy"] if trained.records else math.nan


def study_result(settings: PoemsSettings, study: Study, **chosen: Any) -> LabResult:
    """The result with its JSON document. ``chosen``: the settings that the study varies itself."""
    plan, corpus = study.plan, study.material.corpus
    result = LabResult(
        {
            "lab": "poems",
            "study": settings.study,
            "engine": plan.engine,
            "seed": plan.seed,
            "settings": plan.filled(settings) | chosen,
            "vocabulary": len(corpus.vocabulary),
            "poems_train": len(corpus.train),
            "poems_test": len(corpus.test),
            "share": plan.share,
            "cleaning": corpus.cleaning.document(),
            "baselines": study.counted._asdict(),
            "train_seconds": sum(each.seconds for each in study.trainings.values()),
            "trainings": [
                {
                    "name": name,
                    "optimizer": repr(each.plan.optimizer),
                    "test_cross_entropy": each.column("test_cross_entropy"),
                    "test_perplexity": each.column("test_perplexity"),
                    "train_cross_entropy": each.column("train_cross_entropy"),
                    "train_seconds": each.seconds,
                    "diverged": bool(each.error),
                }
                for name, each in study.trainings.items()
            ],
        },
        interrupted=study.interrupted,
    )
    if study.interrupted:
        result.findings.append("The study was interrupted; tables and figures show what was trained until then.")
    result.findings += [f"{name}: {each.error}." for name, each in study.trainings.items() if each.error]
    return result


def epochs_table(study: Study, what: str, title: str) -> Table:
    """A row for each training: test cross-entropy by epoch, and perplexity in the end."""
    shown = _shown(study.plan.epochs)
    rows = []
    for name, each in study.trainings.items():
        values = each.column("test_cross_entropy")
        cells = [values[epoch - 1] if epoch <= len(values) else None for epoch in shown]
        rows.append((name, *cells, perplexity(ends(each)) if values else None, each.seconds))
    columns = (what, *(f"epoch {epoch}" for epoch in shown), "perplexity", "seconds")
    note = (
        f"Test cross-entropy in nats per token, in the end as perplexity too. Counting characters gives "
        f"{study.counted.unigram:.3f}, counting pairs {study.counted.bigram:.3f}; all entries equally likely "
        f"{math.log(len(study.material.corpus.vocabulary)):.3f}."
    )
    return Table("comparison", title, columns, tuple(rows), note)


def _shown(epochs: int) -> list[int]:
    """At most six epochs, first and last among them."""
    count = min(epochs, 6)
    return sorted({round(1 + k * (epochs - 1) / max(1, count - 1)) for k in range(count)})


def curves_picture(study: Study, caption: str) -> Picture:
    """Test cross-entropy and perplexity by epoch."""
    from handgrad.figures.poems import comparison_figure

    curves = {name: each.column("test_cross_entropy") for name, each in study.trainings.items() if each.records}
    levels = {"frequency of characters": study.counted.unigram}
    return Picture("comparison", caption, comparison_figure, curves, levels)
