"""What the lab ``poems`` says in the end: tables, findings, figures, and what is published beside ours."""

import math
from typing import TYPE_CHECKING, Any

from handgrad.labs.poems_training import TrainedPoems, perplexity
from handgrad.labs.published import POEMS
from handgrad.labs.result import Picture, Table
from handgrad.labs.words import plain, several

if TYPE_CHECKING:
    from handgrad.labs.poems_basic import Examined


def tables(trained: TrainedPoems, examined: "Examined") -> list[Table]:
    """What became of the poems, epochs, and the poems beside the report's."""
    found = [_cleaning(trained)]
    if trained.records:
        found.append(_history(trained, examined))
    if examined.poems:
        found.append(_poems(trained, examined))
    return found


def _cleaning(trained: TrainedPoems) -> Table:
    cleaning = trained.material.corpus.cleaning
    rows: list[tuple[Any, ...]] = [("read", cleaning.read, "")]
    rows += [(f"  {_words(name)}", count, "changed") for name, count in cleaning.changed.items()]
    rows += [(f"  {_words(name)}", count, "left out") for name, count in cleaning.left_out.items()]
    rows.append(("kept", cleaning.kept, ""))
    note = "Rules: data/poem_cleaning.py and data/poems.py." if cleaning.changed else ""
    return Table("cleaning", "Poems, by what became of them", ("rule", "poems", ""), tuple(rows), note)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _history(trained: TrainedPoems, examined: "Examined") -> Table:
    columns = ("epoch", "training", "test", "training perplexity", "test perplexity", "tokens/s", "seconds")
    rows: list[tuple[Any, ...]] = [
        (
            record["epoch"],
            record["train_cross_entropy"],
            record["test_cross_entropy"],
            record["train_perplexity"],
            record["test_perplexity"],
            record["tokens_per_second"],
            record["seconds"],
        )
        for record in trained.records
    ]
    note = (
        f"Cross-entropy in nats per real token, by the network at the end of the epoch; training: of "
        f"{len(trained.material.watched.x):,} of the training poems; seconds: of training alone."
    )
    if examined.baselines is not None:
        unigram, bigram = (perplexity(value) for value in examined.baselines)
        note += f" Counting characters gives a test perplexity of {unigram:.1f}, counting pairs of them {bigram:.1f}."
    plan = trained.plan
    title = (
        f"Training: embedding {plan.embedding}, {several(plan.layers, 'LSTM layer')} of {plan.hidden}, batches of "
        f"{plan.batch_size}, {plan.optimizer!r}, seed {plan.seed}"
    )
    return Table("history", title, columns, tuple(rows), note)


def _poems(trained: TrainedPoems, examined: "Examined") -> Table:
    published = dict(zip(POEMS.starts, POEMS.poems, strict=True)) if trained.material.corpus.is_verse else {}
    rows: list[tuple[Any, ...]] = []
    for poem in examined.poems:
        text = poem.text if poem.finished else poem.text + "…"
        rows.append((poem.start or "-", *([published.get(poem.start, "-")] if published else []), text))
    columns = ("start", "published", "ours") if published else ("start", "ours")
    title = "The report's seven poems / ours" if published else "Texts that the network wrote"
    note = f"Published: {POEMS.source}. " if published else ""
    return Table("poems", title, columns, tuple(rows), note + "Ours: the first try, nothing chosen; temperature 0.8.")


def findings(trained: TrainedPoems, examined: "Examined") -> list[str]:
    """Everything that the numbers say, in paragraphs."""
    texts = []
    done, wanted = len(trained.records), trained.plan.epochs
    if trained.interrupted:
        texts.append(f"Training was interrupted after epoch {done} of {wanted}.")
    if not done:
        return [*texts, "No epoch was finished, so nothing was measured."]
    if trained.error:
        texts.append(
            f"Training diverged in epoch {done + 1}. What follows is about the network of epoch {trained.kept}."
        )
    texts.append(_data(trained))
    texts.append(_training(trained, examined))
    if examined.writes is not None and examined.reads is not None:
        texts.append(_writing(examined))
    if examined.surprise is not None:
        texts.append(_surprise(examined))
    return texts


def _data(trained: TrainedPoems) -> str:
    corpus = trained.material.corpus
    text = (
        f"{corpus.cleaning.kept:,} of {corpus.cleaning.read:,} poems are short enough and clean; "
        f"{len(corpus.train):,} of them are learned from and {len(corpus.test):,} tested, none of which stands on both "
        f"sides"
    )
    text += ", nor another version of it." if corpus.is_verse else "."
    return text + (
        f" The vocabulary has {len(corpus.vocabulary):,} entries; {corpus.rare:,} rarer characters are unknown, "
        f"{100 * corpus.unknown['train']:.2g} % of the training text and {100 * corpus.unknown['test']:.2g} % of the "
        f"test's. An unknown character counts as right if the network says that it is unknown."
    )


def _training(trained: TrainedPoems, examined: "Examined") -> str:
    best = trained.records[trained.kept - 1]
    stopped = trained.network.history.stopped
    text = (
        f"Training took {plain(trained.seconds)} s for {several(len(trained.records), 'epoch')}, "
        f"{trained.tokens_per_second:,.0f} tokens a second."
    )
    if stopped == "early":
        text += f" It stopped because the test perplexity had risen; the parameters are those of epoch {trained.kept}."
    elif trained.kept == len(trained.records):
        text += " The test perplexity still fell in the last epoch." if trained.kept > 1 else ""
    else:
        text += f" The parameters are those of epoch {trained.kept}, the best."
    text += (
        f" The network's test perplexity is {best['test_perplexity']:.1f}: at each character it is as unsure as if it "
        f"had to choose among so many that are equally likely. Training poems: {best['train_perplexity']:.1f}."
    )
    if examined.baselines is not None:
        bits = (examined.baselines.bigram - best["test_cross_entropy"]) / math.log(2)
        than = "better" if bits > 0 else "worse"
        text += (
            f" Counting pairs of characters reaches {perplexity(examined.baselines.bigram):.1f}; the network is {than} "
            f"than that by {abs(bits):.2f} bits a token."
        )
    return text


def _writing(examined: "Examined") -> str:
    writes, reads = examined.writes, examined.reads
    assert writes is not None
    assert reads is not None
    return (
        f"Of {writes.poems} poems that it writes freely, at temperature 1, {100 * writes.regular:.0f} % are regular: "
        f"all lines of 5, or all of 7 characters; of the test poems {100 * reads.regular:.0f} %. Of the lines that it "
        f"writes {100 * writes.lines_known:.2g} % stand word for word in a training poem; of those of the test poems "
        f"{100 * reads.lines_known:.2g} %."
    )


def _surprise(examined: "Examined") -> str:
    found = examined.surprise
    assert found is not None
    columns = found.by_column
    hardest = max(range(found.line_length), key=columns.__getitem__) + 1
    easiest = min(range(found.line_length), key=columns.__getitem__) + 1
    return (
        f"In test poems of {found.lines} lines of {found.line_length} characters a mark costs {columns[-1]:.2g} nats, "
        f"a character {sum(columns[:-1]) / found.line_length:.2f}: where lines end is known, and the perplexity owes "
        f"much to that. Of a line the character in place {hardest} is the hardest ({columns[hardest - 1]:.2f}), that "
        f"in place {easiest} the easiest ({columns[easiest - 1]:.2f})."
    )


def pictures(trained: TrainedPoems, examined: "Examined") -> list[Picture]:
    """The figures of what there is."""
    from handgrad.figures.poems import learning_figure, places_figure

    if not trained.records:
        return []
    levels: dict[str, float] = {}
    counted = examined.baselines
    if counted is not None:
        levels = {"frequency of characters": counted.unigram, "frequency of pairs": counted.bigram}
    train, test = trained.column("train_cross_entropy"), trained.column("test_cross_entropy")
    caption = "Cross-entropy per token and perplexity, its exponential, by epoch; broken lines: counting alone."
    found = [Picture("curves", caption, learning_figure, train, test, levels, trained.kept)]
    if examined.surprise is not None:
        each = examined.surprise
        caption = (
            f"Where the network is sure: cross-entropy at every place of {each.poems} test poems of {each.lines} lines "
            f"of {each.line_length} characters. The last place is the end of the poem."
        )
        level = None if counted is None else counted.unigram
        found.append(Picture("places", caption, places_figure, each.nats, each.line_length, level))
    return found
