"""Report 001: a sigmoid network with two hidden layers, its code as published. Backward also takes the step.

The listing defines ``der_sigmoid`` and calls ``grad_sigmoid``; the line that joins the two names is ours.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def der_sigmoid(y):
    """The input to this function should be the value that output from sigmoid function."""
    return y * (1 - y)


grad_sigmoid = der_sigmoid


class SimpleNet:
    def __init__(self, input_size, hidden1_size, hidden2_size, output_size, learn_rate=0.05):
        self.learn_rate = learn_rate
        self.hidden_weights = {
            "W1": np.random.normal(loc=0, scale=1, size=(input_size, hidden1_size)),
            "W2": np.random.normal(loc=0, scale=1, size=(hidden1_size, hidden2_size)),
            "W3": np.random.normal(loc=0, scale=1, size=(hidden2_size, output_size)),
        }
        self.hidden_biases = {
            "B1": np.random.normal(loc=0, scale=1, size=(hidden1_size)),
            "B2": np.random.normal(loc=0, scale=1, size=(hidden2_size)),
            "B3": np.random.normal(loc=0, scale=1, size=(output_size)),
        }

    def forward(self, inputs):
        Z1 = np.dot(inputs, self.hidden_weights["W1"]) + self.hidden_biases["B1"]
        self.X1 = sigmoid(Z1)
        Z2 = np.dot(self.X1, self.hidden_weights["W2"]) + self.hidden_biases["B2"]
        self.X2 = sigmoid(Z2)
        Z3 = np.dot(self.X2, self.hidden_weights["W3"]) + self.hidden_biases["B3"]
        NNpred = sigmoid(Z3)
        return NNpred

    def backward(self, inputs, grad_Loss, NNpred):
        ##### output layer
        grad_Z3 = grad_Loss * grad_sigmoid(NNpred)
        grad_W3 = grad_Z3 * (self.X2).T
        grad_B3 = grad_Z3.squeeze()
        ##### 2nd hidden layer
        grad_Z2 = np.dot(grad_Z3, self.hidden_weights["W3"].T) * grad_sigmoid(self.X2)
        grad_W2 = np.dot(self.X1.T, grad_Z2)
        grad_B2 = grad_Z2.squeeze()
        ##### 1st hidden layer
        grad_Z1 = np.dot(grad_Z2, self.hidden_weights["W2"].T) * grad_sigmoid(self.X1)
        grad_W1 = np.dot(inputs.T, grad_Z1)
        grad_B1 = grad_Z1.squeeze()
        ######### Update Model Parameters ##########
        self.hidden_weights["W1"] -= self.learn_rate * grad_W1
        self.hidden_weights["W2"] -= self.learn_rate * grad_W2
        self.hidden_weights["W3"] -= self.learn_rate * grad_W3
        self.hidden_biases["B1"] -= self.learn_rate * grad_B1
        self.hidden_biases["B2"] -= self.learn_rate * grad_B2
        self.hidden_biases["B3"] -= self.learn_rate * grad_B3


if __name__ == "__main__":
    np.random.seed(0)
    net = SimpleNet(2, 5, 7, 1)
    points, labels = np.random.uniform(size=(3, 2)), np.array([[0.0], [1.0], [1.0]])
    for epoch in range(2):
        for i in range(len(points)):
            inputs, y = points[i : i + 1], labels[i : i + 1]
            NNpred = net.forward(inputs)
            print("loss", np.mean((NNpred - y) ** 2))
            net.backward(inputs, 2 * (NNpred - y), NNpred)
