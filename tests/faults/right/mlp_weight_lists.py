"""A deep network of any depth: lists of weights and biases, one sample at a time, deltas from the last layer down."""
import numpy as np

SEED = 23
N = 4


class Network:
    def __init__(self, sizes, rng):
        self.weights = [rng.normal(0, 1 / np.sqrt(a), (b, a)) for a, b in zip(sizes, sizes[1:])]
        self.biases = [rng.normal(0, 0.4, b) for b in sizes[1:]]

    def feed(self, x):
        a, zs, activations = x, [], [x]
        for w, b in zip(self.weights, self.biases):
            z = w.dot(a) + b
            a = act(z) if len(zs) < len(self.weights) - 1 else sigmoid(z)
            zs.append(z)
            activations.append(a)
        return zs, activations

    def cost(self, data):
        total = 0.0
        for x, y in data:
            a = self.feed(x)[1][-1]
            total -= np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))
        return total / len(data)

    def backprop(self, x, y):
        zs, activations = self.feed(x)
        delta = activations[-1] - y
        nabla_w = [None] * len(self.weights)
        nabla_b = [None] * len(self.biases)
        nabla_w[-1] = np.outer(delta, activations[-2])
        nabla_b[-1] = delta
        for k in range(2, len(self.weights) + 1):
            delta = self.weights[-k + 1].T.dot(delta) * act_prime(zs[-k])
            nabla_w[-k] = np.outer(delta, activations[-k - 1])
            nabla_b[-k] = delta
        return nabla_w, nabla_b

    def gradient(self, data):
        sum_w = [np.zeros_like(w) for w in self.weights]
        sum_b = [np.zeros_like(b) for b in self.biases]
        for x, y in data:
            nabla_w, nabla_b = self.backprop(x, y)
            sum_w = [s + n for s, n in zip(sum_w, nabla_w)]
            sum_b = [s + n for s, n in zip(sum_b, nabla_b)]
        return [s / len(data) for s in sum_w], [s / len(data) for s in sum_b]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def act(z):
    return z / np.sqrt(1 + z**2)


def act_prime(z):
    return (1 + z**2) ** -1.5


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    net = Network([3, 6, 5, 2], rng)
    data = [(rng.normal(size=3), rng.integers(0, 2, 2)) for _ in range(N)]
    for epoch in range(10):
        dw, db = net.gradient(data)
        net.weights = [w - 0.5 * d for w, d in zip(net.weights, dw)]
        net.biases = [b - 0.5 * d for b, d in zip(net.biases, db)]
        print(epoch, net.cost(data))
