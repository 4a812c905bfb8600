"""Textbook backpropagation with the textbook's letters: δ for errors, η for the step, σ for the unit."""
import numpy as np

SEED = 1
N = 4
n = [3, 5, 4, 2]

ρ = np.random.default_rng(SEED)
ω = [ρ.normal(0, 0.8, (n[ℓ + 1], n[ℓ])) for ℓ in range(3)]
β = [ρ.normal(0, 0.3, n[ℓ + 1]) for ℓ in range(3)]
ξ = ρ.normal(size=(N, n[0]))
τ = ρ.uniform(0.1, 0.9, size=(N, n[-1]))


def σ(z):
    return 1 / (1 + np.exp(-z))


def φ(ω, β, x):
    """All activations of one sample, input first."""
    α = [x]
    for W, b in zip(ω, β):
        α.append(σ(W @ α[-1] + b))
    return α


def E(ω, β):
    return sum(0.5 * np.sum((t - φ(ω, β, x)[-1]) ** 2) for x, t in zip(ξ, τ))


def descent(ω, β):
    """The direction in which the weights move: minus the gradient, summed over the samples."""
    Δω = [np.zeros(W.shape) for W in ω]
    Δβ = [np.zeros(b.shape) for b in β]
    for x, t in zip(ξ, τ):
        α = φ(ω, β, x)
        δ = (t - α[-1]) * α[-1] * (1 - α[-1])
        for ℓ in reversed(range(len(ω))):
            Δω[ℓ] += np.outer(δ, α[ℓ])
            Δβ[ℓ] += δ
            if ℓ > 0:
                δ = (ω[ℓ].T @ δ) * α[ℓ] * (1 - α[ℓ])
    return Δω, Δβ


if __name__ == "__main__":
    η = 0.5
    for epoch in range(15):
        Δω, Δβ = descent(ω, β)
        for ℓ in range(len(ω)):
            ω[ℓ] = ω[ℓ] + η * Δω[ℓ]
            β[ℓ] = β[ℓ] + η * Δβ[ℓ]
        print(f"{epoch:2d}  E = {E(ω, β):.5f}")
