"""The process of the command ``handgrad``, and of ``python -m handgrad``. It imports nothing that it can be interrupted
in."""

import gc
import sys


def process() -> int:
    """Run the command line and return the exit code."""
    try:
        from handgrad.cli import main
    except KeyboardInterrupt:
        print("handgrad: interrupted", file=sys.stderr)
        return 130
    code = main()
    gc.freeze()  # Python would go through all objects once more, which takes a third of a second with Numba loaded
    return code


if __name__ == "__main__":
    sys.exit(process())
