"""Linear layer with batch normalization in training mode, taken apart into its elementary steps."""
import numpy as np

SEED = 14
N = 6
D = 4
H = 3


class LinearBatchNorm:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(size=(n_in, n_out))
        self.gamma = 1 + 0.3 * rng.normal(size=n_out)
        self.beta = 0.3 * rng.normal(size=n_out)
        self.eps = 1e-3

    def forward(self, x):
        self.x = x
        z = x @ self.W
        mu = z.sum(axis=0) / len(x)
        self.zc = z - mu
        var = (self.zc**2).sum(axis=0) / len(x)
        self.std = np.sqrt(var + self.eps)
        self.ivar = 1 / self.std
        self.zhat = self.zc * self.ivar
        return self.gamma * self.zhat + self.beta

    def backward(self, dy):
        n = len(dy)
        self.dbeta = dy.sum(axis=0)
        self.dgamma = (dy * self.zhat).sum(axis=0)
        dzhat = dy * self.gamma

        # zhat = zc * ivar
        dzc = dzhat * self.ivar
        divar = (dzhat * self.zc).sum(axis=0)
        # ivar = 1 / std, std = sqrt(var + eps)
        dstd = -divar / self.std**2
        dvar = 0.5 * dstd / self.std
        # var = sum(zc ** 2) / n
        dzc += 2 * self.zc * dvar / n
        # zc = z - mu
        dmu = -dzc.sum(axis=0)
        dz = dzc + dmu / n

        self.dW = self.x.T @ dz
        return dz @ self.W.T


def main():
    rng = np.random.default_rng(SEED)
    layer = LinearBatchNorm(D, H, rng)
    x, y = rng.normal(size=(N, D)), rng.normal(size=(N, H))
    for step in range(5):
        out = layer.forward(x)
        print("loss", 0.5 * np.mean((out - y) ** 2))
        layer.backward((out - y) / out.size)
        layer.W -= layer.dW
        layer.gamma -= layer.dgamma
        layer.beta -= layer.dbeta


if __name__ == "__main__":
    main()
