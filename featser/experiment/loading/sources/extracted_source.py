"""What an extraction has read, and how the command line names it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from featser.corpora.labelling.label_map import Classes
from featser.corpora.labelling.name_pattern import is_pattern
from featser.credentials import without_credentials
from featser.experiment.declaration.value_checks import MANIFEST, PATTERNED

REMEMBERED = 10
"""Earlier extractions that a store remembers."""


@dataclass(frozen=True)
class ExtractedSource:
    """What an extraction into a store has read.

    Attributes
    ----------
    origin : str
        What the user named.
    corpora : tuple of str
        Its corpora, as a recipe names them.
    locations : dict of str to str
        Where each of them is.
    columns, labels : dict
        Other names that columns and classes were given.
    is_recipe : bool
        Whether a recipe was named.
    features : tuple of str
        The extractors.
    recipe_file : str
        The absolute path of a recipe that is a file of the user's.
    """

    origin: str
    corpora: tuple[str, ...] = ()
    locations: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Classes = field(default_factory=dict)
    is_recipe: bool = False
    features: tuple[str, ...] = ()
    recipe_file: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> ExtractedSource:
        """Return it from the description that a store keeps.

        Raises
        ------
        TypeError
            If a part of it is of another type than featser writes.

        Examples
        --------
        >>> ExtractedSource.of({"origin": "voices", "locations": {"demo": "/voices"}}).places()
        'demo in /voices'
        """
        _refuse_other_types(described)
        return cls(
            described["origin"],
            tuple(described.get("corpora", ())),
            dict(described.get("locations", {})),
            dict(described.get("columns", {})),
            dict(described.get("labels", {})),
            bool(described.get("recipe") or described.get("is_recipe")),
            tuple(described.get("features", ())),
            described.get("recipe_file", ""),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what :meth:`of` reads."""
        return {**vars(self), "corpora": list(self.corpora), "features": list(self.features)}

    def is_same(self, other: ExtractedSource) -> bool:
        """Whether both have read the same recordings."""
        return (self.corpora, dict(self.locations)) == (other.corpora, dict(other.locations))

    def places(self) -> str:
        """Return the names of the corpora and where each one is."""
        named = [
            place if name in (MANIFEST, PATTERNED) else f"{name} in {place}"
            for name, place in self.locations.items()
        ]
        return without_credentials(", ".join(named) or self.origin)

    def arguments(self) -> list[str]:
        """Return what names the same data on the command line.

        Examples
        --------
        >>> ExtractedSource("voices", ("demo",), {"demo": "/voices"}).arguments()
        ['/voices', '--corpus', 'demo']
        """
        # A recipe names its cards itself; else the file of a card of one's own names the card.
        is_named = not self.is_recipe and len(self.corpora) == len(self.locations)
        names = self.corpora if is_named else self.locations
        named = zip(names, self.locations.values(), strict=True)
        pairs = [part for pair in named for part in ("--data", "=".join(pair))]
        if self.is_recipe:
            return [self.recipe_file or self.origin, *pairs]
        return [*(pairs if len(self.locations) > 1 else self._one()), *self._names()]

    def extraction_command(self, store: str | Path, features: Sequence[str] = ()) -> str:
        """Return the command that extracts the same data, quoted for a shell.

        Parameters
        ----------
        store : str or Path
            Where the features go.
        features : sequence of str
            The extractors; by default those that the command has by itself.

        Examples
        --------
        >>> ExtractedSource("my voices", ("demo",)).extraction_command("s")
        "featser extract 'my voices' --corpus demo --store s"
        """
        flags = [part for spec in features for part in ("-f", spec)]
        return shlex.join(["featser", "extract", *self.arguments(), "--store", str(store), *flags])

    def _one(self) -> list[str]:
        """Return the arguments for a single corpus."""
        place = next(iter(self.locations.values()), self.origin)
        corpus = next(iter(self.corpora), MANIFEST)
        if corpus == MANIFEST:
            return [place]
        return [place, "--pattern" if is_pattern(corpus) else "--corpus", corpus]

    def _names(self) -> list[str]:
        """Return the options that give columns and classes their other names."""
        pairs = [f"{old}={new}" for old, new in self.columns.items()]
        pairs += [
            f"{label}.{old}={new or ''}"
            for label, names in self.labels.items()
            for old, new in names.items()
        ]
        return [part for pair in pairs for part in ("--map", pair)]


def _refuse_other_types(described: Any) -> None:
    """Refuse a description that was damaged or edited, with the field that is wrong."""
    if not isinstance(described, dict) or not isinstance(described.get("origin"), str):
        raise TypeError("an extraction has no 'origin' that is text")
    if not isinstance(described.get("recipe_file", ""), str):
        raise TypeError("'recipe_file' is no text")
    for name in ("corpora", "features"):
        values = described.get(name, [])
        if not isinstance(values, list) or not _are_text(values):
            raise TypeError(f"'{name}' is no list of text")
    for name in ("locations", "columns"):
        values = described.get(name, {})
        if not isinstance(values, dict) or not _are_text(values.values()):
            raise TypeError(f"'{name}' is no object of text")
    labels = described.get("labels", {})
    if not isinstance(labels, dict) or not all(map(_are_names, labels.values())):
        raise TypeError("'labels' is no object of names of classes")


def _are_text(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _are_names(names: Any) -> bool:
    """Whether the classes of a label have other names, or None for those that are left out."""
    return isinstance(names, dict) and _are_text(one for one in names.values() if one is not None)


def earlier_sources(described: Mapping[str, Any]) -> list[ExtractedSource]:
    """Return what a store's description has of earlier extractions, the latest first."""
    earlier = described.get("earlier", [])
    if not isinstance(earlier, list):
        raise TypeError("'earlier' is no list of extractions")
    return [ExtractedSource.of(one) for one in earlier][:REMEMBERED]


def with_earlier(source: ExtractedSource, described: Mapping[str, Any]) -> list[ExtractedSource]:
    """Return what a store remembers of earlier extractions, the latest first.

    Parameters
    ----------
    source : ExtractedSource
        What is extracted now.
    described : mapping
        The description of the extraction before, with those before it.
    """
    others = [ExtractedSource.of(described), *earlier_sources(described)]
    return [one for one in others if not one.is_same(source)][:REMEMBERED]
