"""The right backward passes that are mutated: which file, how its gradients are asked for, which lines are backward."""

import ast
import contextlib
import io
import signal
import sys
import tomllib
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_MODULE = "handgrad_subject"
DRIVERS = Path(__file__).with_name("drivers.toml")


@dataclass(frozen=True)
class Subject:
    """One right file. The texts are Python, executed in the file's own namespace."""

    name: str
    path: Path
    backward: list[str]  # regions, see Source
    gradients: str  # expression: a dict, list, tuple of arrays
    parameters: str  # expression: what is moved to random points, in place
    setup: str = ""  # statements run once, after the file and after the beginning of its main block
    loss: str = "None"  # expression: what forward computes
    scalars: list[str] = field(default_factory=list)  # names of numbers that are moved too
    kernels: list[str] = field(default_factory=list)  # names of what may be rotated
    inputs: list[str] = field(default_factory=list)  # where in `gradients` those of inputs stand, not of parameters
    equal: float = 1e-7  # relative: gradients this close are the same
    clear: float = 1e-5  # relative: gradients further apart than this are clearly wrong

    def source(self) -> str:
        """The text of the file."""
        return self.path.read_text(encoding="utf-8")


class Overtime(BaseException):
    """Not an Exception: a bare ``except Exception`` of the file must not swallow it."""


def load_subjects(folder: Path, pattern: str = "*", drivers: Path = DRIVERS) -> list[Subject]:
    """The subjects of ``drivers`` whose file is in ``folder`` and whose name fits ``pattern``."""
    tables = tomllib.loads(drivers.read_text(encoding="utf-8"))
    found = [
        Subject(name=name, path=folder / f"{name}.py", **table)
        for name, table in tables.items()
        if Path(f"{name}.py").match(pattern) or Path(name).match(pattern)
    ]
    return [each for each in found if each.path.exists()]


@contextlib.contextmanager
def quiet(seconds: float) -> Iterator[None]:
    """No output, no warnings, and Overtime after so many seconds (main thread only)."""

    def stop(number: int, frame: object) -> None:
        raise Overtime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Session:
    """A file that was run, and can be asked for its gradients. Use under :func:`quiet`."""

    def __init__(self, subject: Subject, text: str, filename: str = "<mutant>") -> None:
        self.subject = subject
        module = types.ModuleType(_MODULE)
        self.names = module.__dict__
        tree = ast.parse(text)
        sys.modules[_MODULE] = module  # dataclasses look their module up
        np.random.seed(0)  # noqa: NPY002 - the file's own draws must repeat
        try:
            exec(compile(tree, filename, "exec", dont_inherit=True), self.names)
            exec(compile(_beginning_of_main(tree), filename, "exec", dont_inherit=True), self.names)
            exec(subject.setup, self.names)
        finally:
            del sys.modules[_MODULE]

    def move(self, seed: int) -> None:
        """Add noise to every parameter, in place."""
        rng = np.random.default_rng(seed)
        _moved(eval(self.subject.parameters, self.names), rng)
        for name in self.subject.scalars:
            self.names[name] = _moved(self.names[name], rng)

    def loss(self) -> dict[str, Any]:
        """What forward computes, flat, copied."""
        return copied(eval(self.subject.loss, self.names))

    def gradients(self) -> dict[str, Any]:
        """The gradients, flat, copied."""
        return copied(eval(self.subject.gradients.strip(), self.names))


def _moved(value: Any, rng: np.random.Generator) -> Any:
    """Containers and arrays are changed in place; a number is returned with noise half as large, and at least 0.1."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            value[key] = _moved(value[key], rng)
    elif isinstance(value, tuple):
        for each in value:
            _moved(each, rng)
    elif isinstance(value, float) or isinstance(value, np.ndarray) and value.dtype.kind == "f":
        noise = 0.5 * max(float(np.mean(np.abs(value))), 0.2) * rng.normal(size=np.shape(value))
        value += noise.astype(value.dtype) if isinstance(value, np.ndarray) else float(noise)
    else:
        for key, each in getattr(value, "__dict__", {}).items():
            setattr(value, key, _moved(each, rng))
    return value


def _beginning_of_main(tree: ast.Module) -> ast.Module:
    """What ``if __name__ == "__main__"`` does before its last loop, which trains: it makes data and parameters."""
    block = [each for each in tree.body if isinstance(each, ast.If) and "__name__" in ast.unparse(each.test)]
    body = block[0].body if block else []
    if len(body) == 1 and isinstance(body[0], ast.Expr):
        body = []  # main(), which keeps them to itself
    last = max((place for place, each in enumerate(body) if isinstance(each, ast.For)), default=len(body))
    return ast.Module(body=body[:last], type_ignores=[])


def arrays(value: Any, path: str = "") -> dict[str, Any]:
    """All numbers and arrays in nested dicts, lists, tuples and attributes, by their path; None counts as one."""
    if isinstance(value, dict):
        pairs = [(f"{path}[{key!r}]", each) for key, each in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(f"{path}[{key}]", each) for key, each in enumerate(value)]
    elif isinstance(value, np.ndarray | np.generic | int | float | complex) or value is None:
        return {path: value}
    else:
        pairs = [(f"{path}.{key}", each) for key, each in getattr(value, "__dict__", {}).items()]
    return {key: leaf for name, each in pairs for key, leaf in arrays(each, name).items()}


def copied(value: Any) -> dict[str, Any]:
    """Like :func:`arrays`, as float64 (or complex) copies; None stays None."""
    found = arrays(value)
    return {
        key: None if each is None else np.array(each, dtype=np.result_type(each, float)) for key, each in found.items()
    }
