"""Writes optimizers.npz: where PyTorch's optimizers go in 50 steps. Run it by hand; the tests read the file alone.

The problem is one that no optimizer solves in a step: a chain of Rosenbrock valleys whose walls flatten far out, and a
pull towards 1, as a function of P = 7 parameters, all in float64:

    f = sum_{i=0}^{P-3} log(1 + r_i^2) + 1/10 sum_{i=0}^{P-2} (theta_i - 1)^2,    r_i = theta_{i+1} - theta_i^2

The last parameter stands in no term: its gradient is 0 in every step. PyTorch differentiates f by itself; the test has
its derivative by hand.

The file: ``start`` (P,); ``cases`` (C,), a JSON text each, our optimizer and its numbers; ``paths`` (C, 50, P), the
parameters after each step; ``versions``, what made it.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import optim

STEPS = 50
START = [-1.2, 1.0, 0.3, -0.7, 2.1, 0.05, 0.4]

# our name, our numbers, PyTorch's class, its numbers
CASES = [
    ("sgd", {"lr": 0.05}, optim.SGD, {"lr": 0.05}),
    ("sgd", {"lr": 0.03, "momentum": 0.9}, optim.SGD, {"lr": 0.03, "momentum": 0.9}),
    (
        "sgd",
        {"lr": 0.03, "momentum": 0.8, "nesterov": True},
        optim.SGD,
        {"lr": 0.03, "momentum": 0.8, "nesterov": True},
    ),
    ("adagrad", {}, optim.Adagrad, {}),
    (
        "adagrad",
        {"lr": 0.3, "epsilon": 0.1, "initial_accumulator": 0.5},
        optim.Adagrad,
        {"lr": 0.3, "eps": 0.1, "initial_accumulator_value": 0.5},
    ),
    ("adadelta", {}, optim.Adadelta, {}),
    (
        "adadelta",
        {"lr": 0.7, "rho": 0.95, "epsilon": 1e-2},
        optim.Adadelta,
        {"lr": 0.7, "rho": 0.95, "eps": 1e-2},
    ),
    ("rmsprop", {}, optim.RMSprop, {}),
    ("rmsprop", {"lr": 0.02, "alpha": 0.9, "epsilon": 0.1}, optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 0.1}),
    (
        "rmsprop",
        {"lr": 0.005, "alpha": 0.95, "epsilon": 1e-3, "momentum": 0.8},
        optim.RMSprop,
        {"lr": 0.005, "alpha": 0.95, "eps": 1e-3, "momentum": 0.8},
    ),
    ("adam", {}, optim.Adam, {}),
    (
        "adam",
        {"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.05},
        optim.Adam,
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 0.05},
    ),
    ("adamw", {}, optim.AdamW, {}),
    (
        "adamw",
        {"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.05, "weight_decay": 0.3},
        optim.AdamW,
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 0.05, "weight_decay": 0.3},
    ),
]


def loss(theta: torch.Tensor) -> torch.Tensor:
    """f of the module's docstring; ``theta`` (P,)."""
    used = theta[:-1]
    r = used[1:] - used[:-1] ** 2
    return torch.log1p(r**2).sum() + ((used - 1) ** 2).sum() / 10


def path(kind: type[optim.Optimizer], numbers: dict[str, object]) -> np.ndarray:
    """The parameters after each step, (STEPS, P)."""
    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    stepper = kind([theta], **numbers)
    places = []
    for _ in range(STEPS):
        stepper.zero_grad()
        loss(theta).backward()
        stepper.step()
        places.append(theta.detach().numpy().copy())
    return np.array(places)


def main() -> None:
    """Write the file beside this script."""
    np.savez_compressed(
        Path(__file__).with_name("optimizers.npz"),
        start=np.array(START),
        cases=np.array([json.dumps({"optimizer": name, **ours}) for name, ours, _, _ in CASES]),
        paths=np.array([path(kind, theirs) for _, _, kind, theirs in CASES]),
        versions=np.array(f"PyTorch {torch.__version__}, NumPy {np.__version__}"),
    )


if __name__ == "__main__":
    main()
