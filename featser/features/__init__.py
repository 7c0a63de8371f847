"""From a signal to named values: extractors, the table of their names, and a transformer.

Import :class:`Extractor`, :func:`make_extractor`, :func:`make_extractors`,
:func:`list_extractors`, :class:`AudioFeatures` and :func:`extract_features` from here. It may
import from ``corpora``, ``audio`` and the layers below, and never from ``models``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featser.features.audio_features import AudioFeatures, extract_features
    from featser.features.extractor import Extractor, ExtractorInfo
    from featser.features.registry import list_extractors, make_extractor, make_extractors

__all__ = [
    "AudioFeatures",
    "Extractor",
    "ExtractorInfo",
    "extract_features",
    "list_extractors",
    "make_extractor",
    "make_extractors",
]

_MODULES = {
    "AudioFeatures": "audio_features",
    "extract_features": "audio_features",
    "Extractor": "extractor",
    "ExtractorInfo": "extractor",
}
"""Where names are, if not in the registry. They are imported on first use: the command line needs
the names of extractors of other packages, and neither numpy nor scikit-learn for that."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'registry')}"), name)
    raise AttributeError(f"module 'featser.features' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
