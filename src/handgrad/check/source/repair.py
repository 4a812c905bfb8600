"""Find the faults of a file one after another, each with the edit that mends it."""

import time
from dataclasses import dataclass, field

from handgrad.check.source.judge import Judge
from handgrad.check.source.program import Bench
from handgrad.check.source.round import Round
from handgrad.check.source.scenario import Scenario, TimeUp
from handgrad.check.source.search import Search
from handgrad.check.source.suspect import Candidate, Suspect
from handgrad.check.source.truth import Truth

_FAULTS = 4  # edits in a row, before giving up
_TRUTH_SECONDS = 3.0


@dataclass
class Repair:
    """What the search came to."""

    edits: list[Candidate] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # the file after each edit
    complete: bool = False
    suspects: list[Suspect] = field(default_factory=list)  # of the version that could not be mended
    truth: Truth | None = None
    tried: int = 0
    started_right: int = 0  # how many gradients were right before
    timed_out: bool = False


def repair(scenario: Scenario, judge: Judge) -> Repair:
    """Search until every gradient is right, nothing helps, or the time is over."""
    result = Repair()
    point = _working_point(scenario, judge)
    judge.go_to(point)
    try:
        seconds = min(_TRUTH_SECONDS, max(0.3, (scenario.deadline - time.monotonic()) / 5))
        truth = Truth(scenario, seconds, judge.points[point].slopes, judge.sign)
        result.truth = truth
        bench = Bench(scenario, judge, point)
        for _ in range(_FAULTS):
            search = Search(bench, truth)
            if not result.edits:
                result.started_right = len(search.base_right)
            if not search.wrong:
                result.complete = bench.right_everywhere(bench.base)
                break
            turn = Round(search)
            result.suspects = turn.suspects
            found = turn.run()
            result.tried = bench.tried
            if found is None:
                break
            result.edits.append(found)
            result.texts.append(found.text)
            other = bench.compile(found.text)
            if other is None:
                break
            bench.base = other
            bench.install(other)
            if found.right == judge.names:
                result.complete = bench.right_everywhere(other)
                break
    except TimeUp:
        result.timed_out = True
    finally:
        if not result.complete:
            _keep_what_helped(result)
        scenario.deadline += 5.0
        scenario.module.restore()
    return result


def _keep_what_helped(result: Repair) -> None:
    """Without the end, an edit on the way counts only if it made another gradient right."""
    most, keep = result.started_right, 0
    for place, each in enumerate(result.edits, start=1):
        if len(each.right) > most:
            most, keep = len(each.right), place
    del result.edits[keep:], result.texts[keep:]


def _working_point(scenario: Scenario, judge: Judge) -> int:
    """The point where most is seen to be wrong; not the user's own if another one shows as much."""
    best, most = 0, -1
    for number in range(len(judge.points)):
        judge.go_to(number)
        try:
            wrong = judge.names - judge.right_names(number, scenario.outcome().gradients)
        except Exception:  # noqa: S112 - at another point the user's code may fail
            continue
        if len(wrong) >= most:
            best, most = number, len(wrong)
    return best
