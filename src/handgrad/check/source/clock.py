"""The clock of the search for an edit: what this thread has computed, so that a busy machine finds what an idle one
does.

The time limit that a user gives is another matter: it holds by the clock on the wall (``limits.py``, ``scenario.py``).
"""

from time import thread_time


def now() -> float:
    """Seconds that this thread has computed."""
    return thread_time()
