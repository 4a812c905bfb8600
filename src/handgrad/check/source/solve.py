"""What a missing term or factor must be, found among the products of values in reach.

The gradient that a value should be is known by its products with two random directions (truth.py). For every product
a * b * c of up to three values in reach the same two numbers follow from one matrix product, so hundreds of thousands
of terms and factors are looked up at once.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from handgrad.check.source.edits import Edit, Node
from handgrad.check.source.judge import direction
from handgrad.check.source.pool import Item, Pool, evaluate
from handgrad.check.source.truth import Truth, sized

Array = Any
_MOST = 100  # values of one shape
_DIVIDED = re.compile(r" \* \(1 / ([^()]+)\)")
_TOLERANCE = 3e-6


def solutions(root: Node, pool: Pool, environment: dict[str, Any], truth: Truth) -> Iterator[Edit]:
    """Edits that add a product to the expression, or multiply it by one, and make it a true gradient here."""
    value = evaluate(_code(root.text), environment)
    if not isinstance(value, np.ndarray) or not value.ndim or value.dtype.kind != "f":
        return
    entries = [each for each in truth.by_size.get(sized(value.shape), []) if each.occurrence >= 0 or each.key[0] == "p"]
    if not entries:
        return
    known = np.array([[each.first, each.second] for each in entries]) * 1.0
    if truth.usual != 1.0:
        known = np.concatenate([known, known * truth.usual])
    items = _singles(pool, environment, value.shape)
    if len(items) < 2:
        return
    ways = np.stack([direction(value.shape, 0).ravel(), direction(value.shape, 1).ravel()])
    flat = np.stack([np.broadcast_to(each.value, value.shape).ravel() for each in items]).astype(float)
    pairs = [(one, other) for one in range(len(items)) for other in range(one, len(items))]
    products = np.stack([flat[one] * flat[other] for one, other in pairs])
    now = ways @ value.ravel()
    seen: set[str] = set()
    for text, sign in _found(products, flat, pairs, items, ways, known - now, seen):
        word = "+" if sign > 0 else "-"
        yield Edit(root.span, f"{root.text} {word} {text}", "missing-term", 2.0 + 0.1 * text.count("*"), root=True)
    weighted = ways * value.ravel()
    for text, sign in _found(products, flat, pairs, items, weighted, known, {"1"}):
        new = _DIVIDED.sub(r" / \1", f"{root.closed} * {text}" if sign > 0 else f"-{root.closed} * {text}")
        yield Edit(root.span, new, "missing-factor", 2.1 + 0.1 * text.count("*"), root=True)
    for text in _sums(weighted @ flat.T, items, known):
        yield Edit(root.span, f"({text}) * {root.closed}", "missing-factor", 2.3, root=True)


def _found(
    products: Array,
    flat: Array,
    pairs: list[tuple[int, int]],
    items: list[Item],
    ways: Array,
    wanted: Array,
    seen: set[str],
) -> Iterator[tuple[str, int]]:
    """Texts of products whose two numbers are among those wanted, up to the sign."""
    count = len(flat)
    first = ((products * ways[0]) @ flat.T).ravel()
    second = ((products * ways[1]) @ flat.T).ravel()
    order = np.argsort(first)
    ranked = first[order]
    for target in wanted:
        size = float(np.abs(target).sum())
        if not size > 1e-12:
            continue
        for sign in (1, -1):
            low, high = np.searchsorted(
                ranked, [sign * target[0] - _TOLERANCE * size, sign * target[0] + _TOLERANCE * size]
            )
            near = order[low : min(high, low + 400)]
            for hit in near[np.abs(second[near] - sign * target[1]) <= _TOLERANCE * size][:6]:
                pair, third = divmod(int(hit), count)
                names = sorted((pairs[pair][0], pairs[pair][1], third))
                text = " * ".join(items[each].text for each in names if items[each].text != "1") or "1"
                if text not in seen:
                    seen.add(text)
                    yield text, sign


def _sums(numbers: Array, items: list[Item], wanted: Array) -> Iterator[str]:
    """Texts of sums and differences of two values whose two numbers are among those wanted."""
    places = np.arange(1, len(items))
    for sign, word in ((1, "+"), (-1, "-")):
        both = numbers[:, 1:, None] + sign * numbers[:, None, 1:]
        for target in wanted:
            size = float(np.abs(target).sum())
            near = np.abs(both - target[:, None, None]).max(axis=0) <= _TOLERANCE * size if size > 1e-12 else None
            for one, other in np.argwhere(near)[:4] if near is not None else ():
                if one < other or sign < 0:
                    yield f"{items[places[one]].text} {word} {items[places[other]].text}"


def _singles(pool: Pool, environment: dict[str, Any], shape: tuple[int, ...]) -> list[Item]:
    """One, the values in reach that fit the shape, and derivatives made of them."""
    found = [Item("1", np.ones(()), atom=True)]
    marks: set[bytes] = {np.ones(shape).astype(np.float32).tobytes()}
    texts = [each.text for each in pool.of_shape(shape)]
    texts += [each.text for each in pool.atoms if each.shape != shape and _fits(each.shape, shape)]
    texts += [each.text for each in pool.numbers if each.atom]
    texts += [f"(1 / {each.text})" for each in pool.numbers if each.atom and each.value not in (-1, 0, 1)]
    texts += [f"({each.text})" if not each.text.startswith("(") else each.text for each in pool.derivatives(shape)]
    texts += [f"({each.text})" for each in pool.larger_of(shape)]
    if len(shape) > 1:
        axes = range(len(shape))
        texts += [f"{each.text}.mean(axis={k}, keepdims=True)" for each in pool.of_shape(shape)[:12] for k in axes]
    texts.sort(key=len)  # of values that are equal, the one with the shortest text stays
    for text in texts:
        if len(found) >= _MOST:
            break
        value = evaluate(_code(text), environment)
        if not isinstance(value, np.ndarray | float) or (
            isinstance(value, np.ndarray) and value.dtype.kind not in "fb"
        ):
            continue
        if not _fits(np.shape(value), shape) or not np.all(np.isfinite(value)):
            continue
        mark = np.broadcast_to(np.asarray(value, dtype=np.float32), shape).tobytes()
        if mark not in marks:
            marks.add(mark)
            found.append(Item(text, np.asarray(value, dtype=float), atom=True))
    return found


def _fits(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(one) <= len(other) and all(a in (1, b) for a, b in zip(one[::-1], other[::-1], strict=False))


def _code(text: str) -> Any:
    return compile(f"({text}\n)", "<expression>", "eval")
