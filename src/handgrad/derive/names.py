"""From a name in the source to the symbol of mathematics: ``dW`` to the partial derivative by W, ``lam`` to λ."""

import re
from collections.abc import Container, Mapping

from handgrad.derive.expression import Call, Expression, Number, Product, Sum, Symbol, Term

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "eps": "ε",
    "epsilon": "ε",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lam": "λ",
    "mu": "μ",
    "nu": "ν",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "psi": "ψ",
    "omega": "ω",
}
WORDS = {"l": "ℓ", "eye": "I", "tokens": "s"}
WORDS |= {"lr": "η", "learning_rate": "η", "momentum": "μ"}  # η and μ are the field's letters for these
SUBSCRIPTED = {"weight_decay": ("λ", "w")}  # the optimizer's own, beside λ in the loss
OPERATORS = ("log", "exp")
LAYER = "__"  # W__2 is W of layer 2: a name that a network's derivation makes up, never one in a layer's source

_STEPS = ("t", "t-1")
_NO_LETTERS: Mapping[str, str] = {}
_NUMBERED = re.compile(r"([A-Za-z]+?)(\d+)")


def in_layer(name: str, layer: str) -> str:
    """The name of ``name``'s copy in one layer of a network."""
    return f"{name}{LAYER}{layer}"


def derivative(name: str) -> str:
    """The source's name of the derivative of the loss by ``name``."""
    return "d" + name


def differentiated(name: str, values: Container[str]) -> str | None:
    """``v`` where ``name`` is ``dv`` and ``v`` is a value of the forward pass, else None."""
    rest = name[1:]
    return rest if name.startswith("d") and rest in values else None


def symbol(name: str, values: Container[str] = (), letters: Mapping[str, str] = _NO_LETTERS) -> Symbol:
    """The symbol of ``name``; ``values`` are the names of the forward pass, so that ``dW`` is known for what it is.
    ``letters``: other letters for some names, ``c~`` for c with a tilde."""
    of = differentiated(name, values)
    plain, _, layer = (of or name).partition(LAYER)
    base, step = _stepped(plain)
    plain = letters.get(base, base) + step
    letter, operator, subscript, hat = _parts(plain.replace("~", ""))
    return Symbol(letter, of is not None, operator, subscript, layer, hat, "~" in plain)


def _stepped(name: str) -> tuple[str, str]:
    """``a_g_t-1`` as a_g and _t-1."""
    base, mark, step = name.rpartition("_")
    return (base, mark + step) if step in _STEPS else (name, "")


def _parts(name: str) -> tuple[str, str, str, bool]:
    """Letter, operator, subscript and hat of a name without its layer."""
    if name in WORDS:
        return WORDS[name], "", "", False
    if name in SUBSCRIPTED:
        letter, subscript = SUBSCRIPTED[name]
        return letter, "", subscript, False
    head, _, tail = name.partition("_")
    if head in OPERATORS and tail:
        letter, operator, subscript, hat = _parts(tail)
        return letter, f"{head} {operator}".rstrip(), subscript, hat
    if tail == "hat":
        return _letter(head), "", "", True
    if numbered := _NUMBERED.fullmatch(head):
        head, tail = numbered[1], f"{numbered[2]},{tail}".rstrip(",")
    return _letter(head), "", tail.replace("_", ","), False


def _letter(head: str) -> str:
    return GREEK.get(head, WORDS.get(head, head))


def size_parts(size: str) -> tuple[int, str]:
    """Factor and letter of a size in a shape: 4 and H of ``4H``, 1 and M of ``M``, 5 and nothing of ``5``."""
    letter = size.lstrip("0123456789")
    return int(size[: len(size) - len(letter)] or 1), letter


def size_expression(size: str) -> Expression:
    """A size as it stands in a shape: ``M``, ``M_2``, ``4H``, ``H+N``, or a plain number."""
    if "+" in size:
        addends = tuple(Term(False, size_expression(each)) for each in size.split("+"))
        return Call("", (Sum(addends),))  # in brackets
    factor, name = size_parts(size)
    letter, _, subscript = name.partition("_")
    if not letter:
        return Number(str(factor))
    named = Symbol(letter, subscript=subscript)
    return named if factor == 1 else Product((Number(str(factor)), named), (False, False))
