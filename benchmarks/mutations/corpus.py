"""The mutants of all files with their judgements, kept between runs; pairs of them; right files of other sizes."""

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, replace
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

from .operators import Mutant, mutants
from .oracle import Judgement, Oracle
from .subject import DRIVERS, Overtime, Session, Subject, quiet

_LATER = {"study", "table", "pool", "worker", "diffs"}  # modules that have no say in what a mutant is
_TRIES = 60  # random pairs looked at for each one wanted


class Judged(NamedTuple):
    """A mutant and what the oracle says of it."""

    mutant: Mutant
    judgement: Judgement


class Pair(NamedTuple):
    """Two mutants of one file at once."""

    first: Mutant  # lines as they are in the pair's text
    second: Mutant
    text: str


def judged(subjects: list[Subject], jobs: int, folder: Path) -> dict[str, list[Judged]]:
    """Every mutant of every subject, by the subject's name."""
    with Pool(jobs) as pool:
        return dict(pool.imap_unordered(_judged_one, [(each, folder) for each in subjects]))


def _judged_one(task: tuple[Subject, Path]) -> tuple[str, list[Judged]]:
    subject, folder = task
    path = folder / f"judged-{subject.name}-{_digest(subject)}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return subject.name, [Judged(_mutant(each["mutant"]), _judgement(each["judgement"])) for each in kept]
    oracle, text = Oracle(subject), subject.source()
    found = [Judged(each, oracle.judge(each.applied(text))) for each in mutants(subject)]
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"mutant": asdict(each.mutant), "judgement": asdict(each.judgement)} for each in found]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return subject.name, found


def _digest(subject: Subject) -> str:
    """Changes with the file, its driver and the mutators."""
    texts = [subject.source(), repr(replace(subject, path=Path(subject.path.name)))]
    modules = [each for each in sorted(DRIVERS.parent.glob("*.py")) if each.stem not in _LATER]
    texts += [each.read_text(encoding="utf-8") for each in modules]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _mutant(row: dict) -> Mutant:
    lists = ("classes", "accept", "statement")
    return Mutant(**{key: tuple(value) if key in lists else value for key, value in row.items()})


def _judgement(row: dict) -> Judgement:
    return Judgement(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})


def sample(found: Iterable[Judged], size: int, seed: int) -> list[Judged]:
    """So many of them, spread over files and operators as evenly as there are."""
    groups = defaultdict(list)
    for each in found:
        groups[each.mutant.subject, each.mutant.operator].append(each)
    rng = random.Random(seed)
    order = sorted(groups)
    rng.shuffle(order)
    for group in order:
        rng.shuffle(groups[group])
    taken: list[Judged] = []
    while len(taken) < size and any(groups.values()):
        for group in order:
            if groups[group] and len(taken) < size:
                taken.append(groups[group].pop())
    return taken


def pairs(subjects: list[Subject], live: dict[str, list[Judged]], size: int, seed: int) -> list[Pair]:
    """Pairs of live mutants of one file in different statements, neither of which hides the other."""
    rng, found = random.Random(seed), []
    usable = [each for each in subjects if len(live.get(each.name, [])) > 1]
    for place in range(size):
        subject = usable[place % len(usable)]
        oracle = Oracle(subject)
        for _ in range(_TRIES):
            pair = _pair(
                subject, oracle, *sorted(rng.sample(live[subject.name], 2), key=lambda each: each.mutant.start)
            )
            if pair is not None and pair not in found:
                found.append(pair)
                break
    return found


def _pair(subject: Subject, oracle: Oracle, first: Judged, second: Judged) -> Pair | None:
    one, two, text = first.mutant, second.mutant, subject.source()
    if one.end > two.start or one.statement[1] >= two.statement[0] or one.accept[1] >= two.accept[0]:
        return None
    both = one.applied(two.applied(text))
    seen = oracle.observed(both)
    if seen is None or oracle.judge(both).kind != "live":
        return None
    alone = [oracle.observed(each.applied(text)) for each in (one, two)]
    if any(each is None or Oracle.apart(seen, each) <= 1e-4 for each in alone):
        return None
    moved = one.put.count("\n") - text.encode()[one.start : one.end].count(b"\n")
    later = replace(two, line=two.line + moved, accept=(two.accept[0] + moved, two.accept[1] + moved))
    return Pair(one, later, both)


def right_variants(
    subjects: list[Subject], sizes: dict[str, list[str]], count: int, seed: int
) -> list[tuple[Subject, str]]:
    """Right files as they are and with other seeds and sizes; those that do not run are left out."""
    rng = random.Random(seed)
    found = [(each, each.source()) for each in subjects]
    seen = {text for _, text in found}
    for _ in range(20 * count):
        if len(found) >= count:
            break
        subject = subjects[len(found) % len(subjects)] if rng.random() < 0.5 else rng.choice(subjects)
        text = _resized(subject.source(), sizes.get(subject.name, []), rng)
        if text not in seen and _runs(subject, text):
            found.append((subject, text))
        seen.add(text)
    return found[:count]


def _resized(text: str, names: list[str], rng: random.Random) -> str:
    """Another SEED, and two sizes in three changed."""

    def other(match: re.Match[str]) -> str:
        if match[1] == "SEED":
            return f"SEED = {rng.randrange(1000)}"
        size = int(match[2])
        return f"{match[1]} = {rng.choice([size, size + 1, rng.randint(1, 7)])}"

    wanted = "|".join(re.escape(each) for each in ["SEED", *names])
    return re.sub(rf"^({wanted}) = (\d+)\s*$", other, text, flags=re.MULTILINE)


def _runs(subject: Subject, text: str) -> bool:
    try:
        with quiet(10.0):
            session = Session(subject, text)
            session.loss()
            session.gradients()
    except (Overtime, Exception, SystemExit):
        return False
    return True
