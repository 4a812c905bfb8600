"""Files that cannot be checked are refused in one sentence that says what to change; hostile ones end in time."""

import os
import sys
import time

import pytest

from handgrad import check_file
from handgrad.check.source.child import answer_for
from handgrad.errors import InputError, UsageError
from user_files import Style, assert_style, checked, names

HEAD = "import numpy as np\nrng = np.random.default_rng(0)\nx, t, W = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(3, 2))\n"
LOSS = "def loss(W):\n    return 0.5 * np.sum((x @ W - t) ** 2)\n"
GRAD = "def gradient(W):\n    return x.T @ (x @ W - t)\n"
RUN = "print(loss(W))\ndW = gradient(W)\n"
RIGHT = HEAD + LOSS + GRAD + RUN


def answer(text, folder, seconds=20.0, name="net.py", **roles):
    """What the process that runs the file would answer."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    roles = dict.fromkeys(("loss", "gradients", "forward", "backward", "cls")) | roles
    return answer_for({"path": str(path), "text": text, "roles": roles, "seconds": seconds, "seed": 0})


REFUSED = {
    "nothing in it": ("", ["is empty", "expected one that returns the loss"]),
    "no functions": (HEAD + "for i in range(10):\n    W -= 0.1 * x.T @ (x @ W - t)\n", ["has no functions"]),
    "no backward pass": (
        HEAD + LOSS + "print(loss(W))\n",
        ["no function that looks like a backward pass", "--gradients"],
    ),
    "an argument that nobody gives": (
        HEAD
        + "def loss(W, scale):\n    return scale * np.sum(W)\ndef gradient(W, scale):\n    return scale * np.ones_like(W)\n",
        ["needs the argument scale", "call it once"],
    ),
    "a class without an object": (
        "import numpy as np\nclass Net:\n    def __init__(self):\n        self.W = np.ones(3)\n"
        "    def loss(self, x):\n        return float(self.W @ x)\n    def backward(self, x):\n        self.dW = x\n",
        ["defines Net", "make a small Net"],
    ),
    "no loss, and none of the usual ones": (
        HEAD
        + "def forward(W):\n    return x @ W\ndef backward(W, t):\n    return {'W': x.T @ np.sign(x @ W - t) * 0.3}\n"
        "y = forward(W)\ng = backward(W, t)\n",
        ["no function that returns the loss", "--loss"],
    ),
    "gradients that match nothing": (
        HEAD + LOSS + "def gradient(W):\n    return {'first': np.ones((7, 7)), 'second': np.ones(9)}\n" + RUN,
        ["could be matched with a parameter", "dW1 for W1"],
    ),
    "a question": (
        HEAD + "n = int(input('hidden units? '))\n" + LOSS + GRAD + RUN,
        ["asks for input (hidden units?)", "put the answer in"],
    ),
    "command line arguments": (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--data', required=True)\n"
        "def main(args):\n    pass\ndef gradient(W, rows):\n    return W\nmain(parser.parse_args())\n",
        ["left with exit code 2", "--data", "default values"],
    ),
    "time in the forward pass": (
        HEAD + "import time\ndef loss(W):\n    return np.sum(W * time.perf_counter())\n" + GRAD + RUN,
        ["differ", "take random draws, time and files out"],
    ),
    "NaN": (
        HEAD + "def loss(W):\n    return np.sum(np.log(-np.abs(W)))\n" + GRAD + RUN,
        ["not a finite number", "line 5 is the first to compute nan or inf", "check inputs, logs"],
    ),
    "NaN in a function that the file does not call": (
        HEAD + "def loss(W):\n    return np.sum(np.log(-np.abs(W)))\n" + GRAD,
        ["not a finite number", "line 5"],
    ),
    "NaN in the data": (
        HEAD + "x[2, 1] = np.nan\n" + LOSS + GRAD,
        ["the loss of", "not a finite number, because x holds nan at [2, 1]", "give it finite values first"],
    ),
    "NaN in a parameter": (
        HEAD + "W[0, 1] = np.nan\n" + LOSS + GRAD + RUN,
        ["because W holds nan at [0, 1]"],
    ),
    "infinity that does no harm, and one that does": (
        HEAD + "best, t[1, 1] = np.inf, np.inf\n" + LOSS + GRAD + RUN,
        ["because t holds inf at [1, 1]"],
    ),
    "NaN where the output is weighed by a cotangent": (
        HEAD
        + "def forward(x, W):\n    return x @ W\ndef backward(dy, x, W):\n    return dy @ W.T, x.T @ dy\n"
        + "x[0, 0] = np.nan\ny = forward(x, W)\ndx, dW = backward(np.ones_like(y), x, W)\n",
        ["because x holds nan at [0, 0]"],
    ),
    "complex parameters": (
        HEAD.replace("rng.normal(size=(3, 2))", "rng.normal(size=(3, 2)) + 1j")
        + "def loss(W):\n    return np.sum(np.abs(x @ W - t) ** 2)\n"
        + GRAD
        + RUN,
        ["W", "complex"],
    ),
    "the backward pass of another file": (
        "import numpy as np\nimport layers_beside\nW = np.ones(3)\nprint(layers_beside.loss(W), layers_beside.backward(W))\n",
        ["takes its backward pass from layers_beside.py", "put both into one file"],
    ),
}

TROUBLE = {
    "a module that is missing": (
        "import numpy as np\nimport torchvisionary\n" + RIGHT,
        ["line 2", "ModuleNotFoundError", "torchvisionary"],
    ),
    "an exception at import": (HEAD + "y = x @ x\n" + LOSS + GRAD + RUN, ["line 4", "y = x @ x", "ValueError"]),
    "an exception in backward": (
        HEAD + LOSS + "def gradient(W):\n    return x @ (x @ W - t)\n" + RUN,
        ["line 7", "in gradient", "return x @ (x @ W - t)", "ValueError"],
    ),
    "an exception in forward": (
        HEAD + "def loss(W):\n    return np.summ(x @ W)\n" + GRAD + RUN,
        ["in loss", "AttributeError"],
    ),
    "recursion without end": (
        HEAD + LOSS + "def gradient(W):\n    return gradient(W)\n" + RUN,
        ["in gradient", "RecursionError"],
    ),
    "a file that is not there": (
        "import numpy as np\nX = np.load('data.npy')\n" + RIGHT,
        ["line 2", "FileNotFoundError", "data.npy"],
    ),
    "an interrupt of its own": (HEAD + "raise KeyboardInterrupt\n" + LOSS + GRAD, ["line 4", "KeyboardInterrupt"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "layers_beside", raising=False)
    (tmp_path / "layers_beside.py").write_text(
        "def loss(W):\n    return float(W @ W)\ndef backward(W):\n    return 2 * W\n", encoding="utf-8"
    )
    text, words = REFUSED[name]
    error = answer(text, tmp_path)["error"]
    assert "net.py" in error
    assert "\n" not in error
    for word in words:
        assert word in error, error


@pytest.mark.parametrize("name", TROUBLE)
def test_the_users_own_exception_with_the_users_lines(name, tmp_path):
    text, words = TROUBLE[name]
    trouble = answer(text, tmp_path)["trouble"]
    assert len(trouble.splitlines()) <= 7
    for word in words:
        assert word in trouble, trouble
    assert "handgrad" not in trouble


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:\n", "line 1"),
        ("x = 1\n  y = 2\n", "line 2: unexpected indent"),
        ("x = '\0'\n", "null bytes"),
        ("x = " + "(" * 500 + ")" * 500 + "\n", "mend that first"),
        ("#" * 3_000_000, "put its data into another file"),
    ],
)
def test_a_file_that_cannot_be_parsed(text, words, tmp_path):
    path = tmp_path / "net.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        check_file(path)


def test_paths_that_are_no_python_file(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        check_file(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        check_file(tmp_path / "none.py")
    with pytest.raises(InputError, match="is a notebook"):
        check_file(tmp_path / "none.ipynb")
    with pytest.raises(InputError, match="no ordinary file"):
        check_file(os.devnull)
    (tmp_path / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    with pytest.raises(InputError, match="not text in UTF-8"):
        check_file(tmp_path / "latin.py")


def test_a_name_that_the_file_does_not_define(tmp_path):
    (tmp_path / "net.py").write_text(RIGHT, encoding="utf-8")
    with pytest.raises(UsageError, match=r"--gradients is grads, expected a name .*: loss, gradient"):
        check_file(tmp_path / "net.py", gradients="grads")
    with pytest.raises(UsageError, match="--class is Net"):
        check_file(tmp_path / "net.py", cls="Net")


ENDLESS = {
    "at import": HEAD + "while True:\n    pass\n" + LOSS + GRAD + RUN,
    "at import, catching everything": HEAD
    + "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass\n"
    + GRAD,
    "in backward": HEAD + LOSS + "def gradient(W):\n    while W is not None:\n        W = W + 0\n" + RUN,
    "in C": HEAD + "n = sum(k * k for k in range(10**12))\n" + GRAD,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_the_time_limit_holds(name, tmp_path):
    path = tmp_path / "net.py"
    path.write_text(ENDLESS[name], encoding="utf-8")
    start = time.monotonic()
    with pytest.raises(
        InputError, match=r"net.py was still in line \d+ .* the time limit of 3 s.*; make its data smaller, or give it"
    ):
        check_file(path, time_limit=3)
    assert time.monotonic() - start < 3 + 5 + 20  # the limit, its grace, and a machine that is busy


def test_an_endless_loop_at_other_values_only(tmp_path):
    text = (
        HEAD
        + "start = W.copy()\ndef loss(W):\n    while not np.array_equal(W, start):\n        pass\n    return float(np.sum(W))\n"
    )
    assert (
        "was not done after the time limit of 3 s"
        in answer(text + "def gradient(W):\n    return np.ones_like(W)\n" + RUN, tmp_path, seconds=3)["error"]
    )


def test_files_that_end_or_outlive_their_process(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(RIGHT + "import os\nos._exit(3)\n", encoding="utf-8")
    assert check_file(path)
    path.write_text("import os\nos.abort()\n" + RIGHT, encoding="utf-8")
    with pytest.raises(InputError, match=r"ended the process that ran it \(signal SIGABRT\)"):
        check_file(path)
    path.write_text(
        "import subprocess, sys, threading, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n" + RIGHT,
        encoding="utf-8",
    )
    start = time.monotonic()
    assert check_file(path)
    assert time.monotonic() - start < 40


def test_a_path_with_spaces_and_letters_and_a_working_folder(tmp_path, monkeypatch):
    folder = tmp_path / "net works 网络"
    folder.mkdir()
    (folder / "helper.py").write_text("import numpy as np\ndef act(z):\n    return np.tanh(z)\n", encoding="utf-8")
    (folder / "beside.csv").write_text("1,2,3\n4,5,6\n", encoding="utf-8")
    (tmp_path / "here.csv").write_text("1,2\n", encoding="utf-8")
    text = (
        "import numpy as np\nfrom helper import act\nx, t = np.loadtxt('{}', delimiter=',', ndmin=2), 0.5\n"
        "W = np.linspace(-0.1, 0.1, x.shape[1])\ndef loss(W):\n    return np.sum((act(x @ W) - t) ** 2)\n"
        "def grad(W):\n    y = act(x @ W)\n    return 2 * x.T @ ((y - t) * (1 - y**2))\nprint(loss(W), grad(W))\n"
    )
    path = folder / "my net.py"
    path.write_text(text.format("beside.csv"), encoding="utf-8-sig", newline="\r\n")
    assert check_file(path)
    monkeypatch.chdir(tmp_path)
    path.write_text(text.format("here.csv"), encoding="utf-8")
    assert check_file("net works 网络/my net.py")
    path.write_text(text.format("nowhere.csv"), encoding="utf-8")
    with pytest.raises(InputError, match="net works 网络/my net.py, line 3, in <module>"):
        check_file("net works 网络/my net.py")


def test_a_folder_whose_files_bear_the_names_of_modules(tmp_path):
    for name in ("signal.py", "json.py", "queue.py", "statistics.py"):
        (tmp_path / name).write_text("raise RuntimeError('not this one')\n", encoding="utf-8")
    (tmp_path / "net.py").write_text(RIGHT, encoding="utf-8")
    assert check_file(tmp_path / "net.py")


def test_only_the_first_step_of_a_long_training_is_run(tmp_path):
    text = (
        RIGHT + "ran = 0\nfor step in range(10**9):\n    loss(W)\n    W -= 0.01 * gradient(W)\n    print('x' * 1000)\n"
    )
    assert checked(text, tmp_path).verdict == "right"


@pytest.mark.parametrize(
    ("gradient", "why"),
    [
        ("(x.T @ (x @ W - t)).T", "has shape 2 x 3, expected 3 x 2"),
        ("(x.T @ (x @ W - t)).sum()", "has shape scalar, expected 3 x 2"),
        ("x.T @ (x @ W - t) / 0", "NaN or infinity"),
        ("x.T @ (x @ W - t) + np.nan", "NaN or infinity"),
        ("None", "no gradient was returned"),
    ],
)
def test_a_gradient_that_is_none_is_wrong(gradient, why, tmp_path):
    text = HEAD + "b = rng.normal(size=2)\nparams = {'W': W, 'b': b}\n" + (
        "def loss(p):\n    return 0.5 * np.sum((x @ p['W'] + p['b'] - t) ** 2)\n"
        f"def gradients(p):\n    W, t = p['W'], globals()['t'] - p['b']\n    return {{'W': {gradient}, 'b': (x @ W - t).sum(0)}}\n"
        "for step in range(3):\n    print(loss(params))\n    g = gradients(params)\n    for k in params:\n"
        "        params[k] -= 0.1 * g[k]\n"
    )  # fmt: skip
    report = checked(text, tmp_path)
    assert names(report, "wrong") == {"W"}
    assert why in next(each.why for each in report.parameters if each.name == "W")


def test_a_gradient_that_is_left_out_is_wrong_where_the_step_wants_it(tmp_path):
    text = HEAD + "params = {'W': W, 'b': rng.normal(size=2)}\n" + (
        "def loss(p):\n    return 0.5 * np.sum((x @ p['W'] + p['b'] - t) ** 2)\n"
        "def gradients(p):\n    e = x @ p['W'] + p['b'] - t\n    g = {}\n    g['W'] = x.T @ e\n    g['b'] = e.sum(axis=0)\n    return g\n"
        "print(loss(params))\ng = gradients(params)\nfor k in params:\n    params[k] -= 0.1 * g[k]\n"
    )  # fmt: skip
    assert checked(text, tmp_path).verdict == "right"
    report = checked(text.replace("    g['b'] = e.sum(axis=0)\n", ""), tmp_path)
    assert names(report, "wrong") == {"b"}
    frozen = text.replace("    g['b'] = e.sum(axis=0)\n", "").replace("for k in params", "for k in g")
    assert checked(frozen, tmp_path).verdict == "right"  # b is not trained


def test_several_classes_and_the_one_that_is_meant(tmp_path):
    network = (
        "class {0}:\n    def __init__(self):\n        self.W = np.full((3, 2), 0.3)\n    def loss(self, x, t):\n"
        "        self.e = x @ self.W - t\n        return 0.5 * np.sum(self.e**2)\n    def backward(self, x):\n"
        "        self.dW = {1} * x.T @ self.e\n"
    )
    text = HEAD + network.format("Good", 1) + network.format("Bad", 2)
    text += "for net in (Good(), Bad()):\n    print(net.loss(x, t))\n    net.backward(x)\n"
    assert checked(text, tmp_path, cls="Good").verdict == "right"
    assert names(checked(text, tmp_path, cls="Bad"), "wrong") == {"W"}


STYLES = {
    "semicolons, tabs and CRLF": Style(RIGHT.replace("    ", "\t").replace("\n", "\r\n"), "W", ("x.T @ (x @ W - t)", "x.T @ (x @ W + t)"), "W"),
    "form feeds and odd line ends": Style(
        HEAD + "note = 'a\u2028b\x85c'\n\x0c\n" + LOSS + "\x0c" + GRAD + RUN, "W", ("x.T @ (x @ W - t)", "x.T @ (x @ W + t)"), "W"
    ),
    "stdin, a debugger, and leaving": Style(
        "import sys\nsys.stdin.read()\nbreakpoint()\n" + RIGHT + "sys.exit('done')\n", "W", ("x.T @ (x @ W - t)", "x.T @ (x @ W - t + 1)"), "W"
    ),
    "its own numerical check before the gradients": Style(
        HEAD + LOSS + GRAD + "for i in range(3):\n    for j in range(2):\n        W[i, j] += 1e-6; up = loss(W); W[i, j] -= 2e-6\n"
        "        print((up - loss(W)) / 2e-6); W[i, j] += 1e-6\n" + RUN,
        "W",
        ("x.T @ (x @ W - t)", "x.T @ (x @ W - t) / 4"),
        "W",
    ),
    "an exception in the step after it": Style(RIGHT + "W -= dW.T\n", "W", ("x.T @ (x @ W - t)", "3 * x.T @ (x @ W - t)"), "W"),
    "warnings as errors": Style("import warnings\nwarnings.simplefilter('error')\n" + RIGHT, "W", ("x @ W - t)\nprint", "x @ W)\nprint"), "W"),
}  # fmt: skip


@pytest.mark.parametrize("name", STYLES)
def test_odd_and_still_understood(name, tmp_path):
    assert_style(STYLES[name], tmp_path)
