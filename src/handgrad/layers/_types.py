"""The array type of the equations: a NumPy array of floats, float64 when checked."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.floating[Any]]]
