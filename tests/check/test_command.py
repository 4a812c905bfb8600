"""``handgrad check``, as a user types it."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import handgrad as hg
from handgrad.check.mending import in_style_of, patched, plain
from handgrad.cli import main
from handgrad.errors import InputError

ROOT = Path(__file__).parents[2]
MUSEUM = ROOT / "tests" / "faults" / "museum"

WRONG = """import numpy as np

rng = np.random.default_rng(0)
x, target = rng.normal(size=(3, 8)), rng.normal(size=(2, 8))
W, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 1))


def loss(W, b):
    return ((W @ x + b - target) ** 2).sum() / 2


def gradients(W, b):
    d = W @ x + b - target  # ∂L/∂y
    dW = -d @ x.T
    db = d.sum(axis=1, keepdims=True)
    return dW, db
"""
LINE = "dW = -d @ x.T"
RIGHT = WRONG.replace("-d @", "d @")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def written(text, name="net.py"):
    Path(name).write_bytes(text.encode())
    return Path(name)


def test_a_wrong_file_is_exit_code_3_and_stays_as_it_is(capsys):
    file = written(WRONG)
    assert main(["check", "net.py"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("net.py: WRONG: the gradient of W (1 of 2 that were checked), because of line 14\n")
    assert f"    14 | {LINE}\n" in out
    assert "    +    dW = d @ x.T\n" in out or "    +    dW = -(-d @ x.T)\n" in out
    assert "the file was run" in out
    assert err == ""
    assert file.read_bytes() == WRONG.encode()
    assert os.listdir() == ["net.py"]


def test_a_right_file_is_exit_code_0(capsys):
    written(RIGHT)
    assert main(["check", "net.py", "--seed", "3"]) == 0
    assert capsys.readouterr().out.startswith("net.py: right: all 2 gradients are right\n")


def test_nothing_to_be_said_is_exit_code_1(capsys):
    shutil.copy(MUSEUM / "mlp_kink.py", "kink.py")
    assert main(["check", "kink.py"]) == 1
    assert capsys.readouterr().out.startswith("kink.py: INCONCLUSIVE: ")


def test_a_wrong_step_is_exit_code_3_although_the_gradients_are_right(capsys):
    shutil.copy(MUSEUM / "mlp_optimizer.py", "adam.py")
    assert main(["check", "adam.py", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["verdict"] == "right"


def test_json_is_one_document(capsys):
    written(WRONG)
    assert main(["check", "net.py", "--json"]) == 3
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["verdict"] == "wrong"
    assert {each["name"]: each["verdict"] for each in document["parameters"]} == {"W": "wrong", "b": "right"}
    (finding,) = document["findings"]
    assert (finding["line"], finding["class"], finding["source"]) == (14, "sign", LINE)
    assert finding["explanation"]
    assert plain(patched(WRONG, [finding["fix"]])) != WRONG
    assert document["lines"]["14"] == "wrong here"
    assert "mended" not in document


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("check", 2, "parameter FILE requires an argument"),
        ("check none.py", 1, "there is no file none.py; give the path of a Python file"),
        ("check folder", 1, "folder is a folder, expected a Python file"),
        ("check latin.py", 1, "latin.py is not text in UTF-8, expected a Python file; save it as UTF-8"),
        ("check broken.py", 1, "broken.py is not Python that can be parsed: line 1: "),
        ("check net.py --loss lost", 2, "--loss is lost, expected a name that net.py defines: loss, gradients"),
        ("check net.py --class Net", 2, "--class is Net, expected a name that net.py defines"),
        ("check net.py --time-limit 0", 2, "the time limit is 0.0, expected a finite number above 0"),
        ("check net.py --seed -1", 2, "seed is -1, expected a whole number of at least 0"),
        ("check net.py --fixes", 2, "Unknown option: --fixes"),
        ("check nothing.py", 1, "nothing.py has no function"),
    ],
)
def test_bad_input_is_one_sentence(capsys, line, code, sentence):
    written(WRONG)
    written("def f(:\n", "broken.py")
    written("x = 1\n", "nothing.py")
    Path("latin.py").write_bytes(b"x = '\xe9'\n")
    Path("folder").mkdir()
    assert main(line.split()) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


def test_an_exception_of_the_users_is_shown_with_the_users_lines(capsys):
    written(WRONG.replace("d.sum(axis=1", "d.sum(axis=7"))
    assert main(["check", "net.py"]) == 1
    err = capsys.readouterr().err
    assert "net.py raises an exception of its own; mend that first:" in err
    assert "net.py, line 15, in gradients" in err
    assert "AxisError" in err
    assert "handgrad/check" not in err


@pytest.mark.parametrize(("path", "code"), [("none.py", 1), ("raises.py", 1)])
def test_json_is_one_document_for_errors_too(capsys, path, code):
    written(
        "def loss(w):\n    return w\n\n\ndef gradients(w):\n    raise OSError('mine')\n\n\ngradients(1.0)\n",
        "raises.py",
    )
    assert main(["check", path, "--json"]) == code
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["verdict"] == "error"
    assert document["error"] in err
    assert document["parameters"] == document["findings"] == []


def test_roles_can_be_told(capsys):
    text = WRONG.replace("def loss", "def one").replace("def gradients", "def two")
    written(text + "\n\ntwo(W, b)\none(W, b)\n")
    assert main(["check", "net.py", "--loss", "one", "--gradients", "two"]) == 3
    assert "because of line 14" in capsys.readouterr().out


def test_fix_writes_a_backup_and_mends_the_file(capsys):
    file = written(WRONG)
    file.chmod(0o750)
    assert main(["check", "net.py", "--fix"]) == 0
    out = capsys.readouterr().out
    assert "the edit was applied to net.py and checked once more: every gradient is right" in out
    assert out.endswith("the file as it was is net.py.bak\n")
    assert Path("net.py.bak").read_bytes() == WRONG.encode()
    assert hg.check_file("net.py")
    assert sorted(os.listdir()) == ["net.py", "net.py.bak"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o750
    assert main(["check", "net.py", "--fix"]) == 0
    assert capsys.readouterr().out.endswith("net.py was left as it is: nothing is wrong\n")
    assert sorted(os.listdir()) == ["net.py", "net.py.bak"]


def test_a_backup_is_never_overwritten(capsys):
    written(WRONG)
    written("precious", "net.py.bak")
    written("precious too", "net.py.bak1")
    assert main(["check", "net.py", "--fix", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "mended"
    assert {each["verdict"] for each in document["parameters"]} == {"right", "wrong"}  # as the file was found
    assert document["mended"]["written"] is True
    assert document["mended"]["backup"] == "net.py.bak2"
    assert [Path(f"net.py.bak{n}").read_text() for n in ("", 1)] == ["precious", "precious too"]
    assert Path("net.py.bak2").read_bytes() == WRONG.encode()


def test_json_says_wrong_where_fix_could_not_mend(capsys, monkeypatch):
    written(WRONG)
    report = hg.check_file("net.py")
    monkeypatch.setattr("handgrad.check.command.check_text", lambda *_, **__: report)  # wrong with the edit as well
    assert main(["check", "net.py", "--fix", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "wrong"
    assert document["mended"]["written"] is False
    assert document["mended"]["backup"] is None


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_bom_stay(end, bom):
    raw = bom + WRONG.rstrip("\n").replace("\n", end).encode()  # and no end of the last line
    Path("net.py").write_bytes(raw)
    assert main(["check", "net.py", "--fix"]) == 0
    mended = Path("net.py").read_bytes()
    assert mended.startswith(bom + b"import numpy")
    assert mended.count(end.encode()) == raw.count(end.encode())
    assert not re.search(rb"(?<!\r)\n" if end == "\r\n" else rb"\n", mended)
    assert not mended.endswith(end.encode())
    assert Path("net.py.bak").read_bytes() == raw
    one, two = raw.split(end.encode()), mended.split(end.encode())
    assert [number for number, (a, b) in enumerate(zip(one, two, strict=True), start=1) if a != b] == [14]


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_stays_a_link():
    Path("there").mkdir()
    written(WRONG, "there/real.py")
    Path("net.py").symlink_to("there/real.py")
    assert main(["check", "net.py", "--fix"]) == 0
    assert Path("net.py").is_symlink()
    assert Path("there/real.py").read_bytes() != WRONG.encode()
    assert Path("there/real.py.bak").read_bytes() == WRONG.encode()


def test_without_a_correction_for_everything_the_file_stays(capsys, monkeypatch):
    file = written(WRONG)
    report = hg.check_file("net.py")
    partial = hg.Report(report.verdict, report.parameters, (*report.findings, hg.Finding("other", "More.", ("b",))))
    monkeypatch.setattr("handgrad.check.command.check_text", lambda *_, **__: partial)
    assert main(["check", "net.py", "--fix"]) == 3
    assert capsys.readouterr().out.endswith("there is no correction that makes everything right\n")
    monkeypatch.setattr("handgrad.check.command.check_text", lambda *_, **__: report)  # wrong with the edit as well
    assert main(["check", "net.py", "--fix"]) == 3
    assert capsys.readouterr().out.endswith("with the correction it is still wrong\n")
    assert file.read_bytes() == WRONG.encode()
    assert os.listdir() == ["net.py"]


def test_a_file_that_changes_meanwhile_is_not_overwritten(capsys, monkeypatch):
    file = written(WRONG)
    reports = iter([hg.check_file("net.py"), hg.Report("right", ())])

    def check_text(*_, **__):
        file.write_text("something else")
        return next(reports)

    monkeypatch.setattr("handgrad.check.command.check_text", check_text)
    assert main(["check", "net.py", "--fix"]) == 1
    assert "net.py was changed while it was checked; nothing was written" in capsys.readouterr().err
    assert file.read_text() == "something else"
    assert os.listdir() == ["net.py"]


def test_colours(capsys, monkeypatch):
    written(RIGHT)
    for settings, colored in (
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ):
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        assert main(["check", "net.py"]) == 0
        assert ("\x1b[" in capsys.readouterr().out) is colored


def test_an_encoding_without_the_letters_is_no_error():
    written(WRONG.replace("target", "目标").replace("dW", "δW"))
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "handgrad", "check", "net.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert "14 | ?W = -d @ x.T" in done.stdout
    done = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True)
    assert json.loads(done.stdout)["findings"][0]["source"] == "δW = -d @ x.T"


@pytest.mark.parametrize(("page", "name"), [("docs/check.md", "rnn.py"), ("README.md", "network.py")])
def test_the_page_shows_what_the_command_prints(page, name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "96")
    text = (ROOT / page).read_text(encoding="utf-8")
    source, shown = re.search(r"```python\n(.*?)```.*?```text\n(.*?)```", text, re.DOTALL).groups()
    written(source, name)
    assert main(["check", name]) == 3

    def without_rounding(output):
        return re.sub(r"\d\.\de-1\d", "small", output)

    assert without_rounding(capsys.readouterr().out) == without_rounding(shown)


def test_diffs_are_applied_strictly():
    first = "--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n a\n+b\n c\n"
    second = "--- a/f\n+++ b/f\n@@ -1,3 +1,2 @@\n a\n-b\n c\n"
    assert patched("a\nc\n", [first]) == "a\nb\nc\n"
    assert patched("a\nc", [first]) == "a\nb\nc"
    assert patched("a\nc\n", [first, second]) == "a\nc\n"
    with pytest.raises(InputError, match="does not fit line 2"):
        patched("a\nd\n", [first])


def test_new_lines_end_like_the_others():
    assert in_style_of("\ufeffa\r\nb\r\nc\n", "a\nx\nc\n") == "\ufeffa\r\nx\r\nc\n"
    assert in_style_of("a", "b") == "b"
