"""From a signal to named values: extractors, the table of their names, and a transformer.

Import :class:`Extractor`, :func:`make_extractor`, :func:`make_extractors`,
:func:`list_extractors`, :class:`AudioFeatures` and :func:`extract_features` from here. It may
import from ``corpora``, ``audio`` and the layers below, and never from ``models``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from featser.features.extractor import Extractor, ExtractorInfo
from featser.features.registry import list_extractors, make_extractor, make_extractors

if TYPE_CHECKING:
    from featser.features.audio_features import AudioFeatures, extract_features

__all__ = [
    "AudioFeatures",
    "Extractor",
    "ExtractorInfo",
    "extract_features",
    "list_extractors",
    "make_extractor",
    "make_extractors",
]


def __getattr__(name: str) -> Any:
    if name in ("AudioFeatures", "extract_features"):  # they import scikit-learn
        return getattr(import_module("featser.features.audio_features"), name)
    raise AttributeError(f"module 'featser.features' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
