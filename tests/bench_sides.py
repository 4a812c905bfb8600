"""What the tests of every workload share: one epoch of one side, and whether two problems are the same."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from handgrad.benchmarks.workload import Fingerprint, Samples, fingerprint


def both(online: dict[str, Any], batch: dict[str, Any]) -> Any:
    """A test of each kind of training."""
    return pytest.mark.parametrize("settings", [online, batch], ids=["online", "batch"])


def after_an_epoch(workload: ModuleType, trainer: Any, problem: Samples) -> Fingerprint:
    """Where one epoch leads."""
    trainer.train(1)
    loss = workload.reference_loss(problem, trainer.parameters())
    return fingerprint(loss, problem.parameters, trainer.parameters())


def assert_same(one: Samples, two: Samples) -> None:
    """Data, first parameters and orders are the same; the orders differ from epoch to epoch."""
    assert np.array_equal(one.x, two.x)
    assert np.array_equal(one.t, two.t)
    assert all(np.array_equal(p, q) for p, q in zip(one.parameters, two.parameters, strict=True))
    orders = [order.tolist() for order in one.orders(3)]
    assert [order.tolist() for order in two.orders(3)] == orders
    assert orders[0] != orders[1]
    assert sorted(orders[2]) == list(range(len(one.x)))
