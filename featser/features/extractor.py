"""The base class of extractors.

An extractor turns a signal into named float32 values. It is small and can be pickled; whatever it
needs that is heavy is imported or built on first use, in the process that uses it.
:mod:`featser.features.registry` makes extractors by name.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, ClassVar

from featser.audio import DECODER_VERSION, RATE, Signal
from featser.entry_points import EXTRACTORS, distributions_of
from featser.errors import FeatureError
from featser.features.lowlevel.frame_settings import Floats


class Extractor(ABC):
    """Named, versioned, parametrised: a signal in, named float32 values out.

    Attributes
    ----------
    name : str
        Such as ``"handcrafted"``.
    version : int
        Raised whenever a change of the code changes values.
    libraries : tuple of str
        The distributions that compute the values; their versions enter the fingerprint.
    rate : int
        Samples per second of the signals that it takes.
    offset, duration : float or None
        The part of a recording that it wants, in seconds; None for all of it. Whoever reads the
        audio cuts it: the signal given to the extractor is that part already.
    trims : bool
        Whether it wants recordings without leading and trailing silence. Whoever reads the audio
        cuts it, as :func:`featser.audio.silence.trim_silence` does.
    reads_signal : bool
        Whether its values are computed from the signal, and not read from a file of the user's.
    frame_width : int or None
        Where the values are packed frames, the number of descriptors of each; None where they are
        features of the whole utterance.
    in_blocks : bool
        Whether the memory that it takes hardly grows with the length of a recording.
    cost_ms : float
        Roughly what 3.5 s of speech cost on one core, in milliseconds, reading excluded.
    units : str
        The units of the values.
    description : str
        What the values are, in a line.
    """

    name: str
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "soundfile", "soxr")
    rate: int = RATE
    offset: float | None = None
    duration: float | None = None
    trims: bool = False
    reads_signal: bool = True
    frame_width: int | None = None
    in_blocks: bool = False
    cost_ms: float
    units: str
    description: str

    @property
    def spec(self) -> str:
        """What users write: ``make_extractor(extractor.spec) == extractor``."""
        return self.name

    @property
    def label(self) -> str:
        """What its folder in the store begins with: the spec, as a file name can hold it."""
        return self.spec.replace(":", "_")

    @property
    @abstractmethod
    def params(self) -> dict[str, Any]:
        """Everything but the code that the values depend on, as JSON can hold it."""

    @property
    @abstractmethod
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor in the values."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Name of each value; unique, and in an order that never changes within a version."""

    @property
    def dimension(self) -> int:
        """Number of values."""
        return len(self.names)

    @property
    def blocks(self) -> tuple[int, ...]:
        """The number of values in each block, of which a kernel model has one kernel each."""
        return (self.dimension,)

    @abstractmethod
    def __call__(self, signal: Signal) -> Floats:
        """Compute the features.

        Parameters
        ----------
        signal : Signal
            At :attr:`rate`; as long as it is: nothing is padded or cut.

        Returns
        -------
        ndarray of float32, shape (len(names),)
            The values; NaN where one is undefined.

        Raises
        ------
        UnusableAudio
            If the signal is too short for any value.
        FeatureError
            If the signal has another rate.
        """

    def library_versions(self) -> dict[str, str]:
        """Return the versions of all that computes the values, as installed here.

        Returns
        -------
        dict of str to str
            The distributions in :attr:`libraries` and their versions; for an extractor of another
            package, that package as well.

        Raises
        ------
        importlib.metadata.PackageNotFoundError
            If one is not installed.

        Examples
        --------
        >>> from featser.features.registry import make_extractor
        >>> sorted(make_extractor("mfcc").library_versions())
        ['numpy', 'soundfile', 'soxr']
        """
        libraries = {library: version(library) for library in self.libraries}
        return libraries | distributions_of(type(self).__module__, EXTRACTORS)

    def fingerprint(self) -> str:
        """Identity of the values: equal fingerprints, equal values for equal sound.

        Returns
        -------
        str
            16 hexadecimal digits, a hash of name, parameters, code version and the versions of
            the libraries; the same in every process.
        """
        return self._fingerprint

    def definition(self) -> dict[str, Any]:
        """Return what the fingerprint is made of, but for the versions of libraries.

        Returns
        -------
        dict
            Name, code version, version of the decoder, parameters, and which part of a recording is
            read at which rate, as JSON can hold it.

        Examples
        --------
        >>> from featser.features.registry import make_extractor
        >>> definition = make_extractor("rhythm").definition()
        >>> definition["name"], definition["version"]
        ('rhythm', 1)
        """
        return {
            "name": self.name,
            "version": self.version,
            "decoder": DECODER_VERSION,
            "params": self.params,
            "rate": self.rate,
            "offset": self.offset,
            "duration": self.duration,
        }

    @cached_property
    def _fingerprint(self) -> str:
        identity = {**self.definition(), "libraries": self.library_versions()}
        text = json.dumps(identity, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        # The process that loads it may have other versions of the libraries.
        return {key: value for key, value in self.__dict__.items() if key != "_fingerprint"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Extractor) and self._fingerprint == other._fingerprint

    def __hash__(self) -> int:
        return hash(self._fingerprint)

    def __repr__(self) -> str:
        return f"make_extractor({self.spec!r})"

    def _check_rate(self, signal: Signal) -> None:
        if signal.rate != self.rate:
            raise FeatureError(
                f"{self.spec} takes signals at {self.rate} Hz, this one has {signal.rate} Hz: "
                f"use signal.resampled({self.rate})"
            )


@dataclass(frozen=True)
class ExtractorInfo:
    """One row of the list of extractors.

    Attributes
    ----------
    name : str
        What users write.
    title : str
        What it is, in a few words.
    presets : dict of str to int
        The number of values with each preset; empty where there are no presets.
    dimension : int
        The number of values when no preset is named.
    families : tuple of str
        The kinds of descriptor.
    units, description : str
        The units of the values, and what they are.
    rate : int
        Samples per second of the signals.
    cost_ms : float
        Rough milliseconds for 3.5 s of speech on one core.
    package : str
        The distribution that it comes from, with its version; empty for featser's own.
    """

    name: str
    title: str
    presets: dict[str, int]
    dimension: int
    families: tuple[str, ...]
    units: str
    description: str
    rate: int
    cost_ms: float
    package: str = ""
