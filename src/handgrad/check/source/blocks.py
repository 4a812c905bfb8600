"""Gradients of parts of forward's values, where backward writes a gradient part by part: ``da[:, :H] = ...``.

A gate that forward computes together with others, ``sigmoid(a[:, :2 * H])``, is no value of its own there; its rows or
columns of the whole are, and are perturbed alone.
"""

import ast
from typing import Any

import numpy as np

from handgrad.check.source.clock import now
from handgrad.check.source.hooks import Event
from handgrad.check.source.instrument import Site
from handgrad.check.source.program import Bench
from handgrad.check.source.truth import Truth

_PLACES = 12  # of backward that are looked at
_EVENTS = 40  # passes of forward for each


def add_blocks(truth: Truth, bench: Bench, seconds: float) -> None:
    """Let ``truth`` know the gradients of the parts that backward's lines write."""
    until = now() + seconds
    namespace = {**bench.scenario.module.namespace, "_hg_index": np.s_}
    seen: set[tuple[str, tuple[int, ...]]] = set()
    visited = bench.visited()
    for site in [each for each in bench.base.watched.sites if each.number in visited and _writes_part(each)][:_PLACES]:
        if now() > until:
            return
        target = _target(site)
        environments = bench.environments(site, want=1)
        if target is None or not environments:
            continue
        base, index = ast.unparse(target.value), index_of(target)
        try:
            scope = {**namespace, **environments[0]}
            shape = np.shape(eval(base, scope))  # noqa: S307 - expressions of the user's own file
            place = eval(f"_hg_index[{index}]", scope)  # noqa: S307
        except Exception:  # noqa: S112 - what it writes to may not be an array
            continue
        if len(shape) and (index, shape) not in seen:
            seen.add((index, shape))
            _add(truth, shape, place, index, until)


def index_of(target: ast.Subscript) -> str:
    """The text between the brackets."""
    return ast.unparse(target)[len(ast.unparse(target.value)) + 1 : -1]


def misplaced(truth: Truth, sites: list[Site], events: list[Event]) -> set[int]:
    """Sites that write a part and compute the gradient of something else, where others compute that of their part."""
    first = {each.number: each.value for each in events if not each.occurrence and each.kind == "v"}
    fits: dict[int, bool] = {}
    for site in sites:
        target = _target(site)
        if target is not None and site.number in first and _writes_part(site):
            ending = f"[{index_of(target)}]"
            fits[site.number] = any(each.label.endswith(ending) for each in truth.all_exact(first[site.number]))
    return {number for number, each in fits.items() if not each} if any(fits.values()) else set()


def _target(site: Site) -> ast.Subscript | None:
    statement = site.statement
    target: Any = statement.targets[-1] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return target if isinstance(target, ast.Subscript) else None


def _writes_part(site: Site) -> bool:
    """Whether a line writes some rows or columns, not one step or all of them."""
    target = _target(site)
    if site.kind not in ("assign", "augment") or target is None:
        return False
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    return any(isinstance(each, ast.Slice) and (each.lower is not None or each.upper is not None) for each in parts)


def _add(truth: Truth, shape: tuple[int, ...], place: Any, text: str, until: float) -> None:
    events = [each for each in truth.forward_events if each.kind in "vu" and each.value.shape == shape]
    for event in events[:_EVENTS]:
        if now() > until:
            return
        truth.add(event, place, f"[{text}]")
    truth.freeze()
