"""The command line, as a user types it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import handgrad
from handgrad.cli import main
from handgrad.derive import Check

POINTS = ["run", "points", "--hidden", "3", "--epochs", "2"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def started(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "handgrad", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_labs_lists_a_line_each(capsys):
    assert main(["labs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines][:2] == ["points", "digits"]


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"handgrad {handgrad.__version__}\n"
    for arguments in (["--help"], ["run", "--help"], ["run", "points", "--help"], []):
        assert main(arguments) == 0
        assert "Usage: handgrad" in capsys.readouterr().out


def test_help_and_lists_load_nothing_heavy():
    code = (
        "import sys\nfrom handgrad.cli import main\n"
        "for line in ('--help', 'labs', 'run --help', 'run points --help'): assert main(line.split()) == 0\n"
        "heavy = {'numba', 'matplotlib', 'sklearn', 'scipy', 'jinja2'} & set(sys.modules)\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_run_prints_results_on_stdout_and_the_log_on_stderr(capsys):
    assert main([*POINTS, "--out", "here"]) == 0
    out, err = capsys.readouterr()
    assert "epoch" in out
    assert out.endswith("report      here/report.html\n")
    assert [line.split()[1] for line in err.splitlines() if line.startswith("epoch")] == ["0", "2"]
    assert Path("here/model.safetensors").is_file()


def test_run_json_is_one_document(capsys):
    assert main([*POINTS, "--json", "--quiet", "--seed", "5"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    promised = {"lab", "engine", "seed", "epochs", "loss", "accuracy", "test_accuracy", "train_seconds", "run"}
    assert promised <= document.keys()
    assert (document["seed"], document["epochs"], document["settings"]["hidden"]) == (5, 2, [3])
    assert Path(document["run"]).parent == Path("runs")
    assert err == ""


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("run", 2, "which lab is to be run? expected one of points, digits"),
        ("run nothing --epochs 3", 2, "the lab is 'nothing', expected one of points, digits"),
        ("nothing", 2, 'Unknown command "nothing"'),
        ("run points --hidden -3,4", 2, "a width of hidden is -3, expected a whole number of at least 1"),
        ("run points --hidden 64,abc", 2, "--hidden is '64,abc', expected whole numbers with commas"),
        ("run points --epochs 0", 2, "epochs is 0, expected a whole number of at least 1"),
        ("run points --lr nan", 2, "lr is nan, expected a finite number above 0"),
        ("run points --lr -1", 2, "lr is -1.0, expected a finite number above 0"),
        ("run points --engine gpu", 2, 'Invalid value "gpu" for --engine'),
        ("run points --learning-rate 1", 2, "Unknown option: --learning-rate"),
        ("run points linear", 2, "linear was not expected here; options begin with --"),
        ("run points --study deepest", 2, "study is 'deepest', expected one of widths"),
        ("run points --data no.csv", 1, "there is no file no.csv, expected linear, xor or the path of a CSV file"),
        ("run points --out file", 2, "--out is file, which is a file; expected a new or an empty folder"),
        ("run points --out full", 2, "--out is full, a folder that is not empty; expected a new or an empty one"),
        (
            "run points --out file/x",
            1,
            "cannot write the run folder file/x: Not a directory; choose another with --out",
        ),
        ("derive nothing", 2, "what to derive is 'nothing', expected one of"),
        ("derive dense --loss l2", 2, "loss was given for dense, expected for mlp only"),
        ("derive mlp --loss l3", 2, "the loss is 'l3', expected one of"),
        ("derive mlp --activation swish", 2, "swish"),
        ("derive dense --seed -1", 2, "seed is -1"),
        ("derive no-such.py", 1, "no-such.py"),
        ("derive dense --format pdf", 2, 'Invalid value "pdf" for --format'),
        ("derive dense --out full", 2, "--out is full, a folder; expected the name of a file"),
        ("derive dense --out no/such/file", 1, "cannot write no/such/file"),
    ],
)
def test_bad_input_is_one_sentence(capsys, line, code, sentence):
    Path("full").mkdir()
    Path("full/x").write_text("")
    Path("file").write_text("")
    assert main(line.split()) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("handgrad: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "data.csv is empty"),
        ("1,2\n3,4\n", "data.csv, line 1 has 2 columns, expected 3"),
        ("x,y,l\n1,nan,a\n", "data.csv, line 2, column 2"),
        ("1,2,a\n3,4,a\n5,6,a\n7,8,a\n", "every point has the label 'a', expected two labels"),
    ],
)
def test_a_bad_table_is_one_sentence_and_leaves_nothing_behind(capsys, text, sentence):
    Path("data.csv").write_text(text)
    assert main(["run", "points", "--data", "data.csv"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert os.listdir() == ["data.csv"]


def test_too_little_memory_is_one_sentence(capsys, monkeypatch):
    def run_lab(*arguments):
        raise MemoryError("Unable to allocate 9.09 TiB")

    monkeypatch.setattr("handgrad.labs.command.run_lab", run_lab)
    assert main(POINTS) == 1
    assert "not enough memory (Unable to allocate 9.09 TiB)" in capsys.readouterr().err


def test_derive_prints_every_format(capsys):
    for form, begin in (("text", ""), ("latex", "\\documentclass"), ("html", "<!doctype html>")):
        assert main(["derive", "sigmoid", "--format", form]) == 0
        assert capsys.readouterr().out.lower().startswith(begin)
    assert main(["derive", "sigmoid", "--out", "sigmoid.txt"]) == 0
    assert capsys.readouterr().out == ""
    assert Path("sigmoid.txt").read_text("utf-8").strip()


def test_derive_of_mlp_takes_choices(capsys):
    assert main(["derive", "mlp", "--loss", "l2", "--activation", "relu", "--seed", "3"]) == 0
    text = capsys.readouterr().out
    assert "max(" in text
    assert "squared" in text.lower() or "²" in text


def test_derive_of_a_file_of_ones_own(capsys, tmp_path):
    source = (Path(handgrad.__file__).parent / "layers" / "tanh.py").read_text(encoding="utf-8")
    (tmp_path / "tanh.py").write_text(source.replace("1 - y**2", "1 + y**2"), encoding="utf-8")
    assert main(["derive", str(tmp_path / "tanh.py")]) == 3
    assert "1 + y²" in capsys.readouterr().out


def test_derive_without_a_name_lists_the_names(capsys):
    assert main(["derive"]) == 0
    assert {"dense", "mlp"} <= {line.split()[0] for line in capsys.readouterr().out.splitlines()}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (1.0, "a line of dense disagrees with its numerical derivative"),
        (0.0, "the forms of the gradient of dense disagree with each other"),
    ],
)
def test_derive_of_a_wrong_line_or_form_is_exit_code_3(capsys, monkeypatch, error, message):
    class Wrong:
        passed = False
        checks = (Check(error, "central"),)

        def to_text(self, unicode):
            return "dW = -da x"

    monkeypatch.setattr("handgrad.derive.command.derive", lambda name, **_: Wrong())
    assert main(["derive", "dense"]) == 3
    out, err = capsys.readouterr()
    assert out == "dW = -da x\n"
    assert message in err


def test_bench_is_handed_its_options(monkeypatch):
    calls = []
    monkeypatch.setattr("handgrad.benchmarks.run", lambda *given: calls.append(given) or 0)
    assert main(["bench", "dense", "--against", "numpy, jax", "--json", "--quick"]) == 0
    assert main(["bench"]) == 0
    assert calls == [("dense", ("numpy", "jax"), True, True), ("dense", ("numpy", "torch", "jax"), False, False)]


def test_warmup_compiles_one_or_both_types(capsys, monkeypatch):
    calls = []
    monkeypatch.setattr("handgrad.warmup.compile_kernels", lambda dtypes: calls.append(dtypes) or 1.25)
    assert main(["warmup"]) == main(["warmup", "--all"]) == 0
    assert calls == [("float32",), ("float32", "float64")]
    assert "float32 and float64 are ready, after 1.2 s" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_metrics_are_whole_lines_after_a_kill():
    with started("run", "points", "--epochs", "100000000", "--log-every", "50", "--out", "run", "--quiet") as process:
        wait_for_lines(Path("run/metrics.jsonl"), 40, process)
        process.kill()
    text = Path("run/metrics.jsonl").read_text()
    assert text.endswith("\n")
    epochs = [json.loads(line)["epoch"] for line in text.splitlines()]
    assert epochs == list(range(0, 50 * len(epochs), 50))


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_saves_what_was_learned():
    with started("run", "points", "--epochs", "100000000", "--out", "run", "--json") as process:
        wait_for_lines(Path("run/metrics.jsonl"), 3, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    document = json.loads(out)
    assert document["status"] == "interrupted"
    assert err.endswith("handgrad: interrupted; what was done is saved in run; to go on: handgrad resume run\n")
    assert handgrad.load("run/model.safetensors").parameters.flat.size == document["parameters"]
    last = json.loads(Path("run/metrics.jsonl").read_text().splitlines()[-1])
    assert last["epoch"] == document["epochs"] < 100_000_000
    assert "The run was interrupted" in Path("run/report.html").read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_what_ctrl_c_has_left_half_done_ends_in_no_traceback(monkeypatch, capsys):
    def half_done(tokens):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise RuntimeError("partially initialized module")

    monkeypatch.setattr(handgrad.cli, "_run", half_done)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where tests are run
    try:
        assert main(["labs"]) == 130
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "handgrad: interrupted\n"


def test_an_error_without_ctrl_c_is_shown_as_it_is(monkeypatch):
    def broken(tokens):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(handgrad.cli, "_run", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        main(["labs"])


def wait_for_lines(path, count, process):
    while not path.exists() or path.read_text().count("\n") < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="file descriptors of POSIX")
def test_a_reader_that_leaves_and_a_full_disk_behind_stdout():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "handgrad", "labs"]
    gone = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (gone.returncode, gone.stderr) == (1, "")
    if Path("/dev/full").exists():
        with open("/dev/full", "w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1
        assert done.stderr == "handgrad: cannot write to stdout: No space left on device\n"


def test_an_encoding_without_the_letters_is_no_error():
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "handgrad", "derive", "sigmoid"], capture_output=True, env=environment)
    assert done.returncode == 0
    assert done.stdout.isascii()
