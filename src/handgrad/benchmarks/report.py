"""The document of a benchmark as text."""

from typing import Any

from handgrad.benchmarks.harness import QUIET, threads_text

_INDENT = "  "


def report_text(document: dict[str, Any]) -> str:
    """What a person reads on the terminal."""
    blocks = [_head(document), *_tables(document), _bars(document), _crossover(document), _start(document)]
    return "\n\n".join(block for block in blocks if block)


def _head(document: dict[str, Any]) -> str:
    machine, method = document["machine"], document["method"]
    target = f" ({machine['target']})" if machine.get("target") else ""
    lines = [
        f"{document['workload']}: {document['title']}",
        f"{machine['processor']}{target}, {machine['cores']} cores; {machine['system']}",
        ", ".join(f"{name} {number}" for name, number in document["versions"].items()),
        f"medians of {method['rounds']} interleaved rounds of about {method['seconds']:g} s a side; the same number of "
        "threads on all sides" + ("" if machine["pinned"] else "; processes cannot be held to cores on this system"),
        *document["skipped"],
    ]
    return "\n".join(lines)


def _tables(document: dict[str, Any]) -> list[str]:
    """One table for each number of threads."""
    head = f"{'us/step':>12}{'peer / handgrad':>17}{'in the rounds':>22}{'first epoch':>14}{'later':>12}"
    head += f"{'peak memory':>14}"
    blocks = []
    for threads in document["method"]["threads"]:
        lines = [threads_text(threads), f"{_INDENT}{'case':<18}{'side':<13}{head}"]
        case = ""
        for row in (row for row in document["rows"] if row["threads"] == threads):
            name = row["case"] if row["case"] != case else ""
            case = row["case"]
            lines.append(f"{_INDENT}{name:<18}{row['side']:<13}{_numbers(row)}")
        lines += _other_load([row for row in document["rows"] if row["threads"] == threads])
        blocks.append("\n".join(lines))
    return blocks


def _other_load(rows: list[dict[str, Any]]) -> list[str]:
    """A line where the machine was not quiet: libraries whose threads wait for each other suffer most from that."""
    loads = [row["other_load"] for row in rows if row["other_load"] is not None]
    if not loads or max(loads) <= QUIET:
        return []
    spread = f"{min(loads):.1f} to {max(loads):.1f} cores"
    return [f"{_INDENT}other processes kept {spread} busy meanwhile: measure again when the machine is quiet"]


def _numbers(row: dict[str, Any]) -> str:
    if row["refused"]:
        return f"  not compared: {row['refused']}"
    ratio = spread = ""
    if row["ratio"] is not None:
        ratio = f"{row['ratio']:.3g}"
        spread = f"{row['ratio_min']:.3g} .. {row['ratio_max']:.3g}"
    note = "" if row["ratio"] is None else "   same result"
    times = f"{row['cold_s']:>12.3g} s{row['epoch_s']:>10.3g} s"
    return f"{row['us_per_step']:>12.4g}{ratio:>17}{spread:>22}{times}{_memory(row)}{note}"


def _memory(row: dict[str, Any]) -> str:
    """The peak of the side's process so far, and how much it grew while it trained on."""
    if row.get("peak_mib") is None:
        return f"{'':>14}"
    grown = f" (+{row['grown_mib']:.0f})" if (row["grown_mib"] or 0) >= 1 else ""
    return f"{row['peak_mib']:>10.0f} MiB{grown}"


def _bars(document: dict[str, Any]) -> str:
    lines = ["bars: peer / handgrad, at least"]
    for bar in document["bars"]:
        measured = ", ".join(f"{ratio:.3g} ({threads_text(int(n))})" for n, ratio in bar["measured"].items())
        verdict = {True: "reached", False: "MISSED", None: "not measured"}[bar["met"]]
        what = " (memory)" if bar.get("of") == "memory" else ""
        peer = f"{bar['peer']}{what}"
        lines.append(f"{_INDENT}{bar['case']:<18}{peer:<16}{bar['at_least']:>6g}   {verdict:<12}  {measured}")
    return "\n".join(lines) if document["bars"] else ""


def _crossover(document: dict[str, Any]) -> str:
    lines = ["crossover: the first size at which a peer is faster"]
    for found in document["crossover"]:
        lines.append(f"{_INDENT}{found['axis']}, {threads_text(found['threads'])}:")
        first, largest = found["first"], found["sizes"][-1]
        if first is None:
            lines.append(f"{_INDENT * 2}none up to {largest}, the largest that was tried")
            continue
        lines.append(f"{_INDENT * 2}{first['size']}, where {first['peer']} takes {first['ratio']:.3g} of our time")
        each = [
            f"{peer} at no size up to {largest}" if size is None else f"{peer} from {size}"
            for peer, size in found["by_peer"].items()
        ]
        lines.append(f"{_INDENT * 2}{', '.join(each)}")
    return "\n".join(lines) if document["crossover"] else ""


def _start(document: dict[str, Any]) -> str:
    start = document["start"]
    lines = ["start"]
    for library, seconds in start["import_s"].items():
        lines.append(f"{_INDENT}import {library}: {seconds:.2f} s where NumPy is imported already")
    for case, seconds in start["kernels_s"].items():
        if case != "skipped":
            lines.append(f"{_INDENT}{case}: first epoch with an empty kernel cache {seconds:.2f} s")
    process = start["process"]
    if "skipped" in process:
        lines.append(f"{_INDENT}{process['command']}: skipped, {process['skipped']}")
    else:
        said = "announced" if process["announced"] else "NOT announced"
        for name, words in (("cold", f"the very first, which compiles, {said}"), ("warm", "later ones")):
            verdict = "reached" if process[f"{name}_met"] else "MISSED"
            bar = f"(bar {process[f'{name}_at_most']:g} s: {verdict})"
            lines.append(f"{_INDENT}{process['command']}, {words}: {process[f'{name}_s']:.2f} s {bar}")
    return "\n".join(lines)
