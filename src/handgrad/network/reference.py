"""The reference engine: walks the layers in Python and calls the equations. For reading, checking and debugging."""

from typing import Any

import numpy as np

from handgrad.layers._types import Array
from handgrad.layers.weight_decay import weight_decay_backward, weight_decay_forward
from handgrad.network.engine import Architecture, Batch, EpochLosses, Orders, TrainingState


class ReferenceEngine:
    """``engine="numpy"``. Samples come in as rows; inside, a column is a sample."""

    def __init__(self, architecture: Architecture) -> None:
        self.net = architecture

    def _forward(self, x: Array) -> tuple[list[Array], list[Any]]:
        """Output and cache of every layer, from ``x`` (features, batch)."""
        ys, caches = [], []
        y = x
        for i, layer in enumerate(self.net.layers):
            y, cache = layer.forward(self.net.parameters.of_layer(i), y)
            ys.append(y)
            caches.append(cache)
        return ys, caches

    def activations(self, x: Array) -> list[Array]:
        return self._forward(x.T)[0]

    def outputs(self, x: Array) -> Array:
        return np.ascontiguousarray(self._forward(x.T)[0][-1].T)

    def losses(self, batch: Batch) -> tuple[Array, Array]:
        y = self._forward(batch.x.T)[0][-1]
        losses, _ = self.net.loss.forward(y, batch.t.T)
        return np.ascontiguousarray(y.T), losses

    def _loss_and_gradient(self, batch: Batch) -> tuple[float, float, Array]:
        """Data loss, penalty, and the gradient of their sum."""
        net = self.net
        n = batch.x.shape[0]
        ys, caches = self._forward(batch.x.T)
        losses, cache = net.loss.forward(ys[-1], batch.t.T)
        dl = batch.weights / net.dtype.type(n)
        gradient = np.zeros_like(net.parameters.flat)
        dy = net.loss.backward(cache, dl)
        for i in reversed(range(len(net.layers))):
            dy, grads = net.layers[i].backward(net.parameters.of_layer(i), caches[i], dy)
            for name, value in grads.items():
                net.parameters.view(gradient, f"{i}.{name}")[...] = value
        penalty = self._add_decay(gradient)
        return float((losses * dl).sum(dtype=np.float64)), penalty, gradient

    def _add_decay(self, gradient: Array) -> float:
        """Add the gradient of the weight decay to ``gradient``; returns the penalty."""
        net, total = self.net, 0.0
        if not net.weight_decay:
            return total
        for i, layer in enumerate(net.layers):
            for name in layer.decayed:
                penalty, cache = weight_decay_forward(net.parameters[f"{i}.{name}"], net.weight_decay)
                dW = weight_decay_backward(cache, 1.0, net.weight_decay)
                net.parameters.view(gradient, f"{i}.{name}")[...] += dW
                total += float(penalty)
        return total

    def gradients(self, batch: Batch) -> tuple[float, Array]:
        loss, penalty, gradient = self._loss_and_gradient(batch)
        return loss + penalty, gradient

    @np.errstate(all="ignore")  # divergence is told by EpochLosses.finite, not by warnings
    def train(self, batch: Batch, orders: Orders, rates: Array, batch_size: int, state: TrainingState) -> EpochLosses:
        done = EpochLosses()
        flat = self.net.parameters.flat
        samples = orders.shape[1]
        for order, epoch_rates in zip(orders, rates, strict=True):
            kept = flat.copy()
            total, penalty = 0.0, 0.0
            for k, first in enumerate(range(0, samples, batch_size)):
                chosen = order[first : first + batch_size]
                part = Batch(batch.x[chosen], batch.t[chosen], batch.weights[chosen])
                loss, penalty, gradient = self._loss_and_gradient(part)
                total += loss * len(chosen)
                state.steps += 1
                state.optimizer.update(flat, gradient, state.vectors, state.steps, float(epoch_rates[k]))
            if not (np.isfinite(total + penalty) and np.isfinite(flat).all()):
                flat[...] = kept
                done.finite = False
                break
            done.losses.append(total / samples)
            done.penalties.append(penalty)
        return done
