"""LeNet-5: the published numbers, the table, and both engines on the whole network."""

import numpy as np
import pytest

import handgrad as hg
from handgrad.network.summary import summary_rows
from helpers import relative_error

PUBLISHED = [156, 12, 1516, 32, 48120, 10164, 850]

TABLE_I = """
0 1 2|1 2 3|2 3 4|3 4 5|0 4 5|0 1 5|0 1 2 3|1 2 3 4|2 3 4 5|0 3 4 5|0 1 4 5|0 1 2 5|0 1 3 4|1 2 4 5|0 2 3 5|0 1 2 3 4 5
"""


def test_the_table_is_that_of_1998():
    seen = [[int(p) for p in inputs.split()] for inputs in TABLE_I.strip().split("|")]
    assert [np.flatnonzero(column).tolist() for column in hg.LECUN_C3.T] == seen
    assert hg.LECUN_C3.sum() == 60
    assert (hg.LECUN_C3.sum(axis=1) == 10).all(), "every map of S2 is seen by ten maps of C3"
    with pytest.raises(ValueError, match="read-only"):
        hg.LECUN_C3[0, 0] = False


def test_the_summary_has_the_published_numbers():
    net = hg.lenet5()
    assert [count for _, _, count in summary_rows(net) if count] == PUBLISHED
    text = net.summary()
    for shape in ("6 x 28 x 28", "6 x 14 x 14", "16 x 10 x 10", "16 x 5 x 5", "links=60 of 96"):
        assert shape in text
    for count in PUBLISHED:
        assert f"{count:,}" in text


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({"links": "full"}, [156, 12, 2416, 32, 48120, 10164, 850]),
        ({"pool": "mean"}, [156, 1516, 48120, 10164, 850]),
        ({"pool": "max", "links": np.eye(6, 16, dtype=bool) | (np.arange(16) > 5)}, [156, 1666, 48120, 10164, 850]),
    ],
    ids=repr,
)
def test_variants(options, counts):
    assert [count for _, _, count in summary_rows(hg.lenet5(**options)) if count] == counts


@pytest.mark.parametrize(
    "options", [{"links": "lecan"}, {"pool": "median"}, {"links": np.ones((6, 15))}, {"links": np.ones((5, 16))}]
)
def test_what_is_refused(options):
    with pytest.raises((hg.UsageError, hg.InputError)):
        hg.lenet5(**options)


@pytest.mark.parametrize("pool", ["trainable", "max"])
@pytest.mark.parametrize("samples", [1, 9])
def test_both_engines_agree(pool, samples):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(samples, 32, 32)), rng.integers(0, 10, samples)
    net = hg.lenet5(pool=pool, activation=hg.Tanh(), dtype="float64")
    loss, ours = net.loss_and_gradients(x, labels)
    expected, reference = net.loss_and_gradients(x, labels, engine="numpy")
    assert loss == pytest.approx(expected, rel=1e-12)
    for name in ours:
        assert relative_error(ours[name], reference[name]) < 1e-10, name
