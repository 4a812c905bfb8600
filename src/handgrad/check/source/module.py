"""A user's file as a module that can be watched, edited in place and run again."""

import ast
import contextlib
import gc
import re
import sys
import types
from collections.abc import Iterator
from types import CodeType, FunctionType

from handgrad.check.source.hooks import Hooks
from handgrad.check.source.instrument import Instrumented, Site, instrument
from handgrad.errors import InputError

_SUSPENDED = 0x20 | 0x80 | 0x200  # generators and coroutines: a call of one computes nothing yet
_NARROW = re.compile(r"\bfloat(32|16)\b")
_READS_BYTES = re.compile(r"fromfile|frombuffer|memmap|fromstring")  # the type of what lies in a file is given
_FUNCTION = 0x1  # CO_OPTIMIZED: a function, not a class body


class UserModule:
    """The source of a user's file, its instrumented code, and the namespace that it runs in."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.text = text
        try:
            self.watched: Instrumented = instrument(in_float64(text), name)
            self.code = compile(self.watched.tree, name, "exec")
        except SyntaxError as error:
            raise InputError(
                f"{name} is not Python that can be parsed: line {error.lineno}: {error.msg}; mend that first"
            ) from None
        except RecursionError:
            raise InputError(f"{name} holds an expression that is nested too deeply; split it up") from None
        self.hooks = Hooks(len(self.watched.sites))
        self.module = types.ModuleType("__main__")
        self.namespace = self.module.__dict__
        self.namespace["__file__"] = name
        self.original: dict[str, CodeType] = _top_codes(self.code)
        self.lambdas = _lambdas(self.watched.source.text)
        self.codes = {id(code): name for code, name in self._named_codes()}
        self._owners: dict[str, FunctionType] = {}
        self._inner: dict[str, FunctionType] = {}
        self._living: list[tuple[str, FunctionType]] = []  # closures that were made when the file ran
        self.ran = False

    @property
    def sites(self) -> list[Site]:
        """Places where values are computed."""
        return self.watched.sites

    def _named_codes(self) -> Iterator[tuple[CodeType, str]]:
        """Every function of the file and its qualified name; lambdas only if they are given a name."""
        unnamed: dict[int, list[CodeType]] = {}
        for each in _all_codes(self.code):
            if each.co_name == "<lambda>" and "." not in each.co_qualname:
                unnamed.setdefault(each.co_firstlineno, []).append(each)
            elif each.co_flags & _FUNCTION and not each.co_name.startswith("<"):
                yield each, each.co_qualname
        for line, codes in unnamed.items():
            names = [name for name, node in self.lambdas.items() if node.lineno == line]
            if len(names) == len(codes):
                yield from zip(codes, names, strict=True)

    def name_of(self, code: CodeType) -> str | None:
        """The qualified name of a function of the file that computes something when it is called; None for others."""
        return None if code.co_flags & _SUSPENDED else self.codes.get(id(code))

    def execute(self) -> None:
        """Run the file, as ``python FILE.py`` does."""
        self.hooks.install(self.namespace)
        with self.as_main():
            exec(self.code, self.namespace)  # noqa: S102 - to check a file is to run it, which the user asked for

    @contextlib.contextmanager
    def as_main(self) -> Iterator[None]:
        """Let the file be ``__main__``, which its own classes say that they come from."""
        sys.modules["__main__"], kept = self.module, sys.modules.get("__main__")
        try:
            yield
        finally:
            if kept is not None:
                sys.modules["__main__"] = kept

    def find_functions(self) -> None:
        """Find the function objects by their code, wherever they are (behind a decorator, in a class, in a closure), so
        that they can be called and their code can be exchanged."""
        self.ran = True
        top = {id(code) for code in self.original.values()}
        for thing in gc.get_objects():
            if type(thing) is FunctionType and (name := self.codes.get(id(thing.__code__))) is not None:
                outermost = id(thing.__code__) in top or name in self.lambdas
                found = self._owners if outermost else self._inner
                if not outermost:
                    self._living.append((name, thing))
                if name not in found or self.namespace.get(name) is thing:
                    found[name] = thing

    def function(self, qualified: str) -> FunctionType:
        """A function of the file by its qualified name."""
        return self._owners.get(qualified) or self._inner[qualified]

    def has(self, qualified: str) -> bool:
        """Whether the file defines this function and it can be reached."""
        return qualified in self._owners

    def node(self, qualified: str) -> ast.FunctionDef | ast.Lambda | None:
        """The definition of a function, as the user wrote it."""
        plain = qualified.replace(".<locals>", "")
        return self.watched.functions.get(plain) or self.lambdas.get(plain)

    def exchange(self, codes: dict[str, CodeType]) -> None:
        """Put other code into functions; ``original`` undoes it."""
        for name, code in codes.items():
            owner = self._owners.get(name)
            if owner is not None and len(owner.__code__.co_freevars) == len(code.co_freevars):
                owner.__code__ = code
        if self._living:
            inner = {each.co_qualname: each for code in codes.values() for each in _all_codes(code)}
            for name, closure in self._living:
                other = inner.get(name)
                if other is not None and other.co_freevars == closure.__code__.co_freevars:
                    closure.__code__ = other

    def restore(self) -> None:
        """Undo every exchange and swap."""
        self.exchange(self.original)
        for number in range(len(self.hooks.swaps)):
            self.hooks.swaps[number] = None

    def compiled(self, text: str) -> "tuple[dict[str, CodeType], Instrumented]":
        """The functions of an edited text, with hooks of their own numbering. Raises SyntaxError."""
        watched = instrument(text, self.name)
        return _top_codes(compile(watched.tree, self.name, "exec")), watched


def _top_codes(code: CodeType) -> dict[str, CodeType]:
    """Code objects of module-level functions and of methods, by qualified name."""
    found: dict[str, CodeType] = {}
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if "<" in each.co_name:
                continue
            if each.co_flags & _FUNCTION:
                found[each.co_qualname] = each
            else:
                found |= _top_codes(each)
    return found


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _all_codes(each)


def _lambdas(text: str) -> dict[str, ast.Lambda]:
    """Module-level lambdas by the names that they are given, in the order of the text."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node.value
    return dict(sorted(found.items(), key=lambda each: (each[1].lineno, each[1].col_offset)))


def in_float64(text: str) -> str:
    """The text with ``np.float32`` and its like turned into float64, so that rounding is not taken for a fault.

    Every place keeps its line and column, so that edits found in one text can be made in the other.
    """
    lines = text.splitlines(keepends=True)
    return "".join(each if _READS_BYTES.search(each) else _NARROW.sub("float64", each) for each in lines)
