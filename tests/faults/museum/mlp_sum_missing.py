"""A perceptron with one hidden layer, gradients summed sample by sample."""

import numpy as np

rng = np.random.default_rng(14)
hidden_weights = rng.normal(size=(5, 3))
hidden_bias = rng.normal(size=5)
output_weights = rng.normal(size=(2, 5))
output_bias = rng.normal(size=2)
samples = rng.normal(size=(7, 3))
targets = rng.normal(size=(7, 2))


def predict(sample, hidden_weights, hidden_bias, output_weights, output_bias):
    hidden = np.tanh(np.dot(hidden_weights, sample) + hidden_bias)
    return hidden, np.dot(output_weights, hidden) + output_bias


def total_error(samples, targets, hidden_weights, hidden_bias, output_weights, output_bias):
    error = 0.0
    for sample, target in zip(samples, targets):
        _, output = predict(sample, hidden_weights, hidden_bias, output_weights, output_bias)
        error += 0.5 * np.sum((output - target) ** 2)
    return error


def total_gradient(samples, targets, hidden_weights, hidden_bias, output_weights, output_bias):
    hidden_weights_grad = np.zeros_like(hidden_weights)
    hidden_bias_grad = np.zeros_like(hidden_bias)
    output_weights_grad = np.zeros_like(output_weights)
    output_bias_grad = np.zeros_like(output_bias)
    for sample, target in zip(samples, targets):
        hidden, output = predict(sample, hidden_weights, hidden_bias, output_weights, output_bias)
        delta_output = output - target
        output_weights_grad += np.outer(delta_output, hidden)
        output_bias_grad += delta_output
        delta_hidden = np.dot(output_weights.T, delta_output) * (1 - hidden**2)
        hidden_weights_grad += np.outer(delta_hidden, sample)
        hidden_bias_grad = delta_hidden
    return hidden_weights_grad, hidden_bias_grad, output_weights_grad, output_bias_grad


if __name__ == "__main__":
    parameters = [hidden_weights, hidden_bias, output_weights, output_bias]
    for epoch in range(3):
        print(epoch, total_error(samples, targets, *parameters))
        gradients = total_gradient(samples, targets, *parameters)
        parameters = [p - 0.02 * g for p, g in zip(parameters, gradients)]
