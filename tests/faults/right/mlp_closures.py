"""Every layer is a function that returns its output and the function that goes back through it."""
import numpy as np

SEED = 20
B = 4
D = 3
H = 6
K = 2


def linear(x, params, W, b):
    y = x @ params[W] + params[b]

    def backprop(dy, grads):
        grads[W] = grads.get(W, 0) + x.T @ dy
        grads[b] = grads.get(b, 0) + dy.sum(axis=0)
        return dy @ params[W].T

    return y, backprop


def swish(x, params):
    s = 1 / (1 + np.exp(-x))

    def backprop(dy, grads):
        return dy * (s + x * s * (1 - s))

    return x * s, backprop


def chain(*calls):
    def run(x, params):
        stack = []
        for f, names in calls:
            x, back = f(x, params, *names)
            stack.append(back)

        def backprop(dy):
            grads = {}
            for back in reversed(stack):
                dy = back(dy, grads)
            return dy, grads

        return x, backprop

    return run


model = chain((linear, ("W1", "b1")), (swish, ()), (linear, ("W2", "b2")), (swish, ()), (linear, ("W3", "b3")))


def loss(params, x, y):
    out, _ = model(x, params)
    return ((out - y) ** 2).mean()


def gradients(params, x, y):
    out, backprop = model(x, params)
    dx, grads = backprop(2 * (out - y) / out.size)
    return grads


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    sizes = [D, H, H + 1, K]
    params = {}
    for i in range(3):
        params[f"W{i + 1}"] = rng.normal(size=sizes[i : i + 2]) * 0.7
        params[f"b{i + 1}"] = rng.normal(size=sizes[i + 1]) * 0.3
    x, y = rng.normal(size=(B, D)), rng.normal(size=(B, K))
    for step in range(8):
        grads = gradients(params, x, y)
        for name in params:
            params[name] -= 0.1 * grads[name]
        print(step, loss(params, x, y))
