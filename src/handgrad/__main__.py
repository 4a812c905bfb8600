"""``python -m handgrad``."""

import sys

from handgrad.cli import process

if __name__ == "__main__":
    sys.exit(process())
