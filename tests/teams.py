"""What tests ask about helper threads."""

import threading
import time


def helpers():
    """Those that run or sleep."""
    return [thread for thread in threading.enumerate() if thread.name == "handgrad-helper"]


def all_gone(seconds=30.0):
    """Whether no helper is left: each still has to wake up, and to see that it is not needed."""
    until = time.monotonic() + seconds
    while helpers() and time.monotonic() < until:
        time.sleep(0.01)
    return not helpers()
