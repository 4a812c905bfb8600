"""Check a user's file: in a process of its own, so that a time limit holds whatever the file does."""

import ast
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from handgrad.check.result import Finding, ParameterVerdict, Report
from handgrad.errors import InputError, UsageError
from handgrad.options import POSITIVE, number, seed_number

_GRACE = 5.0  # seconds that a check may take to put its answer together when its time is over
_LARGEST = 2_000_000  # characters of a file
_ODD_ENDS = re.compile("[\x0b\x1c\x1d\x1e\x85\u2028\u2029]")  # end a line for str.splitlines, not for Python


def check_file(
    path: str | os.PathLike[str],
    *,
    loss: str | None = None,
    gradients: str | None = None,
    forward: str | None = None,
    backward: str | None = None,
    cls: str | None = None,
    time_limit: float = 60.0,
    seed: int = 0,
) -> Report:
    """Check the hand-written backward pass of a Python file: what is wrong, in which line, and the edit that mends it.

    Checking runs the file, as ``python FILE.py`` does, in another process; it is stopped when the first
    gradient has been
    computed. The file itself is never changed. ``loss``, ``gradients``, ``forward``, ``backward`` and ``cls`` name
    functions, methods (``Net.backward``) and a class of the file where it has several. ``time_limit`` is in seconds.
    Raises InputError where the file cannot be read or run, UsageError for an option out of range.
    """
    roles = {"loss": loss, "gradients": gradients, "forward": forward, "backward": backward, "cls": cls}
    options = _settled(time_limit, seed)
    return check_text(read_source(Path(path)), path, roles, **options)


def check_text(
    text: str, path: str | os.PathLike[str], roles: dict[str, str | None], *, time_limit: float, seed: int
) -> Report:
    """Check ``text`` as if it stood in the file ``path``. Errors as of :func:`check_file`."""
    text = _ODD_ENDS.sub(" ", text.replace("\x0c", ""))  # every line has one number, for Python and for people
    _known(roles, text, str(path))
    request = {"path": str(path), "text": text, "roles": roles, "seconds": time_limit, "seed": seed}
    return _report(_ask(request, time_limit), str(path))


def _settled(time_limit: object, seed: object) -> dict[str, Any]:
    return {"time_limit": number("the time limit", time_limit, POSITIVE), "seed": seed_number(seed)}


def read_source(path: Path) -> str:
    """The text of a Python file. Raises InputError in a sentence."""
    if path.suffix == ".ipynb":
        raise InputError(
            f"{path} is a notebook, expected a Python file; export it as a script, or use hg.check in a cell"
        )
    try:
        odd = path.exists() and not path.is_file() and not path.is_dir()
        text = "" if odd else path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; give the path of a Python file") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, expected a Python file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8, expected a Python file; save it as UTF-8") from None
    except OSError as error:
        if path.is_dir():  # Windows says that permission is denied
            raise InputError(f"{path} is a folder, expected a Python file") from None
        raise InputError(f"{path} cannot be read ({error.strerror}); give the path of a Python file") from None
    except ValueError:
        raise InputError(f"{str(path)!r} cannot be a path; give the path of a Python file") from None
    if odd:
        raise InputError(f"{path} is no ordinary file, expected a Python file")
    return text


def _known(roles: dict[str, str | None], text: str, path: str) -> None:
    if len(text) > _LARGEST:
        raise InputError(
            f"{path} has {len(text):,} characters, expected at most {_LARGEST:,}; put its data into another file"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise InputError(
            f"{path} is not Python that can be parsed: line {error.lineno}: {error.msg}; mend that first"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        words = str(error) or "it is nested too deeply"
        raise InputError(f"{path} is not Python that can be parsed: {words}; mend that first") from None
    names = [each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef)]
    names += [each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    for option, name in roles.items():
        if name is not None and name.rsplit(".", 1)[-1] not in names:
            defined = [each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef)]
            shown = ", ".join(dict.fromkeys(defined)) or "none at all"
            raise UsageError(
                f"--{option.replace('cls', 'class')} is {name}, expected a name that {path} defines: {shown}"
            )


def _ask(request: dict[str, Any], time_limit: float) -> dict[str, Any]:
    """The answer of the process that runs the file in its own folder; or, where that lacks a file, in the
    present one."""
    full = Path(request["path"]).resolve()
    answer = _answer(request, full, full.parent, time_limit)
    if answer.get("file_missing") and Path.cwd() != full.parent:
        other = _answer(request, full, Path.cwd(), time_limit)
        return answer if other.get("file_missing") else other
    return answer


def _answer(request: dict[str, Any], full: Path, folder: Path, time_limit: float) -> dict[str, Any]:
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONUTF8": "1"}
    for each in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment.setdefault(each, "1")  # arrays to be checked are small; threads only cost
    with tempfile.TemporaryDirectory(prefix="handgrad-", ignore_cleanup_errors=True) as scratch:
        asked, answered, said = (Path(scratch) / name for name in ("request.json", "answer.json", "said.txt"))
        asked.write_text(json.dumps({**request, "path": str(full)}), encoding="utf-8")
        with said.open("wb") as errors:  # files, not pipes: what the file starts may outlive it and hold a pipe open
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "handgrad.check.source.child", str(asked), str(answered)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=folder if folder.is_dir() else None,
                env=environment,
                start_new_session=True,
            )
            try:
                code = process.wait(time_limit + _GRACE)
            except subprocess.TimeoutExpired:
                raise InputError(
                    f"{request['path']} was not done after the time limit of {time_limit:g} s; make "
                    f"its data smaller, or "
                    "give it more time with --time-limit"
                ) from None
            finally:
                _end(process)
        try:
            return json.loads(answered.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        except (OSError, ValueError):
            raise InputError(_died(request["path"], code, said)) from None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _died(path: str, code: int, said: Path) -> str:
    how = f"exit code {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            how = f"signal {signal.Signals(-code).name}"
    tail = " ".join(said.read_text(encoding="utf-8", errors="replace").split()[-30:])
    words = f": {tail}" if tail else ""
    hint = ", perhaps for want of memory" if code == -9 else ""
    return f"{path} ended the process that ran it ({how}{hint}), expected a file that runs to its first gradient{words}"


def _report(answer: dict[str, Any], path: str) -> Report:
    full = str(Path(path).resolve())
    if "error" in answer:
        raise InputError(str(answer["error"]).replace(full, path))
    if "trouble" in answer:
        trouble = str(answer["trouble"]).replace(full, path)
        raise InputError(f"{path} raises an exception of its own; mend that first:\n{trouble}")
    return report_from(answer["report"], path)


def report_from(document: dict[str, Any], path: str) -> Report:
    """A report that came as JSON."""
    full = str(Path(path).resolve())

    def words(value: Any) -> Any:
        return value.replace(full, path) if isinstance(value, str) else value

    parameters = tuple(
        ParameterVerdict(**{**each, "shape": tuple(each["shape"]), "worst": _tuple(each["worst"])})
        for each in document["parameters"]
    )
    findings = tuple(
        Finding(**{key: words(tuple(value) if isinstance(value, list) else value) for key, value in each.items()})
        for each in document["findings"]
    )
    lines = {int(line): state for line, state in document["lines"].items()}
    notes = tuple(words(each) for each in document["notes"])
    return Report(document["verdict"], parameters, findings, notes, path, lines)


def _tuple(value: Any) -> Any:
    return tuple(value) if value is not None else None
