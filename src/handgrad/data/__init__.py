"""Data: generators and loaders. Nothing is read, downloaded or imported beyond NumPy until a loader is called.

Samples come first here, as everywhere at the public face: ``x`` is (samples, features).
"""

from handgrad.data.dataset import Dataset, check_finite
from handgrad.data.digits import load_digits_8x8
from handgrad.data.mnist import load_mnist, read_idx
from handgrad.data.poems import Corpus, load_corpus
from handgrad.data.points import diagonal_points, linear_points, load_points, xor_points
from handgrad.data.split import data_stream, hold_out
from handgrad.data.table import load_table

__all__ = [
    "Corpus",
    "Dataset",
    "check_finite",
    "data_stream",
    "diagonal_points",
    "hold_out",
    "linear_points",
    "load_corpus",
    "load_digits_8x8",
    "load_mnist",
    "load_points",
    "load_table",
    "read_idx",
    "xor_points",
]
