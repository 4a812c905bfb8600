"""The public face of a network: samples come first here, and are turned into columns once, behind it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.errors import UsageError, out_of_range, shape_text, unknown_choice
from handgrad.layers._types import Array
from handgrad.network import files
from handgrad.network.engine import Architecture, Engine, EngineName, Orders, make_engine
from handgrad.network.inputs import as_batch, network_samples, reads_tokens, split_off
from handgrad.network.layers import Dense, Layer, Shape
from handgrad.network.losses import Loss, SquaredError
from handgrad.network.parameters import Parameters
from handgrad.network.sequences import as_states
from handgrad.network.summary import summary_text
from handgrad.options import NOT_NEGATIVE, number, seed_number, whole
from handgrad.training.callbacks import Callback, EarlyStopping
from handgrad.training.checkpoints import Checkpoints, Training
from handgrad.training.clipping import clipping
from handgrad.training.fit import FitSettings, fit
from handgrad.training.history import History
from handgrad.training.initializers import initializer
from handgrad.training.optimizers import Optimizer
from handgrad.training.optimizers import optimizer as find_optimizer
from handgrad.training.schedules import ConstantSchedule, Schedule


class Sequential:
    """A chain of layers with a loss at its end.

    ``input_shape`` is that of one sample, ``(features,)``, ``(steps, features)`` of sequences, ``(channels, height,
    width)`` of images, or ``(steps,)`` of tokens, where the first layer is an Embedding. ``weight_decay`` is lambda in
    the penalty lambda / 2 sum W^2 over all weight matrices, which is part of the loss. ``dtype`` is float32 (training)
    or float64 (checking). ``seed`` draws the initial parameters. Raises UsageError or InputError for parts that do not
    fit.

    ``parameters["0.W"]`` is a view of the weights of layer 0 (M, N); ``history`` belongs to the latest ``fit``.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        input_shape: int | Sequence[int],
        loss: Loss | None = None,
        weight_decay: float = 0.0,
        dtype: Any = "float32",
        seed: int = 0,
    ) -> None:
        self.layers = tuple(layers)
        self.input_shape = _checked_shape(input_shape)
        self.loss: Loss = SquaredError() if loss is None else loss
        self.weight_decay = number("weight_decay", weight_decay, NOT_NEGATIVE)
        self.dtype = _checked_dtype(dtype)
        self.seed = seed_number(seed)
        self._check()
        shape = (*self.input_shape, 1) if reads_tokens(self.layers) else self.input_shape
        self.parameters = Parameters(self.layers, shape, self.dtype)
        self.architecture = Architecture(self.layers, self.loss, shape, self.parameters, self.weight_decay, self.dtype)
        if len(self.architecture.output_shape) == 3:
            maps = shape_text(self.architecture.output_shape)
            raise UsageError(f"the network ends with maps of {maps}, expected a vector; put Flatten() behind them")
        if self.architecture.per_token and not self._ends_with_steps():
            raise UsageError(
                "the loss is a mean over tokens, and the network is none of sequences that ends with Dense(...), "
                "expected such a network, or SoftmaxCrossEntropy()"
            )
        self.history = History()
        self._engines: dict[tuple[str, int | None], Engine] = {}
        self.initialize(self.seed)

    def _ends_with_steps(self) -> bool:
        """Whether every step of a sequence has logits, made by a Dense layer."""
        return len(self.architecture.output_shape) == 2 and isinstance(self.layers[-1], Dense)

    def _check(self) -> None:
        if not self.layers:
            raise UsageError("a network needs at least 1 layer, 0 were given; for example Dense(1)")
        for layer in self.layers:
            if isinstance(layer, type) or not hasattr(layer, "parameter_shapes"):
                raise UsageError(f"{layer!r} is not a layer, expected an instance such as Dense(64) or Sigmoid()")
        if isinstance(self.loss, type) or not hasattr(self.loss, "targets"):
            raise UsageError(f"{self.loss!r} is not a loss, expected an instance such as SquaredError()")

    def initialize(self, seed: int) -> None:
        """Draw all parameters anew, each by the initializer that its layer names."""
        rng = np.random.default_rng(seed_number(seed))
        for i, layer in enumerate(self.layers):
            views = self.parameters.of_layer(i)
            for name, choice in layer.initializers().items():
                views[name][...] = initializer(choice)(views[name].shape, rng)

    def _engine(self, name: str, threads: int | None = None) -> Engine:
        if (name, threads) not in self._engines:
            self._engines[name, threads] = make_engine(name, self.architecture, threads)
        return self._engines[name, threads]

    def _batch(self, x: Any, y: Any, weights: Any, lengths: Any, prefix: str = "") -> Any:
        return as_batch(self.architecture, x, y, weights, lengths, prefix)

    def _samples(self, x: Any, lengths: Any) -> tuple[Array, Orders]:
        return network_samples(self.architecture, x, lengths)

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        epochs: int = 10,
        batch_size: int = 32,
        optimizer: Optimizer | str = "sgd",
        schedule: Schedule | None = None,
        validation_data: tuple[Any, ...] | None = None,
        validation_share: float | None = None,
        sample_weight: Any = None,
        lengths: Any = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        early_stopping: EarlyStopping | None = None,
        callbacks: Sequence[Callback] = (),
        checkpoints: Checkpoints | Training | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        engine: EngineName = "compiled",
        threads: int | None = None,
    ) -> History:
        """Train on ``x`` (samples, *input_shape) and ``y`` (samples, outputs), or class numbers (samples,) where the
        loss takes them. Of sequences, ``x`` is (samples, steps, features), ``y`` has targets for every step that the
        network answers, and ``lengths`` (samples,) says how many steps of each are real: the others count for nothing.

        The loss of a batch is the mean over its samples of weight times loss, plus the weight decay's penalty.
        ``seed`` (default: the network's) orders the samples and draws ``validation_share``. ``batch_size=1`` is online
        training. ``clip_value`` bounds every entry of a step's gradient, ``clip_norm`` the length of the whole (one
        of them; see ``training/clipping.py``). ``threads``: at most so many; the result does not depend on it.
        ``checkpoints``: a folder of them; where it has some of this training, it goes on from there, and ends with the
        same bytes as one that was never interrupted. Raises
        InputError, UsageError, Diverged, and KeyboardInterrupt after Ctrl-C: what was learned stays in the network.
        """
        seed = self.seed if seed is None else seed_number(seed)
        data = self._batch(x, y, sample_weight, lengths)
        validation = None
        if validation_data is not None and validation_share is not None:
            raise UsageError("both validation_data and validation_share were given, expected one of them")
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise UsageError("validation_data is not a pair, expected (x, y), or (x, y, lengths) of sequences")
            x_held, y_held, *rest = validation_data
            validation = self._batch(x_held, y_held, None, rest[0] if rest else None, prefix="validation ")
        elif validation_share is not None:
            data, validation = split_off(data, validation_share, seed)
        settings = FitSettings(
            epochs=epochs,
            batch_size=min(whole("batch_size", batch_size), len(data.x)),
            optimizer=find_optimizer(optimizer),
            schedule=ConstantSchedule() if schedule is None else schedule,
            shuffle=shuffle,
            seed=seed,
            early_stopping=early_stopping,
            callbacks=callbacks,
            clipping=clipping(clip_value, clip_norm),
        )
        most = None if threads is None else whole("threads", threads)
        if isinstance(checkpoints, Checkpoints):
            with checkpoints.training() as training:
                return fit(self, self._engine(engine, most), data, validation, settings, training)
        return fit(self, self._engine(engine, most), data, validation, settings, checkpoints)

    def predict(self, x: Any, *, lengths: Any = None, engine: EngineName = "compiled") -> Array:
        """What the network says of ``x`` (samples, *input_shape): (samples, outputs), of sequences (samples, steps,
        outputs). Behind a cross-entropy these are probabilities; ``outputs`` gives the logits."""
        if isinstance(x, np.ndarray) and lengths is None and self._is_one_sample(x):
            answer = self._engine(engine).answer(x)
            if answer is not None:
                return answer
        y = self.outputs(x, lengths=lengths, engine=engine)
        columns = self.loss.prediction(y.reshape(-1, y.shape[-1]).T)
        return np.ascontiguousarray(columns.T).reshape(y.shape)

    def _is_one_sample(self, x: Array) -> bool:
        """Whether ``x`` is one sample, and already what an engine takes."""
        exact = x.shape == (1, *self.input_shape) and x.dtype == self.dtype and x.flags.c_contiguous
        return exact and not reads_tokens(self.layers)

    def outputs(self, x: Any, *, lengths: Any = None, engine: EngineName = "compiled") -> Array:
        """Outputs of the last layer for ``x`` (samples, *input_shape): (samples, outputs), or (samples, steps,
        outputs), where a sequence shorter than ``steps`` repeats its last state's."""
        samples, ends = self._samples(x, lengths)
        return self._engine(engine).outputs(samples, ends).reshape(-1, *self.architecture.output_shape)

    def advance(
        self, x: Any, states: Sequence[Any] | None = None, *, lengths: Any = None, engine: EngineName = "compiled"
    ) -> tuple[Array, list[Any]]:
        """Outputs for sequences ``x`` that go on from ``states``, and the states after them, to go on from.

        ``states``: for each RNN an array (samples, units), for each LSTM a pair of them, the state h and the cell c;
        None for zeros. A long sequence may so be handed over in pieces. InputError where they do not fit.
        """
        samples, ends = self._samples(x, lengths)
        before = as_states(states, self.layers, len(samples), self.dtype)
        outputs, after = self._engine(engine).advance(samples, ends, before)
        states = [each if len(each) > 1 else each[0] for each in after]
        return outputs.reshape(-1, *self.architecture.output_shape), states

    def activations(self, x: Any, *, lengths: Any = None, engine: EngineName = "compiled") -> list[Array]:
        """Output of every layer for ``x`` (samples, *input_shape): a list of (samples, features), or (samples, steps,
        features)."""
        columns = self._engine(engine).activations(*self._samples(x, lengths))
        return [np.ascontiguousarray(np.moveaxis(each, -1, 0)) for each in columns]

    def evaluate(self, x: Any, y: Any, *, lengths: Any = None, engine: EngineName = "compiled") -> float:
        """Mean loss over the samples (of a sequence: the sum over its steps), or over the real steps where the loss
        says so, without the weight decay's penalty."""
        batch = self._batch(x, y, None, lengths)
        _, losses = self._engine(engine).losses(batch)
        return float(losses.sum(dtype=np.float64)) / self.architecture.count(batch.lengths)

    def token_losses(
        self, x: Any, y: Any, lengths: Any = None, *, engine: EngineName = "compiled"
    ) -> tuple[float, int]:
        """The losses of all real steps of sequences ``x`` (samples, steps ...) summed up, and how many these are:
        exp(sum / count) is the perplexity. ``y`` as in ``fit``."""
        batch = self._batch(x, y, None, lengths)
        _, losses = self._engine(engine).losses(batch)
        return float(losses.sum(dtype=np.float64)), int(batch.lengths.sum())

    def gradients(
        self, x: Any, y: Any, *, sample_weight: Any = None, lengths: Any = None, engine: EngineName = "compiled"
    ) -> dict[str, Array]:
        """Gradient of the loss of all samples as one batch, by parameter name."""
        return self.loss_and_gradients(x, y, sample_weight=sample_weight, lengths=lengths, engine=engine)[1]

    def loss_and_gradients(
        self, x: Any, y: Any, *, sample_weight: Any = None, lengths: Any = None, engine: EngineName = "compiled"
    ) -> tuple[float, dict[str, Array]]:
        """Loss of all samples as one batch (weighted mean plus penalty), and its gradient by parameter name."""
        loss, flat = self._engine(engine).gradients(self._batch(x, y, sample_weight, lengths))
        return loss, {name: self.parameters.view(flat, name) for name in self.parameters}

    def summary(self) -> str:
        """The layers as a table, with output shapes and parameter counts."""
        return summary_text(self)

    def save(self, path: str | Path) -> None:
        """Write architecture and parameters to a safetensors file; see ``handgrad.load``."""
        files.save(self, path)

    def load_parameters(self, source: str | Path | Mapping[str, Any]) -> None:
        """Take every parameter from a safetensors file, or from a mapping of names to arrays. Strict: InputError
        lists missing, unexpected and wrongly shaped entries."""
        if isinstance(source, Mapping):
            self.parameters.assign(source)
        else:
            files.load_parameters(self, source)

    def __repr__(self) -> str:
        layers = ", ".join(repr(layer) for layer in self.layers)
        return f"Sequential([{layers}], input_shape={self.input_shape}, loss={self.loss!r})"


def _checked_shape(shape: int | Sequence[int]) -> Shape:
    numbers = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if not numbers or any(not isinstance(n, (int, np.integer)) or isinstance(n, bool) or n < 1 for n in numbers):
        raise out_of_range("input_shape", shape, "whole numbers of at least 1, for example (2,)")
    return tuple(int(n) for n in numbers)


def _checked_dtype(dtype: Any) -> np.dtype[Any]:
    allowed: dict[str, np.dtype[Any]] = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in allowed:
        raise unknown_choice("dtype", name, tuple(allowed))
    return allowed[name]
