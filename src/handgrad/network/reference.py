"""The reference engine: walks the layers in Python and calls the equations. For reading, checking and debugging."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.layers._types import Array
from handgrad.layers.weight_decay import weight_decay_backward, weight_decay_forward
from handgrad.network.engine import Architecture, Batch, EpochLosses, Orders, TrainingState
from handgrad.network.layers import TimeLayer, features
from handgrad.network.masks import keep_mask, keys
from handgrad.network.sequences import columns, fold, rows, unfold
from handgrad.network.tokens import Dropout
from handgrad.training.clipping import clip


class ReferenceEngine:
    """``engine="numpy"``. Samples come in as rows; inside, a column is a sample."""

    def __init__(self, architecture: Architecture) -> None:
        self.net = architecture
        self._drops = any(isinstance(layer, Dropout) for layer in architecture.layers)

    def _forward(
        self, x: Array, lengths: Orders, states: Sequence[tuple[Array, ...]] | None = None, pair: Any = None
    ) -> tuple[list[Array], list[Any]]:
        """Output and cache of every layer, from rows ``x`` (samples, inputs) and the ``states`` of recurrent layers;
        ``pair``: the keys of dropout's masks, in training."""
        ys, caches = [], []
        before = iter(states or ())
        y = columns(x, self.net.input_shape)
        for i, layer in enumerate(self.net.layers):
            params = self.net.parameters.of_layer(i)
            if isinstance(layer, TimeLayer):
                begin = [state.T for state in next(before)] if states and layer.state_sizes else None
                y, cache = layer.forward_through_time(params, y, begin, lengths)
            elif isinstance(layer, Dropout) and pair is not None:
                size = (len(y), y.shape[1]) if y.ndim == 3 else (1, len(y))
                y, cache = layer.drop(y, keep_mask(pair, i, size, layer.rate, y.dtype).reshape(y.shape))
            else:
                a, cache = layer.forward(params, fold(y))
                y = unfold(a, y)
            ys.append(y)
            caches.append(cache)
        return ys, caches

    def _backward(self, caches: list[Any], dy: Array) -> Array:
        """The gradient of every parameter, as a flat vector, from that of the last output."""
        net = self.net
        gradient = np.zeros_like(net.parameters.flat)
        for i in reversed(range(len(net.layers))):
            layer, params = net.layers[i], net.parameters.of_layer(i)
            if isinstance(layer, TimeLayer):
                dy, grads = layer.backward_through_time(params, caches[i], dy)
            else:
                whole = isinstance(layer, Dropout)  # its masks have the shape of the sequences
                dx, grads = layer.backward(params, caches[i], dy if whole else fold(dy))
                dy = dx if whole else unfold(dx, dy)
            for name, value in grads.items():
                net.parameters.view(gradient, f"{i}.{name}")[...] = value
        return gradient

    def activations(self, x: Array, lengths: Orders) -> list[Array]:
        return self._forward(x, lengths)[0]

    def answer(self, x: Array) -> Array | None:
        return None

    def outputs(self, x: Array, lengths: Orders) -> Array:
        return rows(self._forward(x, lengths)[0][-1])

    def advance(
        self, x: Array, lengths: Orders, states: Sequence[tuple[Array, ...]]
    ) -> tuple[Array, list[tuple[Array, ...]]]:
        ys, caches = self._forward(x, lengths, states)
        walked = [
            layer.last_states(cache)
            for layer, cache in zip(self.net.layers, caches, strict=True)
            if isinstance(layer, TimeLayer) and layer.state_sizes
        ]
        return rows(ys[-1]), [tuple(np.ascontiguousarray(each.T) for each in arrays) for arrays in walked]

    def losses(self, batch: Batch) -> tuple[Array, Array]:
        y = self._forward(batch.x, batch.lengths)[0][-1]
        losses = self._losses(y, batch)[0].sum(axis=0)
        return (np.empty((len(losses), 0), y.dtype) if self.net.per_token else rows(y)), losses

    def _losses(self, y: Array, batch: Batch) -> tuple[Array, Any]:
        """The loss of every step (steps, samples), zeros in the padding, and its cache."""
        t = columns(self._rows_of_targets(batch), self.net.output_shape)
        losses, cache = self.net.loss.forward(fold(y), fold(t))
        losses = losses.reshape(-1, y.shape[-1])
        return np.where(self._real(y, batch), losses, 0), cache

    def _rows_of_targets(self, batch: Batch) -> Array:
        """Targets with a number for each output: class numbers become rows with a one at the class."""
        if not self.net.per_token:
            return batch.t
        classes = np.arange(features(self.net.output_shape))
        rows: Array = (batch.t[:, :, None] == classes).astype(self.net.dtype).reshape(len(batch.t), -1)
        return rows

    def _real(self, y: Array, batch: Batch) -> Any:
        """Which steps (steps, samples) are no padding."""
        return np.arange(len(y) if y.ndim == 3 else 1)[:, None] < batch.lengths

    def _loss_and_gradient(self, batch: Batch, pair: Any = None) -> tuple[float, float, Array]:
        """Data loss, penalty, and the gradient of their sum."""
        net = self.net
        n = net.count(batch.lengths)
        ys, caches = self._forward(batch.x, batch.lengths, pair=pair)
        losses, cache = self._losses(ys[-1], batch)
        dl = np.where(self._real(ys[-1], batch), batch.weights / net.dtype.type(n), net.dtype.type(0))
        gradient = self._backward(caches, unfold(net.loss.backward(cache, dl.ravel()), ys[-1]))
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
        sums = np.zeros(len(orders))
        state.begin(sums)
        for e, (order, epoch_rates) in enumerate(zip(orders, rates, strict=True)):
            kept = flat.copy()
            total, penalty = float(sums[e]), 0.0
            for k, first in enumerate(range(0, samples, batch_size)):
                chosen = order[first : first + batch_size]
                part = batch.part(chosen)
                state.steps += 1
                pair = keys(state.seed, state.steps, chosen) if self._drops else None
                loss, penalty, gradient = self._loss_and_gradient(part, pair)
                total += loss * self.net.count(part.lengths)
                gradient = clip(gradient, state.clipping)
                state.optimizer.update(flat, gradient, state.vectors, state.steps, float(epoch_rates[k]))
            if not (np.isfinite(total + penalty) and np.isfinite(flat).all()):
                flat[...] = kept
                done.finite = False
                break
            sums[e] = total
            done.penalties.append(penalty)
        done.losses = state.means(sums, self.net.count(batch.lengths[orders[:1]]))[: len(done.penalties)].tolist()
        return done
