"""Writes images.npz: what PyTorch 2.13 says of convolution and pooling, and ten training steps of LeNet-5.

    pip install torch==2.13.0 && PYTHONPATH=tests python tests/golden/make_images.py

Everything in float64, samples first. Not run by the tests. A link table is a mask on the dense kernel there. Of the
parameters at the end of the curve the file holds, for each, 5 entries, the sum and the sum of squares.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from golden import lenet_start as lenet

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
OUT = Path(__file__).with_name("images.npz")

TABLE = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]], bool)
# name: kernel, size of the input, stride, padding, links
CONVOLUTIONS = {
    "plain": ((3, 3), (6, 5), 1, 0, None),
    "stride": ((3, 2), (8, 7), 2, 0, None),
    "padding": ((3, 3), (5, 6), 1, 2, None),
    "odd": ((2, 5), (9, 7), 3, 1, None),
    "links": ((3, 3), (7, 6), 1, 0, TABLE),
    "links_stride_padding": ((3, 2), (7, 9), 2, 1, TABLE),
}
POOLS = {"even": (4, 6), "odd": (5, 7)}


def leaf(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)


def convolutions(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Inputs, cotangents, outputs and gradients."""
    values = {}
    for name, (kernel, size, stride, padding, links) in CONVOLUTIONS.items():
        mask = np.ones((4, 3, 1, 1)) if links is None else links.T[:, :, None, None]
        x, W, b = (
            leaf(rng.normal(size=(2, 3, *size))),
            leaf(rng.normal(size=(4, 3, *kernel)) * mask),
            leaf(rng.normal(size=4)),
        )
        y = F.conv2d(x, W * torch.tensor(mask), b, stride=stride, padding=padding)
        dy = rng.normal(size=y.shape)
        y.backward(torch.tensor(dy))
        arrays = {"x": x, "W": W, "b": b, "y": y, "dx": x.grad, "dW": W.grad, "db": b.grad}
        values |= {f"conv.{name}.{key}": array.detach().numpy().copy() for key, array in arrays.items()}
        values[f"conv.{name}.dy"] = dy
    return values


def pools(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Mean, max and trainable pooling over 2 x 2, of even sizes, and of odd ones, where PyTorch leaves the last out."""
    values = {}
    for name, size in POOLS.items():
        x = rng.normal(size=(2, 3, *size))
        w, a = rng.normal(size=3), rng.normal(size=3)
        dy = rng.normal(size=(2, 3, size[0] // 2, size[1] // 2))
        values |= {f"pool.{name}.{key}": array for key, array in {"x": x, "w": w, "a": a, "dy": dy}.items()}
        for kind in ("mean_pool", "max_pool", "subsample"):
            parts = {"x": leaf(x), "w": leaf(w), "a": leaf(a)}
            pooled = F.max_pool2d(parts["x"], 2) if kind == "max_pool" else F.avg_pool2d(parts["x"], 2)
            if kind == "subsample":
                pooled = parts["w"][:, None, None] * pooled + parts["a"][:, None, None]
            pooled.backward(torch.tensor(dy))
            values[f"{kind}.{name}.y"] = pooled.detach().numpy()
            for key, part in parts.items():
                if part.grad is not None:
                    values[f"{kind}.{name}.d{key}"] = part.grad.numpy()
    return values


def forward(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The logits of LeNet-5 as the report has it, with LeCun's scaled tanh."""

    def f(a: torch.Tensor) -> torch.Tensor:
        return 1.7159 * torch.tanh(2 / 3 * a)

    kernels = torch.zeros(16, 6, 5, 5)
    kernels[torch.tensor(lenet.LINKS.T)] = p["4.W"]
    for conv, W, pool in (("0", p["0.W"], "2"), ("4", kernels, "6")):
        x = f(F.conv2d(x, W, p[f"{conv}.b"]))
        x = f(p[f"{pool}.w"][:, None, None] * F.avg_pool2d(x, 2) + p[f"{pool}.a"][:, None, None])
    x = torch.flatten(x, 1)
    x = f(F.linear(x, p["9.W"], p["9.b"]))
    x = f(F.linear(x, p["11.W"], p["11.b"]))
    return F.linear(x, p["13.W"], p["13.b"])


def curve() -> dict[str, np.ndarray]:
    """Ten steps of plain SGD on one batch: the losses, and what is told of the parameters behind them."""
    p = {name: leaf(value) for name, value in lenet.parameters().items()}
    images, labels = lenet.data()
    optimizer = torch.optim.SGD(p.values(), lr=lenet.LEARNING_RATE)
    losses = []
    for _ in range(lenet.STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(p, torch.tensor(images)), torch.tensor(labels))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    told = {f"curve.end.{name}": told_of(value.detach().numpy()) for name, value in p.items()}
    return {"curve.losses": np.array(losses), **told}


def told_of(value: np.ndarray) -> np.ndarray:
    """Five entries, the sum and the sum of squares."""
    flat = value.ravel()
    return np.array([*flat[np.linspace(0, flat.size - 1, 5).astype(int)], flat.sum(), (flat**2).sum()])


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    np.savez_compressed(OUT, **convolutions(generator), **pools(generator), **curve())
