"""Steps of large networks, with which helper threads help: no bit depends on them, and they end."""

import gc
import threading
import time

import numpy as np
import pytest

import handgrad as hg
from handgrad.kernels import _jit, _team
from handgrad.kernels._jit import kernel
from handgrad.network.program import make_program

TOKENS, STEPS = 700, 12
COUNTED = pytest.mark.skipif(_jit.DISABLED, reason="without machine code there are no helpers")


def network(dtype="float64"):
    """The LSTM is divided into four parts, the output layer into two."""
    layers = [hg.Embedding(TOKENS, 40), hg.LSTM(170), hg.Dense(TOKENS)]
    loss = hg.SoftmaxCrossEntropy(mean="tokens")
    return hg.Sequential(layers, input_shape=(STEPS,), loss=loss, dtype=dtype, seed=1)


def helpers():
    return [thread for thread in threading.enumerate() if thread.name == "handgrad-helper"]


def all_gone(seconds=30.0):
    """Whether no helper is left: each still has to wake up, and to see that it is not needed."""
    until = time.monotonic() + seconds
    while helpers() and time.monotonic() < until:
        time.sleep(0.01)
    return not helpers()


def test_both_layers_are_divided():
    net = network()
    shape = net.architecture.input_shape
    program = make_program(net.layers, net.loss, net.parameters, shape, 0.0, 1, "step", "outputs")
    assert [names[0] for names in program.operations[:-1]] == (
        ["embedding_forward", *["lstm_forward_step"] * 4, *["dense_forward_step"] * 2]
    )


@pytest.mark.parametrize("streams", [1, 3, 7])
def test_steps_are_those_of_the_whole_sequence_whoever_helps(streams):
    net = network()
    x = np.random.default_rng(0).integers(0, TOKENS, (streams, STEPS))
    whole = net.outputs(x, engine="numpy")
    said = []
    for threads in (1, 2, 4):
        stepper = hg.Stepper(net, streams, threads=threads)
        for t in range(STEPS):
            if t == STEPS // 2:
                time.sleep(0.05)  # by now the helpers sleep
            outputs = stepper.step(x[:, t])
            assert np.abs(outputs - whole[:, t]).max() < 1e-13
        said.append(outputs.tobytes())
    assert len(set(said)) == 1


@COUNTED
def test_helpers_end_with_the_stepper_asleep_or_not():
    for pause in (0.0, 0.05):
        gc.collect()
        assert all_gone(), "of what ran before"
        stepper = hg.Stepper(network(), threads=3)
        assert len(helpers()) == 2
        stepper.step([0])
        time.sleep(pause)
        del stepper
        gc.collect()
        assert all_gone(), "a helper outlives its stepper"


@COUNTED
def test_small_networks_and_one_thread_have_no_helpers():
    small = hg.Sequential([hg.Embedding(5, 3), hg.LSTM(4), hg.Dense(5)], input_shape=(STEPS,))
    gc.collect()
    assert all_gone(), "of what ran before"
    kept = [hg.Stepper(small, threads=4), hg.Stepper(network(), threads=1)]
    assert not helpers()
    assert len(kept) == 2


@kernel
def _take_all(team, counts):
    """Claim and finish parts until work number 0 is on offer; count each."""
    work = -1
    while work != 0:
        work, part = _team.claim(team)
        if part >= 0:
            if work > 0:
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


@COUNTED
def test_every_part_is_claimed_once_and_finished_before_the_next_work():
    team, counts = np.zeros(_team.TEAM_SIZE, np.int64), np.zeros((20_000, 5), np.int64)
    team[_team.YIELD] = _jit.yield_address()
    others = [threading.Thread(target=_take_all, args=(team, counts)) for _ in range(2)]
    for thread in others:
        thread.start()
    _offer_all(team, counts, 5)
    _team.offer(team, 0, len(others))  # one each: they leave
    for thread in others:
        thread.join()
    assert (counts[1:] == 1).all()
