"""Whose gradient a value is: decided by what the file does with it, also where it stands in the wrong place."""

from pathlib import Path

import pytest

from handgrad.check import check_file
from user_files import checked

RIGHT = Path(__file__).parents[1] / "faults" / "right"

HEAD = """
import numpy as np
from typing import NamedTuple
class Params(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
rng = np.random.default_rng(0)
X, T = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
W1, b1, W2, b2 = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(4, 2)), rng.normal(size=2)
def forward(W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    return h, h @ W2 + b2
def loss(W1, b1, W2, b2):
    return 0.5 * np.sum((forward(W1, b1, W2, b2)[1] - T) ** 2)
def backward(W1, b1, W2, b2):
    h, y = forward(W1, b1, W2, b2)
    d = y - T
    dW2, db2 = h.T @ d, d.sum(axis=0)
    da = d @ W2.T * (1 - h**2)
    dW1, db1 = X.T @ da, da.sum(axis=0)
"""
KEYS = '{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}'
DICT = f'    return {KEYS}, da @ W1.T\nparams = {{"W1": W1, "b1": b1, "W2": W2, "b2": b2}}\n'

FILES = {
    "unpacked": """    return dW1, db1, dW2, db2
for k in range(3):
    gW1, gb1, gW2, gb2 = backward(W1, b1, W2, b2)
    W1 -= 0.1 * gW1; b1 -= 0.1 * gb1; W2 -= 0.1 * gW2; b2 -= 0.1 * gb2
    print(loss(W1, b1, W2, b2))
""",
    "zip": """    return [dW1, db1, dW2, db2]
for k in range(3):
    for p, g in zip([W1, b1, W2, b2], backward(W1, b1, W2, b2)):
        p -= 0.1 * g
    print(loss(W1, b1, W2, b2))
""",
    "list": """    out = [X.T @ da, da.sum(axis=0), h.T @ d, d.sum(axis=0)]
    return out
print(loss(W1, b1, W2, b2))
print([g.shape for g in backward(W1, b1, W2, b2)])
""",
    "NamedTuple": """    return Params(dW1, db1, dW2, db2)
p = Params(W1, b1, W2, b2)
for k in range(3):
    g = backward(*p)
    p = Params(*(w - 0.1 * d for w, d in zip(p, g)))
    print(loss(*p))
""",
    "dict": DICT
    + """for k in range(3):
    grads, dx = backward(**params)
    for n in params:
        params[n] -= 0.1 * grads[n]
    print(loss(**params))
""",
    "items": DICT
    + """for k in range(3):
    grads, dx = backward(**params)
    for n, g in grads.items():
        params[n] -= 0.1 * g
    print(loss(**params))
""",
    "update function": DICT
    + """def update(params, grads):
    return {k: params[k] - 0.1 * grads[k] for k in params}
for k in range(3):
    grads, dx = backward(**params)
    params = update(params, grads)
    print(loss(**params))
""",
}

SPOILED = [
    ("unpacked", "gW1, gb1, gW2, gb2 = b", "gW1, gb2, gW2, gb1 = b", {"b1", "b2"}),
    ("zip", "zip([W1, b1, W2, b2]", "zip([W1, b2, W2, b1]", {"b1", "b2"}),
    ("zip", "[dW1, db1, dW2, db2]", "[dW1, db1, dW2.T, db2]", {"W2"}),
    ("zip", "[dW1, db1, dW2, db2]", "[dW1, db1, dW2]", {"b2"}),
    ("list", "h.T @ d, d.sum(axis=0)]", "(h.T @ d).T, d.sum(axis=0)]", {"W2"}),
    ("list", "return out", "return out + out", {"W1", "b1", "W2", "b2"}),
    ("NamedTuple", "Params(dW1, db1, dW2, db2)", "Params(dW1, db2, dW2, db1)", {"b1", "b2"}),
    ("dict", "grads, dx = b", "dx, grads = b", {"W1", "b1", "W2", "b2"}),
    ("dict", f"{KEYS}, da @ W1.T", f"da @ W1.T, {KEYS}", {"W1", "b1", "W2", "b2"}),
    ("dict", '"b1": db1, ', "", {"b1"}),
    ("items", '"b1": db1, ', "", {"b1"}),
    ("update function", '"b1": db1, ', "", {"b1"}),
]


@pytest.mark.parametrize("name", FILES)
def test_right_as_it_stands(name, tmp_path):
    report = checked(HEAD + FILES[name], tmp_path)
    assert report.verdict == "right", report
    assert {"W1", "b1", "W2", "b2"} <= {each.name for each in report.parameters}


@pytest.mark.parametrize(("name", "old", "new", "wrong"), SPOILED)
def test_what_arrives_in_the_wrong_place_is_wrong(name, old, new, wrong, tmp_path):
    text = HEAD + FILES[name]
    assert text.count(old) == 1
    report = checked(text.replace(old, new), tmp_path)
    assert report.verdict == "wrong", report
    assert {each.name for each in report.parameters if each.verdict == "wrong"} == wrong, report


LAYER = """
import numpy as np
rng = np.random.default_rng(0)
x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
def layer(x, W, b):
    return x @ W + b
def loss(x, W, b):
    return np.sum(layer(x, W, b) ** 2)
def layer_backward(x, W, b):
    d = 2 * layer(x, W, b)
    dx, db, dW = d @ W.T, d.sum(axis=0), x.T @ d
    return {}
g = layer_backward(x, W, b)
print(loss(x, W, b))
"""


@pytest.mark.parametrize("order", ["dx, dW, db", "dx, db, dW", "dW, db, dx"])
def test_an_order_of_its_own_is_no_fault(order, tmp_path):
    report = checked(LAYER.replace("return {}", f"return {order}"), tmp_path)
    assert report.verdict == "right", report


FAULTS = [  # file, line, its new text (None: the line is left out), lines that may be named, whether a fix is shown
    ("attention", 40, 'grads["Wo"] = np.einsum("bth,btd->hd", cache.mixed, dy).T', {40}, True),
    ("attention", 56, None, {55, 56, 57}, True),
    (
        "autoencoder_tied",
        40,
        'return {k: g / X.shape[1] for k, g in zip((["W", "b", "c"])[:-1], [dW, db, dc])}',
        {40},
        True,
    ),
    ("batch_norm", 47, "return (dz @ self.W.T).T", {47}, True),
    ("logistic_lists", 30, "return weights, grad_bias", {30}, True),
    ("mlp_closures", 41, "pass", {41}, False),
    ("mlp_scalar_loops", 57, "return grad_w1, 2 * grad_b1, grad_w2, grad_b2", {57}, True),
    ("lstm_cells", 72, "pass", {71, 72, 73}, False),
    ("layer_norm", 31, "return xhat, dgamma, dbeta", {31}, False),
    ("lstm_fused", 57, "return grad_x, dh, grad_W, dc, grad_U, grad_b", {57}, False),
]


@pytest.mark.parametrize(("name", "line", "new", "lines", "fixed"), FAULTS)
def test_what_is_handed_out_is_looked_at(name, line, new, lines, fixed, tmp_path):
    text = (RIGHT / f"{name}.py").read_text(encoding="utf-8").split("\n")
    old = text[line - 1]
    text[line - 1 : line] = [] if new is None else [old[: len(old) - len(old.lstrip())] + new]
    path = tmp_path / f"{name}.py"
    path.write_text("\n".join(text), encoding="utf-8")
    report = check_file(path)
    assert report.verdict == "wrong", report
    if lines:
        assert {each.line for each in report.findings} <= lines, report
    assert not fixed or (report.findings and all(each.fix for each in report.findings)), report
