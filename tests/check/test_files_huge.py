"""A gradient that is larger than its square can be is wrong, and not an infinite scale on which everything is right."""

import pytest

from handgrad import check_file

FILE = """
import numpy as np

w = np.array([0.5, -1.0, 2.0])
x = np.array([1.0, 2.0, -1.0])


def loss(w, x):
    return 0.5 * np.sum((w * x - 1) ** 2)


def gradient(w, x):
    dw = (w * x - 1) * x
    return FACTOR * dw


print(loss(w, x), gradient(w, x))
"""


@pytest.mark.parametrize(("factor", "verdict"), [("1", "right"), ("1e180", "wrong"), ("1e305", "wrong")])
def test_a_huge_gradient_is_wrong(tmp_path, factor, verdict):
    path = tmp_path / "net.py"
    path.write_text(FILE.replace("FACTOR", factor), encoding="utf-8")
    report = check_file(path)
    assert report.verdict == verdict, report
    assert [each.verdict for each in report.parameters][0] == verdict
