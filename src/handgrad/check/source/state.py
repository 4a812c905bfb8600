"""Everything that the watched calls can reach, kept so that each run starts from the same values."""

import functools
import random
import types
from collections import deque
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np

from handgrad.check.source.things import attributes, is_followed, is_sequence, items_of

Path = tuple[Any, ...]  # steps from a root: ("args", 0, 1, "W1")
_DEEP = 12  # steps of a path


class State:
    """Arrays, numbers and containers reachable from some roots, with the values they had when this was made.

    Objects keep their identity from run to run, so that what was one array in two places stays one array.
    """

    def __init__(self, roots: dict[str, Any]) -> None:
        self.roots = roots
        self._arrays: list[tuple[Any, Any]] = []
        self._mappings: list[tuple[MutableMapping[Any, Any], dict[Any, Any]]] = []
        self.dicts: list[dict[Any, Any]] = []  # the user's own, not those that hold the attributes of objects
        self._sequences: list[tuple[Any, list[Any]]] = []
        self._sets: list[tuple[set[Any], set[Any]]] = []
        self._generators: list[tuple[Any, Any]] = []
        self._namespaces: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._caches: list[Any] = []  # of functools.lru_cache: what they remember belongs to other values
        self._wide: dict[int, Any] = {}  # narrow arrays, by identity, and the float64 array that took their place
        self._keep: list[Any] = []
        self._known: set[int] = set()
        self._drawn = np.random.get_state(), random.getstate()  # noqa: NPY002 - the user's code may draw from it
        self.assigned: tuple[str, ...] = ()  # module-level names that functions assign by a global statement
        self.draws = True  # until a run has shown that it draws no random numbers
        self.narrowed = False
        for root in roots.values():
            self._visit(root)

    def add(self, name: str, root: Any) -> None:
        """Another root, with the values it has now; what is known already keeps its first values."""
        self.roots[name] = root
        self._visit(root)

    def add_namespace(self, name: str, namespace: dict[str, Any], keys: list[str]) -> None:
        """The data of a module, or of the function that drives it: these names only."""
        for key in keys:
            namespace[key] = self._widened(namespace[key])
        known = next((saved for each, saved in self._namespaces if each is namespace), None)
        if known is None:
            known = {}
            self._namespaces.append((namespace, known))
        known.update({key: namespace[key] for key in keys if key not in known})
        self.roots[name] = namespace
        for key in keys:
            self._visit(namespace[key])

    def keep(self, value: Any) -> None:
        """Restore this too, although no path leads to it."""
        self._visit(value)

    def _widened(self, value: Any) -> Any:
        """float64 in place of a narrower float array or number."""
        if isinstance(value, np.generic) and value.dtype.kind == "f" and value.dtype.itemsize < 8:
            self.narrowed = True
            return np.float64(value)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.dtype.itemsize < 8:
            self.narrowed = True
            if id(value) not in self._wide:
                self._wide[id(value)] = value.astype(np.float64)
                self._keep.append(value)
            return self._wide[id(value)]
        return value

    def _visit(self, root: Any) -> None:
        waiting = [root]
        while waiting:
            value = waiting.pop()
            if id(value) in self._known or value is None or isinstance(value, str | bytes | int | float | complex):
                continue
            self._known.add(id(value))
            self._keep.append(value)
            waiting += self._saved(value)

    def _saved(self, value: Any) -> list[Any]:
        """Save one thing; what is to be looked at next."""
        if isinstance(value, np.ndarray) and value.dtype != object:
            if not value.flags.writeable and value.base is None:
                value.setflags(write=True)  # a guard of the user's; each run restores what it changes
            self._arrays.append((value, value.copy()))
            return []
        if isinstance(value, dict):
            self.dicts.append(value)
            return self._saved_mapping(value)
        if is_sequence(value):
            if not isinstance(value, tuple):
                for step, each in items_of(value):
                    if (wide := self._widened(each)) is not each:
                        value[step] = wide
                self._sequences.append((value, [each for _, each in items_of(value)]))
            return [each for _, each in items_of(value)]
        if isinstance(value, set):
            self._sets.append((value, set(value)))
            return list(value)
        if isinstance(value, np.random.Generator):
            self._generators.append((value, value.bit_generator.state))
        elif isinstance(value, np.random.RandomState):
            self._generators.append((value, value.get_state()))
        elif isinstance(value, random.Random):
            self._generators.append((value, value.getstate()))
        elif isinstance(value, types.FunctionType):
            return _reached_by(value)
        elif isinstance(value, functools._lru_cache_wrapper):
            self._caches.append(value)
            return [value.__wrapped__]
        elif is_followed(value):
            return self._saved_mapping(attributes(value))
        return []

    def _saved_mapping(self, mapping: MutableMapping[Any, Any]) -> list[Any]:
        for key, each in list(mapping.items()):
            if (wide := self._widened(each)) is not each:
                mapping[key] = wide
        self._mappings.append((mapping, dict(mapping)))
        return list(mapping.values())

    def restore(self) -> None:
        """Give everything the values it had, and the random generators the state they had."""
        for array, saved in self._arrays:
            if array.flags.writeable:
                np.copyto(array, saved)
        for mapping, saved in self._mappings:
            if isinstance(mapping, dict):
                mapping.clear()
            else:
                for key in [each for each in mapping if each not in saved]:
                    del mapping[key]
            mapping.update(saved)
        for sequence, items in self._sequences:
            _refill(sequence, items)
        for members, saved_members in self._sets:
            members.clear()
            members.update(saved_members)
        for namespace, saved in self._namespaces:
            for name in self.assigned:
                if name not in saved:
                    namespace.pop(name, None)
            namespace.update(saved)
        for cache in self._caches:
            cache.cache_clear()
        if self.draws:
            self.restore_random()

    def restore_random(self) -> None:
        """Let every generator give the same numbers again."""
        for generator, saved in self._generators:
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = saved
            elif isinstance(generator, np.random.RandomState):
                generator.set_state(saved)
            else:
                generator.setstate(saved)
        np.random.set_state(self._drawn[0])  # noqa: NPY002
        random.setstate(self._drawn[1])

    def has_drawn(self) -> bool:
        """Whether random numbers were drawn since the last restoration."""
        if random.getstate() != self._drawn[1] or not _same_state(np.random.get_state(), self._drawn[0]):  # noqa: NPY002
            return True
        for generator, saved in self._generators:
            if isinstance(generator, np.random.Generator):
                drawn = str(generator.bit_generator.state) != str(saved)
            elif isinstance(generator, np.random.RandomState):
                drawn = not _same_state(generator.get_state(), saved)
            else:
                drawn = generator.getstate() != saved
            if drawn:
                return True
        return False

    def refresh(self, items: list[Any]) -> None:
        """Keep what a list of arguments holds now in place of what it held first."""
        for place, (known, _) in enumerate(self._sequences):
            if known is items:
                self._sequences[place] = (items, list(items))

    def exchange(self, old: Any, new: Any) -> None:
        """Put another object in every place that holds this one, now and after each restoration."""
        for mapping, saved in [*self._mappings, *self._namespaces]:
            for key, each in saved.items():
                if each is old:
                    mapping[key] = saved[key] = new
        for sequence, items in self._sequences:
            for place, each in enumerate(items):
                if each is old:
                    items[place] = new
            _refill(sequence, items)
        self._keep.append(old)
        self._arrays.append((new, new.copy()))

    def leaves(self) -> Iterator[tuple[Path, Any, Any, Any]]:
        """(path, value, container, key) of every array and number, each array once."""
        seen: set[int] = set()
        for name, root in self.roots.items():
            known = next((saved for namespace, saved in self._namespaces if namespace is root), None)
            if known is None:
                yield from _leaves((name,), root, root, seen)
                continue
            for key in dict.fromkeys([*known, *self.assigned]):
                if key in root:
                    yield from _leaves((name, key), root[key], root, seen)


def _reached_by(function: types.FunctionType) -> list[Any]:
    """What a function keeps from call to call: its defaults, attributes, and the variables it closes over."""
    found = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), vars(function)]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    return found


def _refill(sequence: Any, items: list[Any]) -> None:
    if isinstance(sequence, deque):
        sequence.clear()
        sequence.extend(items)
    elif isinstance(sequence, np.ndarray):
        for place, each in zip(np.ndindex(sequence.shape), items, strict=True):
            sequence[place] = each
    else:
        sequence[:] = items


def _same_state(one: Any, other: Any) -> bool:
    return one[2:] == other[2:] and np.array_equal(one[1], other[1])


def _leaves(path: Path, value: Any, container: Any, seen: set[int]) -> Iterator[tuple[Path, Any, Any, Any]]:
    if isinstance(value, bool | str | bytes) or value is None:
        return
    if isinstance(value, int | float | np.floating):
        yield path, value, container, path[-1]
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray) and value.dtype != object:
        yield path, value, container, path[-1]
        return
    if len(path) > _DEEP:
        return
    if isinstance(value, dict) or is_sequence(value):
        for step, each in items_of(value):
            yield from _leaves((*path, step), each, value, seen)
    elif is_followed(value):
        inside = attributes(value)
        for step, each in inside.items():
            yield from _leaves((*path, step), each, inside, seen)
