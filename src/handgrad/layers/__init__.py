"""The equations: one file per layer, forward and backward side by side, NumPy alone.

Conventions, everywhere in this package
----------------------------------------
- A column is a sample: arrays are (features, batch). B is the batch, N a layer's inputs, M its outputs.
- Images and maps are (channels, height, width, batch); sequences (time, features, batch).
- ``y, cache = layer_forward(...)``; ``dx, ... = layer_backward(..., cache, dy)``. Pure functions; ``cache`` is a
  NamedTuple.
- ``dv`` is the partial derivative of the loss by ``v`` and has v's shape.
- Each backward block stands under the forward line that it differentiates (``# 2: a = ...``), in reverse order.
- A loss returns one value per sample; the mean over the batch, and sample weights, come in by its cotangent ``dl``.
"""
