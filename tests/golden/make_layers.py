"""Writes layers.npz: what PyTorch 2.13 says of every layer and loss, and ten training steps of a whole network.

    pip install torch==2.13.0 && python tests/golden/make_layers.py

Everything in float64, samples as rows. Not run by the tests.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
OUT = Path(__file__).with_name("layers.npz")

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "scaled_tanh": lambda a: 1.7159 * torch.tanh(2 / 3 * a),
    "relu": torch.relu,
    "leaky_relu": lambda a: F.leaky_relu(a, 0.2),
    "identity": lambda a: a * 1,
    "softmax": lambda a: torch.softmax(a, dim=1),
}
LOSSES = {
    "squared_error": lambda y, t: F.mse_loss(y, t, reduction="none").sum(1),
    "half_squared_error": lambda y, t: F.mse_loss(y, t, reduction="none").sum(1) / 2,
    "softmax_cross_entropy": lambda y, t: F.cross_entropy(y, t, reduction="none"),
    "sigmoid_cross_entropy": lambda y, t: F.binary_cross_entropy_with_logits(y, t, reduction="none").sum(1),
}


def layers(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Inputs, cotangents, outputs and gradients of every layer and loss."""
    values = {name: rng.normal(size=shape) for name, shape in {"a": (5, 7), "dy": (5, 7), "dl": (5,)}.items()}
    values["t"] = rng.random((5, 7))
    for kind, f in ACTIVATIONS.items():
        a = torch.tensor(values["a"], requires_grad=True)
        y = f(a)
        y.backward(torch.tensor(values["dy"]))
        values[f"{kind}.y"], values[f"{kind}.da"] = y.detach().numpy(), a.grad.numpy()
    for kind, f in LOSSES.items():
        a = torch.tensor(values["a"], requires_grad=True)
        loss = f(a, torch.tensor(values["t"]))
        loss.backward(torch.tensor(values["dl"]))
        values[f"{kind}.l"], values[f"{kind}.da"] = loss.detach().numpy(), a.grad.numpy()
    dense = nn.Linear(7, 3)
    x = torch.tensor(values["a"], requires_grad=True)
    values["dense.da"] = rng.normal(size=(5, 3))
    y = dense(x)
    y.backward(torch.tensor(values["dense.da"]))
    for name, tensor in {
        "W": dense.weight,
        "b": dense.bias,
        "a": y,
        "dx": x.grad,
        "dW": dense.weight.grad,
        "db": dense.bias.grad,
    }.items():
        values[f"dense.{name}"] = tensor.detach().numpy().copy()
    return values


def curve(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Ten full-batch steps of 5-7-11-3 with weight decay in the loss, by SGD with momentum: losses and parameters."""
    net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 11), nn.ReLU(), nn.Linear(11, 3))
    x, labels = rng.normal(size=(13, 5)), rng.integers(0, 3, 13)
    weights = {f"{i}.{name}": p for i, layer in enumerate(net) for name, p in layer.named_parameters()}
    values = {"curve.x": x, "curve.labels": labels}
    values |= {f"curve.start.{name}": p.detach().numpy().copy() for name, p in weights.items()}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        penalty = sum((p**2).sum() for name, p in weights.items() if name.endswith("weight"))
        loss = F.cross_entropy(net(torch.tensor(x)), torch.tensor(labels)) + 0.01 / 2 * penalty
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    values |= {f"curve.end.{name}": p.detach().numpy().copy() for name, p in weights.items()}
    return values | {"curve.losses": np.array(losses)}


if __name__ == "__main__":
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    np.savez(OUT, **layers(rng), **curve(rng))
