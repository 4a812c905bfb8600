"""Figures that another process draws: the same bytes, and none is lost whatever happens to it."""

import json
import os
import subprocess
import sys
from functools import partial

import pytest

from handgrad.figures import drawing_process
from handgrad.figures.curves import Curve, overlay_figure
from handgrad.figures.drawing_process import DrawingProcess
from handgrad.figures.style import to_svg
from handgrad.labs.result import Picture


def panels(n):
    return {f"panel {n}": [Curve("", [1, 2, 3], [n, 2.0, 1.0])]}


def three():
    return [Picture("x", "", overlay_figure, panels(n)).draw for n in (4.0, 5.0, 6.0)]


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setattr(drawing_process, "_useful", lambda: True)
    with_it = DrawingProcess()
    yield with_it
    with_it.close()


@pytest.fixture
def drawn_here(monkeypatch):
    """How many figures this process has drawn."""
    count = []
    monkeypatch.setattr("handgrad.figures.style.to_svg", lambda figure: count.append(figure) or to_svg(figure))
    return count


def test_the_same_bytes(process, drawn_here):
    assert list(process.svgs(three())) == [to_svg(draw()) for draw in three()]
    assert list(process.svgs(three()[:1])) == [to_svg(three()[0]())]  # asked a second time
    assert not drawn_here


def test_what_cannot_be_pickled_is_drawn_here(process, drawn_here):
    draws = [three()[0], lambda: overlay_figure(panels(5.0)), three()[2]]
    assert list(process.svgs(draws)) == [to_svg(draw()) for draw in three()]
    assert len(drawn_here) == 1


def test_what_goes_wrong_is_told_here(process):
    svgs = process.svgs([three()[0], partial(overlay_figure, 7)])
    assert next(svgs).startswith(b"<?xml")
    with pytest.raises(TypeError, match="int"):
        next(svgs)


def test_a_process_that_is_gone(process, drawn_here):
    expected = [to_svg(draw()) for draw in three()]
    svgs = process.svgs(three())
    assert next(svgs) == expected[0]
    process._process.kill()
    process._process.wait()
    assert list(svgs) == expected[1:]
    assert list(process.svgs(three())) == expected
    assert 3 <= len(drawn_here) <= 5  # the second and third may have been in the pipe


def test_it_ends_with_the_one_who_asked(process):
    inner = process._process
    inner.stdin.close()
    assert inner.wait() == 0


def test_closed_twice(process):
    process.close()
    process.close()
    assert list(process.svgs(three()[:1])) == [to_svg(three()[0]())]


def test_not_where_it_is_of_no_use(monkeypatch):
    assert "matplotlib" in sys.modules
    assert DrawingProcess()._process is None
    monkeypatch.delitem(sys.modules, "matplotlib")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    assert not drawing_process._useful()
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    assert drawing_process._useful()


def test_a_run_does_not_import_matplotlib(tmp_path):
    program = (
        "import json, os, sys; os.sched_getaffinity = lambda process: {0, 1}\n"
        "from handgrad.cli import main\n"
        "main(['run', 'adder', '--epochs', '1', '--quiet', '--out', 'here'])\n"
        "json.dump(sorted(sys.modules), open('modules.json', 'w'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    modules = json.loads((tmp_path / "modules.json").read_text())
    assert "handgrad.figures.adder" in modules, done.stderr
    assert "matplotlib" not in modules
    assert len(list((tmp_path / "here/figures").iterdir())) == 5
