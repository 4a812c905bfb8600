"""Which of several edits to show, or to go on from."""

import math
from typing import Any

from handgrad.check.source.expressions import form_of, names_called, template_of
from handgrad.check.source.hooks import Event
from handgrad.check.source.instrument import Site
from handgrad.check.source.search import Search, targets_of
from handgrad.check.source.suspect import Candidate, Suspect
from handgrad.check.source.understood import explained

_RATED = 50  # edits whose backward pass is looked at as a whole
_WEAK = 16  # of those after which no more gradients are right than before, in a quick search
_GAIN = 0.5  # sites that are understood after an edit and were not before
_MUCH = 2.5
_NAMED = 1.0
_SPARED = 0.25  # for a line whose value is a true gradient as it stands
_CALLED = 0.1  # for an edit in a function, where one of what it is given would do as well


def best(search: Search, suspects: list[Suspect], found: list[Candidate]) -> Candidate:
    """Of edits that mend everything the one after which most of the backward pass is understood."""
    order = {each.site.number: place for place, each in enumerate(suspects)}
    right = {each.site.number for each in suspects if each.right}
    plain = {each.site.number for each in suspects if each.right and each.plain}
    started_right = {each.site.number for each in suspects if each.first_right}
    for each in found:
        rate(search, each)

    alike = {id(each): likeness(search, each) for each in found}
    called = {name for each in found if each.site is not None for name in names_called(each.site.node)}

    def key(each: Candidate) -> tuple[Any, ...]:
        number = each.site.number if each.site is not None else -1
        blamed = number in right and not each.truthful and not each.multiple
        # a value of another shape is taken for the gradient that it holds, and is wrong all the same
        spared = _SPARED * (number in plain and each.fault not in ("transpose", "wrong-axis"))
        inside = _CALLED * (each.site is not None and each.site.function.rsplit(".", 1)[-1] in called)
        return (
            blamed,
            -round(each.score - 0.2 * each.cost + 0.02 * each.truthful - spared + inside + alike[id(each)], 2),
            number in started_right,
            order.get(number, len(order)),
        )

    return min(found, key=key)


def convincing(search: Search, suspects: list[Suspect], most: int, *, strongly: bool = False) -> list[Candidate]:
    """Edits that mend a part, the likeliest of each line: more gradients are right, or a value is that was not.

    ``strongly``: not only the value of the edited line, which may be the gradient of something else by chance.
    """
    multiples = {each.site.number for each in suspects if each.is_multiple}

    def least(each: Candidate) -> float:
        """What it has to explain."""
        if each.site is None and each.fault == "wrong-variable":
            return _NAMED  # it names what forward has handed on: hardly by chance is a line a true gradient then
        if not each.truthful:
            return _MUCH
        number = each.site.number if each.site is not None else -1
        return _GAIN if number in multiples or not strongly else _MUCH

    return [
        each
        for each in _ranked(search, suspects, most * 4, _WEAK if strongly else _RATED)
        if _mends(search, each) or each.score > search.base_score + least(each)
    ][:most]


def helpful(search: Search, suspects: list[Suspect], most: int) -> list[Candidate]:
    """Edits after which more is right than before."""
    return _ranked(search, suspects, most, _WEAK)


def _mends(search: Search, each: Candidate) -> bool:
    """Whether an edit makes gradients right, and all values on the way to them."""
    return each.right > search.base_right and each.score > search.base_score + _GAIN


def _ranked(search: Search, suspects: list[Suspect], most: int, weak: int) -> list[Candidate]:
    order = {each.site.number: place for place, each in enumerate(suspects)}
    texts: dict[str, Candidate] = {}
    for each in sorted(search.partial, key=lambda each: (-len(each.right), each.cost)):
        texts.setdefault(each.text, each)
    rated: list[Candidate] = []
    left = {True: weak, False: weak // 2}  # edits without visible effect on the gradients that are looked at
    for each in texts.values():
        if not each.right > search.base_right:
            left[each.truthful] -= 1
            if left[each.truthful] < 0:
                continue
        if len(rated) >= 2 * _RATED:
            break
        if not each.score:
            rate(search, each)
        if each.right > search.base_right or each.score > search.base_score + _GAIN:
            rated.append(each)

    def key(each: Candidate) -> tuple[Any, ...]:
        number = each.site.number if each.site is not None else -1
        gained = len(each.right) - len(search.base_right)
        return (
            -round(each.score + 0.5 * gained - 0.2 * each.cost + likeness(search, each), 2),
            order.get(number, len(order)),
        )

    rated.sort(key=key)
    kept: list[Candidate] = []
    for each in rated:
        if key(each)[0] > key(rated[0])[0] / 2 - search.base_score / 2:
            break  # it explains less than half of what the best one does
        if sum(other.line == each.line for other in kept) < 2:
            kept.append(each)
    return kept[:most]


def rate(search: Search, candidate: Candidate) -> float:
    """How much of the backward pass is understood once the edit is made."""
    bench = search.bench
    program = bench.compile(candidate.text)
    if program is None:
        return -1.0
    was = bench.installed
    bench.install(program)
    try:
        events = bench.events()
    finally:
        bench.install(was)
    lines = {bench.base.watched.sites[number].line for number in search.backward}
    sites = program.watched.sites
    kept = [
        each
        for each in events
        if each.kind != "u" and sites[each.number].line in lines and not sites[each.number].copies
    ]
    carried = _carried(search, candidate, kept, sites)
    candidate.multiple = bool(carried)
    scores = []
    for usual in dict.fromkeys([*search.usuals, *carried]):
        search.truth.usual = usual
        scores.append(explained(search.truth, kept, targets_of(program))[0])
    search.truth.usual = search.usuals[0]
    candidate.score = max(scores)
    return candidate.score


def _carried(search: Search, candidate: Candidate, events: list[Event], sites: list[Site]) -> list[float]:
    """Which multiple of a true gradient the edited line now computes, in a file where multiples are usual."""
    if search.usuals[0] == 1.0 or candidate.site is None:
        return []
    ratios = explained(search.truth, [each for each in events if sites[each.number].line == candidate.line])[1]
    return [each[0] for each in ratios.values() if math.isfinite(each[0])]


def likeness(search: Search, candidate: Candidate) -> float:
    """What speaks for an edit because other lines of the file look like its result: layers repeat themselves."""
    if not candidate.after:
        return 0.0
    watched = search.bench.base.watched
    others = [each for each in watched.sites if each is not candidate.site and each.kind != "after"]
    templates = [template_of(watched.source.segment(each.node)) for each in others]
    before, after = template_of(candidate.before), template_of(candidate.after)
    same = 0.5 * ((after in templates) - (before in templates))
    # the other parts of the same statement have its form: ``a / n, b / n``
    statement = candidate.site.statement if candidate.site is not None else None
    forms = [form_of(watched.source.segment(each.node)) for each in others if each.statement is statement]
    before, after = form_of(candidate.before), form_of(candidate.after)
    return same + (0.0 if before == after else 0.5 * ((after in forms) - (before in forms)))
