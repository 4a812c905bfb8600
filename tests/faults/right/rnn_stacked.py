"""Two recurrent layers on top of each other; a dictionary for each layer, all of them in a list."""
import numpy as np

SEED = 26
T = 5
B = 2
SIZES = [3, 6, 4]


def make_layers(rng):
    layers = []
    for n_in, n_out in zip(SIZES, SIZES[1:]):
        layers.append(
            {
                "U": rng.normal(0, 0.6, (n_in, n_out)),
                "W": rng.normal(0, 0.4, (n_out, n_out)),
                "b": rng.normal(0, 0.3, (n_out,)),
            }
        )
    return layers


def run_layer(layer, inputs):
    h = np.zeros((inputs.shape[1], layer["b"].size))
    outputs = []
    for x in inputs:
        h = np.tanh(x @ layer["U"] + h @ layer["W"] + layer["b"])
        outputs.append(h)
    return np.array(outputs)


def run(layers, inputs):
    signals = [inputs]
    for layer in layers:
        signals.append(run_layer(layer, signals[-1]))
    return signals


def loss(layers, inputs, targets):
    error = run(layers, inputs)[-1] - targets
    return 0.5 * np.mean(np.sum(error**2, axis=-1))


def layer_backward(layer, inputs, outputs, d_outputs):
    grad = {name: np.zeros_like(value) for name, value in layer.items()}
    d_inputs = np.zeros_like(inputs)
    d_h = np.zeros_like(outputs[0])
    for t in range(len(inputs) - 1, -1, -1):
        d_h = d_h + d_outputs[t]
        d_s = d_h * (1 - outputs[t] ** 2)
        grad["U"] += inputs[t].T @ d_s
        grad["b"] += d_s.sum(axis=0)
        if t > 0:  # the state before the first step is zero
            grad["W"] += outputs[t - 1].T @ d_s
        d_inputs[t] = d_s @ layer["U"].T
        d_h = d_s @ layer["W"].T
    return grad, d_inputs


def gradients(layers, inputs, targets):
    signals = run(layers, inputs)
    steps, batch, _ = targets.shape
    d = (signals[-1] - targets) / (steps * batch)
    grads = []
    for layer, below, above in zip(layers[::-1], signals[-2::-1], signals[::-1]):
        grad, d = layer_backward(layer, below, above, d)
        grads.insert(0, grad)
    return grads


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    layers = make_layers(rng)
    inputs, targets = rng.normal(size=(T, B, SIZES[0])), rng.normal(size=(T, B, SIZES[-1]))
    for step in range(10):
        for layer, grad in zip(layers, gradients(layers, inputs, targets)):
            for name in layer:
                layer[name] -= 0.1 * grad[name]
        print(step, loss(layers, inputs, targets))
