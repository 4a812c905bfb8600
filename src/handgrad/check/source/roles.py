"""Which of a file's functions are forward, loss and backward, judged by their names or told by the user."""

import re
from collections.abc import Collection
from typing import NamedTuple

_BACKWARD = re.compile(
    r"(?<!feed)(?<!call)(?<!play)(?<!roll)(?<!fall)back(?!ground|up|slash|log|end|ing)|bprop|bptt|"
    r"grad(?!ed?$|es|uat|ual)|nabla|∂|∇|deriv|adjoint|vjp|pullback|^g$|^dL|^df$|^dJ|^bp$|^bwd|loss_?and|_and_g|with_g|"
    r"反向|反传|反傳|后向|後向|逆伝播|逆传播|梯度|勾配|求导|求導|导数|導數|微分|역전파|기울기|"
    r"r[eé]tro|gradien|ableitung|r[uü]ckw|обратн|градиент",
    re.I,
)
_NOT_BACKWARD = re.compile(
    r"zero|clear|reset|clip|numer|check|approx|finite|difference|^test|update|descent|^step|^train|^fit|optimi|norm_of|"
    r"rel_?err|adagrad|adadelta|rmsprop|^adam|^sgd|momentum|nesterov|apply_?grad|upgrade|degrade|plot|print|show|draw|"
    r"^log_?grad|^save|^load|数值|數值|清零|更新|下降|降下|学習|学习率",
    re.I,
)
_MAY_RETURN_GRADIENTS = re.compile(
    r"^step|^train|^fit", re.I
)  # of those: ``step_cost`` returns them, does not use them
_FORWARD = re.compile(
    r"forw|fprop|fwd|predict|feed|loss|cost|objective|energy|error|^f$|^J$|^E$|^L$|nll|entropy|mse|logit|output|activate|"
    r"^fp$|likelihood|criterion|score|apply|infer|^run$|^net$|^model$|__call__|seq|前向|正向|前传|前傳|順伝播|顺传播|推論|"
    r"预测|預測|予測|损|損|代价|代價|误差|誤差|순전파|손실|오차|perte|co[uû]t|erreur|p[eé]rdida|costo|custo|erro|verlust|"
    r"fehler|vorw|ошибк|потер|прям",
    re.I,
)
_LOSS = re.compile(
    r"loss|cost|objective|error|nll|entropy|mse|energy|criterion|^J$|^E$|^L$|likelihood|损|損|代价|代價|误差|誤差|손실|오차|"
    r"perte|co[uû]t|erreur|p[eé]rdida|costo|custo|verlust|fehler|ошибк|потер",
    re.I,
)
_ERROR = re.compile(r"err|误差|誤差|오차|fehler|ошибк", re.I)  # in a backward pass rather a delta
_LETTERS = ("l", "j", "e", "ℓ", "C", "c", "total", "value", "f", "fx")
_ACTIVATION = re.compile(
    r"sigm|relu|tanh|soft(plus|sign|max)|swish|gelu|elu|activ|^act|^phi|φ|^f$|σ|logistic|identity|linear|激活|活性",
    re.I,
)
_SLOPE = re.compile(r"deriv|grad|prime|slope|^d|_d$|导|導|微分|梯度|勾配", re.I)


def is_loss_name(name: str) -> bool:
    """Whether a value goes by the name of a loss."""
    return bool(_LOSS.search(name)) or name in _LETTERS


def is_loss_in_backward(name: str) -> bool:
    """Whether a value that a backward pass returns goes by the name of a loss: ``error`` there means a delta."""
    return is_loss_name(name) and not _ERROR.search(name)


def is_slope(name: str) -> bool:
    """Whether a function's name says that it is the derivative of an activation: a helper, not a backward pass."""
    last = name.rsplit(".", 1)[-1]
    return bool(_ACTIVATION.search(last) and _SLOPE.search(last))


class Roles(NamedTuple):
    """What the user said; None where the names must tell."""

    loss: str | None = None
    gradients: str | None = None
    forward: str | None = None
    backward: str | None = None
    cls: str | None = None

    @property
    def told(self) -> bool:
        """Whether functions were named."""
        return any((self.loss, self.gradients, self.forward, self.backward))

    def is_backward(self, qualified: str, functions: Collection[str] = ()) -> bool:
        """Whether this function computes gradients; ``functions``: the names of all of the file."""
        if self.gradients or self.backward:
            return _is(qualified, self.gradients) or _is(qualified, self.backward)
        return self._in_class(qualified) and (looks_backward(qualified) or _of_a_loss(qualified, functions))

    def is_forward(self, qualified: str, functions: Collection[str] = ()) -> bool:
        """Whether this function computes an output or a loss."""
        if self.loss or self.forward:
            return _is(qualified, self.loss) or _is(qualified, self.forward)
        known = looks_forward(qualified) and not _of_a_loss(qualified, functions)
        return known and (self._in_class(qualified) or "." not in qualified)

    def is_loss(self, qualified: str) -> bool:
        """Whether this function computes the loss itself."""
        if self.loss:
            return _is(qualified, self.loss)
        return bool(_LOSS.search(qualified.rsplit(".", 1)[-1]))

    def _in_class(self, qualified: str) -> bool:
        return self.cls is None or qualified.split(".")[0] == self.cls


def looks_backward(qualified: str) -> bool:
    """By the name alone."""
    name = qualified.rsplit(".", 1)[-1]
    return bool(_BACKWARD.search(name)) and not _NOT_BACKWARD.search(name)


def is_no_backward(qualified: str) -> bool:
    """Whether the name says that it only clears, clips, checks or applies gradients."""
    return bool(_NOT_BACKWARD.search(qualified.rsplit(".", 1)[-1]))


def takes_steps(qualified: str) -> bool:
    """Whether the name says no more than that the function belongs to a step of training."""
    name = _MAY_RETURN_GRADIENTS.sub("", qualified.rsplit(".", 1)[-1])
    return not _NOT_BACKWARD.search(name)


def looks_forward(qualified: str) -> bool:
    """By the name alone."""
    name = qualified.rsplit(".", 1)[-1]
    return bool(_FORWARD.search(name)) and not looks_backward(name) and not _NOT_BACKWARD.search(name)


def _of_a_loss(qualified: str, functions: Collection[str]) -> bool:
    """``dcost`` or ``mse_prime`` where the file has ``cost`` or ``mse``."""
    name = qualified.rsplit(".", 1)[-1]
    if _NOT_BACKWARD.search(name):
        return False
    plain_names = {each.rsplit(".", 1)[-1] for each in functions}
    return any(_LOSS.search(each) and each in plain_names for each in bases(name))


def _is(qualified: str, told: str | None) -> bool:
    return told is not None and (qualified == told or qualified.rsplit(".", 1)[-1] == told)


_PREFIX = (
    r"d[LEJC]_?/?d_?|d_?loss_?d?_?|∂[LEJC]?_?/?∂_?|∂|∇_?|nabla_?|grad(?:ient)?s?_?(?:of_?|wrt_?)?|delta_?|δ_?|Δ_?|梯度_?|"
    r"勾配_?|导数_?|導數_?|der(?:iv)?_?|err(?:or)?_?|g_|g(?=[A-Z])|d_|d|g"
)
_SUFFIX = (
    r"_?grad(?:ient)?s?|的?_?梯度|の?_?勾配|_?导数|_?導數|_?增量|_bar|_adj(?:oint)?|_d|_g|_delta|_?delta|_?prime|_?deriv(?:ative)?|"
    r"_?error|_?diff"
)
_PREFIXES = re.compile(rf"^(?:{_PREFIX})(?=.)")
_SUFFIXES = re.compile(rf"(?<=.)(?:{_SUFFIX})$", re.I)


def bases(name: str) -> set[str]:
    """What a gradient of this name may be the gradient of: ``dW1`` of W1, ``W_grad`` of W, ``梯度权重`` of 权重."""
    found = set()
    matched = _PREFIXES.match(name)
    if matched:
        found.add(name[matched.end() :])
    for short in (name[1:] if name[:1] in "dDgδ∂" and len(name) > 1 else "",):
        if short:
            found.add(short.lstrip("_"))
    if name.lower().startswith("grad"):
        found.add(re.sub(r"^grad(ient)?s?_?", "", name, flags=re.I))
    matched = _SUFFIXES.search(name)
    if matched:
        found.add(name[: matched.start()])
    return {each for each in found if each}


def plain(name: str) -> str:
    """A name without what people vary: case and underscores."""
    return name.replace("_", "").lower()


def is_container_of_gradients(name: str) -> bool:
    """Whether what stands under this name holds gradients: ``grads["W"]``."""
    marks = ("grad", "梯度", "勾配", "delta", "∂", "dparam", "deriv", "diff", "增量", "nabla", "dtheta", "dweights")
    return any(each in name.lower() for each in marks)


VALUES = frozenset(("data", "value", "val", "weight", "array", "w", "v", "x", "tensor", "param"))
GRADIENTS = frozenset(("grad", "gradient", "g", "d", "dw", "dx", "diff", "delta", "adjoint", "derivative", "_grad"))
