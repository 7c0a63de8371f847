"""What computed the features of a table, and whether an extractor of today computes the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featser.features.extractor import Extractor


@dataclass(frozen=True)
class FeatureOrigin:
    """The extractor that computed some features.

    Attributes
    ----------
    spec : str
        What users write.
    dimension : int
        The number of values.
    definition : dict
        As :meth:`featser.features.Extractor.definition` returns it.
    libraries : dict of str to str
        The versions of the libraries that computed the values.
    fingerprint : str
        As :meth:`featser.features.Extractor.fingerprint` returns it.

    Examples
    --------
    >>> from featser.features.registry import make_extractor
    >>> origin = FeatureOrigin.of(make_extractor("rhythm"))
    >>> origin.difference(make_extractor("rhythm"))
    ''
    """

    spec: str
    dimension: int
    definition: Mapping[str, Any]
    libraries: Mapping[str, str]
    fingerprint: str

    @classmethod
    def of(cls, extractor: Extractor) -> FeatureOrigin:
        """Return the origin of features that an extractor computes here and now."""
        return cls(
            extractor.spec,
            extractor.dimension,
            json.loads(json.dumps(extractor.definition())),
            extractor.library_versions(),
            extractor.fingerprint(),
        )

    def difference(self, extractor: Extractor) -> str:
        """Return why an extractor computes other features; empty if its code computes the same.

        Versions of libraries do not count: they change values by rounding errors.

        Parameters
        ----------
        extractor : Extractor
            The one that is in use.

        Returns
        -------
        str
            Such as ``"version 1, in use is version 2"``.
        """
        ours = FeatureOrigin.of(extractor)
        for name, what in (("version", "version"), ("decoder", "version of the decoder")):
            if self.definition.get(name) != ours.definition[name]:
                return (
                    f"{what} {self.definition.get(name)}, in use is {what} {ours.definition[name]}"
                )
        for name, value in ours.definition.items():
            if self.definition.get(name) != value:
                return f"other values of '{name}'"
        if self.dimension != ours.dimension:
            return f"{self.dimension} values, in use are {ours.dimension}"
        return ""

    def library_changes(self, extractor: Extractor) -> list[str]:
        """Return the libraries that have another version here.

        Parameters
        ----------
        extractor : Extractor
            The one that is in use.

        Returns
        -------
        list of str
            Such as ``"numpy 2.2.0 (here 2.4.1)"``.
        """
        here = extractor.library_versions()
        return [
            f"{library} {self.libraries.get(library, 'of unknown version')} (here {version})"
            for library, version in here.items()
            if self.libraries.get(library) != version
        ]
