"""Matrices for every sample of a batch, (B, M, N): what Jacobians are written in."""

import numpy as np

from handgrad.layers._types import Array


def diag(v: Array) -> Array:
    """The diagonal matrix (B, H, H) of every column of ``v`` (H, B)."""
    return v.T[:, :, None] * np.eye(len(v), dtype=v.dtype)
