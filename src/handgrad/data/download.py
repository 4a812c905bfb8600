"""Files from the network, with known SHA-256: mirrors in turn, whole files or none, and no long wait without a network.

pooch downloads to a temporary name beside the target, compares the SHA-256, and renames: a process that is killed, or
a second one that downloads the same at the same time, never leaves a file that is not whole.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from handgrad.errors import InputError

_ANSWER_SECONDS = 6.0  # until a mirror must have answered, names looked up and all its addresses tried
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 10.0  # for one address; between two pieces of a file


def download(
    what: str,
    folder: Path,
    mirrors: Sequence[str],
    sha256: Mapping[str, str],
    advice: str,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Put every file of ``sha256`` (name to checksum) into ``folder``, from the first of ``mirrors`` that has it.

    A mirror is the part of the URL before the file's name. Files that are already there, with the right checksum, are
    kept. ``announce`` is called with a line when a mirror begins. ``advice`` ends the error's sentence about ``what``.

    Raises ``InputError``: no mirror gave all files (with a reason for each), or the folder cannot be written.
    """
    import pooch

    downloader = pooch.HTTPDownloader(timeout=(_CONNECT_SECONDS, _READ_SECONDS), chunk_size=1 << 16)
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # pooch reports each file; announce says it once
    reasons = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            host = urlsplit(mirror).hostname
            reason = _no_answer(downloader, mirror + next(iter(sha256)))
            if reason is None:
                if announce is not None:
                    announce(f"downloading {what} from {host} to {folder}")
                reason = _fetch(mirror, folder, sha256, downloader)
            if reason is None:
                return
            reasons.append(f"{host}: {reason}")
    except OSError as error:
        cause = error.strerror or "no permission"
        raise InputError(f"{what} cannot be downloaded to {folder} ({cause}); {advice}") from None
    finally:
        logger.setLevel(level)
    raise InputError(
        f"there is no copy of {what} on this machine, and none could be downloaded ({'; '.join(reasons)}); {advice}"
    )


def _no_answer(downloader: Any, url: str) -> str | None:
    """Why the mirror cannot be reached, or None.

    Asked in a thread that is left behind: neither the look-up of a name nor a host's row of dead addresses keeps to a
    timeout. Any answer will do, a refusal too: the download then says what is wrong.
    """
    failures: list[Exception] = []

    def ask() -> None:
        try:
            downloader(url, None, None, check_only=True)
        except Exception as error:
            failures.append(error)

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_ANSWER_SECONDS)
    if thread.is_alive():
        return f"no answer within {_ANSWER_SECONDS:g} s"
    return "no connection" if failures else None


def _fetch(mirror: str, folder: Path, sha256: Mapping[str, str], downloader: Any) -> str | None:
    """Get all files from one mirror: None, or why it did not work. Raises ``OSError`` where the disk is the reason."""
    import pooch

    for name, digest in sha256.items():
        try:
            pooch.retrieve(mirror + name, known_hash=f"sha256:{digest}", fname=name, path=folder, downloader=downloader)
        except OSError as error:
            # requests' exceptions are OSErrors without a number, the system's have one
            if error.errno is not None or isinstance(error, PermissionError):
                raise
            status = getattr(getattr(error, "response", None), "status_code", None)
            return f"the connection broke off at {name}" if status is None else f"HTTP status {status} for {name}"
        except ValueError:
            return f"its {name} has another SHA-256"
    return None
