"""The process that runs a user's file: it reads a request and writes an answer, as JSON in two files."""

import faulthandler
import json
import os
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from handgrad.check.source.examine import examine
from handgrad.check.source.limits import line_in
from handgrad.check.source.roles import Roles
from handgrad.errors import HandgradError

_EXIT = os._exit  # the user's file is given another one
_LATE = 1.5  # seconds after the time limit at which a file that cannot be interrupted is given up
_FRAMES = 3  # of a traceback


def main(asked: str, answered: str) -> None:
    """Check one file and answer; what the file has started and left running does not matter."""
    faulthandler.enable()
    request: dict[str, Any] = json.loads(Path(asked).read_text(encoding="utf-8"))
    sys.path.insert(0, str(Path(request["path"]).parent))
    watch = threading.Timer(request["seconds"] + _LATE, _give_up, (request, answered, threading.get_ident()))
    watch.daemon = True
    watch.start()
    _write(answer_for(request), answered)
    _EXIT(0)


def _give_up(request: dict[str, Any], answered: str, thread: int) -> None:
    """The answer where the file catches every interruption, or the system knows none."""
    line = line_in(sys._current_frames().get(thread), request["path"])
    where = f"line {line}" if line else "what it calls"
    words = (
        f"{request['path']} was still in {where} after the time limit of {request['seconds']:g} s; "
        f"make its data smaller, "
        "or give it more time with --time-limit"
    )
    _write({"error": words}, answered)
    _EXIT(0)


def _write(answer: dict[str, Any], answered: str) -> None:
    """Whole or not at all."""
    part = Path(f"{answered}.part")
    part.write_text(json.dumps(answer), encoding="utf-8")
    part.replace(answered)


def answer_for(request: dict[str, Any]) -> dict[str, Any]:
    """The report of a request, or what stood in its way."""
    path, text = request["path"], request["text"]
    try:
        report = examine(text, path, Roles(**request["roles"]), seconds=request["seconds"], seed=request["seed"])
        return {"report": asdict(report)}
    except HandgradError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"{path} needs more memory than there is; check it with smaller arrays"}
    except BaseException as error:
        trouble = short_traceback(error, path, text)
        if trouble is None:
            return {"error": _own(error, path)}
        return {"trouble": trouble, "file_missing": isinstance(error, FileNotFoundError)}


def short_traceback(error: BaseException, path: str, text: str) -> str | None:
    """The user's own lines of a traceback, and the exception; None if none of them is the user's."""
    folder, source = str(Path(path).parent), text.splitlines()
    frames = [each for each in traceback.extract_tb(error.__traceback__) if str(Path(each.filename).parent) == folder]
    if not frames:
        return None
    lines = []
    for each in frames[-_FRAMES:]:
        number = each.lineno or 0
        line = source[number - 1].strip() if each.filename == path and 0 < number <= len(source) else each.line
        lines.append(f"  {each.filename}, line {number}, in {each.name}\n    {line}")
    words = " ".join(str(error).split())
    return "\n".join([*lines, f"{type(error).__name__}: {words}" if words else type(error).__name__])


def _own(error: BaseException, path: str) -> str:
    """An error of this package's, which the user cannot mend."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = " ".join(str(error).split())
    return (
        f"the check of {path} failed for a reason of its own ({type(error).__name__}: {words}, "
        f"{Path(last.filename).name} "
        f"line {last.lineno}); name the functions by --loss and --gradients, and please report it"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
