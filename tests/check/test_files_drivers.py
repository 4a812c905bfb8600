"""Ways to run a network: whatever stands around forward and backward, one step of it is found."""

import pytest

from user_files import Style, assert_style

STYLES = {}

DENSE = """
import numpy as np
rng = np.random.default_rng(7)
X, T = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
class Dense:
    def __init__(self, n, m):
        self.W, self.b = rng.normal(size=(n, m)) / np.sqrt(n), np.zeros(m)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dy):
        self.dW = self.x.T @ dy
        self.db = dy.sum(axis=0)
        return dy @ self.W.T
class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y
    def backward(self, dy):
        return dy * self.y * (1 - self.y)
"""

SLOPE = ("dy * self.y * (1 - self.y)", "dy * (1 - self.y)")

STYLES["layers called one by one in main"] = Style(
    DENSE
    + """
def main():
    layers = [Dense(3, 4), Sigmoid(), Dense(4, 2)]
    for epoch in range(1000):
        out = X
        for layer in layers:
            out = layer.forward(out)
        loss = np.mean((out - T) ** 2)
        grad = 2 * (out - T) / T.size
        for layer in reversed(layers):
            grad = layer.backward(grad)
        for layer in layers:
            if isinstance(layer, Dense):
                layer.W -= 0.1 * layer.dW
                layer.b -= 0.1 * layer.db
main()
""",
    "layers[0].W layers[0].b layers[2].W layers[2].b",
    SLOPE,
    "layers[0].W layers[0].b",
)
STYLES["layers in a global list, a class for the loss"] = Style(
    DENSE
    + """
class MSE:
    def forward(self, y, t):
        self.e = y - t
        return np.mean(self.e ** 2)
    def backward(self):
        return 2 * self.e / self.e.size
network = [Dense(3, 4), Sigmoid(), Dense(4, 2), Sigmoid()]
criterion = MSE()
for epoch in range(200):
    y = X
    for layer in network:
        y = layer.forward(y)
    loss = criterion.forward(y, T)
    g = criterion.backward()
    for layer in network[::-1]:
        g = layer.backward(g)
    for layer in network[::2]:
        layer.W -= layer.dW; layer.b -= layer.db
""",
    "network[0].W network[0].b network[2].W network[2].b",
    SLOPE,
    "network[0].W network[0].b network[2].W network[2].b",
)
STYLES["every layer takes its own step in backward"] = Style(
    """
import numpy as np
np.random.seed(0)
class Dense:
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size, 1)
    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias
    def backward(self, output_gradient, learning_rate):
        weights_error = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * output_gradient
        return input_gradient
class Tanh:
    def forward(self, input):
        self.input = input
        return np.tanh(self.input)
    def backward(self, output_gradient, learning_rate):
        return np.multiply(output_gradient, 1 - np.tanh(self.input) ** 2)
def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))
def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)
X = np.reshape([[0, 0], [0, 1], [1, 0], [1, 1]], (4, 2, 1))
Y = np.reshape([[0], [1], [1], [0]], (4, 1, 1))
network = [Dense(2, 3), Tanh(), Dense(3, 1), Tanh()]
for e in range(1000):
    error = 0
    for x, y in zip(X, Y):
        output = x
        for layer in network:
            output = layer.forward(output)
        error += mse(y, output)
        grad = mse_prime(y, output)
        for layer in reversed(network):
            grad = layer.backward(grad, 0.1)
""",
    "network[0].weights network[0].bias network[2].weights network[2].bias x",
    ("1 - np.tanh(self.input) ** 2", "1 - self.input ** 2"),
    "network[0].weights network[0].bias network[2].weights network[2].bias x",
)
STYLES["mini-batches: backprop of one sample, summed by the caller"] = Style(
    """
import random
import numpy as np
np.random.seed(1); random.seed(1)
class Network:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]
    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a
    def SGD(self, data, epochs, size, eta, test=None):
        for j in range(epochs):
            random.shuffle(data)
            for k in range(0, len(data), size):
                self.update_mini_batch(data[k:k + size], eta)
            if test: print(self.evaluate(test))
    def update_mini_batch(self, batch, eta):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]
        self.weights = [w - (eta / len(batch)) * nw for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - (eta / len(batch)) * nb for b, nb in zip(self.biases, nabla_b)]
    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].T)
        for l in range(2, self.num_layers):
            delta = np.dot(self.weights[-l + 1].T, delta) * sigmoid_prime(zs[-l])
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].T)
        return (nabla_b, nabla_w)
    def evaluate(self, test):
        return sum(int(np.argmax(self.feedforward(x)) == y) for x, y in test)
    def cost_derivative(self, output_activations, y):
        return output_activations - y
def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))
def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
data = [(np.random.randn(4, 1), np.eye(2)[:, [k % 2]]) for k in range(20)]
Network([4, 3, 2]).SGD(data, 30, 5, 3.0)
""",
    "biases[0] biases[1] weights[0] weights[1]",
    (
        "np.dot(self.weights[-l + 1].T, delta) * sigmoid_prime(zs[-l])",
        "np.dot(self.weights[-l + 1].T, delta) * sigmoid_prime(zs[-l + 1].sum())",
    ),
    "biases[0] weights[0]",
)
STYLES["fit that does everything through methods"] = Style(
    """
import numpy as np
class LogisticRegression:
    def __init__(self, lr=0.1, n_iter=500, l2=0.01):
        self.lr, self.n_iter, self.l2 = lr, n_iter, l2
    def _sigmoid(self, z):
        return 1 / (1 + np.exp(-z))
    def predict_proba(self, X):
        return self._sigmoid(X @ self.coef_ + self.intercept_)
    def _loss(self, X, y):
        p = self.predict_proba(X)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.5 * self.l2 * self.coef_ @ self.coef_
    def _gradients(self, X, y):
        error = self.predict_proba(X) - y
        return X.T @ error / len(y) + self.l2 * self.coef_, error.mean()
    def fit(self, X, y):
        self.coef_, self.intercept_ = np.zeros(X.shape[1]), 0.0
        self.history = []
        for _ in range(self.n_iter):
            grad_coef, grad_intercept = self._gradients(X, y)
            self.coef_ = self.coef_ - self.lr * grad_coef
            self.intercept_ -= self.lr * grad_intercept
            self.history.append(self._loss(X, y))
        return self
rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3))
y = (X[:, 0] > 0).astype(int)
model = LogisticRegression().fit(X, y)
print(model.coef_, model.predict_proba(X))
""",
    "coef_ intercept_",
    ("+ self.l2 * self.coef_, error", "- self.l2 * self.coef_, error"),
    "coef_",
)
STYLES["one method that takes a step, gradients in its own variables"] = Style(
    """
import numpy as np
class Net:
    def __init__(self):
        rng = np.random.default_rng(5)
        self.W1, self.W2 = rng.normal(size=(3, 4)), rng.normal(size=(4, 1))
    def feedforward(self, x):
        self.h = np.tanh(x @ self.W1)
        return self.h @ self.W2
    def cost(self, x, y):
        return 0.5 * np.sum((self.feedforward(x) - y) ** 2)
    def train_step(self, x, y, lr=0.01):
        error = self.feedforward(x) - y
        g2 = self.h.T @ error
        g1 = x.T @ (error @ self.W2.T * (1 - self.h ** 2))
        self.W1 -= lr * g1
        self.W2 -= lr * g2
rng = np.random.default_rng(0)
x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 1))
net = Net()
for i in range(100):
    net.train_step(x, y)
    print(net.cost(x, y))
""",
    "W1 W2",
    ("(error @ self.W2.T * (1 - self.h ** 2))", "(error @ self.W2.T * (1 - self.h))"),
    "W1",
)
STYLES["argparse, tqdm-like printing and a plot"] = Style(
    """
import argparse, sys
import numpy as np
import matplotlib.pyplot as plt
sys.stdout.reconfigure(encoding="utf-8")
def forward(W, X):
    return 1 / (1 + np.exp(-X @ W))
def compute_loss(W, X, T):
    return np.mean((forward(W, X) - T) ** 2)
def compute_gradient(W, X, T):
    Y = forward(W, X)
    return X.T @ ((Y - T) * Y * (1 - Y)) * 2 / T.size
def train(args):
    rng = np.random.default_rng(args.seed)
    X, T, W = rng.normal(size=(5, 3)), rng.uniform(size=(5, 2)), rng.normal(size=(3, 2))
    curve = [compute_loss(W, X, T)]
    plt.ion(); plt.figure(); plt.plot(curve); plt.show()
    for epoch in range(args.epochs):
        W -= args.lr * compute_gradient(W, X, T)
        curve.append(compute_loss(W, X, T))
        print(f"\\r{epoch} ✓", end="", flush=True, file=sys.stderr)
    plt.plot(curve); plt.savefig("curve.png"); plt.show()
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=10**6)
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())
""",
    "W",
    ("* 2 / T.size", "* 2 / len(T)"),
    "W",
)
STYLES["functions only, arrays under the names of the arguments"] = Style(
    """
import numpy as np
rng = np.random.default_rng(0)
x, target = rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
params = {"W": rng.normal(size=(2, 3)), "b": np.zeros((2, 1))}
def forward(params, x):
    y = np.tanh(params["W"] @ x + params["b"])
    cache = (x, y)
    return y, cache
def loss(y, target):
    return 0.5 * np.sum((y - target) ** 2)
def backward(params, cache, target):
    x, y = cache
    d = (y - target) * (1 - y**2)
    return {"W": d @ x.T, "b": d.sum(axis=1, keepdims=True)}
""",
    "W b",
    ("d.sum(axis=1, keepdims=True)", "d.mean(axis=1, keepdims=True)"),
    "b",
)
STYLES["an object and data, nothing called"] = Style(
    DENSE
    + """
class Net:
    def __init__(self):
        self.first, self.act, self.last = Dense(3, 4), Sigmoid(), Dense(4, 2)
    def forward(self, X):
        return self.last.forward(self.act.forward(self.first.forward(X)))
    def loss(self, X, T):
        self.out = self.forward(X)
        return 0.5 * np.sum((self.out - T) ** 2)
    def backward(self, T):
        self.first.backward(self.act.backward(self.last.backward(self.out - T)))
net = Net()
""",
    "first.W first.b last.W last.b",
    SLOPE,
    "first.W first.b",
)
STYLES["two networks of one class"] = Style(
    DENSE
    + """
class Net:
    def __init__(self, n):
        self.first, self.act, self.last = Dense(3, n), Sigmoid(), Dense(n, 2)
    def loss(self, x, t):
        self.e = self.last.forward(self.act.forward(self.first.forward(x))) - t
        return 0.5 * np.sum(self.e ** 2)
    def backward(self):
        return self.first.backward(self.act.backward(self.last.backward(self.e)))
small, large = Net(2), Net(5)
for k in range(20):
    for net in (small, large):
        print(net.loss(X, T))
        net.backward()
        for layer in (net.first, net.last):
            layer.W -= 0.1 * layer.dW
            layer.b -= 0.1 * layer.db
""",
    "first.W first.b last.W last.b X",
    SLOPE,
    "first.W first.b X",
)
STYLES["gradients added up on purpose, and cleared by the caller"] = Style(
    """
import numpy as np
rng = np.random.default_rng(0)
class RNN:
    def __init__(self, n):
        self.W, self.U = rng.normal(size=(n, n)) * 0.4, rng.normal(size=(n, n)) * 0.4
        self.grads = {"W": np.zeros_like(self.W), "U": np.zeros_like(self.U)}
    def zero_grad(self):
        for each in self.grads.values():
            each.fill(0)
    def forward(self, xs):
        self.xs, self.hs = xs, [np.zeros_like(xs[0])]
        for x in xs:
            self.hs.append(np.tanh(self.W @ self.hs[-1] + self.U @ x))
        return self.hs[-1]
    def backward(self, dh):
        for t in range(len(self.xs) - 1, -1, -1):
            da = dh * (1 - self.hs[t + 1] ** 2)
            self.grads["W"] += da @ self.hs[t].T
            self.grads["U"] += da @ self.xs[t].T
            dh = self.W.T @ da
rnn = RNN(3)
xs, target = rng.normal(size=(4, 3, 2)), rng.normal(size=(3, 2))
for _ in range(10):
    rnn.zero_grad()
    h = rnn.forward(xs)
    rnn.backward(h - target)
    rnn.W -= 0.1 * rnn.grads["W"]
    rnn.U -= 0.1 * rnn.grads["U"]
""",
    "W U",
    ("da @ self.hs[t].T", "da @ self.hs[t + 1].T"),
    "W",
)
STYLES["a sum over the batch that the step divides"] = Style(
    """
import numpy as np
rng = np.random.default_rng(0)
X, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 1))
w = rng.normal(size=(3, 1))
m = len(X)
def cost(w):
    return np.sum((X @ w - y) ** 2) / (2 * m)
def gradient(w):
    return X.T @ (X @ w - y)
for i in range(100):
    w = w - 0.1 * gradient(w) / m
    print(cost(w))
""",
    "w",
    ("return X.T @ (X @ w - y)", "return X.T @ (X @ w - 2 * y)"),
    "w",
)
STYLES["dropout, drawn in every forward pass"] = Style(
    """
import numpy as np
np.random.seed(3)
X, T = np.random.randn(6, 4), np.random.randn(6, 2)
W1, W2 = np.random.randn(4, 5), np.random.randn(5, 2)
gen = np.random.default_rng()
def forward(W1, W2):
    h = np.maximum(X @ W1, 0)
    mask = (np.random.rand(*h.shape) < 0.8) / 0.8
    noise = gen.normal(size=h.shape)
    return h * mask + noise, mask, h
def loss(W1, W2):
    d, mask, h = forward(W1, W2)
    return 0.5 * np.sum((d @ W2 - T) ** 2)
def backward(W1, W2):
    d, mask, h = forward(W1, W2)
    e = d @ W2 - T
    return X.T @ (e @ W2.T * mask * (h > 0)), d.T @ e
print(loss(W1, W2))
dW1, dW2 = backward(W1, W2)
""",
    "W1 W2",
    ("e @ W2.T * mask * (h > 0)", "e @ W2.T * (h > 0)"),
    "W1",
)
STYLES["dropout, drawn by the loss and by the gradients"] = Style(
    """
import numpy as np
rng = np.random.default_rng(3)
X, T = rng.normal(size=(6, 4)), rng.normal(size=(6, 2))
W1, W2 = rng.normal(size=(4, 5)), rng.normal(size=(5, 2))
def loss(W1, W2):
    h = np.tanh(X @ W1) * (rng.random((6, 5)) < 0.7)
    return 0.5 * np.sum((h @ W2 - T) ** 2)
def gradients(W1, W2):
    m = rng.random((6, 5)) < 0.7
    a = np.tanh(X @ W1)
    e = (a * m) @ W2 - T
    return X.T @ (e @ W2.T * m * (1 - a ** 2)), (a * m).T @ e
print(loss(W1, W2))
dW1, dW2 = gradients(W1, W2)
""",
    "W1 W2",
    ("e @ W2.T * m * (1 - a ** 2)", "e @ W2.T * (1 - a ** 2)"),
    "W1",
)
STYLES["inputs that are changed on the way"] = Style(
    """
import numpy as np
rng = np.random.default_rng(0)
x, t, W = rng.normal(size=(5, 3)) * 3, rng.normal(size=(5, 2)), rng.normal(size=(3, 2))
def forward(x, W):
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    return np.tanh(x @ W)
def loss(y, t):
    return 0.5 * np.sum((y - t) ** 2)
def backward(x, y, t):
    y -= t
    grad_W = x.T @ (y * (1 - (y + t) ** 2))
    y += t
    return grad_W
for step in range(5):
    y = forward(x.copy(), W)
    print(loss(y, t))
    x2 = (x - x.mean(axis=0)) / x.std(axis=0)
    W -= 0.1 * backward(x2, y, t)
""",
    "W",
    ("(y * (1 - (y + t) ** 2))", "(y * (1 - y ** 2))"),
    "W",
)


@pytest.mark.parametrize("name", STYLES)
def test_a_step_is_found(name, tmp_path):
    assert_style(STYLES[name], tmp_path)
