"""Two residual blocks that share one matrix, a read-out, and weight decay on both matrices."""
import numpy as np

SEED = 17
N = 5
D = 4
K = 3
LAM = 0.1

gen = np.random.default_rng(SEED)
theta = {
    "W": gen.standard_normal((D, D)) * 0.5,
    "b1": gen.standard_normal(D) * 0.3,
    "b2": gen.standard_normal(D) * 0.3,
    "V": gen.standard_normal((D, K)) * 0.5,
}
data = gen.standard_normal((N, D))
answers = gen.standard_normal((N, K))


def network(theta):
    u1 = np.tanh(data @ theta["W"] + theta["b1"])
    h1 = data + u1
    u2 = np.tanh(h1 @ theta["W"] + theta["b2"])
    h2 = h1 + u2
    return u1, h1, u2, h2, h2 @ theta["V"]


def objective(theta):
    prediction = network(theta)[-1]
    fit = np.sum((prediction - answers) ** 2) / (2 * N)
    decay = 0.5 * LAM * (np.sum(theta["W"] ** 2) + np.sum(theta["V"] ** 2))
    return fit + decay


def gradient(theta):
    u1, h1, u2, h2, prediction = network(theta)
    W, V = theta["W"], theta["V"]
    r = (prediction - answers) / N
    V_grad = h2.T @ r + LAM * V
    h2_grad = r @ V.T

    a2_grad = h2_grad * (1 - u2**2)
    b2_grad = a2_grad.sum(axis=0)
    W_grad = h1.T @ a2_grad
    h1_grad = h2_grad + a2_grad @ W.T

    a1_grad = h1_grad * (1 - u1**2)
    b1_grad = a1_grad.sum(axis=0)
    W_grad += data.T @ a1_grad
    W_grad += LAM * W
    return {"W": W_grad, "b1": b1_grad, "b2": b2_grad, "V": V_grad}


if __name__ == "__main__":
    for k in range(10):
        grad = gradient(theta)
        theta = {name: theta[name] - 0.1 * grad[name] for name in theta}
        print(k, objective(theta))
