"""What the lab ``adder`` says in the end: tables, findings, figures, and what is published beside ours."""

from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.labs.adder_exact import SATURATED, AtLength, Memory
from handgrad.labs.adder_gradients import SUMS, Flow
from handgrad.labs.adder_training import PIECE, TrainedAdder
from handgrad.labs.published import PublishedAdder
from handgrad.labs.result import Picture, Table
from handgrad.labs.words import plain, several, whole_or

if TYPE_CHECKING:
    from handgrad.labs.adder_basic import Examined

_STRONG = 0.5  # |r| from which on a unit is said to go with the carry
_LEVEL = 0.5  # a margin that falls below this share of what it was is not level
_APART = 10.0  # times farther apart are two carries than two pasts of one carry, where the state is a memory
_LISTED = 3


def tables(trained: TrainedAdder, examined: "Examined", published: PublishedAdder | None) -> list[Table]:
    """Epochs, sums by length, gradient flow, and what was asked."""
    found = [_history(trained, published)] if trained.rows else []
    if examined.lengths:
        found.append(_lengths(examined.lengths))
    if examined.flows:
        found.append(_flows(examined.flows))
    if examined.asked:
        rows = tuple((a.a, a.b, a.said, a.a + a.b, "right" if a.right else "wrong") for a in examined.asked)
        found.append(Table("asked", "What was asked", ("a", "b", "network", "a + b", "verdict"), rows))
    return found


def _history(trained: TrainedAdder, published: PublishedAdder | None) -> Table:
    plan = trained.plan
    note = (
        f"error: share of wrong bits; accuracy: share of sums with every bit right, among {plan.sequences:,} new ones, "
        f"each answered before it is learned from, by the network at most {PIECE - 1} sequences earlier."
    )
    title = f"{plan.bits} bits, {several(plan.hidden, 'tanh unit')}, learning rate {plan.rate:g}, seed {plan.seed}"
    if published is None:
        rows: list[tuple[Any, ...]] = [(r.epoch, whole_or(r.error), _percent(r.accuracy), r.loss) for r in trained.rows]
        return Table("history", f"Training: {title}", ("epoch", "error", "accuracy %", "loss"), tuple(rows), note)
    rows = []
    for row in trained.rows:
        other = published.row(row.epoch)
        theirs = (None, None) if other is None else (whole_or(other.error), _percent(other.accuracy))
        rows.append((row.epoch, theirs[0], whole_or(row.error), theirs[1], _percent(row.accuracy), row.loss))
    columns = ("epoch", "error published", "error ours", "accuracy % published", "accuracy % ours", "loss ours")
    note += f" Published: {published.source}; epoch 9 is missing there."
    return Table("history", f"Published / ours: {title}", columns, tuple(rows), note)


def _lengths(lengths: list[AtLength]) -> Table:
    columns = ("bits", "sums of each kind", "random right %", "one carry right %", "least margin", "saturated %")
    rows = tuple(
        (each.bits, each.sums, _percent(each.random), _percent(each.chains), each.margin, _percent(each.saturated))
        for each in lengths
    )
    note = (
        "one carry: decided in the lowest column, it goes through all others. margin: the right bit's logit minus the "
        f"other's. saturated: share of the units' states with |h| > {SATURATED:g}."
    )
    return Table("lengths", "Sums of any length by the trained network", columns, rows, note)


def _percent(share: float) -> int | float:
    return whole_or(100 * share)


def _flows(flows: dict[int, Flow]) -> Table:
    columns = ("after epoch", "spectral radius", "largest singular value", "factor per step", "left at step 1")
    rows = tuple((epoch, f.radius, f.largest, f.factor, float(f.reach[-1])) for epoch, f in flows.items())
    note = (
        f"of W; factor: by how much the norm of dL_t/dh_k changes from k to k - 1, geometric mean over all t and k, "
        f"root mean square over {SUMS} sums; left at step 1: the norm of the last step's loss there over its own."
    )
    return Table("gradient-flow", "Gradient flow", columns, rows, note)


def findings(trained: TrainedAdder, examined: "Examined", published: PublishedAdder | None) -> list[str]:
    """Everything that the numbers say, in paragraphs."""
    texts = []
    if trained.interrupted:
        done, wanted = len(trained.rows), trained.plan.epochs
        texts.append(f"Training was interrupted after epoch {done} of {wanted}.")
    if not trained.rows:
        return [*texts, "No epoch was finished, so the network was not tested."]
    if trained.error:
        done = len(trained.rows)
        texts.append(f"Training diverged in epoch {done + 1}. What follows is about the network after epoch {done}.")
    texts.append(_training(trained, published))
    if examined.exhaustive is not None:
        texts.append(_exhaustive(trained, examined, published))
    if examined.lengths:
        texts.append(_by_length(examined.lengths, trained.plan.bits))
    if examined.memory is not None and examined.lengths:
        texts.append(_reason(examined.memory, examined.lengths, trained.plan.bits))
    if examined.carry is not None:
        texts.append(_carry(examined))
    if examined.flows:
        texts.append(_gradients(examined.flows))
    return texts


def _training(trained: TrainedAdder, published: PublishedAdder | None) -> str:
    plan, rows = trained.plan, trained.rows
    each = 1e6 * trained.seconds / (len(rows) * plan.sequences)
    text = f"Training took {trained.seconds:.3g} s for {several(len(rows), 'epoch')}, {each:.3g} µs a sequence."
    perfect = trained.epochs_to_perfect
    if perfect is None:
        text += f" Some sums are wrong in every epoch; in the last, {100 * trained.accuracy:.4g} % are right."
    else:
        later = [row.epoch for row in rows if row.epoch > perfect and row.accuracy < 1]
        text += f" Epoch {perfect} is the first without a wrong sum"
        again = f"; there are wrong ones again in {several(len(later), 'later epoch')}."
        text += again if later else ", and none comes later."
    if published is not None:
        text += f" The report's training has its first such epoch as number {published.epochs_to_perfect}."
    return text


def _exhaustive(trained: TrainedAdder, examined: "Examined", published: PublishedAdder | None) -> str:
    found, most = examined.exhaustive, 2 ** (trained.plan.bits - 1) - 1
    assert found is not None
    share = (
        "all of them right" if found.right == found.pairs else f"{found.right:,} right, {100 * found.accuracy:.4g} %"
    )
    text = f"Every pair of integers from 0 to {most}: {found.pairs:,} sums, {share}."
    if found.wrong:
        text += " Wrong are, for example, " + ", ".join(f"{a} + {b} = {s}" for a, b, s in found.wrong[:_LISTED]) + "."
    if published is not None and published.pairs != found.pairs:
        side = round(found.pairs**0.5)
        text += (
            f" The report counts 127 x 127 = {published.pairs:,}; its loop runs from 0 + 0 to 127 + 127, which is "
            f"{side} x {side} = {found.pairs:,}."
        )
    return text


def _by_length(lengths: list[AtLength], trained_on: int) -> str:
    longest, own = lengths[-1], next(each for each in lengths if each.bits == trained_on)
    if all(each.exact for each in lengths):
        text = (
            f"Trained on {trained_on} bits, the network is exact on every sum tried of {_listed(lengths)} bits, "
            f"{lengths[0].sums} at random and as many with one carry that goes all the way."
        )
    else:
        wrong = [each for each in lengths if not each.exact]
        shares = ", ".join(f"{100 * each.accuracy:.4g} % at {each.bits}" for each in wrong)
        exact = [each for each in lengths if each.exact]
        held = f"exact on sums of {_listed(exact)} bits" if exact else "exact at no length tried"
        first = int(np.flatnonzero(wrong[-1].margins <= 0)[0]) + 1
        text = (
            f"Trained on {trained_on} bits, the network is {held}; right are {shares} bits. In sums of "
            f"{wrong[-1].bits} bits the first wrong bit is at step {first}."
        )
    before, after = own.margin, longest.margin
    if before > 0 and after > 0:
        level = "stays" if after >= _LEVEL * before else "shrinks"
        tail = "errors do not build up with the length" if level == "stays" else "it is used up with the length"
        text += (
            f" The least margin of a right bit {level}: {before:.3g} in sums of {trained_on} bits, {after:.3g} in "
            f"those of {longest.bits}; {tail}."
        )
    return text


def _reason(memory: Memory, lengths: list[AtLength], trained_on: int) -> str:
    columns = len(memory.same) - 1
    holds = memory.other[-1] > _APART * memory.same[-1]
    share = next(each.saturated for each in lengths if each.bits == trained_on)
    text = (
        f"What the state keeps over {columns} columns that only hand the carry on: two states of different pasts with "
        f"the same carry are {memory.same[0]:.3g} apart at first and {memory.same[-1]:.2g} in the end (a factor "
        f"{memory.forgetting:.2g} per column); with different carries {memory.other[0]:.3g} and "
        f"{memory.other[-1]:.3g}. "
    )
    if holds:
        text += "So each carry has a state of its own that attracts, and everything else is forgotten: a memory"
        exact = all(each.exact for each in lengths)
        text += " that does not depend on the length." if exact else ", which does not prevent the wrong answers above."
    else:
        text += "So the state does not keep the carries apart for good, and long sums must fail."
    return text + (
        f" Of the units' states {100 * share:.3g} % are saturated (|h| > {SATURATED:g}) in sums of {trained_on} bits, "
        f"{100 * lengths[-1].saturated:.3g} % in those of {lengths[-1].bits}."
    )


def _carry(examined: "Examined") -> str:
    carry = examined.carry
    assert carry is not None
    units, strong = len(carry.carry), carry.strong(_STRONG)
    r = carry.carry[carry.best]
    if units == 1:
        goes = f"The hidden unit goes with the carry at r = {r:.3f}."
    else:
        some = f"{strong or 'None'} of {units} hidden units {'go' if strong > 1 else 'goes'}"
        goes = f"{some} with the carry at |r| of at least {_STRONG:g}, most of all unit {carry.best + 1} (r = {r:.3f})."
    alone = "That unit alone" if carry.told == 1 else "The best threshold on that unit"
    tells = (
        "tells the carry at every step" if carry.told == 1 else f"tells the carry at {100 * carry.told:.4g} % of steps"
    )
    return f"{goes} {alone} {tells}; always guessing the more frequent carry is right at {100 * carry.most:.4g} %."


def _gradients(flows: dict[int, Flow]) -> str:
    parts = [
        f"{plain(flow.factor)} {_moment(epoch)} (spectral radius {plain(flow.radius)})" for epoch, flow in flows.items()
    ]
    last = list(flows.values())[-1]
    way = "vanishes" if last.factor < 1 else "explodes" if last.factor > 1 else "keeps its norm"
    odd = last.radius > 1 and last.factor < 1
    because = "; the radius alone would let it grow, the slopes 1 - h² of the tanh units do not" if odd else ""
    return (
        f"On its way back over one step the norm of dL_t/dh_k changes by a factor, {', '.join(parts)}. In the trained "
        f"network it {way} with the distance{because}."
    )


def _moment(epoch: int) -> str:
    return "before training" if epoch == 0 else f"after epoch {epoch}"


def _listed(lengths: list[AtLength]) -> str:
    texts = [str(each.bits) for each in lengths]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def pictures(trained: TrainedAdder, examined: "Examined", published: PublishedAdder | None) -> list[Picture]:
    """The figures of what there is."""
    from handgrad.figures.adder import addition_figure, carry_figure, lengths_figure
    from handgrad.figures.adder_gradients import flow_figure

    found = [_curves(trained, published)] if trained.rows else []
    if examined.example is not None and examined.carry is not None:
        example = examined.example
        caption = (
            f"{example.a} + {example.b}, unrolled: bits in, the states of the hidden units (ordered by their "
            f"correlation with the carry), the carry that they have to hold, and what the network says: "
            f"{example.number}, {'right' if example.right else 'wrong'}."
        )
        found.append(Picture("addition", caption, addition_figure, example, examined.carry.carry))
        caption = (
            "Where the carry lives: correlation of each unit's state with the true carry, and with the bit of the sum."
        )
        found.append(Picture("carry", caption, carry_figure, examined.carry.carry, examined.carry.bit))
    if examined.lengths:
        caption = (
            "Longer sums by the trained network: how many are exact, and by how much the right bit wins at each step."
        )
        found.append(Picture("lengths", caption, lengths_figure, examined.lengths, trained.plan.bits))
    if examined.flows:
        named = {_moment(epoch): flow for epoch, flow in examined.flows.items()}
        caption = (
            "Gradient flow: the norm of dL_t/dh_k for the loss of every step t and the state of every step k, root "
            f"mean square over {SUMS} sums; ρ(W) is the spectral radius. No loss depends on later states."
        )
        found.append(Picture("gradient-flow", caption, flow_figure, named))
    return found


def _curves(trained: TrainedAdder, published: PublishedAdder | None) -> Picture:
    from handgrad.figures.adder import learning_figure

    theirs = [row for row in published.rows if row.epoch <= len(trained.rows)] if published is not None else []
    beside = "; circles: the report's" if theirs else ""
    caption = f"Wrong bits and right sums among the {trained.plan.sequences:,} new sums of each epoch{beside}."
    return Picture("curves", caption, learning_figure, {"ours": trained.rows}, {"published": theirs})
