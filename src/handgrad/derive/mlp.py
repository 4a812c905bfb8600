"""``derive mlp``: the derivation report's network with one hidden layer."""

from importlib.resources.abc import Traversable

from handgrad.derive.compose import LayerSpec
from handgrad.derive.document import Derivation
from handgrad.derive.kinds import layer_names
from handgrad.derive.network import derive_network
from handgrad.derive.reader import loss_names, read_activation
from handgrad.errors import unknown_choice

TITLE = "Multilayer perceptron with one hidden layer"
LOSSES = {"cross-entropy": "softmax_cross_entropy", "l2": "squared_error"}  # the report's two, by the lab's names

REFERENCE = "W. Liao (2018), Assignment 4: BP, section 2"
REMARK = (
    "The report prints the update with both terms added, W ← W + η ∂L/∂W + λ W, and the derivative of the "
    "cross-entropy without its minus sign. The signs here are the source's, and checked."
)


def derive_mlp(
    *,
    loss: str = "cross-entropy",
    hidden_activation: str = "sigmoid",
    output_activation: str | None = None,
    weight_decay: bool = True,
    seed: int = 0,
    folder: Traversable | None = None,
) -> Derivation:
    """The network of N inputs, M hidden units and C classes.

    ``loss``: cross-entropy (softmax and cross-entropy on logits), l2 (squared error behind a softmax, as in the lab),
    or the base name of another loss. ``output_activation`` stands before the loss; none by default where the loss
    takes logits, else softmax.
    Raises UsageError for names that do not exist.
    """
    kind = LOSSES.get(loss, loss)
    if kind not in layer_names(folder):
        raise unknown_choice("the loss", loss, [*LOSSES, *loss_names(folder)])
    if output_activation is None and not kind.endswith("cross_entropy"):
        output_activation = "softmax"
    read_activation(hidden_activation, folder)
    layers = [LayerSpec("dense"), LayerSpec(hidden_activation), LayerSpec("dense")]
    if output_activation is not None:
        layers.append(LayerSpec(output_activation))
    return derive_network(
        layers,
        kind,
        weight_decay=weight_decay,
        name="mlp",
        title=TITLE,
        reference=REFERENCE,
        remarks=(REMARK,),
        seed=seed,
        folder=folder,
    )
