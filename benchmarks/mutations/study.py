"""The checker run on mutants, pairs and right files; one row of the results for each."""

import ast
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .corpus import Judged, Pair
from .diffs import apply_diff
from .operators import Mutant
from .oracle import Oracle
from .pool import answers
from .subject import Subject
from .table import says_wrong

Row = dict[str, Any]


@dataclass
class Study:
    """Where results go, and what is needed to judge them."""

    subjects: dict[str, Subject]
    folder: Path
    jobs: int
    time_limit: float
    options: dict[str, dict[str, str]]  # for check_file, by the subject's name
    done: dict[str, Row]

    def __post_init__(self) -> None:
        self._oracles: dict[str, Oracle] = {}
        self.folder.mkdir(parents=True, exist_ok=True)

    def singles(self, chosen: list[Judged]) -> list[Row]:
        """One row for each mutant."""
        texts = {name: subject.source() for name, subject in self.subjects.items()}
        by_key, tasks = {}, []
        for each in chosen:
            mutant, text = each.mutant, each.mutant.applied(texts[each.mutant.subject])
            key = _key("mutant", mutant.subject, text, repr(_described(mutant)))
            by_key[key] = each
            tasks.append((key, mutant.subject, text))
        return list(self._run("mutants", tasks, lambda key, text, row: self._single(by_key[key], text, row)))

    def pairs(self, chosen: list[Pair]) -> list[Row]:
        """One row for each pair."""
        by_key = {_key("pair", each.first.subject, each.text): each for each in chosen}
        tasks = [(key, each.first.subject, each.text) for key, each in by_key.items()]
        return list(self._run("pairs", tasks, lambda key, text, row: self._pair(by_key[key], text, row)))

    def right(self, chosen: list[tuple[Subject, str]]) -> list[Row]:
        """One row for each right file."""
        tasks = [(_key("right", subject.name, text), subject.name, text) for subject, text in chosen]
        return list(self._run("right files", tasks, lambda key, text, row: row | {"kind": "right", "text": text}))

    def _run(self, what: str, tasks: list[tuple[str, str, str]], judge: Any) -> Iterator[Row]:
        """Rows that were done before, then the others as they come; each is on disk before it is counted."""
        yield from (self.done[key] for key, _, _ in tasks if key in self.done)
        left = [(key, subject, text) for key, subject, text in tasks if key not in self.done]
        progress = Progress(what, len(left))
        with (self.folder / "results.jsonl").open("a", encoding="utf-8") as results:
            for (key, subject, text), answer in answers(self._asked(left), self.jobs):
                row = judge(key, text, {"key": key, "subject": subject} | _reported(answer))
                results.write(json.dumps(row, ensure_ascii=False) + "\n")
                results.flush()
                progress.add(row)
                yield row

    def _asked(self, tasks: Iterable[tuple[str, str, str]]) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
        for key, subject, text in tasks:
            path = self.folder / "files" / key / f"{subject}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            task = {"path": str(path), "time_limit": self.time_limit, "options": self.options.get(subject, {})}
            yield (key, subject, text), task

    def _single(self, each: Judged, text: str, row: Row) -> Row:
        mutant, accepted = each.mutant, {*each.mutant.classes, *each.judgement.looks}
        here = [found for found in row["findings"] if _names(mutant, found)]
        return row | {
            "kind": "mutant",
            **_described(mutant),
            "own": each.judgement.at_own_point,
            "input_only": _only_inputs(self.subjects[mutant.subject], each.judgement.wrong),
            "difference": min(each.judgement.difference, 1e300),
            "detected": says_wrong(row),
            "line_right": bool(here),
            "line_alone": bool(here) and len(here) == len([each for each in row["findings"] if each["line"]]),
            "class_right": any(accepted & {found["class"], *found["also"]} for found in here),
            "corrected": self._corrected(mutant.subject, text, row["findings"]),
        }

    def _pair(self, pair: Pair, text: str, row: Row) -> Row:
        found = [any(_names(each, finding) for finding in row["findings"]) for each in (pair.first, pair.second)]
        return row | {
            "kind": "pair",
            "first": _described(pair.first),
            "second": _described(pair.second),
            "detected": says_wrong(row),
            "lines_right": found,
            "line_right": all(found),
            "corrected": self._corrected(pair.first.subject, text, row["findings"]),
        }

    def _corrected(self, subject: str, text: str, findings: list[Row]) -> bool:
        """Whether a correction that is shown makes every gradient right: each alone, then all one after another."""
        fixes = [each["fix"] for each in findings if each["fix"]]
        if not fixes:
            return False
        if subject not in self._oracles:
            self._oracles[subject] = Oracle(self.subjects[subject])
        candidates = [apply_diff(text, fix) for fix in fixes]
        together: str | None = text
        for fix in fixes:
            together = (apply_diff(together, fix) or together) if together else together
        return any(
            each is not None and self._oracles[subject].same(each) for each in dict.fromkeys([*candidates, together])
        )


class Progress:
    """A line on standard error now and then."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._count, self._detected = what, total, 0, 0
        self._start = self._last = time.monotonic()

    def add(self, row: Row) -> None:
        """One more."""
        self._count += 1
        self._detected += says_wrong(row)
        now = time.monotonic()
        if now - self._last > 5 or self._count == self._total:
            self._last = now
            left = (now - self._start) / self._count * (self._total - self._count)
            text = (
                f"{self._what}: {self._count} of {self._total}, {self._detected} called wrong, {left / 60:.1f} min left"
            )
            print(text, file=sys.stderr, flush=True)


def load_results(folder: Path) -> dict[str, Row]:
    """What an earlier run left, by key; a line cut off in the middle is passed over."""
    path, rows = folder / "results.jsonl", {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        rows[row["key"]] = row
    return rows


def _reported(answer: dict[str, Any]) -> Row:
    """The part of an answer that is kept."""
    report = answer["report"] or {"verdict": "error", "findings": [], "notes": []}
    kept = ("class", "also", "line", "fix", "explanation")
    findings = [{name: each[name] for name in kept} for each in report["findings"]]
    row = {"verdict": report["verdict"], "seconds": answer["seconds"], "findings": findings}
    return row | {"notes": report["notes"], "error": answer["error"]}


def _only_inputs(subject: Subject, wrong: tuple[str, ...]) -> bool:
    """Whether only gradients of inputs are wrong, and every parameter's is right."""
    return bool(wrong) and all(each.startswith(tuple(subject.inputs) or ("\0",)) for each in wrong)


def _names(mutant: Mutant, finding: Row) -> bool:
    """Whether a finding names the mutated line; of one that is gone, the very line, put back where it does the same."""
    if finding["line"] is None:
        return False
    if mutant.operator == "delete statement" and _puts_back(finding["fix"], mutant.before):
        return True
    return mutant.accept[0] <= finding["line"] <= mutant.accept[1]


def _puts_back(fix: str, statement: str) -> bool:
    """Whether a diff adds a statement and changes nothing else."""
    changed = [each for each in fix.splitlines() if each[:1] in "+-" and each[:3] not in ("+++", "---")]
    added = "".join(each[1:].strip() for each in changed if each[0] == "+")
    return all(each[0] == "+" for each in changed) and _canonical(added) == _canonical(statement)


def _canonical(statement: str) -> str:
    """A statement with the operands of ``*`` and ``+`` in one order: either order is the same statement."""
    try:
        return ast.unparse(_Sorted().visit(ast.parse(statement.strip())))
    except SyntaxError:
        return "".join(statement.split())


class _Sorted(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mult | ast.Add):
            node.left, node.right = sorted((node.left, node.right), key=ast.unparse)
        return node


def _described(mutant: Mutant) -> Row:
    return {name: getattr(mutant, name) for name in ("operator", "classes", "line", "accept", "before", "after")}


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
