"""What is in reach at a place of the user's code: variables, expressions of the file, and forms made of them."""

import ast
import copy
import re
import types
from typing import Any

import numpy as np

from handgrad.check.source.instrument import Instrumented, Site

Array = Any
Environment = dict[str, Any]


class Item:
    """An expression that can be evaluated at a place."""

    __slots__ = ("atom", "shape", "text", "value")

    def __init__(self, text: str, value: Any, *, atom: bool) -> None:
        self.text = text
        self.value = value
        self.shape: tuple[int, ...] = value.shape if isinstance(value, np.ndarray) else ()
        self.atom = atom  # a variable, an attribute, an element: needs no parentheses


def snapshot(local: dict[str, Any]) -> Environment:
    """Copies of a function's variables, so that what happens later does not change them."""
    memo: dict[int, Any] = {}
    kept: Environment = {}
    for name, value in local.items():
        if isinstance(value, types.ModuleType | types.FunctionType | type | types.BuiltinFunctionType):
            kept[name] = value
            continue
        try:
            kept[name] = copy.deepcopy(value, memo)
        except Exception:  # some things cannot be copied; they are seldom what a gradient is made of
            kept[name] = value
    return kept


def evaluate(code: Any, environment: Environment) -> Any:
    """The value of compiled text; None if it raises."""
    try:
        return eval(code, environment)  # noqa: S307 - expressions made of the user's own file
    except Exception:
        return None


def numeric(value: Any) -> bool:
    """A float array or a mask, or a number."""
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind in "fb")
    return isinstance(value, float)


class Texts:
    """All chains of names and all larger expressions in a file, each text once."""

    def __init__(self, watched: Instrumented) -> None:
        self.chains: dict[str, Any] = {}
        self.larger: dict[str, Any] = {}
        self.keys: set[str] = set()
        self.parts: dict[int, dict[str, None]] = {}  # slices of several axes, by the axis
        source = watched.source
        methods = {name.rsplit(".", 1)[-1] for name in watched.functions if "." in name}
        for node in watched.functions.values():
            for each in ast.walk(node):
                if isinstance(each, ast.BinOp | ast.Call | ast.UnaryOp | ast.Compare) and _acts(each, methods):
                    continue  # evaluating it would change what is evaluated next
                if isinstance(each, ast.Dict):
                    self.keys |= {repr(key.value) for key in each.keys if isinstance(key, ast.Constant)}
                if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Tuple):
                    for axis, part in enumerate(each.slice.elts):
                        if isinstance(part, ast.Slice):
                            self.parts.setdefault(axis, {})[source.segment(part)] = None
                if isinstance(each, ast.Name | ast.Attribute | ast.Subscript):
                    self._add(self.chains, source.segment(each))
                elif isinstance(each, ast.BinOp | ast.Call | ast.UnaryOp | ast.Compare):
                    text = source.segment(each)
                    if len(text) < 90:
                        self._add(self.larger, text)

        self.unused = {name: _unused(node) for name, node in watched.functions.items()}
        self._cross(watched)
        self._analogues()

    def _analogues(self) -> None:
        """Expressions of one layer with the numbers of another: ``full(d2, K2)`` where ``full(d1, K1)`` stands."""
        digits = sorted({each for text in self.larger for each in re.findall(r"(?<=[^\W\d])\d\b", text)})
        for text in list(self.larger):
            own = set(re.findall(r"(?<=[^\W\d])\d\b", text))
            if len(own) == 1 and len(self.larger) < 400:
                for digit in digits:
                    if digit not in own:
                        self._add(self.larger, re.sub(r"(?<=[^\W\d])\d\b", digit, text))

    def _cross(self, watched: Instrumented) -> None:
        """Every list, array or dict with every index that the file uses: ``zs[-layer]`` where only ``zs[-1]`` is
        written; and whole axes for single indices."""
        bases: dict[str, None] = dict.fromkeys(sorted(name for names in self.unused.values() for name in names))
        indices: dict[str, None] = {}
        keys: dict[str, None] = dict.fromkeys(sorted(self.keys))
        for text in list(self.chains):
            node = ast.parse(text, mode="eval").body
            if not isinstance(node, ast.Subscript):
                continue
            base, index = ast.unparse(node.value), ast.unparse(node.slice)
            if isinstance(node.slice, ast.Tuple):
                for place, part in enumerate(node.slice.elts):
                    if not isinstance(part, ast.Slice):
                        parts = [ast.unparse(each) for each in node.slice.elts]
                        self._add(self.chains, f"{base}[{', '.join([*parts[:place], ':', *parts[place + 1 :]])}]")
            else:
                if not isinstance(node.slice, ast.Slice):
                    bases[base] = None
                (keys if index.startswith(("'", '"')) else indices)[index] = None
                if isinstance(node.slice, ast.Name):
                    indices |= {f"{index} - 1": None, f"{index} + 1": None}
        slices = [each for each in indices if ":" in each]
        whole = {text for text in self.chains if text.isidentifier()} if slices else set()
        for base in sorted(whole)[:40]:
            for index in slices[:6]:
                self._add(self.chains, f"{base}[{index}]")
        given = {each.arg: None for node in watched.functions.values() for each in node.args.args}
        for some in (indices, keys):
            every = bases | given if some is indices and len(bases | given) * len(some) <= 400 else bases
            if len(every) * len(some) <= 400:
                for base in every:
                    for index in some:
                        self._add(self.chains, f"{base}[{index}]".replace("'", '"'))

    @staticmethod
    def _add(texts: dict[str, Any], text: str) -> None:
        if text not in texts and "\n" not in text and "empty" not in text:  # what is in memory by chance
            try:
                texts[text] = compile(text, "<expression>", "eval")
            except SyntaxError:
                return


_ACTIONS = {
    "at",
    "append",
    "extend",
    "insert",
    "pop",
    "fill",
    "sort",
    "update",
    "clear",
    "remove",
    "setdefault",
    "put",
    "copyto",
}


def _acts(expression: ast.expr, methods: set[str]) -> bool:
    """Whether an expression may change something: it calls a method of the file, or one that is known to."""
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in methods | _ACTIONS
        for each in ast.walk(expression)
    )


def _unused(function: ast.FunctionDef) -> frozenset[str]:
    """Variables that a function assigns, or is given, and never reads: where something is left out, they remain."""
    stored = {each.arg for each in function.args.args}
    read: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else stored).add(node.id)
    return frozenset(stored - read)


class Pool:
    """Items in reach at one site."""

    def __init__(self, texts: Texts, site: Site, environment: Environment, namespace: dict[str, Any]) -> None:
        self.environment = {**namespace, **environment}
        self.site = site
        self.atoms: list[Item] = []
        self.larger: list[Item] = []
        self.counts: list[Item] = []  # integers that may be the size of a batch or a sequence
        self.numbers: list[Item] = []
        self.functions: list[str] = []  # that take one value
        self.helpers: dict[str, int] = {}  # that take more, and how many
        self.integers = [name for name in self.environment if name in environment and type(environment[name]) is int][
            :8
        ]
        self.parts = texts.parts
        self.takes_roots = any("sqrt(" in each for each in texts.larger)
        self.unused = texts.unused.get(site.function, frozenset())
        self.written = texts.chains.keys() | texts.larger.keys()
        self._collect(texts, environment)
        goal = evaluate(site.target, self.environment) if site.kind == "augment" else None
        self.goal: tuple[int, ...] = np.shape(goal) if isinstance(goal, np.ndarray) else ()  # what += adds to

    def _collect(self, texts: Texts, environment: Environment) -> None:
        seen: set[str] = set()
        for text, code in texts.chains.items():
            value = evaluate(code, self.environment)
            if isinstance(value, bool) or value is None or text == "_":
                continue
            if isinstance(value, int | np.integer) and 1 < int(value) < 10_000_000:
                self.counts.append(Item(text, int(value), atom=True))
            elif numeric(value):
                (self.atoms if np.ndim(value) else self.numbers).append(Item(text, value, atom=True))
                seen.add(text)
        for name, value in environment.items():
            if numeric(value) and name not in seen and name.isidentifier():
                (self.atoms if np.ndim(value) else self.numbers).append(Item(name, value, atom=True))
            elif isinstance(value, types.FunctionType):
                self._function(name, value)
        for text, code in texts.larger.items():
            value = evaluate(code, self.environment)
            if isinstance(value, np.ndarray) and value.dtype.kind in "fb" and value.ndim:
                self.larger.append(Item(text, value, atom=False))
            elif isinstance(value, int) and not isinstance(value, bool) and value > 1:
                self.counts.append(Item(text, value, atom=True))
            elif isinstance(value, float):
                self.numbers.append(Item(text, value, atom=False))
        self._fields(environment)
        self._entries(environment)
        for name, value in self.environment.items():
            if isinstance(value, types.FunctionType) and name not in self.functions:
                self._function(name, value)
        self._sizes()
        self.atoms.sort(key=lambda each: "(" in each.text)  # of values that are equal, the one that needs no call

    def _function(self, name: str, value: types.FunctionType) -> None:
        required = value.__code__.co_argcount - len(value.__defaults__ or ())
        if required == 1 and not name.startswith("_hg") and value.__code__.co_name != self.site.function.split(".")[-1]:
            self.functions.append(name)
        elif required > 1 and not name.startswith("_hg"):
            self.helpers[name] = required

    def _fields(self, environment: Environment) -> None:
        """What records hold, read here or not: ``cache.mixed`` where only ``cache.q`` is written."""
        known = {each.text for each in self.atoms}
        for name, value in environment.items():
            for field in getattr(value, "_fields", ()) if isinstance(value, tuple) else ():
                each = getattr(value, field)
                if isinstance(each, np.ndarray) and numeric(each) and each.ndim and f"{name}.{field}" not in known:
                    self.atoms.append(Item(f"{name}.{field}", each, atom=True))

    def _entries(self, environment: Environment) -> None:
        """Entries of lists that are in reach and never read: ``p[j]`` where ``for p in points`` has lost its use."""
        places = [name for name, value in environment.items() if isinstance(value, int) and name.isidentifier()]
        for name in self.unused & environment.keys():
            for place in places if isinstance(environment[name], list | tuple | np.ndarray) else ():
                value = evaluate(f"{name}[{place}]", self.environment)
                if isinstance(value, float):
                    self.numbers.append(Item(f"{name}[{place}]", value, atom=True))

    def _sizes(self) -> None:
        """Sizes of axes, by the simplest array that has them."""
        known = {each.value for each in self.counts}
        for item in sorted(self.atoms, key=lambda each: len(each.text)):
            for axis, size in enumerate(item.shape):
                if size > 1 and size not in known:
                    known.add(size)
                    self.counts.append(Item(f"{item.text}.shape[{axis}]", size, atom=True))
            whole = int(np.prod(item.shape))
            if whole > 1 and whole not in known and item.text.isidentifier():
                known.add(whole)
                self.counts.append(Item(f"{item.text}.size", whole, atom=True))

    def of_shape(self, shape: tuple[int, ...]) -> list[Item]:
        """Variables of a shape."""
        return [each for each in self.atoms if each.shape == shape]

    def derivatives(self, shape: tuple[int, ...]) -> list[Item]:
        """Derivatives of activations, written with the variables of a shape, or found in the file."""
        found: list[Item] = []
        for each in self.of_shape(shape):
            a = each.text
            forms = [
                f"(1 - {a})",
                f"(1 - {a} ** 2)",
                f"{a} * (1 - {a})",
                f"({a} > 0)",
                f"(1 - np.tanh({a}) ** 2)",
                f"2 * {a}",
            ]
            forms += [f"{name}({a})" for name in self.functions]
            found += [Item(form, None, atom=form.startswith("(") or form.endswith(")")) for form in forms]
        return found

    def larger_of(self, shape: tuple[int, ...]) -> list[Item]:
        """Expressions of the file that have a shape here."""
        return [each for each in self.larger if each.shape == shape]
