"""A team of threads: parts are claimed once, failures are told, and nobody stays behind."""

import gc
import threading

import numpy as np
import pytest

from handgrad.kernels import _jit, _team
from handgrad.kernels._jit import kernel
from handgrad.network.team import Team
from teams import all_gone, helpers

pytestmark = pytest.mark.skipif(_jit.DISABLED, reason="without machine code there are no helpers")
NOTHING = (1, np.zeros((0, 40), np.int64), np.zeros((0, 2), np.int64), *(np.zeros(1),) * 4)


@kernel
def _take_all(team, counts):
    """Claim and finish parts until work number 0 is on offer; count each."""
    work = -1
    while work != 0:
        work, part = _team.claim(team)
        if part >= 0:
            counts[work, part] += 1
            _team.part_done(team)
        else:
            work = -1


@kernel
def _offer_all(team, counts, parts):
    for work in range(counts.shape[0] - 1, 0, -1):
        _team.offer(team, work, parts)
        mine = 0
        while mine >= 0:
            its, mine = _team.claim(team)
            if mine >= 0:
                counts[its, mine] += 1
                _team.part_done(team)
        _team.wait_for_parts(team, parts)


def _offered_to_others():
    """How often each part of each work was done, and how many by others."""
    team = np.zeros(_team.TEAM_SIZE, np.int64)
    team[_team.YIELD] = _jit.yield_address()
    counts = np.zeros((3, 20_000, 5), np.int64)
    others = [threading.Thread(target=_take_all, args=(team, counts[k])) for k in (1, 2)]
    for thread in others:
        thread.start()
    _offer_all(team, counts[0], 5)
    _team.offer(team, 0, len(others))  # one each: they leave
    for thread in others:
        thread.join()
    return counts[:, 1:].sum(axis=0), counts[1:, 1:].sum()


def test_every_part_is_claimed_once_and_finished_before_the_next_work():
    helped = 0
    for _ in range(20):  # on a busy machine the others may come too late
        counts, by_others = _offered_to_others()
        assert (counts == 1).all()
        helped += by_others
        if helped:
            return
    pytest.fail("no other thread has ever taken a part")


def _wait_in_vain(team):
    with team:
        assert all_gone()
        assert not _team.wait_for_parts(team.shared, 1), "nobody will ever finish that part"


def test_what_a_helper_raises_is_raised(monkeypatch):
    def broken(*arguments):
        if not arguments[-1][_team.ENDED]:
            raise IndexError("a part is broken")

    monkeypatch.setattr(_team, "help_forward", broken)
    assert all_gone(), "of what ran before"
    team = Team(2, 0, NOTHING)
    with pytest.raises(IndexError, match="a part is broken"):
        _wait_in_vain(team)
    assert all_gone()


def test_fewer_threads_where_the_system_has_no_more(monkeypatch):
    started, start = [], threading.Thread.start

    def start_one(thread):
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    gc.collect()
    assert all_gone(), "of what ran before"
    with Team(4, 0, NOTHING) as team:
        assert team.shared[_team.HELPERS] == 1 == len(helpers())
    assert all_gone()


def test_a_team_in_a_circle_ends():
    gc.collect()
    assert all_gone(), "of what ran before"
    for _ in range(20):
        circle = [Team(3, _team.PATIENCE, NOTHING)]
        circle.append(circle)
        circle[0].wake()
        del circle
    gc.collect()
    assert all_gone()
