"""A second witness for LSTM and embedding: values from PyTorch, made by make_lstm.py."""

from pathlib import Path

import numpy as np
import pytest

import handgrad as hg
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.embedding import EmbeddingParams, embedding_backward, embedding_forward
from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward

GOLDEN = np.load(Path(__file__).with_name("lstm.npz"))
V, H = 11, 4


def part(prefix):
    return {name.removeprefix(f"{prefix}."): GOLDEN[name] for name in GOLDEN.files if name.startswith(f"{prefix}.")}


def close(a, b, rtol=1e-11):
    return np.allclose(a, b, rtol=rtol, atol=1e-13)


def test_layer_on_packed_sequences():
    g = part("layer")
    params = LstmParams(g["W"], g["U"], g["b"])
    x, h0, c0, dh, dc = (np.moveaxis(g[name], 0, -1) for name in ("x", "h0", "c0", "dh", "dc"))
    real = np.arange(len(x))[:, None, None] < g["lengths"]
    (h, c), cache = lstm_forward(params, np.where(real, x, np.nan), h0, c0, g["lengths"])
    assert close(np.moveaxis(np.where(real, h, 0), -1, 0), g["y"])  # PyTorch has zeros in the padding
    assert close(h[-1].T, g["h_last"])
    assert close(c[-1].T, g["c_last"])
    dx, dh0, dc0, grads = lstm_backward(params, cache, np.where(real, dh, 0), dc)
    assert close(np.moveaxis(dx, -1, 0), g["dx"])
    assert close(dh0.T, g["dh0"])
    assert close(dc0.T, g["dc0"])
    for name, gradient in grads._asdict().items():
        assert close(gradient, g[f"d{name}"]), name


def loss_and_gradients(p, tokens, targets, lengths, layers):
    """The language model made of the equations alone: tokens (T, B), the mean over the real ones."""
    batch, real = tokens.shape[1], np.arange(len(tokens))[:, None] < lengths
    x, looked_up = embedding_forward(EmbeddingParams(p["0.E"]), tokens, lengths)
    caches, zero = [], np.zeros((H, batch))
    for k in range(1, layers + 1):
        (x, _), cache = lstm_forward(LstmParams(*(p[f"{k}.{n}"] for n in "WUb")), x, zero, zero, lengths)
        caches.append(cache)
    dense = DenseParams(p[f"{layers + 1}.W"], p[f"{layers + 1}.b"])
    states = x.transpose(1, 0, 2)[:, real]  # (H, real tokens)
    a, kept = dense_forward(dense, states)
    l, of_loss = softmax_cross_entropy_forward(a, np.eye(V)[targets[real]].T)  # noqa: E741
    dstates, d_dense = dense_backward(dense, kept, softmax_cross_entropy_backward(of_loss, np.full(len(l), 1 / len(l))))
    dx = np.zeros_like(x)
    dx.transpose(1, 0, 2)[:, real] = dstates
    grads = {f"{layers + 1}.{n}": each for n, each in d_dense._asdict().items()}
    for k in reversed(range(1, layers + 1)):
        dx, _, _, own = lstm_backward(LstmParams(*(p[f"{k}.{n}"] for n in "WUb")), caches[k - 1], dx)
        grads |= {f"{k}.{n}": each for n, each in own._asdict().items()}
    grads["0.E"] = embedding_backward(EmbeddingParams(p["0.E"]), looked_up, dx).E
    return l.mean(), {name: grads[name] for name in p}


@pytest.mark.parametrize(("prefix", "layers", "clip_norm"), [("model", 1, None), ("stacked", 2, 0.11)])
def test_twenty_steps_of_adam_of_a_language_model(prefix, layers, clip_norm):
    """The equations, with Adam written out."""
    g = part(prefix)
    p = {name.removeprefix("start."): each.copy() for name, each in g.items() if name.startswith("start.")}
    m, v = ({name: np.zeros_like(each) for name, each in p.items()} for _ in range(2))
    for step in range(20):
        loss, grads = loss_and_gradients(p, g["tokens"].T, g["targets"].T, g["lengths"], layers)
        if step == 0:
            for name, gradient in grads.items():
                assert close(gradient, g[f"first.d{name}"]), name
        assert close(loss, g["losses"][step], 1e-9), step
        norm = np.sqrt(sum((each**2).sum() for each in grads.values()))
        assert close(norm, g["norms"][step], 1e-8)
        scale = 1.0 if clip_norm is None else min(1.0, clip_norm / (norm + 1e-6))  # PyTorch's guard against norm 0
        for name, gradient in grads.items():
            m[name] = 0.9 * m[name] + 0.1 * scale * gradient
            v[name] = 0.999 * v[name] + 0.001 * (scale * gradient) ** 2
            root = np.sqrt(v[name] / (1 - 0.999 ** (step + 1))) + 1e-8
            p[name] -= 0.03 * m[name] / (1 - 0.9 ** (step + 1)) / root
    for name, each in p.items():
        assert close(each, g[f"end.{name}"], 1e-7), name


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(("prefix", "layers", "clip_norm"), [("model", 1, None), ("stacked", 2, 0.11)])
def test_both_engines_train_as_pytorch_does(engine, prefix, layers, clip_norm):
    """20 epochs of one batch. PyTorch adds 1e-6 to the norm that it divides by when it clips; the bar is 1e-4."""
    g = part(prefix)
    described = [hg.Embedding(V, 3), *(hg.LSTM(H) for _ in range(layers)), hg.Dense(V)]
    loss = hg.SoftmaxCrossEntropy(mean="tokens")
    net = hg.Sequential(described, input_shape=(5,), loss=loss, dtype="float64")
    net.load_parameters({name: g[f"start.{name}"] for name in net.parameters})
    settings = {} if clip_norm is None else {"clip_norm": clip_norm}
    settings |= {"epochs": 20, "batch_size": 7, "optimizer": hg.Adam(0.03), "engine": engine}
    history = net.fit(g["tokens"], g["targets"], lengths=g["lengths"], **settings)
    tolerance = 1e-9 if clip_norm is None else 1e-4
    assert np.allclose(history["loss"], g["losses"], rtol=0, atol=tolerance)
    for name in net.parameters:
        assert np.allclose(net.parameters[name], g[f"end.{name}"], rtol=0, atol=10 * tolerance), name


def test_the_losses_fall_so_that_twenty_steps_tell_something():
    for prefix in ("model", "stacked"):
        losses = part(prefix)["losses"]
        assert losses[-1] < 0.9 * losses[0]
    assert (part("stacked")["norms"] > 0.11).sum() >= 10, "clipping acts in half of the steps"
