"""The mutation study of ``handgrad check``: right backward passes, one fault put into each copy, the checker asked.

    python benchmarks/check_mutations.py --list                  count the mutants only
    python benchmarks/check_mutations.py --sample 200            a quick look
    python benchmarks/check_mutations.py --pairs 200 --right 500 all of it

Every mutant is one edit of one place (mutations/operators.py). An oracle that knows nothing of the checker compares
its gradients with those of the right file (mutations/oracle.py): only mutants whose gradients are wrong count. Results
are appended to a file as they come; --resume goes on where a run was interrupted.
"""

import argparse
import json
import random
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from mutations.corpus import Judged, judged, pairs, right_variants, sample
from mutations.study import Study, load_results
from mutations.subject import Subject, load_subjects
from mutations.table import counts_table, misses, singles_table, summary

from handgrad import check

RIGHT = Path(__file__).resolve().parents[1] / "tests" / "faults" / "right"


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for, and print the tables."""
    given = _parser().parse_args(arguments)
    subjects = load_subjects(given.folder, given.files)
    if not subjects:
        print(f"no file in {given.folder} has a driver and fits {given.files!r}", file=sys.stderr)
        return 2
    work = given.work or Path(tempfile.gettempdir()) / "handgrad-mutations"
    print(f"{len(subjects)} files; results in {work}", file=sys.stderr)
    found = judged(subjects, given.jobs, work)
    if given.operators:
        wanted = {each.strip() for each in given.operators.split(",")}
        found = {name: [each for each in some if each.mutant.operator in wanted] for name, some in found.items()}
    live = {name: [each for each in some if each.judgement.kind == "live"] for name, some in found.items()}
    if given.list:
        _list(found)
        return 0
    if not hasattr(check, "check_file"):
        print("this handgrad has no check_file, expected one in handgrad.check; install it", file=sys.stderr)
        return 1
    try:
        rows = _run(given, subjects, live, work)
    except KeyboardInterrupt:
        print("interrupted; what was done is kept: the same command with --resume goes on", file=sys.stderr)
        return 130
    print(singles_table(rows["singles"]), end="\n\n")
    print(singles_table(rows["singles"], "operator"), end="\n\n")
    print(summary(**rows))
    if given.misses:
        given.misses.write_text(misses(**rows), encoding="utf-8")
    if given.json:
        given.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0


def _run(given: Any, subjects: list[Subject], live: dict[str, list[Judged]], work: Path) -> dict[str, list[Any]]:
    manifest = _manifest(given.folder)
    if not given.resume:
        (work / "results.jsonl").unlink(missing_ok=True)
    options = {name: each["options"] for name, each in manifest.items()} if given.told else {}
    by_name = {each.name: each for each in subjects}
    study = Study(by_name, work, given.jobs, given.time_limit, options, load_results(work))
    everything = [each for name in sorted(live) for each in live[name]]
    chosen = everything if given.sample is None else sample(everything, given.sample, given.seed)
    random.Random(given.seed).shuffle(chosen)
    two = pairs(subjects, live, given.pairs, given.seed)
    sizes = {name: each["sizes"] for name, each in manifest.items()}
    variants = right_variants(subjects, sizes, given.right, given.seed)
    return {"right": study.right(variants), "singles": study.singles(chosen), "pairs": study.pairs(two)}


def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Sizes that may be changed, and what check_file may be told, by the name of the file."""
    path = folder / "manifest.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["file"] if path.exists() else []
    names = {"loss": "loss", "gradients": "gradients", "forward": "forward", "backward": "backward", "class": "cls"}
    return {
        Path(each["name"]).stem: {
            "sizes": each.get("sizes", []),
            "options": {names[key]: value for key, value in each.items() if key in names},
        }
        for each in tables
    }


def _list(found: dict[str, list[Judged]]) -> None:
    everything = [each for some in found.values() for each in some]
    print(
        counts_table({name: Counter(each.judgement.kind for each in some) for name, some in found.items()}), end="\n\n"
    )
    live = Counter(each.mutant.operator for each in everything if each.judgement.kind == "live")
    for operator, count in live.most_common():
        print(f"{operator:28}{count:6d}")
    own = sum(each.judgement.kind == "live" and not each.judgement.at_own_point for each in everything)
    print(f"\nlive at random parameters only: {own}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", default="*", metavar="GLOB", help="only files whose name fits, for example 'rnn_*'")
    parser.add_argument("--operators", default="", metavar="A,B", help="only mutants of these operators (see --list)")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants, spread over files and operators")
    parser.add_argument("--pairs", type=int, default=0, metavar="N", help="so many pairs of two faults in one file")
    parser.add_argument(
        "--right", type=int, default=0, metavar="N", help="so many right files, of other seeds and sizes"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time")
    parser.add_argument("--seed", type=int, default=0, help="of samples, pairs and sizes")
    parser.add_argument("--time-limit", type=float, default=60.0, metavar="S", help="seconds for each check")
    parser.add_argument("--told", action="store_true", help="tell the checker the names that the manifest has")
    parser.add_argument("--list", action="store_true", help="count the mutants, check nothing")
    parser.add_argument("--resume", action="store_true", help="keep the results of an earlier run, check the rest")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="where results and mutants are kept")
    parser.add_argument("--misses", type=Path, metavar="PATH", help="write what was missed")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every row")
    parser.add_argument("--folder", type=Path, default=RIGHT, metavar="FOLDER", help="the right files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
