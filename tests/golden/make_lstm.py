"""Writes lstm.npz: what PyTorch 2.13 says of an LSTM on packed sequences, and 20 steps of Adam of a language model.

    pip install torch==2.13.0 && python tests/golden/make_lstm.py

Samples first, in float64. The second language model has two layers of LSTM and clips the norm of its gradient.
Not run by the tests.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
OUT = Path(__file__).with_name("lstm.npz")
T, N, H, B = 5, 3, 4, 7
V, D = 11, 3
LENGTHS = np.array([5, 3, 1, 4, 5, 2, 3])


def named(lstm: nn.LSTM, layer: int, name: str) -> dict[str, nn.Parameter]:
    """PyTorch has two biases whose sum counts: that of the states is held at 0."""
    second = getattr(lstm, f"bias_hh_l{layer}")
    with torch.no_grad():
        second.zero_()
    second.requires_grad_(False)
    parts = (("W", "weight_hh"), ("U", "weight_ih"), ("b", "bias_ih"))
    return {f"{name}{own}": getattr(lstm, f"{theirs}_l{layer}") for own, theirs in parts}


def copied(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, np.ndarray]:
    return {f"{prefix}{name}": each.detach().numpy().copy() for name, each in tensors.items()}


def layer(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """States and gradients of ``nn.LSTM`` on packed sequences, under cotangents of the states and the last cell."""
    arrays = {"x": rng.normal(size=(B, T, N)), "h0": rng.normal(size=(B, H)), "c0": rng.normal(size=(B, H))}
    arrays |= {"dh": rng.normal(size=(B, T, H)), "dc": rng.normal(size=(B, H))}
    lstm = nn.LSTM(N, H, batch_first=True)
    parameters = named(lstm, 0, "")
    inputs = {name: torch.tensor(arrays[name], requires_grad=True) for name in ("x", "h0", "c0")}
    packed = pack_padded_sequence(inputs["x"], LENGTHS, batch_first=True, enforce_sorted=False)
    y, (h, c) = lstm(packed, (inputs["h0"][None], inputs["c0"][None]))
    y, _ = pad_packed_sequence(y, batch_first=True, total_length=T)
    ((y * torch.tensor(arrays["dh"])).sum() + (c[0] * torch.tensor(arrays["dc"])).sum()).backward()
    gradients = {name: each.grad for name, each in {**parameters, **inputs}.items()}
    arrays |= {"lengths": LENGTHS, "y": y.detach().numpy(), "h_last": h[0].detach().numpy()}
    arrays |= {"c_last": c[0].detach().numpy()}
    return {f"layer.{n}": a for n, a in {**arrays, **copied(parameters, ""), **copied(gradients, "d")}.items()}


def language_model(
    rng: np.random.Generator, layers: int, clip_norm: float | None, prefix: str
) -> dict[str, np.ndarray]:
    """Embedding, LSTM, dense: 20 steps of Adam on packed batches, the loss the mean over the real tokens of a batch."""
    embedding, lstm, out = nn.Embedding(V, D), nn.LSTM(D, H, layers, batch_first=True), nn.Linear(H, V)
    names = {"0.E": embedding.weight}
    for k in range(layers):
        names |= named(lstm, k, f"{k + 1}.")
    names |= {f"{layers + 1}.W": out.weight, f"{layers + 1}.b": out.bias}
    tokens = rng.integers(0, V, (B, T))
    targets = (2 * tokens + 1) % V  # a rule that can be learned, with tokens that occur more than once
    values = {"tokens": tokens, "targets": targets, "lengths": LENGTHS, **copied(names, "start.")}
    real = torch.tensor(np.arange(T) < LENGTHS[:, None])
    optimizer = torch.optim.Adam(names.values(), lr=0.03)
    losses, norms = [], []
    for step in range(20):
        optimizer.zero_grad()
        x = embedding(torch.tensor(tokens))
        y, _ = lstm(pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False))
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=T)
        loss = F.cross_entropy(out(y)[real], torch.tensor(targets)[real])
        loss.backward()
        if step == 0:
            values |= copied({name: each.grad for name, each in names.items()}, "first.d")
        norms.append(torch.sqrt(sum((each.grad**2).sum() for each in names.values())).item())
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(names.values(), clip_norm)
        optimizer.step()
        losses.append(loss.item())
    values |= {"losses": np.array(losses), "norms": np.array(norms), **copied(names, "end.")}
    return {f"{prefix}.{name}": each for name, each in values.items()}


if __name__ == "__main__":
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    found = layer(generator)
    found |= language_model(generator, 1, None, "model")
    found |= language_model(generator, 2, 0.11, "stacked")
    np.savez(OUT, **found)
