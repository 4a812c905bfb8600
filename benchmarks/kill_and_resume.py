"""Kills a run with SIGKILL at random moments, resumes it each time, and compares it with one never interrupted.

    python benchmarks/kill_and_resume.py                      all labs, 30 kills each
    python benchmarks/kill_and_resume.py adder --kills 10     one lab

Two of three lives of the process end while it trains, a random share of the training after their first checkpoint, so
that the training is not over before the last; the third ends while it starts (imports, data, kernels), or soon after.
Two more kills come while figures and report are made. Exit code 1 if anything but the clock differs.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgrad.labs.registry import LABS

CLOCK = re.compile(r"(.*_)?(seconds|per_second|left)")
"""Names of what is measured with a clock, and cannot be equal; everything else must be."""

SUBJECTS: dict[str, list[str]] = {
    "points": ["points", "--epochs", "20000", "--checkpoint-every", "0.05s"],
    "digits": ["digits", "--epochs", "300", "--checkpoint-every", "37"],
    "digits, early stopping": ["digits", "--epochs", "400", "--early-stopping", "100", "--checkpoint-every", "0.05s"],
    "adder": ["adder", "--epochs", "100", "--checkpoint-every", "430"],
    "counter": ["counter", "--iterations", "10000", "--checkpoint-every", "0.05s"],
    "lenet": ["lenet", "--checkpoint-every", "0.1s"],
    "poems": [
        *("poems", "--share", "0.02", "--hidden", "32", "--embedding", "16", "--vocabulary", "600"),
        *("--batch-size", "16", "--epochs", "40", "--patience", "40", "--checkpoint-every", "25"),
    ],
    "adder --study clipping": ["adder", "--study", "clipping", "--checkpoint-every", "0.1s"],
}
"""Longer than the labs' own trainings, where those take less than a second."""


@dataclass
class Lives:
    """What came of a run that was killed. ``trained``: kills while it trained; ``reported``: while it made figures;
    ``different``: what is not as in the run that was never interrupted."""

    name: str
    kills: int = 0
    trained: int = 0
    reported: int = 0
    lines: int = 0
    different: list[str] = field(default_factory=list)


def command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "handgrad", *words]


def start(words: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command(words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(words: Sequence[str]) -> None:
    """Run to the end; RuntimeError where that fails."""
    done = subprocess.run(command(words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {done.returncode}: {done.stderr.decode()}")


def timed(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run without interruption; returns the seconds until training begins, and those of training (and measuring)."""
    begun = time.perf_counter()
    process = start(["run", *words, "--out", str(folder), "--quiet"])
    moments = [0.0, 0.0]
    while process.poll() is None:
        now = time.perf_counter() - begun
        if not moments[0] and (folder / "checkpoints").exists():
            moments[0] = now
        if not (folder / "model.safetensors").exists() and not (folder / "figures").exists():
            moments[1] = now
        time.sleep(0.01)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}: {process.stderr.read().decode()}")
    return moments[0], max(moments[1] - moments[0], 0.1)


def newest(folder: Path) -> str:
    return max((path.name for path in folder.glob("checkpoints/checkpoint-*")), default="")


def killed_after(words: Sequence[str], seconds: float, training: Path | None = None) -> bool:
    """Start, kill after so many seconds, from the first checkpoint on that is new in the run folder ``training``, if
    one is given; False where it was over before. RuntimeError where it failed by itself."""
    before = newest(training) if training else ""
    process = start(words)
    while training and newest(training) == before and process.poll() is None:
        time.sleep(0.002)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}: {process.stderr.read().decode()}")
    return False


def killed_while_reporting(words: Sequence[str], folder: Path, chance: random.Random) -> bool:
    """Start, and kill a moment after the first file of the results has been written; False where it was too late."""
    process = start(words)
    wanted = folder / "model.safetensors", folder / "figures"
    before = [path.stat().st_mtime_ns if path.exists() else 0 for path in wanted]
    while process.poll() is None:
        if any(path.exists() and path.stat().st_mtime_ns != t for path, t in zip(wanted, before, strict=True)):
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
            process.communicate()
            return process.returncode != 0
        time.sleep(0.005)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}: {process.stderr.read().decode()}")
    return False


def measurements(folder: Path) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl``, without the clock."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    return [{key: value for key, value in line.items() if not CLOCK.fullmatch(key)} for line in lines]


def differences(folder: Path, other: Path) -> Iterator[str]:
    """What two run folders do not have in common."""
    models = [sorted(path.name for path in each.glob("*.safetensors")) for each in (folder, other)]
    if models[0] != models[1]:
        yield f"models {models[0]} and {models[1]}"
    for name in models[0]:
        if (folder / name).read_bytes() != (other / name).read_bytes():
            yield f"the bytes of {name}"
    mine, theirs = measurements(folder), measurements(other)
    if len(mine) != len(theirs):
        yield f"{len(mine)} and {len(theirs)} lines of metrics"
    elif mine != theirs:
        yield f"line {next(i for i, pair in enumerate(zip(mine, theirs, strict=True), 1) if pair[0] != pair[1])}"
    if json.loads((other / "run.json").read_text("utf-8"))["status"] != "finished":
        yield "the status"


def kill_and_resume(
    name: str, words: Sequence[str], kills: int, seed: int, place: Path, tell: Callable[[str], Any] = lambda text: None
) -> Lives:
    """One run without interruption in ``place``, and one with ``kills`` of them; returns how they compare."""
    chance, lives = random.Random(f"{seed} {name}"), Lives(name)
    whole, cut = place / "whole", place / "cut"
    beginning, training = timed(words, whole)
    tell(f"{name}: {beginning:.1f} s until training, {training:.1f} s of it")
    resume = ["resume", str(cut), "--quiet"]
    first = ["run", *words, "--out", str(cut), "--quiet"]
    over = False
    while lives.kills < kills and not over:
        before = newest(cut)
        began = (cut / "run.json").exists()
        if cut.exists() and not began:
            shutil.rmtree(cut)
        while_training = chance.random() < 0.67
        length = chance.uniform(0, 2 * training / kills) if while_training else chance.uniform(0.1, 1.1) * beginning
        over = not killed_after(resume if began else first, length, cut if while_training else None)
        lives.kills += not over
        lives.trained += newest(cut) != before
    for _ in range(2 if not over else 0):
        struck = killed_while_reporting(resume, cut, chance)
        lives.kills += struck
        lives.reported += struck
    finish(resume)
    lives.different = list(differences(whole, cut))
    lives.lines = len(measurements(cut))
    return lives


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*", metavar="LAB", help=f"of {', '.join(SUBJECTS)}; all without a name")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    unknown = [name for name in given.labs if name not in SUBJECTS]
    if unknown:
        parser.error(f"{unknown[0]} is not one of {', '.join(SUBJECTS)}")
    wrong = False
    finish(["warmup", "--all"])
    print(f"{'run':<24}{'kills':>6}{'training':>10}{'report':>8}{'lines':>7}  result", flush=True)
    for name in given.labs or [name for name, words in SUBJECTS.items() if words[0] in LABS]:
        with tempfile.TemporaryDirectory() as place:
            found = kill_and_resume(name, SUBJECTS[name], given.kills, given.seed, Path(place))
        verdict = f"different: {', '.join(found.different)}" if found.different else "same bytes, same metrics"
        print(
            f"{name:<24}{found.kills:>6}{found.trained:>10}{found.reported:>8}{found.lines:>7}  {verdict}", flush=True
        )
        wrong |= bool(found.different)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
