"""Where a run was made: versions, processor, BLAS. It goes into ``environment.json`` and beside measured times."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from handgrad.cores import usable_cores

_PACKAGES = ("numpy", "numba", "scipy", "scikit-learn", "matplotlib")


def environment() -> dict[str, Any]:
    """Versions of handgrad, Python and the packages that compute; system, processor, cores of this process, BLAS."""
    from handgrad import __version__

    return {
        "handgrad": __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "processor": processor_name(),
        "cores": len(usable_cores()),
        "blas": _blas_name(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor_name() -> str:
    """The name that the processor's maker gave it, else its architecture."""
    try:
        if sys.platform == "linux":
            for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        elif sys.platform == "darwin":
            answer = subprocess.run(
                ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, timeout=5
            )
            if answer.returncode == 0 and answer.stdout.strip():
                return answer.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()


def _blas_name() -> str:
    """The BLAS that NumPy was built with."""
    import numpy

    built: Any = numpy.show_config(mode="dicts")
    blas = (built or {}).get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
