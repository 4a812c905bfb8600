"""What a missing statement should compute."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.check.source.clock import now
from handgrad.check.source.edits import combinations
from handgrad.check.source.expressions import compiled
from handgrad.check.source.instrument import Site
from handgrad.check.source.pool import Pool, evaluate
from handgrad.check.source.program import Program, fingerprint
from handgrad.check.source.statements import StatementEdit

if TYPE_CHECKING:
    from handgrad.check.source.search import Search


def fillings(
    search: "Search", site: Site, program: Program, edit: StatementEdit, seconds: float
) -> Iterator[tuple[str, float, frozenset[str]]]:
    """Texts of the file in which the placeholder computes something that makes more gradients right, and which."""
    bench = search.bench
    until = now() + seconds
    environments = bench.environments(site)
    if not environments:
        return
    namespace = bench.scenario.module.namespace
    pool = Pool(search.texts, site, environments[0], namespace)
    merged = [{**namespace, **each} for each in environments]
    held = evaluate(compiled(site.target), merged[0]) if site.kind == "augment" else None
    shape = held.shape if isinstance(held, np.ndarray) else _shape(search, edit.helper, merged[0])
    if shape is None:
        return
    ready = _ready(search, pool, merged, shape, site.target)
    for _, text, code in ready:
        if now() > until:
            return
        right = bench.right(site, code)
        if right is not None and right > search.base_right:
            yield program.with_text(site.span, text), 1.5, right


def _shape(search: "Search", target: str, environment: dict[str, Any]) -> tuple[int, ...] | None:
    """Of what the placeholder is to hold: of its variable, or of the parameter whose gradient it is."""
    for each in search.bench.scenario.parameters:
        if ".".join(map(str, each.words)) == target:
            return each.shape
    code = compiled(target)
    value = evaluate(code, environment) if code is not None else None
    return np.shape(value) if isinstance(value, np.ndarray | float | int) else None


def entries(search: "Search", site: Site, target: str, program: Program) -> Iterator[tuple[str, frozenset[str]]]:
    """What picked entries may be lowered by, or set to: one, a sum of their rows or of their columns."""
    bench = search.bench
    environments = bench.environments(site, want=1)
    shape = _shape(search, target, {**bench.scenario.module.namespace, **environments[0]}) if environments else None
    if shape is None:
        return
    base = target.split("[")[0]
    texts = ["1", *(f"-{base}.sum(axis={axis})" for axis in (0, 1) if shape), f"-{base}.sum()"]
    pool = Pool(search.texts, site, environments[0], bench.scenario.module.namespace)
    texts += [each.text for each in pool.of_shape(shape) if shape] + [each.text for each in pool.numbers if each.atom]
    for text in texts[:30]:
        right = bench.right(site, compiled(text))
        if right is not None and right > search.base_right:
            yield program.with_text(site.span, text), right


def _ready(
    search: "Search", pool: Pool, environments: list[dict[str, Any]], shape: tuple[int, ...], target: str
) -> list[Any]:
    seen: set[bytes] = set()
    ready = []
    for text in _texts(pool, shape):
        code = compiled(text)
        if code is None:
            continue
        values = [evaluate(code, each) for each in environments]
        if any(each is None for each in values) or np.shape(values[0]) != shape:
            continue
        mark = fingerprint(values)
        if mark is None or mark in seen:
            continue
        seen.add(mark)
        ready.append((not search.exact(values[0]), text, code))
    # of numbers nothing tells which are gradients; what is carried from step to step is mostly made of itself
    ready.sort(key=lambda each: (each[0], not shape and target not in each[1].split(), len(each[1])))
    return ready[:900]


def _products(pool: Pool) -> Iterator[str]:
    """Products of up to three numbers in reach."""
    names = sorted(
        dict.fromkeys(each.text for each in pool.numbers if each.atom), key=lambda each: (" " in each, len(each))
    )
    for count, most in ((1, 60), (2, 36), (3, 14)):
        for each in itertools.combinations(names[:most], count):
            yield " * ".join(each)


def _texts(pool: Pool, shape: tuple[int, ...]) -> Iterator[str]:
    if not shape:
        yield from _products(pool)
    for each in pool.of_shape(shape):
        yield each.text
    for each in pool.larger_of(shape):
        yield each.text
    for item in [*pool.atoms, *pool.larger]:
        name = item.text if item.atom else f"({item.text})"
        if len(item.shape) == len(shape) + 1 or (len(item.shape) == len(shape) and shape):
            for axis in range(len(item.shape)):
                yield f"{name}.sum(axis={axis})"
                yield f"{name}.sum(axis={axis}, keepdims=True)"
        if not shape:
            yield f"{name}.sum()"
    yield from combinations(pool, shape)
    if len(shape) == 2:
        for first in pool.atoms:
            for second in pool.atoms:
                if len(first.shape) == 1 and len(second.shape) == 1 and (*first.shape, *second.shape) == shape:
                    yield f"np.outer({first.text}, {second.text})"
