"""All weights in one long vector, as an optimizer from a library wants them; bias units are a column of ones."""
import numpy as np

SEED = 28
m = 7
n_in = 4
n_hid = 5
n_out = 3
lam = 0.2

np.random.seed(SEED)
X = np.random.uniform(-1, 1, (m, n_in))
Y = np.eye(n_out)[np.arange(m) % n_out]
theta = np.random.uniform(-0.8, 0.8, n_hid * (n_in + 1) + n_out * (n_hid + 1))


def g(z):
    return 1.0 / (1.0 + np.exp(-z))


def unroll(theta):
    cut = n_hid * (n_in + 1)
    return theta[:cut].reshape(n_hid, n_in + 1), theta[cut:].reshape(n_out, n_hid + 1)


def propagate(theta):
    Theta1, Theta2 = unroll(theta)
    A1 = np.hstack([np.ones((m, 1)), X])
    A2 = np.hstack([np.ones((m, 1)), g(A1 @ Theta1.T)])
    A3 = g(A2 @ Theta2.T)
    return A1, A2, A3


def J(theta):
    Theta1, Theta2 = unroll(theta)
    A3 = propagate(theta)[2]
    cost = -np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)) / m
    return cost + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))


def J_grad(theta):
    Theta1, Theta2 = unroll(theta)
    A1, A2, A3 = propagate(theta)
    delta3 = A3 - Y
    delta2 = (delta3 @ Theta2 * A2 * (1 - A2))[:, 1:]
    Theta1_grad = delta2.T @ A1 / m
    Theta2_grad = delta3.T @ A2 / m
    # bias weights do not decay
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]
    return np.concatenate([Theta1_grad.ravel(), Theta2_grad.ravel()])


if __name__ == "__main__":
    for i in range(20):
        theta = theta - 0.8 * J_grad(theta)
    print("cost after 20 steps:", J(theta))
