"""The mutation study's own parts: mutators, oracle, diffs, and what counts as found. The checker is not run here."""

import ast
import difflib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from mutations import corpus, oracle, pool, study, table  # noqa: E402
from mutations.diffs import apply_diff  # noqa: E402
from mutations.operators import mutants  # noqa: E402
from mutations.oracle import Oracle  # noqa: E402
from mutations.source import Source  # noqa: E402
from mutations.subject import Subject, load_subjects  # noqa: E402

RIGHT = ROOT / "tests" / "faults" / "right"

RNN = '''
import numpy as np

SEED = 3
T = 4
rng = np.random.default_rng(SEED)
W = rng.normal(size=(3, 3))
b = rng.normal(size=(3, 1))
x = rng.normal(size=(T, 3, 2))


def forward(W, b, x):
    hs = [np.zeros((3, 2))]
    for t in range(len(x)):
        hs.append(np.tanh(W @ hs[t] + x[t] + b))
    return 0.5 * np.sum(hs[-1] ** 2) / 2, hs


def backward(W, b, x, hs):
    """The text of a docstring is no code: a * b."""
    dW, db = np.zeros_like(W), np.zeros_like(b)
    m = 2
    dh = hs[-1] / m
    for t in reversed(range(len(x))):
        da = dh * (1 - hs[t + 1] ** 2)
        dW += da @ hs[t].T
        db += np.sum(da, axis=1, keepdims=True)
        dh = W.T @ da
    return {"W": dW, "b": db}
'''

MUTANTS = [
    ("minus to plus", "da = dh * (1 + hs[t + 1] ** 2)"),
    ("times to plus", "da = dh + (1 - hs[t + 1] ** 2)"),
    ("drop factor", "da = dh"),
    ("drop term", "da = dh * (1)"),
    ("drop exponent", "da = dh * (1 - hs[t + 1])"),
    ("change exponent", "da = dh * (1 - hs[t + 1] ** 3)"),
    ("change constant", "da = dh * (2 - hs[t + 1] ** 2)"),
    ("shift index", "da = dh * (1 - hs[t] ** 2)"),
    ("other variable", "dW += dh @ hs[t].T"),
    ("drop rows", "da = dh[:1] * (1 - hs[t + 1] ** 2)"),
    ("negate", "da = -(dh * (1 - hs[t + 1] ** 2))"),
    ("times 2", "da = 2 * (dh * (1 - hs[t + 1] ** 2))"),
    ("add one", "dh = W.T @ da + 1"),
    ("drop divisor", "dh = hs[-1]"),
    ("mean twice", "dh = hs[-1] / m / m"),
    ("divide to times", "dh = hs[-1] * m"),
    ("extra mean", "dh = (W.T @ da) / m"),
    ("change constant", "m = 1"),
    ("skip first step", "for t in reversed(range(1, len(x))):"),
    ("skip last step", "for t in reversed(range(len(x) - 1)):"),
    ("turn loop", "for t in range(len(x)):"),
    ("augmented to plain", "dW = da @ hs[t].T"),
    ("flip augmented sign", "dW -= da @ hs[t].T"),
    ("plain to augmented", "dh += W.T @ da"),
    ("shift index", "dW += da @ hs[t - 1].T"),
    ("transpose right", "dW += da @ hs[t]"),
    ("swap operands", "dW += hs[t].T @ da"),
    ("transpose left", "dh = W @ da"),
    ("sum to mean", "db += np.mean(da, axis=1, keepdims=True)"),
    ("drop sum", "db += da"),
    ("first item for sum", "db += da[:, :1]"),
    ("change axis", "db += np.sum(da, axis=0, keepdims=True)"),
    ("drop keepdims", "db += np.sum(da, axis=1)"),
    ("ones for zeros", "dW, db = np.ones_like(W), np.zeros_like(b)"),
    ("parameter for zeros", "dW, db = W.copy(), np.zeros_like(b)"),
    ("delete statement", ""),
    ("exchange results", 'return {"W": db, "b": dW}'),
]


@pytest.fixture
def subject(tmp_path):
    return subject_of(tmp_path, RNN, ["backward"])


def subject_of(folder, text, backward, **driver):
    path = folder / "file.py"
    path.write_text(text, encoding="utf-8")
    given = {"gradients": "backward(W, b, x, forward(W, b, x)[1])", "loss": "forward(W, b, x)[0]"}
    return Subject(name="file", path=path, backward=backward, parameters="W, b", **(given | driver))


def test_each_operator_yields_its_edit(subject):
    found = {(each.operator, each.after) for each in mutants(subject)}
    assert set(MUTANTS) - found == set()
    assert ("other variable", "da = dh * (1 - hs[t] ** 2)") not in found  # the same text came from "shift index"


def test_mutants_are_single_edits_of_the_backward_pass(subject):
    text, source = subject.source(), Source(subject.source(), subject.backward)
    all_mutants = mutants(subject)
    dumps = [ast.dump(ast.parse(each.applied(text))) for each in all_mutants]
    assert len(set(dumps)) == len(dumps)
    assert ast.dump(source.tree) not in dumps
    for each in all_mutants:
        lines, changed = text.splitlines(), each.applied(text).splitlines()
        blocks = [code for code in difflib.SequenceMatcher(None, lines, changed).get_opcodes() if code[0] != "equal"]
        assert len(blocks) == 1
        assert each.line in source.lines
        assert each.accept[0] <= each.line <= each.accept[1]


def test_a_deleted_line_is_named_by_its_neighbours(subject):
    deleted = next(each for each in mutants(subject) if each.before == "dh = W.T @ da" and not each.after)
    lines = deleted.applied(subject.source()).splitlines()
    first, last = deleted.accept
    assert lines[first - 1].strip().startswith("db +=")
    assert lines[last - 1].strip().startswith("return")


def test_the_oracle_tells_live_from_equivalent_and_stillborn(subject, monkeypatch):
    judge, text = Oracle(subject).judge, subject.source()
    assert judge(text).kind == "equivalent"
    assert judge(text.replace("/ m", "* (1 / m)")).kind == "equivalent"
    sign = judge(text.replace("dW += da", "dW -= da"))
    assert (sign.kind, sign.looks, sign.wrong) == ("live", ("sign",), ("['W']",))
    assert judge(text.replace("/ m", "/ (m * 1.000001)")).kind == "marginal"
    assert judge(text.replace("db += np", "db = 2 * np")).looks == ()
    assert judge(text.replace("dh = W.T @ da", "dh = W.T @ daa")).kind == "raises"
    assert judge(text.replace("range(len(x)):\n        hs", "range(1, len(x)):\n        hs")).kind in {
        "raises",
        "forward",
    }
    assert judge(text.replace("np.tanh(", "np.sin(")).kind == "forward"
    assert judge(text.replace('"W": dW', '"W": dW[:1]')).kind == "live"  # of another shape
    assert judge(text.replace('"W": dW, ', "")).kind == "live"  # not there
    assert judge(text.replace("m = 2", "m = float('nan')")).kind == "live"
    monkeypatch.setattr(oracle, "SECONDS", 0.2)
    assert judge(text.replace("m = 2", "m = 2\n    while True: pass")).kind == "hangs"


def test_a_second_call_that_differs_is_wrong(tmp_path):
    text = RNN.replace("SEED = 3", "SEED = 3\nkept = np.zeros((3, 3))").replace(
        'return {"W": dW', 'kept[:] = 0\n    kept[:] += dW\n    return {"W": kept'
    )
    subject = subject_of(tmp_path, text, ["backward"])
    judgement = Oracle(subject).judge(text.replace("    kept[:] = 0\n", ""))
    assert judgement.kind == "live"
    assert "buffer-not-cleared" in judgement.looks


def test_a_fault_that_shows_at_other_parameters_only_is_live(tmp_path):
    text = RNN.replace("b = rng.normal(size=(3, 1))", "b = np.zeros((3, 1))")
    subject = subject_of(tmp_path, text, ["backward"])
    judgement = Oracle(subject).judge(text.replace("db += np.sum", "db += b + np.sum"))
    assert judgement.kind == "live"
    assert not judgement.at_own_point


def test_regions_by_name_and_by_text():
    text = RNN.replace("def backward", "class Net:\n  pass\n\n\ndef backward")
    whole = Source(text, ["backward"])
    part = Source(text, ["backward: dh = hs ... return"])
    assert part.lines < whole.lines
    assert [whole.of(each) for each in part.statements][0] == "dh = hs[-1] / m"
    assert not any("return" in whole.of(each) for each in part.statements)
    with pytest.raises(ValueError, match="defines no 'bptt'"):
        Source(text, ["bptt"])
    with pytest.raises(ValueError, match="has 'dz ='"):
        Source(text, ["backward: dz ="])


def test_positions_in_bytes_not_letters(tmp_path):
    text = RNN.replace("da", "δ").replace("dh", "误差")
    subject = subject_of(tmp_path, text, ["backward"])
    assert ("drop factor", "δ = 误差") in {(each.operator, each.after) for each in mutants(subject)}


@pytest.mark.parametrize("moved", ["", "# a line before\n"])
def test_diffs_are_applied(moved):
    old, new = "a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\nf\n"
    diff = "".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "x.py", "x.py", n=1))
    assert apply_diff(moved + old, diff) == moved + new
    assert apply_diff(old.replace("b", "x"), diff) is None
    assert apply_diff(old, "no diff at all") is None


def test_a_diff_that_deletes_and_adds_lines_at_both_ends():
    old, new = "a\nb\nc", "z\na\nc\nd"
    diff = "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))
    assert apply_diff(old, diff) == new


def judged_of(subject):
    judge, text = Oracle(subject).judge, subject.source()
    return [corpus.Judged(each, judge(each.applied(text))) for each in mutants(subject)]


def test_pairs_are_two_faults_that_both_matter(subject):
    live = [each for each in judged_of(subject) if each.judgement.kind == "live"]
    found = corpus.pairs([subject], {"file": live}, 6, seed=0)
    assert len(found) == 6
    for each in found:
        assert each.first.accept[1] < each.second.accept[0]
        line = each.text.splitlines()[each.second.line - 1].strip()
        assert each.second.after.startswith(line) or not each.second.after
        assert Oracle(subject).judge(each.text).kind == "live"


def test_a_sample_is_spread_over_operators(subject):
    found = judged_of(subject)
    operators = {each.mutant.operator for each in found}
    assert {each.mutant.operator for each in corpus.sample(found, len(operators), 0)} == operators
    assert len(corpus.sample(found, 10**6, 0)) == len(found)


def test_right_files_of_other_sizes_run(subject):
    found = corpus.right_variants([subject], {"file": ["T"]}, 8, seed=1)
    assert len({text for _, text in found}) == 8
    assert found[0][1] == RNN
    assert any("T = 4" not in text for _, text in found)


@pytest.fixture
def stub(monkeypatch):
    """A checker that names the line of the first minus sign before a parenthesis and proposes to drop it."""

    def ask(self, task):
        path = Path(task["path"])
        old = path.read_text(encoding="utf-8")
        new = old.replace("= -(", "= (").replace("= 2 * (", "= (")
        diff = "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))
        lines = [place + 1 for place, line in enumerate(old.splitlines()) if "= -(" in line]
        findings = [{"class": "sign", "also": [], "line": each, "fix": diff, "explanation": "a"} for each in lines]
        verdict = "wrong" if old != new else "right"
        return {"seconds": 0.5, "error": "", "report": {"verdict": verdict, "findings": findings, "notes": []}}

    monkeypatch.setattr(pool.Worker, "ask", ask)


def test_what_counts_as_found(subject, stub, tmp_path):
    chosen = [each for each in judged_of(subject) if each.mutant.operator in {"negate", "times 2"}]
    chosen = [each for each in chosen if each.mutant.before == "da = dh * (1 - hs[t + 1] ** 2)"]
    run = study.Study({"file": subject}, tmp_path / "work", 1, 60.0, {}, {})
    rows = {each["operator"]: each for each in run.singles(chosen)}
    names = ("detected", "line_right", "class_right", "corrected")
    assert [rows["negate"][name] for name in names] == [True] * 4
    assert [rows["times 2"][name] for name in names] == [True, False, False, False]
    assert "lacks line_right, class_right, corrected" in table.misses(list(rows.values()), [], [])
    assert table.summary(list(rows.values()), [], []).splitlines()[0].endswith("met")

    again = study.Study({"file": subject}, tmp_path / "work", 1, 60.0, {}, study.load_results(tmp_path / "work"))
    (tmp_path / "work" / "results.jsonl").unlink()
    assert {each["key"] for each in again.singles(chosen)} == {each["key"] for each in rows.values()}
    assert not (tmp_path / "work" / "results.jsonl").read_text(encoding="utf-8")  # nothing was asked again


def test_a_worker_that_dies_or_hangs_is_replaced(tmp_path, monkeypatch):
    package = tmp_path / "handgrad" / "check"
    package.mkdir(parents=True)
    (tmp_path / "handgrad" / "__init__.py").touch()
    (package / "__init__.py").write_text(
        "import os, time\n"
        "def check_file(path, time_limit, **options):\n"
        "    print('noise')\n"
        "    if path == 'die': os._exit(1)\n"
        "    if path == 'hang': time.sleep(60)\n"
        "    raise ValueError(path)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(pool, "_GRACE", 0.0)
    worker = pool.Worker()
    try:
        for path, said in [("a", "ValueError: a"), ("die", "process ended"), ("b", "ValueError: b")]:
            answer = worker.ask({"path": path, "time_limit": 60.0, "options": {}})
            assert answer["report"] is None
            assert said in answer["error"]
        assert "no answer after 0 seconds" in worker.ask({"path": "hang", "time_limit": 0.2, "options": {}})["error"]
    finally:
        worker.stop()


def test_results_cut_off_in_the_middle_are_read(tmp_path):
    (tmp_path / "results.jsonl").write_text('{"key": "a"}\n{"key": "b", "ver', encoding="utf-8")
    assert list(study.load_results(tmp_path)) == ["a"]


@pytest.mark.parametrize("each", load_subjects(RIGHT), ids=lambda each: each.name)
def test_every_driver_runs_its_file(each):
    checked = Oracle(each)
    assert checked.same(each.source())
    moved = [set(point) for point in checked.right[1:]]
    assert all(point == moved[0] for point in moved)
    assert Source(each.source(), each.backward).statements


def test_every_right_file_has_a_driver():
    assert {each.name for each in load_subjects(RIGHT)} == {path.stem for path in RIGHT.glob("*.py")}


@pytest.mark.parametrize(
    ("verdict", "fault", "expected"),
    [("right", None, False), ("wrong", None, True), ("right", "optimizer", True), ("right", "float32-noise", False)],
)
def test_what_counts_as_wrong_is_what_ends_with_exit_code_3(verdict, fault, expected):
    row = {"verdict": verdict, "findings": [{"class": fault}] if fault else []}
    assert table.says_wrong(row) == expected
    told = table.summary([], [], [row]).splitlines()[0]
    assert told.startswith("false alarms")
    assert told.endswith("MISSED" if expected else "met")
