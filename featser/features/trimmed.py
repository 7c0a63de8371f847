"""An extractor on recordings without the silence before and after the speech."""

from __future__ import annotations

from typing import Any

from featser.audio import Signal
from featser.errors import FeatureError
from featser.features.extractor import Extractor
from featser.features.lowlevel.frame_settings import Floats
from featser.features.spec_names import TRIM

TRIM_VERSION = 1
"""Raised whenever a change of :mod:`featser.audio.silence` changes what is cut."""


class Trimmed(Extractor):
    """An extractor that wants recordings without leading and trailing silence.

    Whoever reads the audio cuts them, before augmentation and before the part that the extractor
    wants: the signal given to it is cut already.

    Parameters
    ----------
    inner : Extractor
        What computes the values.

    Raises
    ------
    FeatureError
        If its values are not computed from the signal, or it is trimmed already.
    """

    trims = True

    def __init__(self, inner: Extractor) -> None:
        if inner.trims:
            raise FeatureError(f"'{TRIM}:{inner.spec}': it is trimmed already; write it once")
        if not inner.reads_signal:
            raise FeatureError(
                f"'{TRIM}:{inner.spec}': {inner.name} reads finished values from a file, and "
                f"silence cannot be cut from them; leave it out, or extract it without --trim"
            )
        self.inner = inner
        self.name = f"{TRIM}:{inner.name}"
        self.libraries = inner.libraries  # type: ignore[misc]  # those of what computes
        self.rate, self.offset, self.duration = inner.rate, inner.offset, inner.duration
        self.frame_width, self.cost_ms = inner.frame_width, inner.cost_ms
        self.units, self.in_blocks = inner.units, inner.in_blocks
        self.description = f"{inner.description}; without leading and trailing silence"

    @property
    def spec(self) -> str:
        """``trim:`` and the extractor's own."""
        return f"{TRIM}:{self.inner.spec}"

    @property
    def blocks(self) -> tuple[int, ...]:
        """As the extractor has them without trimming."""
        return self.inner.blocks

    @property
    def label(self) -> str:
        """What its folder in the store begins with."""
        return f"{TRIM}_{self.inner.label}"

    @property
    def params(self) -> dict[str, Any]:
        """Those of the extractor, its version, and the version of the trimming."""
        return {"trim": TRIM_VERSION, "version": self.inner.version, "params": self.inner.params}

    def library_versions(self) -> dict[str, str]:
        """Return the versions of all that computes the values of the extractor inside."""
        return self.inner.library_versions()

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the values."""
        return self.inner.families

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each value."""
        return self.inner.names

    def __call__(self, signal: Signal) -> Floats:
        """Compute the features of a signal that is cut already."""
        return self.inner(signal)


def trimmed(extractor: Extractor) -> Extractor:
    """Return an extractor's :class:`Trimmed`; itself where it is one."""
    return extractor if extractor.trims else Trimmed(extractor)
