"""Writes rnn.npz: what PyTorch 2.13 says of a recurrent network on sequences, and ten training steps of it.

    pip install torch==2.13.0 && python tests/golden/make_rnn.py

Everything in float64, samples first. Not run by the tests.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
OUT = Path(__file__).with_name("rnn.npz")
T, D, H, C, B = 5, 3, 4, 2, 7


def layer(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """States and gradients of ``nn.RNN``, tanh and ReLU, under a random cotangent, with an initial state."""
    values = {"x": rng.normal(size=(B, T, D)), "h0": rng.normal(size=(B, H)), "dy": rng.normal(size=(B, T, H))}
    for f in ("tanh", "relu"):
        rnn = nn.RNN(D, H, nonlinearity=f, batch_first=True)
        with torch.no_grad():
            rnn.bias_hh_l0.zero_()  # PyTorch has two biases whose sum counts
        x = torch.tensor(values["x"], requires_grad=True)
        h0 = torch.tensor(values["h0"], requires_grad=True)
        y, _ = rnn(x, h0[None])
        y.backward(torch.tensor(values["dy"]))
        parts = {"W": rnn.weight_hh_l0, "U": rnn.weight_ih_l0, "b": rnn.bias_ih_l0}
        values |= {f"{f}.{name}": p.detach().numpy().copy() for name, p in parts.items()}
        values |= {f"{f}.d{name}": p.grad.numpy().copy() for name, p in [*parts.items(), ("x", x), ("h0", h0)]}
        values[f"{f}.y"] = y.detach().numpy()
    return values


def curve(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Ten steps of a stacked RNN with a readout at every step, sequences of different length, by plain SGD."""
    rnn, out = nn.RNN(D, H, num_layers=2, batch_first=True), nn.Linear(H, C)
    with torch.no_grad():
        rnn.bias_hh_l0.zero_()
        rnn.bias_hh_l1.zero_()
    rnn.bias_hh_l0.requires_grad_(False)
    rnn.bias_hh_l1.requires_grad_(False)
    named = {
        f"{k}.{name}": getattr(rnn, f"{torch_name}_l{k}")
        for k in (0, 1)
        for name, torch_name in (("W", "weight_hh"), ("U", "weight_ih"), ("b", "bias_ih"))
    }
    named |= {"2.W": out.weight, "2.b": out.bias}
    x, labels = rng.normal(size=(B, T, D)), rng.integers(0, C, (B, T))
    lengths = np.array([5, 3, 1, 4, 5, 2, 3])
    values = {"curve.x": x, "curve.labels": labels, "curve.lengths": lengths}
    values |= {f"curve.start.{name}": p.detach().numpy().copy() for name, p in named.items()}
    real = torch.tensor(np.arange(T) < lengths[:, None])
    optimizer = torch.optim.SGD(named.values(), lr=0.1)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        logits = out(rnn(torch.tensor(x))[0])
        loss = F.cross_entropy(logits[real], torch.tensor(labels)[real], reduction="sum") / B
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    values |= {f"curve.end.{name}": p.detach().numpy().copy() for name, p in named.items()}
    return values | {"curve.losses": np.array(losses)}


if __name__ == "__main__":
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    np.savez(OUT, **layer(generator), **curve(generator))
