"""Faults for marked recordings, whose number of samples selects the fault.

Every Python whose module path begins with this file's folder loads it, worker processes among
them. Faults of the extractor affect only ``mfcc``.
"""

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np
import soundfile

from featser.audit.measure import examination
from featser.extraction import compute
from featser.features.sets.handcrafted import Handcrafted

ONCE = Path(__file__).parent / "happened"


def once() -> None:
    if not ONCE.exists():
        ONCE.touch()
        os.kill(os.getpid(), signal.SIGSEGV)


def loop() -> None:
    while True:
        pass


def fail() -> None:
    raise ZeroDivisionError("a bug")


IN_EXTRACTOR = {
    5001: lambda: os.kill(os.getpid(), signal.SIGSEGV),
    5002: lambda: ctypes.string_at(0),  # reads address 0
    5003: os.abort,
    5004: lambda: os.kill(os.getpid(), signal.SIGKILL),  # as when the memory runs out
    5005: lambda: os._exit(7),
    5006: once,
    5007: loop,
    5008: lambda: ctypes.PyDLL(None).sleep(3600),  # in C, without releasing the GIL
    5009: fail,
    5010: lambda: print("said by the extractor", flush=True),
    5011: lambda: time.sleep(0.1),
}
IN_DECODER = {
    5021: IN_EXTRACTOR[5001],
    5022: fail,
    5023: lambda: np.ones(1 << 45),  # 256 TiB
    5024: IN_EXTRACTOR[5008],
    5025: once,
    5026: lambda: time.sleep(0.1),
}

ordinary_call, ordinary_decode = Handcrafted.__call__, compute.decode


called = set()


def call(self, signal):
    if self.name == "rms" and self.name not in called:
        called.add(self.name)
        time.sleep(1.5)  # as when it is compiled
    if self.name == "mfcc" and signal.samples.size in IN_EXTRACTOR:
        IN_EXTRACTOR[signal.samples.size]()
    return ordinary_call(self, signal)


def decode(file, *place):
    frames = soundfile.info(file).frames
    if frames in IN_DECODER:
        IN_DECODER[frames]()
    return ordinary_decode(file, *place)


Handcrafted.__call__ = call
compute.decode = decode
examination.decode = decode
