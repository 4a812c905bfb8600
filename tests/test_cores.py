import os

import pytest

from handgrad import cores


@pytest.mark.parametrize(
    ("said", "worth"), [("max 100000", 0), ("150000 100000", 2), ("50000 100000", 1), ("", 0), ("1 0", 0), (None, 0)]
)
def test_a_containers_processor_time_counts_as_cores(said, worth, tmp_path, monkeypatch):
    file = tmp_path / "cpu.max"
    if said is not None:
        file.write_text(said + "\n")
    monkeypatch.setattr(cores, "_QUOTA", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {4, 1, 3, 2}, raising=False)
    assert cores.usable_cores() == [1, 2, 3, 4][: worth or 4]
