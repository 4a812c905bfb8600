"""What the measurements say: which bars are reached, and where a peer begins to win."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from handgrad.benchmarks.harness import Row
from handgrad.benchmarks.workload import OURS, Bar, Case


def judge_bars(bars: Sequence[Bar], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each bar with the ratio that was measured at each number of threads. It is reached where the smallest of them
    reaches it; ``met`` is None where the peer was not measured."""
    judged = []
    for bar in bars:
        measured = {}
        for row in rows:
            ratio = _memory_ratio(row, rows) if bar.of == "memory" else row.ratio
            if row.case == bar.case and row.side == bar.peer and ratio is not None:
                measured[str(row.threads)] = ratio
        met = min(measured.values()) >= bar.at_least if measured else None
        judged.append(asdict(bar) | {"measured": measured, "met": met})
    return judged


def _memory_ratio(row: Row, rows: Sequence[Row]) -> float | None:
    """Theirs / ours of the most memory that was held; None where one of them was not measured."""
    ours = next((r for r in rows if (r.case, r.threads, r.side) == (row.case, row.threads, OURS.name)), None)
    if ours is None or ours.peak_mib is None or row.peak_mib is None or row.ratio is None:
        return None
    return row.peak_mib / ours.peak_mib


def find_crossovers(cases: Sequence[Case], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For each axis, and each number of threads, the smallest size at which a peer was faster than handgrad.

    ``first`` names size, peer (the fastest there) and ratio; it is None where none was faster up to the largest size,
    ``sizes[-1]``. ``by_peer`` has each peer's own first size, or None. An axis without any peer is left out.
    """
    found = []
    for axis in _distinct(axis for case in cases for axis in case.axes):
        along = sorted((case for case in cases if axis in case.axes), key=lambda case: case.axes[axis])
        for threads in _distinct(row.threads for row in rows):
            ratios = {case.axes[axis]: _ratios(rows, case, threads) for case in along}
            sizes = [size for size, by_side in ratios.items() if by_side]
            if not sizes:
                continue
            lost = {size: {side for side, ratio in by_side.items() if ratio < 1} for size, by_side in ratios.items()}
            peers = _distinct(side for by_side in ratios.values() for side in by_side)
            by_peer = {peer: next((size for size in sizes if peer in lost[size]), None) for peer in peers}
            first = None
            size = next((size for size in sizes if lost[size]), None)
            if size is not None:
                fastest = min(ratios[size], key=lambda side: ratios[size][side])
                first = {"size": size, "peer": fastest, "ratio": ratios[size][fastest]}
            found.append({"axis": axis, "threads": threads, "sizes": sizes, "first": first, "by_peer": by_peer})
    return found


def _ratios(rows: Sequence[Row], case: Case, threads: int) -> dict[str, float]:
    """Ratio of each peer that was measured in ``case``."""
    return {
        row.side: row.ratio
        for row in rows
        if row.case == case.name and row.threads == threads and row.ratio is not None
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order of its first appearance."""
    return list(dict.fromkeys(values))
