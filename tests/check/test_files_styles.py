"""Ways to write Python: whatever a user's file is written with, right stays right, and a fault is seen."""

import pytest

from user_files import Style, assert_style

STYLES = {}

STYLES["comprehensions and zip"] = Style(
    """
import numpy as np
rng = np.random.default_rng(0)
xs, ts = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
W, b = rng.normal(size=(2, 3)), rng.normal(size=2)
def forward(W, b):
    return [np.tanh(W @ x + b) for x in xs]
def loss(W, b):
    return sum(0.5 * ((y - t) ** 2).sum() for y, t in zip(forward(W, b), ts))
def grads(W, b):
    deltas = [(y - t) * (1 - y**2) for y, t in zip(forward(W, b), ts)]
    dW = sum(np.outer(d, x) for d, x in zip(deltas, xs))
    db = sum(deltas)
    return dW, db
print(loss(W, b), grads(W, b))
""",
    "W b",
    ("np.outer(d, x)", "np.outer(d, x) * d[0]"),
    "W",
)

STYLES["einsum"] = Style(
    """
import numpy as np
np.random.seed(1)
x = np.random.randn(2, 3, 4)
target = np.random.randn(2, 5, 4)
K = np.random.randn(5, 3)
def forward(x, K):
    return np.einsum("oc,ncl->nol", K, x)
def loss(x, K):
    return np.mean((forward(x, K) - target) ** 2)
def backward(x, K):
    dy = 2 * (forward(x, K) - target) / target.size
    dK = np.einsum("nol,ncl->oc", dy, x)
    dx = np.einsum("oc,nol->ncl", K, dy)
    return dx, dK
if __name__ == "__main__":
    print(loss(x, K))
    dx, dK = backward(x, K)
""",
    "x K",
    ('"oc,nol->ncl", K, dy', '"oc,nol->ncl", K, dy * 2'),
    "x",
)

STYLES["slices, fancy indices and np.add.at"] = Style(
    """
import numpy as np
rng = np.random.RandomState(3)
E = rng.randn(7, 4)
V = rng.randn(2, 6)
words = np.array([[0, 3, 3], [6, 1, 0]])
labels = np.array([1, 0])
def forward(E, V):
    h = E[words].mean(axis=1)
    h2 = np.concatenate([h[:, 2:], h[:, :2], h[:, ::2]], axis=1)
    s = h2 @ V.T
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return -np.log(p[np.arange(2), labels]).mean(), (h2, p)
def backward(E, V, cache):
    h2, p = cache
    ds = p.copy()
    ds[np.arange(2), labels] -= 1
    ds /= 2
    dV = ds.T @ h2
    dh2 = ds @ V
    dh = np.zeros((2, 4))
    dh[:, 2:] += dh2[:, :2]
    dh[:, :2] += dh2[:, 2:4]
    dh[:, ::2] += dh2[:, 4:]
    dE = np.zeros_like(E)
    np.add.at(dE, words, dh[:, None, :] / 3)
    return {"E": dE, "V": dV}
for step in range(100):
    loss, cache = forward(E, V)
    g = backward(E, V, cache)
    E -= 0.1 * g["E"]
    V -= 0.1 * g["V"]
""",
    "E V",
    ("np.add.at(dE, words, dh[:, None, :] / 3)", "dE[words] += dh[:, None, :] / 3"),
    "E",
)

STYLES["lambdas for everything"] = Style(
    """
import numpy as np
rng = np.random.default_rng(2)
X, T = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
W = rng.normal(size=(3, 2))
f = lambda z: np.tanh(z)
df = lambda y: 1 - y * y
loss = lambda W: 0.5 * np.sum((f(X @ W) - T) ** 2)
grad = lambda W: X.T @ ((f(X @ W) - T) * df(f(X @ W)))
for _ in range(50):
    W = W - 0.01 * grad(W)
    print(loss(W))
""",
    "W",
    ("grad = lambda W: X.T @ ((f(X @ W) - T)", "grad = lambda W: X.T @ ((f(X @ W) + T)"),
    "W",
)

STYLES["decorators with and without wraps"] = Style(
    """
import functools, time
import numpy as np
def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        wrapper.seconds = time.perf_counter() - start
        return result
    return wrapper
def checked(function):
    def inner(*args):
        return function(*args)
    return inner
rng = np.random.default_rng(4)
X, T, W = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
@timed
def forward(X, W):
    H = 1 / (1 + np.exp(-X @ W))
    return np.sum((H - T) ** 2), H
@checked
def backward(X, W, H):
    dZ = 2 * (H - T) * H * (1 - H)
    return X.T @ dZ
loss, H = forward(X, W)
dW = backward(X, W, H)
""",
    "W",
    ("dZ = 2 * (H - T)", "dZ = (H - T)"),
    "W",
)

STYLES["lru_cache"] = Style(
    """
from functools import lru_cache
import numpy as np
@lru_cache(maxsize=None)
def positions(steps, size):
    return np.sin(np.outer(np.arange(steps), 1 + np.arange(size)))
@lru_cache
def forward(w, b):
    return [np.tanh(w * t + b) for t in range(4)]
def loss(w, b):
    return float(np.sum((np.array(forward(w, b)) - positions(4, 3)[:, 1]) ** 2))
def gradient(w, b):
    y = np.array(forward(w, b))
    d = 2 * (y - positions(4, 3)[:, 1]) * (1 - y**2)
    return float(d @ np.arange(4)), float(d.sum())
w, b = 0.3, -0.2
for _ in range(9):
    print(loss(w, b))
    dw, db = gradient(w, b)
    w, b = w - 0.1 * dw, b - 0.1 * db
""",
    "w b",
    ("float(d.sum())", "float(d.mean())"),
    "b",
)

STYLES["staticmethod, classmethod, property, super"] = Style(
    """
import numpy as np
class Layer:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(size=(n_in, n_out))
    @classmethod
    def make(cls, sizes, seed=0):
        return cls(*sizes, np.random.default_rng(seed))
    def forward(self, x):
        self.x = x
        return x @ self.W
    def backward(self, dy):
        self.dW = self.x.T @ dy
        return dy @ self.W.T
class Biased(Layer):
    def __init__(self, n_in, n_out, rng):
        super().__init__(n_in, n_out, rng)
        self._b = rng.normal(size=n_out)
    @property
    def b(self):
        return self._b
    @staticmethod
    def squash(z):
        return np.tanh(z)
    def forward(self, x):
        self.y = self.squash(super().forward(x) + self.b)
        return self.y
    def backward(self, dy):
        dz = dy * (1 - self.y**2)
        self.d_b = dz.sum(axis=0)
        return super().backward(dz)
rng = np.random.default_rng(1)
x, t = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
layer = Biased.make((3, 2), seed=5)
for epoch in range(20):
    y = layer.forward(x)
    loss = 0.5 * np.sum((y - t) ** 2)
    layer.backward(y - t)
    layer.W -= 0.1 * layer.dW
    layer._b -= 0.1 * layer.d_b
""",
    "W _b x",
    ("self.d_b = dz.sum(axis=0)", "self.d_b = dz.sum(axis=0) / 6"),
    "_b",
)

STYLES["__slots__"] = Style(
    """
import numpy as np
class Neuron:
    __slots__ = ("w", "b", "x", "y", "dw", "db")
    def __init__(self, n):
        self.w = np.random.randn(n)
        self.b = 0.1
    def forward(self, x):
        self.x = x
        self.y = np.tanh(self.w @ x + self.b)
        return self.y
    def backward(self, dy):
        dz = dy * (1 - self.y**2)
        self.dw = self.x @ dz
        self.db = float(dz.sum())
        return np.outer(self.w, dz)
np.random.seed(0)
neuron = Neuron(3)
x, t = np.random.randn(3, 5), np.random.randn(5)
y = neuron.forward(x)
loss = np.mean((y - t) ** 2)
dx = neuron.backward(2 * (y - t) / 5)
""",
    "w b x",
    ("self.db = float(dz.sum())", "self.db = float(dz[0])"),
    "b",
)

STYLES["dataclasses, frozen and with slots"] = Style(
    """
from __future__ import annotations
from dataclasses import dataclass, field
import numpy as np
@dataclass(frozen=True)
class Params:
    W: np.ndarray
    b: np.ndarray
@dataclass(slots=True)
class Grads:
    W: np.ndarray
    b: np.ndarray
@dataclass
class Trace:
    hs: list[np.ndarray] = field(default_factory=list)
def forward(p: Params, x: np.ndarray, t: np.ndarray) -> tuple[float, Trace]:
    trace = Trace()
    h = np.zeros(2)
    for row in x:
        h = np.tanh(p.W @ h + p.b + row)
        trace.hs.append(h)
    return 0.5 * float(np.sum((h - t) ** 2)), trace
def backward(p: Params, x: np.ndarray, t: np.ndarray, trace: Trace) -> Grads:
    dh = trace.hs[-1] - t
    g = Grads(W=np.zeros_like(p.W), b=np.zeros_like(p.b))
    for k in range(len(x) - 1, -1, -1):
        da = dh * (1 - trace.hs[k] ** 2)
        g.b += da
        if k > 0:
            g.W += np.outer(da, trace.hs[k - 1])
        dh = p.W.T @ da
    return g
def main() -> None:
    rng = np.random.default_rng(0)
    p = Params(W=rng.normal(size=(2, 2)), b=rng.normal(size=2))
    x, t = rng.normal(size=(4, 2)), rng.normal(size=2)
    loss, trace = forward(p, x, t)
    print(loss, backward(p, x, t, trace))
if __name__ == "__main__":
    main()
""",
    "W b",
    ("g.b += da", "g.b = da"),
    "b",
)

STYLES["generators"] = Style(
    """
import numpy as np
rng = np.random.default_rng(0)
xs, ts = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
params = {"W": rng.normal(size=(2, 2)), "U": rng.normal(size=(2, 2))}
def batches(n):
    for k in range(n):
        yield k, xs[k]
def states(p):
    h = np.zeros(2)
    for _, x in batches(5):
        h = np.tanh(p["U"] @ x + p["W"] @ h)
        yield h
def loss(p):
    return 0.5 * sum(((h - t) ** 2).sum() for h, t in zip(states(p), ts))
def bptt(p):
    hs = [np.zeros(2), *states(p)]
    g = {k: 0 * v for k, v in p.items()}
    dh = np.zeros(2)
    for k in reversed(range(5)):
        dh = dh + hs[k + 1] - ts[k]
        da = dh * (1 - hs[k + 1] ** 2)
        g["U"] += np.outer(da, xs[k])
        g["W"] += np.outer(da, hs[k])
        dh = p["W"].T @ da
    return g
print(loss(params)); print(bptt(params))
""",
    "W U",
    ('dh = p["W"].T @ da', 'dh = p["W"] @ da'),
    "W U",
)

STYLES["global statements"] = Style(
    """
import numpy as np
np.random.seed(3)
X = np.random.randn(3, 6); Y = np.random.rand(1, 6)
W1 = np.random.randn(4, 3); W2 = np.random.randn(1, 4)
dW1 = np.zeros_like(W1)
def forward():
    global A1, A2, loss
    A1 = np.tanh(W1.dot(X)); A2 = W2.dot(A1)
    loss = np.mean((A2 - Y) ** 2)
def backward():
    global dW1, dW2
    dA2 = 2 * (A2 - Y) / Y.size
    dW2 = dA2.dot(A1.T)
    dW1 = (W2.T.dot(dA2) * (1 - A1 ** 2)).dot(X.T)
def update(lr):
    global W1, W2
    W1 = W1 - lr * dW1
    W2 = W2 - lr * dW2
for i in range(1000):
    forward(); backward(); update(0.1)
    if i % 100 == 0: print(loss)
""",
    "W1 W2",
    ("* (1 - A1 ** 2)", ""),
    "W1",
)

STYLES["default arguments, *args and **kwargs"] = Style(
    """
import numpy as np
rng = np.random.default_rng(6)
def forward(x, *weights, act=np.tanh, scale=0.5):
    hs = [x]
    for W in weights:
        hs.append(act(hs[-1] @ W))
    return scale * np.sum(hs[-1] ** 2), hs
def backward(hs, *weights, scale=0.5, **unused):
    d = 2 * scale * hs[-1]
    gradients = []
    for W, below, h in zip(weights[::-1], hs[-2::-1], hs[::-1]):
        d = d * (1 - h**2)
        gradients.insert(0, below.T @ d)
        d = d @ W.T
    return gradients
weights = [rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 2))]
x = rng.normal(size=(5, 3))
loss, hs = forward(x, *weights, scale=0.3)
gradients = backward(hs, *weights, scale=0.3, verbose=True)
""",
    "weights[0] weights[1] weights[2]",
    ("        d = d @ W.T", "        d = d @ W.T * 2"),
    "weights[0] weights[1]",
)

STYLES["walrus, match, f-strings, semicolons"] = Style(
    '''
import numpy as np
rng = np.random.default_rng(8); W = rng.normal(size=(3, 2)); b = rng.normal(size=2); X = rng.normal(size=(4, 3))
def activate(kind, z):
    match kind:
        case "tanh":
            return np.tanh(z)
        case "relu" | "rectifier":
            return np.maximum(z, 0)
        case _:
            raise ValueError(f"unknown activation {kind!r}: {'one of ' + ', '.join(f'{each}' for each in ('tanh', 'relu'))}")
def loss(W, b): h = activate("tanh", X @ W + b); return (total := float(np.sum(h ** 2))) / 2
def grad(W, b):
    if (h := activate("tanh", X @ W + b)).size > 1: d = h * (1 - h**2); dW = X.T @ d; db = d.sum(axis=0)
    message = f"""largest {
        np.abs(dW).max():.3f} of {dW.size}"""
    print(message, f"{dW[0, 0]:{8}.{3}}")
    return dW, (
        db
        * 1.0
    )
print(f"{loss(W, b)=}"); grad(W, b)
''',
    "W b",
    ("        * 1.0", "        * 1.1"),
    "b",
)

STYLES["scipy and math"] = Style(
    """
import math
import numpy as np
from scipy.signal import convolve2d, correlate2d
from scipy.special import expit, logsumexp
np.random.seed(0)
image, kernel = np.random.randn(6, 5), np.random.randn(3, 3)
scale = math.sqrt(2.0)
w = np.random.randn(12)
def forward(image, kernel, w):
    z = correlate2d(image, kernel, mode="valid")
    a = expit(z) * scale
    return float(logsumexp(w * a.ravel())), (z, a)
def backward(image, kernel, w, cache):
    z, a = cache
    p = np.exp(w * a.ravel() - logsumexp(w * a.ravel()))
    dw = p * a.ravel()
    dz = (p * w).reshape(z.shape) * a * (1 - a / math.sqrt(2))
    dkernel = correlate2d(image, dz, mode="valid")
    dimage = convolve2d(dz, kernel)
    return dimage, dkernel, dw
loss, cache = forward(image, kernel, w)
dimage, dkernel, dw = backward(image, kernel, w, cache)
""",
    "image kernel w",
    ("dimage = convolve2d(dz, kernel)", "dimage = convolve2d(dz, kernel[::-1, ::-1])"),
    "image",
)

STYLES["threads in the forward pass"] = Style(
    """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
rng = np.random.default_rng(0)
W = rng.normal(size=(2, 3))
data = [(rng.normal(size=3), rng.normal(size=2)) for _ in range(4)]
def one(pair):
    x, t = pair
    y = np.tanh(W @ x)
    return 0.5 * np.sum((y - t) ** 2), np.outer((y - t) * (1 - y**2), x)
def loss(W):
    with ThreadPoolExecutor(2) as pool:
        return sum(each[0] for each in pool.map(one, data))
def gradient(W):
    with ThreadPoolExecutor(2) as pool:
        return sum(each[1] for each in pool.map(one, data))
print(loss(W), gradient(W))
""",
    "W",
    ("(y - t) * (1 - y**2), x)", "(y - t) * (1 - y), x)"),
    "W",
)

STYLES["recursion over a tree"] = Style(
    """
import numpy as np
rng = np.random.default_rng(9)
class Node:
    def __init__(self, left=None, right=None, word=None):
        self.left, self.right, self.word = left, right, word
L = rng.normal(size=(4, 3)); W = rng.normal(size=(3, 6)); u = rng.normal(size=3)
tree = Node(Node(word=0), Node(Node(word=2), Node(word=1)))
def forward(node):
    if node.word is not None:
        node.h = L[node.word]
    else:
        node.x = np.concatenate([forward(node.left), forward(node.right)])
        node.h = np.tanh(W @ node.x)
    return node.h
def loss(tree):
    return float(np.log1p(np.exp(u @ forward(tree))))
def descend(node, dh, grads):
    if node.word is not None:
        grads["L"][node.word] += dh
        return
    dz = dh * (1 - node.h**2)
    grads["W"] += np.outer(dz, node.x)
    dx = W.T @ dz
    descend(node.left, dx[:3], grads)
    descend(node.right, dx[3:], grads)
def backward(tree):
    grads = {"L": np.zeros_like(L), "W": np.zeros_like(W), "u": np.zeros_like(u)}
    s = 1 / (1 + np.exp(-u @ tree.h))
    grads["u"] = s * tree.h
    descend(tree, s * u, grads)
    return grads
for _ in range(3):
    print(loss(tree))
    grads = backward(tree)
    for p, name in ((L, "L"), (W, "W"), (u, "u")):
        p -= 0.1 * grads[name]
""",
    "L W u",
    ("descend(node.right, dx[3:], grads)", "descend(node.right, dx[:3], grads)"),
    "L W",
)

STYLES["a recursive backward method that is called directly"] = Style(
    """
import numpy as np
class Cell:
    W = None
    def __init__(self, child=None):
        self.child = child
    def forward(self, x):
        self.x = self.child.forward(x) if self.child else x
        self.y = np.tanh(Cell.W @ self.x)
        return self.y
    def backward(self, dy):
        dz = dy * (1 - self.y ** 2)
        Cell.dW += np.outer(dz, self.x)
        if self.child:
            self.child.backward(Cell.W.T @ dz)
rng = np.random.default_rng(3)
Cell.W = rng.normal(size=(3, 3))
Cell.dW = np.zeros((3, 3))
net = Cell(Cell(Cell()))
x, t = rng.normal(size=3), rng.normal(size=3)
for step in range(10):
    y = net.forward(x)
    print(0.5 * np.sum((y - t) ** 2))
    Cell.dW[:] = 0
    net.backward(y - t)
    Cell.W -= 0.1 * Cell.dW
""",
    "W",
    ("self.child.backward(Cell.W.T @ dz)", "self.child.backward(Cell.W @ dz)"),
    "W",
)

STYLES["tabs, and no space anywhere"] = Style(
    "import numpy as np\nnp.random.seed(1)\nx=np.random.randn(4,3);t=np.random.randn(4,1)\nw=np.random.randn(3,1)\n"
    "def cost(w):\n\te=x@w-t\n\tif e.size:\n\t\treturn(e**2).mean()\ndef dcost(w):\n\te=x@w-t\n\treturn 2*x.T@e/len(x)\n"
    "for i in range(9):\n\tw=w-.1*dcost(w);print(cost(w))\n",
    "w",
    ("2*x.T@e/len(x)", "2*x.T@e/len(w)"),
    "w",
)


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_understood(name, tmp_path):
    assert_style(STYLES[name], tmp_path)
