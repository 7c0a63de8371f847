"""Tasks that succeed or fail, as the argument selects."""

from __future__ import annotations

import ctypes
import os
import signal
import time

import numpy as np

from featser.workers.task import Step


def act(argument: str, begin: Step) -> object:
    """Do what the argument names."""
    begin("acting", 0.0)
    if argument == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif argument == "hang":
        ctypes.PyDLL(None).sleep(3600)  # in C, without returning to Python
    elif argument == "raise":
        raise ValueError("two\nlines")
    elif argument.startswith("allocate "):
        return int(np.ones(int(argument.split()[1]) << 20, np.uint8).sum())
    elif argument == "pid":
        return os.getpid()
    return argument


def start_slowly(argument: float, begin: Step) -> float:
    """Take longer to start than the time limit of a step."""
    begin("preparing", 0.0, 60.0)
    time.sleep(argument)
    begin("acting", 0.0)
    return argument
