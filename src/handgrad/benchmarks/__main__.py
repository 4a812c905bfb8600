"""``python -m handgrad.benchmarks WORKLOAD [--against numpy,torch,jax] [--json] [--quick]``."""

import argparse
import sys

from handgrad.benchmarks import WORKLOADS, run
from handgrad.benchmarks.workload import PEERS
from handgrad.errors import HandgradError


def main() -> int:
    """Read the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m handgrad.benchmarks", description="handgrad beside its peers")
    parser.add_argument("workload", help=", ".join(WORKLOADS))
    parser.add_argument("--against", default=",".join(PEERS), help="peers with commas; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that everything works")
    given = parser.parse_args()
    against = tuple(name.strip() for name in given.against.split(",") if name.strip())
    try:
        return run(given.workload, against, json=given.json, quick=given.quick)
    except HandgradError as error:
        print(f"handgrad: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
