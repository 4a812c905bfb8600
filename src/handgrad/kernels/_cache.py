"""Where compiled kernels are kept: a directory for every version of their sources."""

import hashlib
import os
from pathlib import Path


def sources_hash() -> str:
    """A hash of every source that is compiled in: a cached kernel goes stale when a helper in ANOTHER file changes."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *(here.parent / "layers").glob("*.py")]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory(base: str, mark: str = "") -> Path | None:
    """A folder of ``base``, or else of the user's cache, whose name ends in ``mark``; None where no such folder can be
    written."""
    from platformdirs import user_cache_path

    path = (Path(base) if base else user_cache_path("handgrad")) / f"kernels-{sources_hash()}{mark}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".writable-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return None
    return path
