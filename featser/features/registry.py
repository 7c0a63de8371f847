"""The extractors by name: one row each, from which help, errors and lists are derived.

A new extractor is one module and one row of :data:`ROWS`. A row names its maker as text, so that a
module is imported only when its extractor is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from featser.errors import FeatureError, unknown
from featser.features.extractor import Extractor, ExtractorInfo
from featser.features.lowlevel.functionals import DEFAULT_PRESET, PRESETS
from featser.features.spec_names import DEFAULT, TRIM, with_default_named
from featser.features.third_party import (
    list_third_party,
    third_party_extractor,
    third_party_names,
)
from featser.features.trimmed import Trimmed, trimmed

Kind = Literal["families", "family", "set", "file"]

_SETS = "featser.features.sets"
_EMBEDDINGS = "featser.features.embeddings"
_HANDCRAFTED = f"{_SETS}.handcrafted"


@dataclass(frozen=True)
class Row:
    """One extractor of the table.

    Attributes
    ----------
    name : str
        What users write.
    title : str
        What it is, in a few words.
    maker : str
        ``"module:function"``, or a class. Its arguments depend on the kind; it returns the
        extractor.
    kind : {'families', 'family', 'set', 'file'}
        ``family`` is one family of descriptors: its maker takes the names of families, which users
        join by ``+``, and a preset of functionals. ``families`` is a choice of several: its maker
        takes a preset. ``set`` is complete: its maker takes nothing. ``file`` reads a file of the
        user's: its maker has a method ``parsed``, which takes the text after the colon.
    """

    name: str
    title: str
    maker: str
    kind: Kind

    @property
    def has_presets(self) -> bool:
        """Whether users can choose a preset of functionals."""
        return self.kind in ("families", "family")

    def load(self) -> Any:
        """Import the maker."""
        module, _, maker = self.maker.partition(":")
        return getattr(import_module(module), maker)


def _family(name: str, title: str) -> Row:
    return Row(name, title, f"{_HANDCRAFTED}:Handcrafted", "family")


ROWS = (
    Row("handcrafted", "all families but mel", f"{_HANDCRAFTED}:handcrafted", "families"),
    _family("mfcc", "mel-frequency cepstral coefficients"),
    _family("zcr", "zero-crossing rate"),
    _family("rms", "root mean square energy"),
    _family("chroma", "pitch classes"),
    _family("mel", "power in mel bands"),
    _family("logmel", "level in mel bands"),
    _family("spectral", "shape of the spectrum"),
    Row("gemaps", "eGeMAPS, computed by featser", f"{_SETS}.gemaps_set:Gemaps", "set"),
    Row(
        "gemaps-contours",
        "more statistics of the eGeMAPS contours",
        f"{_SETS}.gemaps_contours:GemapsContours",
        "set",
    ),
    Row("voice", "course of pitch, voice quality", f"{_SETS}.voice_quality:Voice", "set"),
    Row("rhythm", "envelope, pauses, rates", f"{_SETS}.rhythm:Rhythm", "set"),
    Row("timbre", "spectral shape of voiced frames", f"{_SETS}.timbre:Timbre", "set"),
    Row("covariance", "which contours move together", f"{_SETS}.covariance:Covariance", "set"),
    Row("modulation", "how fast mel levels change", f"{_SETS}.modulation:Modulation", "set"),
    Row("contrasts", "loud and quiet, thirds of time", f"{_SETS}.contrasts:Contrasts", "set"),
    Row("rocket", "random convolution kernels", f"{_SETS}.rocket:Rocket", "set"),
    Row("frames", "log-mel frames, for models in time", f"{_SETS}.frame_descriptors:Frames", "set"),
    Row("pyramid", "statistics within windows", f"{_SETS}.pyramid:Pyramid", "set"),
    Row("tarma", "linear prediction that varies in time", f"{_SETS}.tarma:Tarma", "set"),
    Row("tar", "tarma without its moving average", f"{_SETS}.tarma:tar", "set"),
    Row("static-ar", "tarma without movement", f"{_SETS}.tarma:static_ar", "set"),
    Row("bangla166", "a published system for Bangla", f"{_SETS}.bangla166:Bangla166", "set"),
    Row("egemaps", "eGeMAPSv02 by openSMILE", f"{_SETS}.opensmile_sets:egemaps", "set"),
    Row("compare", "ComParE 2016 by openSMILE", f"{_SETS}.opensmile_sets:compare", "set"),
    Row(
        "onnx-embedding",
        "a network in an ONNX file",
        f"{_EMBEDDINGS}.onnx_embedding:OnnxEmbedding",
        "file",
    ),
    Row(
        "table-embedding",
        "finished values in a table",
        f"{_EMBEDDINGS}.table_embedding:TableEmbedding",
        "file",
    ),
)
"""All extractors of featser, in the order in which they are listed."""

_BY_NAME = {row.name: row for row in ROWS}
_OWN_NAMES = frozenset((*_BY_NAME, TRIM, DEFAULT))
FAMILY_NAMES = tuple(row.name for row in ROWS if row.kind == "family")
"""The families of descriptors, which can be joined by ``+``."""

FILE_EXTRACTORS = tuple(row.name for row in ROWS if row.kind == "file")
"""The extractors that take a file: ``NAME:PATH?KEY=VALUE,KEY=VALUE``."""


def extractor_names() -> tuple[str, ...]:
    """Return the names of featser's extractors that need no file.

    Examples
    --------
    >>> extractor_names()[:3]
    ('handcrafted', 'mfcc', 'zcr')
    """
    return tuple(row.name for row in ROWS if row.kind != "file")


def make_extractor(spec: str) -> Extractor:
    """Make the extractor that a spec names.

    Parameters
    ----------
    spec : str
        ``NAME``, one of :func:`extractor_names`, such as ``gemaps``. Handcrafted extractors
        (``handcrafted``, and families, alone or joined by ``+``) take a preset of functionals:
        ``NAME:PRESET``, with ``basic``, ``standard`` (the default) or ``full``. One of
        :data:`FILE_EXTRACTORS` takes a file and settings: ``NAME:PATH?KEY=VALUE,KEY=VALUE``.
        Other packages offer further names, by the entry point group ``featser.extractors``.
        ``trim:SPEC`` is any of them on recordings without leading and trailing silence.

    Returns
    -------
    Extractor
        With ``make_extractor(extractor.spec) == extractor``.

    Raises
    ------
    FeatureError
        If the name or the preset does not exist, a file or a setting is not right, or an
        extractor of another package cannot be used.

    Examples
    --------
    >>> make_extractor("mfcc:basic").names[:2]
    ('mfcc_00.mean', 'mfcc_00.std')
    """
    name, colon, argument = spec.partition(":")
    extractor: Extractor
    if name == DEFAULT:
        raise FeatureError(f"'{spec}' stands for several extractors: name one of them")
    if name == TRIM and colon:
        return Trimmed(make_extractor(argument))
    if "+" in name:
        row, families = _BY_NAME[FAMILY_NAMES[0]], _checked_families(name.split("+"))
    elif name in _BY_NAME:
        row, families = _BY_NAME[name], [name]
    else:
        return _third_party(name, spec)
    if row.kind == "file":
        extractor = row.load().parsed(argument)
    elif row.kind == "set":
        if colon:
            raise FeatureError(_no_presets(spec, name))
        extractor = row.load()()
    else:
        preset = _checked_preset(name, argument) if colon else DEFAULT_PRESET
        maker = row.load()
        extractor = maker(preset) if row.kind == "families" else maker(families, preset)
    return extractor


def _third_party(name: str, spec: str) -> Extractor:
    extractor = third_party_extractor(name, _OWN_NAMES)
    if extractor is None:
        valid = (*_BY_NAME, DEFAULT, *third_party_names())
        raise FeatureError(unknown("extractor", name, valid))
    if spec != name:
        raise FeatureError(_no_presets(spec, name))
    return extractor


def _no_presets(spec: str, name: str) -> str:
    return f"'{spec}': {name} has no presets; write '{name}'"


def _checked_families(families: list[str]) -> list[str]:
    for family in families:
        if family not in FAMILY_NAMES:
            raise FeatureError(unknown("family", family, FAMILY_NAMES))
    return families


def _checked_preset(name: str, preset: str) -> str:
    if preset not in PRESETS:
        raise FeatureError(unknown(f"preset of '{name}'", preset, PRESETS))
    return preset


def make_extractors(specs: Iterable[str]) -> list[Extractor]:
    """Make the extractors that specs name, each once, however often and however it is written.

    Parameters
    ----------
    specs : iterable of str
        As :func:`make_extractor` reads them, and ``default`` for all default extractors.

    Returns
    -------
    list of Extractor
        In the order in which they are named first.

    Raises
    ------
    FeatureError
        As :func:`make_extractor`, or if ``default`` is given a preset.

    Examples
    --------
    >>> make_extractors(["mfcc", "rhythm", "mfcc:standard"])
    [make_extractor('mfcc:standard'), make_extractor('rhythm')]
    """
    return list(dict.fromkeys(map(make_extractor, with_default_named(specs))))


def trimmed_specs(specs: Iterable[str]) -> tuple[str, ...]:
    """Return the specs of the same extractors on recordings without the silence around the speech.

    Raises
    ------
    FeatureError
        If an extractor does not exist, or cannot be trimmed.

    Examples
    --------
    >>> trimmed_specs(["gemaps", "trim:mfcc:basic"])
    ('trim:gemaps', 'trim:mfcc:basic')
    """
    return tuple(trimmed(make_extractor(spec)).spec for spec in with_default_named(specs))


def list_extractors() -> tuple[ExtractorInfo, ...]:
    """Return the extractors to choose from: featser's, and those of other installed packages.

    No library that computes is imported for featser's own. Extractors of other packages that
    cannot be used are left out; :func:`extractor_problems` says why.

    Examples
    --------
    >>> [info.name for info in list_extractors() if info.name.startswith("e")]
    ['egemaps']
    """
    own = [_info(row) for row in ROWS if row.kind != "file"]
    others, _ = list_third_party(_OWN_NAMES)
    return (*own, *others)


def extractor_problems() -> tuple[str, ...]:
    """Return one message for each extractor of another package that cannot be used.

    Examples
    --------
    >>> extractor_problems()
    ()
    """
    _, problems = list_third_party(_OWN_NAMES)
    return tuple(problems)


def _info(row: Row) -> ExtractorInfo:
    extractor = make_extractor(row.name)
    presets = PRESETS if row.has_presets else ()
    return ExtractorInfo(
        name=row.name,
        title=row.title,
        presets={preset: make_extractor(f"{row.name}:{preset}").dimension for preset in presets},
        dimension=extractor.dimension,
        families=extractor.families,
        units=extractor.units,
        description=extractor.description,
        rate=extractor.rate,
        cost_ms=extractor.cost_ms,
    )
