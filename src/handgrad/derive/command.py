"""``handgrad derive``: list the names, or typeset one, on stdout or into a file."""

import sys
from pathlib import Path
from typing import Any, Literal

from handgrad.derive import derive, derive_module, names
from handgrad.derive.document import Derivation
from handgrad.errors import UsageError
from handgrad.options import seed_number
from handgrad.terminal import say_error, write_stdout

FAILED_CHECK = 3

Format = Literal["text", "latex", "html"]


def run(
    name: str | None, format: Format, *, loss: str | None, activation: str | None, seed: int, out: Path | None
) -> int:
    """Print the derivation of ``name``, a layer, a network or a file; without a name, the names. Returns the exit code:
    3 where a line or a form is wrong. Raises UsageError for choices that ``name`` does not have."""
    if name is None:
        known = names()
        width = max(len(each.name) for each in known)
        write_stdout("".join(f"{each.name:<{width}}  {each.summary}\n" for each in known))
        return 0
    choices = {"loss": loss, "hidden_activation": activation}
    given: dict[str, Any] = {key: value for key, value in choices.items() if value is not None}
    if name.endswith(".py") and given:
        raise UsageError("--loss and --activation are for mlp only, but a file was named; leave them out")
    seed = seed_number(seed)
    derivation = derive_module(name, seed=seed) if name.endswith(".py") else derive(name, seed=seed, **given)
    _deliver(_typeset(derivation, format, plain=out is None).rstrip("\n") + "\n", out)
    if derivation.passed:
        return 0
    if all(check.passed for check in derivation.checks):
        say_error(f"the forms of the gradient of {name} disagree with each other")
    else:
        say_error(f"a line of {name} disagrees with its numerical derivative")
    return FAILED_CHECK


def _typeset(derivation: Derivation, format: Format, *, plain: bool) -> str:
    """``plain``: text in ASCII where stdout takes nothing else."""
    if format == "latex":
        return derivation.to_latex()
    if format == "html":
        return derivation.to_html()
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    return derivation.to_text(unicode=not plain or encoding.startswith("utf"))


def _deliver(text: str, out: Path | None) -> None:
    """Print ``text``, or write it to the file ``out``."""
    if out is None:
        write_stdout(text)
        return
    from handgrad.network.files import write_atomically

    if out.is_dir():
        raise UsageError(f"--out is {out}, a folder; expected the name of a file")
    write_atomically(out, text.encode())
    print(f"written to {out}", file=sys.stderr)
