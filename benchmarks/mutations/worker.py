"""A process that checks one file after the other: a JSON line in, a JSON line out. ``python -m mutations.worker``."""

import json
import os
import sys
import time
import traceback
from typing import Any


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a checked file prints must not stand among the answers
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    from handgrad.check import check_file

    start = time.perf_counter()
    try:
        report = check_file(task["path"], time_limit=task["time_limit"], **task["options"]).to_dict()
        error = ""
    except BaseException as wrong:  # whatever a wrong file does to the checker is a result
        if isinstance(wrong, KeyboardInterrupt):
            raise
        report, error = None, "".join(traceback.format_exception(wrong, limit=-4))[-2000:]
    return {"seconds": time.perf_counter() - start, "report": report, "error": error}


if __name__ == "__main__":
    main()
