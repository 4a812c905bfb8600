"""Steps of large networks, with which helper threads help: no bit depends on them, and they end."""

import gc
import time

import numpy as np
import pytest

import handgrad as hg
from handgrad.kernels import _jit
from handgrad.network.program import make_program
from teams import all_gone, helpers

TOKENS, STEPS = 700, 12
COUNTED = pytest.mark.skipif(_jit.DISABLED, reason="without machine code there are no helpers")


def network(dtype="float64"):
    """The LSTM is divided into four parts, the output layer into two."""
    layers = [hg.Embedding(TOKENS, 40), hg.LSTM(170), hg.Dense(TOKENS)]
    loss = hg.SoftmaxCrossEntropy(mean="tokens")
    return hg.Sequential(layers, input_shape=(STEPS,), loss=loss, dtype=dtype, seed=1)


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
