"""openSMILE's eGeMAPS and ComParE functionals, with its C library's own values.

The ``opensmile`` package builds a new engine for every call and wraps its result in pandas
objects. Here one engine for each thread is built once, and reset after each signal; a reset gives
the same values as a new engine, bit for bit. Engines stay in the process that built them: only
the name of the feature set is pickled.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar
from weakref import finalize

import numpy as np

from featser.audio import PEAK, Signal
from featser.errors import FeatureError, UnusableAudio, unknown
from featser.features.extractor import Extractor
from featser.features.lowlevel.frame_settings import Floats

_SETS: dict[str, tuple[str, int, float, str, tuple[str, ...]]] = {
    "egemaps": (
        "eGeMAPSv02",
        88,
        40.0,
        "semitones, Hz, dB, ratios, 1/s",
        ("f0", "loudness", "formants", "voice quality", "spectral", "mfcc", "rhythm"),
    ),
    "compare": (
        "ComParE_2016",
        6373,
        40.0,
        "Hz, dB, ratios",
        ("f0", "loudness", "voice quality", "spectral", "mfcc", "rms", "zcr"),
    ),
}
_DESCRIPTIONS = {
    "egemaps": "extended Geneva minimalistic acoustic parameter set (Eyben et al. 2016), openSMILE",
    "compare": "ComParE 2016 challenge set (Schuller et al. 2016), openSMILE",
}


class OpenSmile(Extractor):
    """Functionals of one of openSMILE's standard sets.

    Parameters
    ----------
    name : str
        ``"egemaps"`` (eGeMAPSv02, 88 values) or ``"compare"`` (ComParE_2016, 6373 values).

    Raises
    ------
    FeatureError
        If there is no such set.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "opensmile", "soundfile", "soxr")

    def __init__(self, name: str) -> None:
        if name not in _SETS:
            raise FeatureError(unknown("openSMILE feature set", name, _SETS))
        self.name = name
        self._set, self._dimension, self.cost_ms, self.units, self._families = _SETS[name]
        self.description = _DESCRIPTIONS[name]

    @property
    def params(self) -> dict[str, Any]:
        """Feature set and level, in openSMILE's words."""
        return {"feature_set": self._set, "feature_level": "Functionals"}

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the set."""
        return self._families

    @property
    def dimension(self) -> int:
        """Number of values, known without openSMILE."""
        return self._dimension

    @property
    def names(self) -> tuple[str, ...]:
        """Names as in openSMILE, after the set's and a dot; the first call loads openSMILE."""
        return _names(self.name)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the set's functionals.

        The samples become 16-bit integers as in the ``opensmile`` package: times 32768,
        truncated. Where openSMILE gives NaN, so does this.

        Raises
        ------
        UnusableAudio
            If the signal is too short for openSMILE to give a result.
        FeatureError
            If the signal has another rate, or samples outside [−1, 32767/32768], which 16 bits
            would wrap.
        """
        self._check_rate(signal)
        rows = _run(self.name, _pcm(signal), self.rate)
        if not rows:
            raise UnusableAudio(
                "signal",
                f"too short for {self.name}: openSMILE gives no result for "
                f"{1000 * signal.seconds:.0f} ms",
            )
        return rows[0]


def _pcm(signal: Signal) -> bytes:
    samples = np.asarray(signal.samples, np.float32)
    low, high = samples.min(), samples.max()
    # Written so that NaN fails too.
    if not (low >= -1 and high <= PEAK):
        raise FeatureError(
            f"samples from {low:.6g} to {high:.6g}: openSMILE takes −1 to 32767/32768; "
            f"use signal.resampled({signal.rate}), which scales them"
        )
    return (samples * np.float32(32768)).astype(np.int16).tobytes()


def egemaps() -> OpenSmile:
    """Return the extractor ``egemaps``."""
    return OpenSmile("egemaps")


def compare() -> OpenSmile:
    """Return the extractor ``compare``."""
    return OpenSmile("compare")


class _Engine:
    """One openSMILE pipeline, used by one thread of one process."""

    def __init__(self, name: str, rate: int) -> None:
        from opensmile.core.config import config
        from opensmile.core.define import FeatureLevel, FeatureSet
        from opensmile.core.lib import OpenSMILE

        self._config = config
        self._smile = OpenSMILE()
        folder = config_folder()
        self._smile.initialize(
            str(folder / (FeatureSet[_SETS[name][0]].value + config.CONFIG_EXT)),
            {
                "source": folder / config.EXTERNAL_INPUT_CONFIG,
                "sink": folder / config.EXTERNAL_OUTPUT_SINGLE_CONFIG,
                "sinkLevel": FeatureLevel.Functionals.value,
                "bufferModeRbConf": folder / "shared/BufferModeRb.conf.inc",
                "frameModeFunctionalsConf": folder / "shared/FrameModeFunctionals.conf.inc",
                "sampleRate": rate,
                "nBits": 16,
            },
            loglevel=0,
        )
        self.fresh = True
        self._resetting: threading.Thread | None = None
        finalize(self, _free, self._smile, os.getpid())

    def names(self) -> tuple[str, ...]:
        """Names of the values of the last level."""
        sink = self._config.EXTERNAL_OUTPUT_COMPONENT
        count = self._smile.external_sink_get_num_elements(sink)
        return tuple(self._smile.external_sink_get_element_name(sink, i) for i in range(count))

    def run(self, pcm: bytes) -> list[Floats]:
        """Return the rows of values for a signal of 16-bit samples: one, or none if too short."""
        source = self._config.EXTERNAL_SOURCE_COMPONENT
        sink = self._config.EXTERNAL_OUTPUT_COMPONENT
        rows: list[Floats] = []
        self.fresh = False
        # The package keeps every callback ever set; after a reset the old one is never called.
        self._smile._callbacks.clear()
        self._smile.external_sink_set_callback_ex(
            sink, lambda values, _: rows.append(values.ravel().copy())
        )
        if not self._smile.external_audio_source_write_data(source, pcm):
            raise UnusableAudio(
                "signal", f"openSMILE does not take {len(pcm) // 2} samples at once"
            )
        self._smile.external_audio_source_set_eoi(source)
        self._smile.run()
        # A reset costs a tenth of a run (ComParE: half) and leaves Python free: where a core is
        # idle, the caller reads the next recording meanwhile.
        self._resetting = threading.Thread(target=self._reset)
        self._resetting.start()
        return rows

    def wait(self) -> bool:
        """Wait for the reset, and return whether it made the engine as good as new."""
        if self._resetting is not None:
            self._resetting.join()
            self._resetting = None
        return self.fresh

    def _reset(self) -> None:
        self._smile.reset()
        self.fresh = True


def _free(smile: Any, process: int) -> None:
    # A fork copies engines, perhaps in the midst of a reset: only their own process frees them.
    if os.getpid() == process:
        smile.free()


_here = threading.local()


def _run(name: str, pcm: bytes, rate: int) -> list[Floats]:
    """Run this thread's engine, built when there is none, or none that can be used again."""
    engines: dict[tuple[str, int, int], _Engine] = _here.__dict__.setdefault("engines", {})
    key = (name, rate, os.getpid())
    if key not in engines or not engines[key].wait():
        engines[key] = _Engine(name, rate)
    return engines[key].run(pcm)


@lru_cache(maxsize=2)
def _names(name: str) -> tuple[str, ...]:
    return tuple(f"{name}.{value}" for value in _Engine(name, OpenSmile.rate).names())


def config_folder() -> Path:
    """Return the folder with the configuration files that the ``opensmile`` package brings."""
    import opensmile.core.config

    return Path(opensmile.core.config.__file__).parent / "config"
