"""Ways to hold parameters and to hand out gradients: each is found, under the name that its reader knows."""

import pytest

from user_files import Style, assert_style

STYLES = {}

DATA = """
import numpy as np
rng = np.random.default_rng(0)
X, T = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
"""

FORWARD = """
def forward(W, b):
    return np.tanh(X @ W + b)
def loss(W, b):
    return 0.5 * np.sum((forward(W, b) - T) ** 2)
"""

EDIT = ("db = d.sum(axis=0)", "db = d.sum(axis=0) / 5")


def functions(body, call="backward(W, b)", head=""):
    """A file with W, b, forward and loss, and the backward pass that is given."""
    return (
        f"{head}{DATA}W, b = rng.normal(size=(3, 2)), rng.normal(size=2)\n{FORWARD}{body}\nprint(loss(W, b))\n{call}\n"
    )


DELTA = """    h = forward(W, b)
    d = (h - T) * (1 - h**2)
    dW = X.T @ d
    db = d.sum(axis=0)
"""

STYLES["tuple"] = Style(functions(f"def backward(W, b):\n{DELTA}    return dW, db\n"), "W b", EDIT, "b")
STYLES["list"] = Style(functions(f"def backward(W, b):\n{DELTA}    return [dW, db]\n"), "W b", EDIT, "b")
STYLES["tuple without names"] = Style(
    functions(
        "def backward(W, b):\n    d = (forward(W, b) - T) * (1 - forward(W, b) ** 2)\n    return X.T @ d, d.sum(axis=0)\n"
    ),
    "W b",
    ("X.T @ d, d.sum", "X.T @ d, 2 * d.sum"),
    "b",
)
STYLES["NamedTuple"] = Style(
    functions(
        f"class Gradients(NamedTuple):\n    weights: np.ndarray\n    bias: np.ndarray\n"
        f"def backward(W, b):\n{DELTA}    return Gradients(dW, db)\n",
        head="from typing import NamedTuple\n",
    ),
    "W b",
    EDIT,
    "b",
)
STYLES["dict under other names"] = Style(
    functions(f"def backward(W, b):\n{DELTA}    return dict(weight_gradient=dW, bias_gradient=db)\n"), "W b", EDIT, "b"
)
STYLES["written into given buffers"] = Style(
    functions(
        "def backward(W, b, out_W, out_b):\n    h = forward(W, b)\n    d = (h - T) * (1 - h**2)\n"
        "    np.matmul(X.T, d, out=out_W)\n    out_b[...] = d.sum(axis=0)\n",
        "grad_W, grad_b = np.empty((3, 2)), np.empty(2)\nbackward(W, b, grad_W, grad_b)",
    ),
    "W b",
    ("out_b[...] = d.sum(axis=0)", "out_b[...] = d.mean(axis=0)"),
    "b",
)
STYLES["written into a dict that is given"] = Style(
    functions(f"def backward(W, b, grads):\n{DELTA}    grads['W'], grads['b'] = dW, db\n", "g = {}\nbackward(W, b, g)"),
    "W b",
    EDIT,
    "b",
)
STYLES["a loop of numbers"] = Style(
    """
import math
xs, ys = [0.5, -1.0, 2.0], [1, 0, 1]
w, b = 0.3, -0.1
def predict(w, b, x):
    return 1 / (1 + math.exp(-(w * x + b)))
def loss(w, b):
    return -sum(y * math.log(predict(w, b, x)) + (1 - y) * math.log(1 - predict(w, b, x)) for x, y in zip(xs, ys)) / 3
def gradients(w, b):
    dw = db = 0.0
    for x, y in zip(xs, ys):
        error = predict(w, b, x) - y
        dw += error * x
        db += error
    return dw / 3, db / 3
for epoch in range(100):
    dw, db = gradients(w, b)
    w -= 0.5 * dw
    b -= 0.5 * db
print(loss(w, b))
""",
    "w b",
    ("dw += error * x", "dw += error"),
    "w",
)
STYLES["np.float64 numbers"] = Style(
    DATA
    + """
x = X[:, 0]; t = T[:, 0]
slope, offset = np.float64(0.4), np.float64(0.0)
def mse(slope, offset):
    return np.mean((slope * x + offset - t) ** 2)
def mse_gradient(slope, offset):
    e = slope * x + offset - t
    return 2 * np.mean(e * x), 2 * np.mean(e)
print(mse(slope, offset))
d_slope, d_offset = mse_gradient(slope, offset)
""",
    "slope offset",
    ("2 * np.mean(e)", "np.mean(e)"),
    "offset",
)
STYLES["nested lists of floats"] = Style(
    """
import random
from math import tanh
random.seed(0)
x, t = [0.1, -0.7], [0.3, 0.2, -0.5]
W = [[random.uniform(-1, 1) for _ in x] for _ in t]
def forward(W):
    return [tanh(sum(w * each for w, each in zip(row, x))) for row in W]
def loss(W):
    return sum((y - each) ** 2 for y, each in zip(forward(W), t))
def backprop(W):
    y = forward(W)
    return [[2 * (y[i] - t[i]) * (1 - y[i] ** 2) * x[j] for j in range(2)] for i in range(3)]
dW = backprop(W)
print(loss(W))
""",
    "W[0][0] W[0][1] W[1][0] W[1][1] W[2][0] W[2][1]",
    ("* x[j]", "* x[1 - j]"),
    "W[0][0] W[0][1] W[1][0] W[1][1] W[2][0] W[2][1]",
)
STYLES["integer arrays"] = Style(
    """
import numpy as np
X = np.array([[1, 2, 0], [0, 1, 3]])
T = np.array([[1], [4]])
W = np.array([[1], [0], [2]])
params = {"W": W}
def loss(params):
    return float(np.sum((X @ params["W"] - T) ** 2))
def gradients(params):
    return {"W": 2 * X.T @ (X @ params["W"] - T)}
print(loss(params), gradients(params))
""",
    "W",
    ("2 * X.T @", "3 * X.T @"),
    "W",
)
STYLES["one vector of all parameters"] = Style(
    DATA
    + """
theta = rng.normal(size=8)
def unpack(theta):
    return theta[:6].reshape(3, 2), theta[6:]
def cost(theta):
    W, b = unpack(theta)
    return 0.5 * np.sum((np.tanh(X @ W + b) - T) ** 2)
def cost_gradient(theta):
    W, b = unpack(theta)
    h = np.tanh(X @ W + b)
    d = (h - T) * (1 - h**2)
    return np.concatenate([(X.T @ d).ravel(), d.sum(axis=0)])
for _ in range(5):
    theta -= 0.1 * cost_gradient(theta)
    print(cost(theta))
""",
    "theta",
    ("(X.T @ d).ravel()", "(X.T @ d).T.ravel()"),
    "theta",
)
STYLES["loss and gradient in one, under JAX's name"] = Style(
    DATA
    + """
params = [rng.normal(size=(3, 2)), rng.normal(size=2)]
def loss_fn(params):
    W, b = params
    return 0.5 * np.sum((np.tanh(X @ W + b) - T) ** 2)
def value_and_grad(params):
    W, b = params
    h = np.tanh(X @ W + b)
    d = (h - T) * (1 - h**2)
    return 0.5 * np.sum((h - T) ** 2), [X.T @ d, d.sum(axis=0)]
for step in range(3):
    value, grads = value_and_grad(params)
    params = [p - 0.1 * g for p, g in zip(params, grads)]
""",
    "params[0] params[1]",
    ("[X.T @ d, d.sum(axis=0)]", "[X.T @ d, d.sum(axis=0) + d[0]]"),
    "params[1]",
)
STYLES["a function that makes the gradient function"] = Style(
    DATA
    + """
W, b = rng.normal(size=(3, 2)), rng.normal(size=2)
def loss(W, b):
    return 0.5 * np.sum((np.tanh(X @ W + b) - T) ** 2)
def grad(argnum):
    def gradient_of(W, b):
        h = np.tanh(X @ W + b)
        d = (h - T) * (1 - h**2)
        return [X.T @ d, d.sum(axis=0)][argnum]
    return gradient_of
grad_W = grad(0)
dW = grad_W(W, b)
""",
    "W",
    ("return [X.T @ d,", "return [X.T @ (h - T),"),
    "W",
)
STYLES["loss in an array, in a dict"] = Style(
    DATA
    + """
W = rng.normal(size=(3, 2))
def forward(W):
    h = np.tanh(X @ W)
    return {"h": h, "loss": 0.5 * np.sum((h - T) ** 2).reshape(1), "norm": float(np.sum(W**2))}
def backward(W, out):
    return {"W": X.T @ ((out["h"] - T) * (1 - out["h"] ** 2))}
out = forward(W)
g = backward(W, out)
""",
    "W",
    ('(1 - out["h"] ** 2)', '(1 - out["h"])'),
    "W",
)
STYLES["loss as an attribute"] = Style(
    DATA
    + """
class Model:
    def __init__(self):
        self.W = rng.normal(size=(3, 2))
    def forward(self, x, t):
        self.x, self.t = x, t
        self.h = np.tanh(x @ self.W)
        self.loss = 0.5 * np.sum((self.h - t) ** 2)
    def backward(self):
        self.grad_W = self.x.T @ ((self.h - self.t) * (1 - self.h**2))
model = Model()
model.forward(X, T)
model.backward()
print(model.loss)
""",
    "W",
    ("(1 - self.h**2)", "self.h"),
    "W",
)
STYLES["value and grad of a Parameter"] = Style(
    DATA
    + """
class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)
class Dense:
    def __init__(self, n, m):
        self.W, self.b = Parameter(rng.normal(size=(n, m))), Parameter(rng.normal(size=m))
        self.params = [self.W, self.b]
    def forward(self, x):
        self.x = x
        return x @ self.W.value + self.b.value
    def backward(self, dy):
        self.W.grad += self.x.T @ dy
        self.b.grad += dy.sum(axis=0)
        return dy @ self.W.value.T
class Tanh:
    params = []
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, dy):
        return dy * (1 - self.y**2)
class Net:
    def __init__(self):
        self.layers = [Dense(3, 4), Tanh(), Dense(4, 2)]
    def zero_grad(self):
        for layer in self.layers:
            for p in layer.params:
                p.grad[...] = 0
    def loss(self, x, t):
        for layer in self.layers:
            x = layer.forward(x)
        self.d = x - t
        return 0.5 * np.sum(self.d**2)
    def backward(self):
        d = self.d
        for layer in reversed(self.layers):
            d = layer.backward(d)
net = Net()
for _ in range(4):
    net.zero_grad()
    print(net.loss(X, T))
    net.backward()
    for layer in net.layers:
        for p in layer.params:
            p.value -= 0.1 * p.grad
""",
    "layers[0].W.value layers[0].b.value layers[2].W.value layers[2].b.value",
    ("return dy * (1 - self.y**2)", "return dy * (1 - self.y)"),
    "layers[0].W.value layers[0].b.value",
)
STYLES["numbers that carry their own gradients"] = Style(
    """
import math, random
random.seed(2)
class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents
        self._backward = lambda: None
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data
        out._backward = _backward
        return out
    def tanh(self):
        out = Value(math.tanh(self.data), (self,))
        def _backward():
            self.grad += out.grad * (1 - out.data**2)
        out._backward = _backward
        return out
    def backward(self):
        order, seen = [], set()
        def build(v):
            if v not in seen:
                seen.add(v)
                for p in v.parents:
                    build(p)
                order.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()
weights = [Value(random.uniform(-1, 1)) for _ in range(3)]
xs, ys = [[0.5, -0.3], [-1.0, 0.8]], [0.6, -0.2]
def loss():
    total = Value(0.0)
    for (a, b), y in zip(xs, ys):
        e = (weights[0] * a + weights[1] * b + weights[2]).tanh() + -y
        total = total + e * e
    return total
for step in range(10):
    for w in weights:
        w.grad = 0.0
    total = loss()
    total.backward()
    for w in weights:
        w.data -= 0.1 * w.grad
""",
    "weights[0].data weights[1].data weights[2].data",
    ("self.grad += out.grad * (1 - out.data**2)", "self.grad += out.grad * (1 - out.data)"),
    "weights[0].data weights[1].data weights[2].data",
)
STYLES["arrays of objects"] = Style(
    DATA
    + """
sizes = [3, 4, 2]
weights = np.array([rng.normal(size=s) for s in zip(sizes, sizes[1:])] + [None], dtype=object)[:-1]
def run(weights):
    hs = [X]
    for W in weights:
        hs.append(np.tanh(hs[-1] @ W))
    return hs
def cost(weights):
    return 0.5 * np.sum((run(weights)[-1] - T) ** 2)
def gradient(weights):
    hs = run(weights)
    nabla = np.empty(2, dtype=object)
    d = hs[-1] - T
    for k in (1, 0):
        d = d * (1 - hs[k + 1] ** 2)
        nabla[k] = hs[k].T @ d
        d = d @ weights[k].T
    return nabla
for _ in range(3):
    print(cost(weights))
    weights = weights - 0.1 * gradient(weights)
""",
    "weights[0] weights[1]",
    ("d = d @ weights[k].T", "d = -d @ weights[k].T"),
    "weights[0]",
)
STYLES["lists for each layer, in one tuple"] = Style(
    DATA
    + """
class Net:
    def __init__(self, sizes):
        self.w = [rng.normal(size=s) for s in zip(sizes, sizes[1:])]
        self.c = [rng.normal(size=n) for n in sizes[1:]]
    def run(self, x):
        hs = [x]
        for w, c in zip(self.w, self.c):
            hs.append(np.tanh(hs[-1] @ w + c))
        return hs
    def cost(self, x, t):
        return 0.5 * np.sum((self.run(x)[-1] - t) ** 2)
    def gradient(self, x, t):
        hs, d = self.run(x), None
        ws, cs = [0] * 2, [0] * 2
        for k in reversed(range(2)):
            d = (hs[-1] - t if d is None else d @ self.w[k + 1].T) * (1 - hs[k + 1] ** 2)
            ws[k], cs[k] = hs[k].T @ d, d.sum(axis=0)
        return ws, cs
net = Net([3, 3, 2])
print(net.cost(X, T))
gw, gc = net.gradient(X, T)
""",
    "w[0] w[1] c[0] c[1]",
    ("@ self.w[k + 1].T)", "@ self.w[k + 1].T * 2)"),
    "w[0] c[0]",
)
STYLES["one list of all parameters and one of all gradients"] = Style(
    DATA
    + """
parameters = [rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=2)]
def loss(parameters, x, t):
    A, a, B, b = parameters
    return 0.5 * np.sum((np.tanh(x @ A + a) @ B + b - t) ** 2)
def backward(parameters, x, t):
    A, a, B, b = parameters
    h = np.tanh(x @ A + a)
    e = h @ B + b - t
    d = e @ B.T * (1 - h**2)
    return [x.T @ d, d.sum(axis=0), h.T @ e, e.sum(axis=0)]
loss(parameters, X, T)
for p, g in zip(parameters, backward(parameters, X, T)):
    p -= 0.1 * g
""",
    "parameters[0] parameters[1] parameters[2] parameters[3]",
    ("e @ B.T * (1 - h**2)", "e @ B.T * (1 - h)"),
    "parameters[0] parameters[1]",
)
STYLES["gradients of data and of parameters, over a random cotangent"] = Style(
    DATA
    + """
class Attention:
    def __init__(self, n):
        self.params = {"Q": rng.normal(size=(n, n)), "K": rng.normal(size=(n, n))}
        self.grads = {}
    def __call__(self, x):
        q, k = x @ self.params["Q"], x @ self.params["K"]
        s = q @ k.T
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        self.cache = x, q, k, p
        return p @ x
    def backward(self, dout):
        x, q, k, p = self.cache
        dp = dout @ x.T
        ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))
        dq, dk = ds @ k, ds.T @ q
        self.grads = {"Q": x.T @ dq, "K": x.T @ dk}
        return p.T @ dout + dq @ self.params["Q"].T + dk @ self.params["K"].T
layer = Attention(3)
out = layer(X)
dx = layer.backward(rng.normal(size=out.shape))
""",
    "Q K X",
    ("ds.T @ q", "ds @ q"),
    "K X",
)


@pytest.mark.parametrize("name", STYLES)
def test_gradients_are_found(name, tmp_path):
    assert_style(STYLES[name], tmp_path)
