"""What an extractor is, and how one is had by name.

An extractor turns a signal into named float32 values. It is small and can be pickled; whatever it
needs that is heavy is imported or built on first use, in the process that uses it.
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
from featser.errors import FeatureError, unknown
from featser.features.descriptors import FAMILIES
from featser.features.functionals import PRESETS
from featser.features.spectrum import Floats

DEFAULT_PRESET = "standard"


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
    frame_width : int or None
        Where the values are packed frames, the number of descriptors of each; None where they are
        features of the whole utterance.
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
    frame_width: int | None = None
    cost_ms: float
    units: str
    description: str

    @property
    def spec(self) -> str:
        """What the user types: :func:`make_extractor` makes this extractor of it."""
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

    def fingerprint(self) -> str:
        """Identity of the values: equal fingerprints, equal values for equal sound.

        Returns
        -------
        str
            16 hexadecimal digits, a hash of name, parameters, code version and the versions of
            the libraries; the same in every process.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        identity = {
            "name": self.name,
            "version": self.version,
            "decoder": DECODER_VERSION,
            "params": self.params,
            "rate": self.rate,
            "offset": self.offset,
            "duration": self.duration,
            "libraries": {library: version(library) for library in self.libraries},
        }
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
    """A line of the list of extractors.

    Attributes
    ----------
    name : str
        What the user types.
    presets : dict of str to int
        The number of values under each preset; empty where there are no presets.
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
    """

    name: str
    presets: dict[str, int]
    dimension: int
    families: tuple[str, ...]
    units: str
    description: str
    rate: int
    cost_ms: float


HANDCRAFTED = "handcrafted"
OTHERS = {
    "gemaps": "featser.features.gemaps.extractor:Gemaps",
    "gemaps-contours": "featser.features.gemaps_contours:GemapsContours",
    "voice": "featser.features.voice:Voice",
    "rhythm": "featser.features.rhythm:Rhythm",
    "timbre": "featser.features.timbre:Timbre",
    "covariance": "featser.features.covariance:Covariance",
    "modulation": "featser.features.modulation:Modulation",
    "contrasts": "featser.features.contrasts:Contrasts",
    "frames": "featser.features.frames:Frames",
    "pyramid": "featser.features.pyramid:Pyramid",
    "tarma": "featser.features.tarma:Tarma",
    "tar": "featser.features.tarma:tar",
    "static-ar": "featser.features.tarma:static_ar",
    "bangla166": "featser.features.bangla166:Bangla166",
    "egemaps": "featser.features.opensmile:egemaps",
    "compare": "featser.features.opensmile:compare",
}
"""Extractors without presets: name → what makes it, imported only when it is asked for."""

PLUGINS = {
    "onnx-embedding": "featser.features.onnx_embedding:OnnxEmbedding",
    "table-embedding": "featser.features.table_embedding:TableEmbedding",
}
"""Extractors of a file of the user's: name → the class, whose ``parsed`` makes one."""


def extractor_names() -> tuple[str, ...]:
    """Return the names that :func:`make_extractor` knows."""
    return (HANDCRAFTED, *FAMILIES, *OTHERS)


def make_extractor(spec: str) -> Extractor:
    """Make the extractor that a spec names.

    Parameters
    ----------
    spec : str
        ``NAME`` or ``NAME:PRESET``. Names: ``handcrafted`` (all families with log-mel in place of
        mel), a family (``mfcc``, ``zcr``, ``rms``, ``chroma``, ``mel``, ``logmel``,
        ``spectral``) or several joined by ``+``, or a key of :data:`OTHERS`, such as ``gemaps``.
        Presets, for handcrafted ones: ``basic``, ``standard`` (the default), ``full``. A key of
        :data:`PLUGINS` takes a file and settings: ``NAME:PATH?KEY=VALUE,KEY=VALUE``.

    Returns
    -------
    Extractor
        With ``make_extractor(extractor.spec) == extractor``.

    Raises
    ------
    FeatureError
        If the name or the preset does not exist, or a plug-in's file or setting is not right.

    Examples
    --------
    >>> make_extractor("mfcc:basic").names[:2]
    ('mfcc_00.mean', 'mfcc_00.std')
    """
    name, colon, preset = spec.partition(":")
    if name in PLUGINS:
        plugin: Extractor = _made_by(PLUGINS[name]).parsed(preset)
        return plugin
    if name in OTHERS:
        if colon:
            raise FeatureError(f"'{spec}': {name} has no presets; write '{name}'")
        other: Extractor = _made_by(OTHERS[name])()
        return other
    parts = tuple(name.split("+"))
    if parts != (HANDCRAFTED,):
        names = (*extractor_names(), *PLUGINS)
        valid, what = (names, "extractor") if len(parts) == 1 else (FAMILIES, "family")
        for part in parts:
            if part not in FAMILIES:
                raise FeatureError(unknown(what, part, valid))
    if colon and preset not in PRESETS:
        raise FeatureError(unknown(f"preset of '{name}'", preset, PRESETS))
    from featser.features.handcrafted import ALL_FAMILIES, Handcrafted

    families = ALL_FAMILIES if parts == (HANDCRAFTED,) else parts
    return Handcrafted(families, preset or DEFAULT_PRESET)


def _made_by(place: str) -> Any:
    from importlib import import_module

    module, _, maker = place.partition(":")
    return getattr(import_module(module), maker)


def list_extractors() -> tuple[ExtractorInfo, ...]:
    """Return what there is to choose from; imports no library that computes.

    Examples
    --------
    >>> [info.name for info in list_extractors() if info.name.startswith("e")]
    ['egemaps']
    """
    return tuple(_info(name) for name in extractor_names())


def _info(name: str) -> ExtractorInfo:
    extractor = make_extractor(name)
    presets = {}
    if name not in OTHERS:
        presets = {preset: make_extractor(f"{name}:{preset}").dimension for preset in PRESETS}
    return ExtractorInfo(
        name=name,
        presets=presets,
        dimension=extractor.dimension,
        families=extractor.families,
        units=extractor.units,
        description=extractor.description,
        rate=extractor.rate,
        cost_ms=extractor.cost_ms,
    )
